#include "csv/record_reader.hpp"

#include "penstock/types/error.hpp"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

namespace penstock::csv {

namespace {

/// Room to look one byte further than a chunk, to see whether a line is the last one.
constexpr std::uint32_t kPeekBytes = 4096;

constexpr const char* kUnclosedHint =
    "If quotes are ordinary characters in this file, set quote = \"\" in the connection.";

} // namespace

RecordReader::RecordReader(ByteSource& source, const Dialect& dialect, std::string name,
                           ReaderOptions options)
    : source_(source), name_(std::move(name)), chunk_bytes_(options.chunk_bytes),
      index_(dialect, options.kernel) {}

bool RecordReader::next_batch() {
    drop_rows();
    const std::uint32_t tail = size_;
    is_tail_plain_ = tail == 0 || index_.is_plain_ascii();
    index_.reset_bytes();
    while (index_.rows().empty() && !is_at_end_) {
        if (size_ - index_.row_start() > kMaxRowBytes) {
            throw_too_long();
        }
        fill();
    }
    has_inner_newlines_ = has_inner_newlines_ || index_.inner_newlines() > 0;
    if (index_.rows().empty() && is_unterminated_) {
        throw_unterminated();
    }
    return !index_.rows().empty();
}

void RecordReader::throw_too_long() const {
    Error error = Error::make(
        ErrorKind::kLimit, "row is longer than " + std::to_string(kMaxRowBytes >> 20U) + " MiB",
        "File \"" + name_ + "\", line " + std::to_string(first_line_) + ".",
        index_.place() == Place::kQuoted ? kUnclosedHint : "Is this a CSV file?");
    error.sqlstate = "54000";
    throw Exception(std::move(error));
}

void RecordReader::throw_unterminated() const {
    Error error = Error::make(ErrorKind::kData, "quoted field is not closed",
                              "File \"" + name_ + "\", line " + std::to_string(first_line_) +
                                  ": the row that begins there reaches the end of the file.",
                              kUnclosedHint);
    error.sqlstate = "22P04";
    throw Exception(std::move(error));
}

void RecordReader::drop_rows() {
    const std::uint32_t start = index_.row_start();
    if (start == 0) {
        return;
    }
    if (has_inner_newlines_ || index_.rows().empty()) {
        first_line_ +=
            static_cast<std::uint64_t>(std::count(buffer_.data(), buffer_.data() + start, '\n'));
    } else {
        first_line_ += index_.rows().size();
    }
    std::memmove(buffer_.data(), buffer_.data() + start, size_ - start);
    size_ -= start;
    dropped_bytes_ += start;
    index_.drop_rows();
    has_inner_newlines_ = std::memchr(buffer_.data(), '\n', size_) != nullptr;
    counted_to_ = 0;
    counted_line_ = first_line_;
}

void RecordReader::fill() {
    read_more(chunk_bytes_);
    const std::uint32_t limit = size_ + kPeekBytes;
    while (!is_at_end_ && size_ < limit && size_ > 0 && buffer_[size_ - 1] == '\n') {
        read_more(1);
    }
    is_unterminated_ = is_at_end_ && !index_.finish(size_);
}

void RecordReader::read_more(std::uint32_t bytes) {
    if (buffer_.size() < std::size_t{size_} + bytes) {
        buffer_.resize(std::size_t{size_} + bytes + kPeekBytes);
    }
    const std::uint32_t from = size_;
    while (size_ - from < bytes) {
        const std::size_t got =
            source_.read(std::span(buffer_).subspan(size_, bytes - (size_ - from)));
        if (got == 0) {
            is_at_end_ = true;
            break;
        }
        size_ += static_cast<std::uint32_t>(got);
    }
    std::uint32_t index_from = from;
    if (!is_started_) {
        if (size_ < 3 && !is_at_end_) {
            return; // a test's tiny chunk: wait until the byte order mark would be complete
        }
        is_started_ = true;
        index_from = 0;
        if (size_ >= 3 && std::memcmp(buffer_.data(), "\xEF\xBB\xBF", 3) == 0) {
            index_from = 3;
            index_.begin_at(3);
        }
    }
    index_.add(buffer_.data(), index_from, size_);
}

std::uint64_t RecordReader::line_of(std::uint32_t index) {
    const std::uint32_t start = index_.rows()[index].start;
    if (!has_inner_newlines_ && index_.inner_newlines() == 0) {
        return first_line_ + index;
    }
    if (start < counted_to_) {
        counted_to_ = 0;
        counted_line_ = first_line_;
    }
    counted_line_ += static_cast<std::uint64_t>(
        std::count(buffer_.data() + counted_to_, buffer_.data() + start, '\n'));
    counted_to_ = start;
    return counted_line_;
}

bool RecordReader::is_trailing_blank(std::uint32_t index) const noexcept {
    return is_at_end_ && index + 1 == row_count() && row(index).is_blank();
}

bool RecordReader::has_stray(std::uint32_t index) const noexcept {
    const auto strays = index_.strays();
    if (strays.empty()) {
        return false;
    }
    const RecordRow record = row(index);
    const auto at = std::lower_bound(strays.begin(), strays.end(), record.start());
    return at != strays.end() && *at <= record.end();
}

} // namespace penstock::csv
