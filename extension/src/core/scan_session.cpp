#include "core/scan_session.hpp"

#include "core/greeting.hpp"
#include "core/raisable.hpp"
#include "penstock/protocol/datum_check.hpp"
#include "penstock/protocol/messages.hpp"

#include <cstring>
#include <exception>

namespace penstock::core {

namespace {

Error out_of_memory() {
    return Error::make(ErrorKind::kLimit, "out of memory");
}

} // namespace

bool ScanSession::open(const RequestSpec& spec) noexcept {
    try {
        outgoing_ = scan_frames(make_request(spec));
        sent_bytes_ = 0;
        reader_ = std::make_unique<FrameReader>();
        connection_ = spec.connection;
        table_ = spec.table;
        part_count_ = spec.part_count;
        is_one_group_ = spec.is_grouped && spec.columns.empty();
        columns_.clear();
        types_.clear();
        for (const ColumnSpec& column : spec.columns) {
            columns_.push_back({ColumnView{}, column.target, column.name});
            types_.push_back(column.type);
        }
        for (const AggregateSpec& aggregate : spec.aggregates) {
            columns_.push_back({ColumnView{}, aggregate.target, aggregate.column});
            types_.push_back(aggregate.result);
        }
        views_.assign(columns_.size(), ColumnView{});
        warnings_.clear();
    } catch (const Exception& exception) {
        fail(exception.error());
        return false;
    } catch (...) {
        fail(out_of_memory());
        return false;
    }
    welcomed_ = ended_ = failed_ = false;
    block_rows_ = next_row_ = 0;
    scan_rows_ = block_count_ = 0;
    return true;
}

std::span<std::byte> ScanSession::want() noexcept {
    try {
        return reader_->want();
    } catch (...) {
        fail(out_of_memory());
        return {};
    }
}

ScanSession::Event ScanSession::received(std::size_t bytes) noexcept {
    bytes_total_ += bytes;
    try {
        const Status status = reader_->received(bytes);
        if (!status) {
            return fail(status.error());
        }
        return handle_frames();
    } catch (...) {
        return fail(out_of_memory());
    }
}

ScanSession::Event ScanSession::closed(const char* reason) noexcept {
    try {
        Error error =
            Error::make(ErrorKind::kConnection,
                        "plugin closed the stream before the end of the rows of table \"" + table_ +
                            "\" of connection \"" + connection_ + "\"",
                        reason != nullptr ? std::string("The socket says: ") + reason + "."
                                          : "The plugin probably crashed; penstock.event and the "
                                            "service's log have the reason.",
                        "The controller starts it again; the same statement may work now.");
        error.retryable = true;
        return fail(std::move(error));
    } catch (...) {
        return fail(out_of_memory());
    }
}

ScanSession::Event ScanSession::handle_frames() {
    while (const std::optional<FrameView> frame = reader_->frame()) {
        const Event event = handle_frame(*frame);
        if (event != Event::kNeedBytes) {
            return event;
        }
        reader_->advance();
    }
    return Event::kNeedBytes;
}

ScanSession::Event ScanSession::next_block() noexcept {
    if (failed_) {
        return Event::kError;
    }
    if (ended_) {
        return Event::kEnd;
    }
    try {
        reader_->advance();
        return handle_frames();
    } catch (...) {
        return fail(out_of_memory());
    }
}

ScanSession::Event ScanSession::handle_frame(const FrameView& frame) {
    if (frame.kind == FrameKind::kError) {
        return fail(read_error(frame));
    }
    if (!welcomed_) {
        const Status status = check_welcome(frame);
        welcomed_ = status.ok();
        return welcomed_ ? Event::kNeedBytes : fail(status.error());
    }
    switch (frame.kind) {
    case FrameKind::kBlock:
        return handle_block(frame);
    case FrameKind::kEnd:
        return handle_end(frame);
    default:
        return fail(Error::make(ErrorKind::kProtocol,
                                "unexpected frame of kind " +
                                    std::to_string(static_cast<int>(frame.kind)) + " in a scan"));
    }
}

ScanSession::Event ScanSession::handle_block(const FrameView& frame) {
    const Result<std::uint32_t> rows = open_block(frame.payload, types_, views_);
    if (!rows) {
        return fail(rows.error());
    }
    for (std::size_t index = 0; index < columns_.size(); ++index) {
        columns_[index].view = views_[index];
    }
    block_rows_ = rows.value();
    next_row_ = 0;
    scan_rows_ += block_rows_;
    rows_total_ += block_rows_;
    ++block_count_;
    ++blocks_total_;
    return Event::kRow;
}

ScanSession::Event ScanSession::handle_end(const FrameView& frame) {
    wire::End end;
    const Status status = parse_message(frame.payload, end);
    if (!status) {
        return fail(status.error());
    }
    if (end.row_count() != scan_rows_) {
        return fail(Error::make(ErrorKind::kProtocol, "plugin's result is incomplete",
                                "It announced " + std::to_string(end.row_count()) +
                                    " rows and sent " + std::to_string(scan_rows_) + "."));
    }
    if (end.part_count() != part_count_) {
        return fail(Error::make(ErrorKind::kProtocol, "plugin did not send the part that was asked",
                                "It was asked for one of " + std::to_string(part_count_) +
                                    " parts and answered for " + std::to_string(end.part_count()) +
                                    "."));
    }
    if (is_one_group_ && scan_rows_ != 1) {
        return fail(Error::make(ErrorKind::kProtocol, "plugin's result is not one group",
                                "Without keys it has one row; the plugin sent " +
                                    std::to_string(scan_rows_) + "."));
    }
    for (const std::string& warning : end.warnings()) {
        if (warnings_.size() < 100) {
            warnings_.push_back(printable(warning));
        }
    }
    source_bytes_total_ += end.source_bytes();
    is_cached_ = end.is_cached();
    cache_age_ms_ = end.cache_age_ms();
    ended_ = true;
    return Event::kEnd;
}

// One function: it runs for each row, and calls for each value would cost more than the decoding.
// NOLINTNEXTLINE(readability-function-size)
ScanSession::Event ScanSession::next_row(std::uint64_t* values, bool* nulls) noexcept {
    if (next_row_ >= block_rows_) {
        const Event event = next_block();
        if (event != Event::kRow) {
            return event;
        }
    }
    const std::uint32_t row = next_row_++;
    for (const OutputColumn& column : columns_) {
        const ColumnView& view = column.view;
        if (view.is_null(row)) {
            nulls[column.target] = true;
            continue;
        }
        nulls[column.target] = false;
        std::uint64_t& value = values[column.target];
        const std::byte* at = view.values + std::size_t{row} * view.width;
        DatumFault fault = DatumFault::kOk;
        switch (view.width) {
        case 8:
            std::memcpy(&value, at, 8);
            if (view.type == TypeId::kTimestamptz) {
                fault = check_fixed(view.type, at);
            }
            break;
        case 0: {
            const std::byte* pointer = nullptr;
            fault = check_varlena(view, row, &pointer);
            value = reinterpret_cast<std::uint64_t>(pointer);
            break;
        }
        case 4: {
            std::int32_t number = 0; // int4, date, and float4's bits: a Datum is sign-extended
            std::memcpy(&number, at, 4);
            value = static_cast<std::uint64_t>(static_cast<std::int64_t>(number));
            if (view.type == TypeId::kDate) {
                fault = check_fixed(view.type, at);
            }
            break;
        }
        case 2: {
            std::int16_t number = 0;
            std::memcpy(&number, at, 2);
            value = static_cast<std::uint64_t>(static_cast<std::int64_t>(number));
            break;
        }
        case 1:
            value = static_cast<std::uint64_t>(*at);
            fault = check_fixed(view.type, at);
            break;
        default: // uuid, interval: by reference
            value = reinterpret_cast<std::uint64_t>(at);
            break;
        }
        if (fault != DatumFault::kOk) [[unlikely]] {
            return fail_value(column, static_cast<std::uint8_t>(fault));
        }
    }
    return Event::kRow;
}

void ScanSession::rewind() noexcept {
    next_row_ = 0;
}

ScanSession::Event ScanSession::fail(Error error) noexcept {
    error_ = std::move(error);
    failed_ = true;
    block_rows_ = next_row_ = 0;
    return Event::kError;
}

ScanSession::Event ScanSession::fail_value(const OutputColumn& column,
                                           std::uint8_t fault) noexcept {
    try {
        const auto what = static_cast<DatumFault>(fault);
        Error error = Error::make(
            ErrorKind::kData, "value of column \"" + column.name + "\" " + describe(what),
            "Connection \"" + connection_ + "\", table \"" + table_ + "\", row " +
                std::to_string(scan_rows_ - block_rows_ + next_row_) + ".");
        error.sqlstate = what == DatumFault::kBadText    ? "22021"
                         : what == DatumFault::kBadRange ? "22008"
                                                         : "08P01";
        return fail(std::move(error));
    } catch (...) {
        return fail(out_of_memory());
    }
}

} // namespace penstock::core
