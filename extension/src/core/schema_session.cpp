#include "core/schema_session.hpp"

#include "core/greeting.hpp"
#include "core/raisable.hpp"
#include "core/request.hpp"
#include "penstock/protocol/messages.hpp"

#include <iterator>

namespace penstock::core {

namespace {

Error out_of_memory() {
    return Error::make(ErrorKind::kLimit, "out of memory");
}

} // namespace

bool SchemaSession::open(const char* connection, std::span<const char* const> tables) noexcept {
    try {
        connection_ = connection;
        outgoing_ = import_frames(connection, tables);
        return true;
    } catch (...) {
        fail(out_of_memory());
        return false;
    }
}

bool SchemaSession::open_clear(const char* connection) noexcept {
    try {
        connection_ = connection;
        outgoing_ = clear_frames(connection);
        return true;
    } catch (...) {
        fail(out_of_memory());
        return false;
    }
}

std::span<std::byte> SchemaSession::want() noexcept {
    try {
        return reader_.want();
    } catch (...) {
        fail(out_of_memory());
        return {};
    }
}

SchemaSession::Event SchemaSession::received(std::size_t bytes) noexcept {
    try {
        const Status status = reader_.received(bytes);
        if (!status) {
            return fail(status.error());
        }
        while (const std::optional<FrameView> frame = reader_.frame()) {
            const Event event = handle_frame(*frame);
            if (event != Event::kNeedBytes) {
                return event;
            }
            reader_.advance();
        }
        return Event::kNeedBytes;
    } catch (...) {
        return fail(out_of_memory());
    }
}

SchemaSession::Event SchemaSession::closed(const char* reason) noexcept {
    try {
        return fail(Error::make(
            ErrorKind::kConnection, "plugin closed the stream before its schema was complete",
            reason != nullptr ? std::string("The socket says: ") + reason + "." : std::string()));
    } catch (...) {
        return fail(out_of_memory());
    }
}

SchemaSession::Event SchemaSession::handle_frame(const FrameView& frame) {
    if (frame.kind == FrameKind::kError) {
        return fail(read_error(frame));
    }
    if (!welcomed_) {
        const Status status = check_welcome(frame);
        welcomed_ = status.ok();
        return welcomed_ ? Event::kNeedBytes : fail(status.error());
    }
    if (frame.kind == FrameKind::kEnd) {
        return Event::kEnd;
    }
    wire::Schema message;
    if (frame.kind != FrameKind::kSchema || !parse_message(frame.payload, message)) {
        return fail(Error::make(ErrorKind::kProtocol, "unexpected frame instead of a schema"));
    }
    Result<std::vector<TableSchema>> tables = read_message(message);
    if (!tables) {
        return fail(raisable(tables.error()));
    }
    for (const TableSchema& table : tables.value()) {
        const Status status = check_schema(table);
        if (!status) {
            return fail(raisable(status.error()));
        }
    }
    std::move(tables.value().begin(), tables.value().end(), std::back_inserter(tables_));
    return Event::kNeedBytes;
}

const std::vector<OptionText>* SchemaSession::options_of(const TableSchema& table) noexcept {
    try {
        options_ = table_options(connection_, table);
        return &options_;
    } catch (...) {
        fail(out_of_memory());
        return nullptr;
    }
}

const std::vector<OptionText>* SchemaSession::options_of(const Column& column) noexcept {
    try {
        options_ = column_options(column);
        return &options_;
    } catch (...) {
        fail(out_of_memory());
        return nullptr;
    }
}

SchemaSession::Event SchemaSession::fail(Error error) noexcept {
    error_ = std::move(error);
    return Event::kError;
}

} // namespace penstock::core
