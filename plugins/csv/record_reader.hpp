#pragma once

#include "csv/byte_source.hpp"
#include "csv/structure.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::csv {

/// One row of the current batch. A view: good until the next call of next_batch().
class RecordRow {
  public:
    RecordRow(const char* bytes, const std::uint32_t* ends, std::uint32_t start,
              std::uint32_t field_count)
        : bytes_(bytes), ends_(ends), start_(start), field_count_(field_count),
          last_end_(ends[field_count - 1]) {
        if (last_end_ > start_ && bytes_[last_end_ - 1] == '\r') {
            --last_end_;
        }
    }

    [[nodiscard]] std::uint32_t field_count() const noexcept { return field_count_; }
    /// The field as it stands in the file, quotes included.
    [[nodiscard]] std::string_view field(std::uint32_t index) const noexcept {
        const std::uint32_t from = index == 0 ? start_ : ends_[index - 1] + 1;
        const std::uint32_t to = index + 1 == field_count_ ? last_end_ : ends_[index];
        return {bytes_ + from, to > from ? to - from : 0U};
    }
    /// A line with nothing on it.
    [[nodiscard]] bool is_blank() const noexcept {
        return field_count_ == 1 && last_end_ == start_;
    }
    [[nodiscard]] std::uint32_t start() const noexcept { return start_; }
    [[nodiscard]] std::uint32_t end() const noexcept { return ends_[field_count_ - 1]; }

  private:
    const char* bytes_;
    const std::uint32_t* ends_;
    std::uint32_t start_;
    std::uint32_t field_count_;
    std::uint32_t last_end_; ///< without the carriage return of a CRLF
};

/// Half of a second-level cache: what read() wrote is still there when it is parsed.
inline constexpr std::uint32_t kChunkBytes = 256U << 10;
/// A row has to fit a frame of the protocol (16 MiB) together with the block it comes in.
inline constexpr std::uint32_t kMaxRowBytes = 8U << 20;

struct ReaderOptions {
    std::uint32_t chunk_bytes = kChunkBytes;
    Kernel kernel = Kernel::kBest;
};

/// Cuts a file into rows, a chunk at a time. Comment lines and the byte order mark are gone; field
/// counts are not checked.
class RecordReader {
  public:
    /// `source` outlives the reader; `name` is for messages.
    RecordReader(ByteSource& source, const Dialect& dialect, std::string name,
                 ReaderOptions options = {});

    /// Goes on to the next rows, at least one. Returns false at the end of the file.
    /// Errors: throws Exception kData (22P04) for a quote that is never closed, kLimit (54000) for
    /// a row above kMaxRowBytes; and those of the source.
    [[nodiscard]] bool next_batch();

    [[nodiscard]] std::uint32_t row_count() const noexcept {
        return static_cast<std::uint32_t>(index_.rows().size());
    }
    [[nodiscard]] RecordRow row(std::uint32_t index) const noexcept {
        const auto rows = index_.rows();
        const std::uint32_t first = rows[index].first_end;
        return {buffer_.data(), index_.ends() + first, rows[index].start, field_count(index)};
    }
    [[nodiscard]] std::uint32_t field_count(std::uint32_t index) const noexcept {
        const auto rows = index_.rows();
        const std::uint32_t next =
            index + 1 < rows.size() ? rows[index + 1].first_end : index_.complete_ends();
        return next - rows[index].first_end;
    }
    /// The line on which a row begins, from 1. Cheap for rising indexes.
    [[nodiscard]] std::uint64_t line_of(std::uint32_t index);
    /// An empty line that is the last one of the file.
    [[nodiscard]] bool is_trailing_blank(std::uint32_t index) const noexcept;
    /// True when a closing quote in the row is followed by something else than a delimiter.
    [[nodiscard]] bool has_stray(std::uint32_t index) const noexcept;
    /// True when no row of the batch has_stray().
    [[nodiscard]] bool is_free_of_strays() const noexcept { return index_.strays().empty(); }
    /// True when nothing in the batch can be invalid UTF-8 or a NUL byte.
    [[nodiscard]] bool is_plain_ascii() const noexcept {
        return index_.is_plain_ascii() && is_tail_plain_;
    }
    /// Bytes in the complete rows of all batches so far.
    [[nodiscard]] std::uint64_t consumed_bytes() const noexcept {
        return dropped_bytes_ + index_.row_start();
    }

  private:
    void drop_rows();
    void fill();
    void read_more(std::uint32_t bytes);
    [[noreturn]] void throw_too_long() const;
    [[noreturn]] void throw_unterminated() const;

    ByteSource& source_;
    std::string name_;
    std::uint32_t chunk_bytes_;
    StructureIndex index_;
    std::vector<char> buffer_;
    std::uint32_t size_ = 0; ///< bytes in buffer_ that are read and indexed
    bool is_at_end_ = false;
    bool is_started_ = false;
    bool is_unterminated_ = false; ///< a quote is open at the end of the file
    bool is_tail_plain_ = true;
    bool has_inner_newlines_ = false; ///< the number of a line is more than the number of a row
    std::uint64_t first_line_ = 1;    ///< the line of buffer_[0]
    std::uint64_t dropped_bytes_ = 0;
    std::uint32_t counted_to_ = 0; ///< line_of() has counted newlines up to here
    std::uint64_t counted_line_ = 1;
};

} // namespace penstock::csv
