#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

/// Where the fields and rows of a CSV text end, found 64 bytes at a time.
namespace penstock::csv {

/// How a file is written.
struct Dialect {
    char delimiter = ',';
    bool has_quote = true;
    char quote = '"';
    std::string
        comment; ///< lines that start with it are no rows; without delimiter, quote, newline
};

/// Where in the grammar the next byte stands.
enum class Place : std::uint8_t {
    kLineStart,
    kFieldStart,
    kUnquoted,
    kQuoted,
    kQuoteInQuoted, ///< after a quote inside quotes: the end of the field, or half of a doubled one
    kAfterQuoteCr,  ///< after a closing quote and a carriage return: only a newline may follow
    kCommentPrefix, ///< the line matches the comment prefix so far
    kComment,
};

/// A complete row: its first byte, and which of the field ends is its first.
struct RowMark {
    std::uint32_t start;
    std::uint32_t first_end;
};

/// What 64 bytes hold, one bit a byte.
struct BlockMasks {
    std::uint64_t delimiters = 0;
    std::uint64_t newlines = 0;       ///< that end a row
    std::uint64_t comment_ends = 0;   ///< newlines that end a comment line
    std::uint64_t strays = 0;         ///< bytes that follow a closing quote and may not
    std::uint32_t inner_newlines = 0; ///< newlines that do not end a row: in quotes, after comments
};

enum class Kernel : std::uint8_t { kBest, kScalar };

/// The index of a growing buffer.
///
/// Grammar: RFC 4180, with LF or CRLF as line end, and one leniency: a quote inside a field that
///          does not start with one is an ordinary character. Anything but a delimiter or a line
///          end after a closing quote is a stray, which makes its row bad.
/// Speed:   the vector kernel (AVX2, chosen at run time) takes blocks in which all quotes are well
///          placed; for any other block the byte-by-byte kernel steps in, so both give the same
///          index on every input.
/// Limits:  positions are 32 bits; the caller keeps its buffer below 4 GiB.
class StructureIndex {
  public:
    explicit StructureIndex(Dialect dialect, Kernel kernel = Kernel::kBest);

    /// Looks at the bytes [from, to) of `data`. `from` is where the last call ended.
    void add(const char* data, std::uint32_t from, std::uint32_t to);
    /// The input ends at `end`: a last row without a newline is complete.
    /// Returns false when a quote is still open; then that row stays incomplete.
    [[nodiscard]] bool finish(std::uint32_t end);
    /// Forgets the complete rows and moves what is left `shift` = row_start() bytes to the front.
    void drop_rows();
    /// Rows begin at `start`, not at 0 (a byte order mark stands before it).
    void begin_at(std::uint32_t start) { row_start_ = start; }

    /// Complete rows so far.
    [[nodiscard]] std::span<const RowMark> rows() const noexcept { return rows_; }
    /// Position of the delimiter, newline or end of input behind each field.
    [[nodiscard]] const std::uint32_t* ends() const noexcept { return ends_.data(); }
    /// The number of ends that belong to complete rows.
    [[nodiscard]] std::uint32_t complete_ends() const noexcept { return row_first_end_; }
    /// The first byte of the row that is not complete yet.
    [[nodiscard]] std::uint32_t row_start() const noexcept { return row_start_; }
    /// Positions of bytes that may not follow a closing quote.
    [[nodiscard]] std::span<const std::uint32_t> strays() const noexcept { return strays_; }
    /// Newlines, since the last drop_rows(), that do not end a row.
    [[nodiscard]] std::uint32_t inner_newlines() const noexcept { return inner_newlines_; }
    /// True when no byte since the last reset_bytes() was NUL or above 127.
    [[nodiscard]] bool is_plain_ascii() const noexcept { return !has_high_byte_ && !has_nul_; }
    void reset_bytes() noexcept { has_high_byte_ = has_nul_ = false; }

    /// For the kernels.
    [[nodiscard]] BlockMasks classify_bytes(const char* bytes, unsigned count);
    void emit(std::uint32_t base, const BlockMasks& masks);
    void note_bytes(bool has_high_byte, bool has_nul) noexcept {
        has_high_byte_ = has_high_byte_ || has_high_byte;
        has_nul_ = has_nul_ || has_nul;
    }
    [[nodiscard]] const Dialect& dialect() const noexcept { return dialect_; }
    [[nodiscard]] Place place() const noexcept { return place_; }
    void set_place(Place place) noexcept { place_ = place; }

    /// The kernel's function: whole blocks in, returns where it stopped (less than 64 bytes left).
    using BlockLoop = std::uint32_t (*)(StructureIndex&, const char* data, std::uint32_t from,
                                        std::uint32_t to);

  private:
    [[nodiscard]] Place step(unsigned char byte, BlockMasks& masks, std::uint64_t bit);
    [[nodiscard]] Place step_plain(unsigned char byte, BlockMasks& masks, std::uint64_t bit) const;
    [[nodiscard]] Place step_after_quote(unsigned char byte, BlockMasks& masks,
                                         std::uint64_t bit) const;
    [[nodiscard]] Place step_comment_prefix(unsigned char byte, BlockMasks& masks,
                                            std::uint64_t bit);
    [[nodiscard]] bool is_quote(unsigned char byte) const noexcept {
        return dialect_.has_quote && byte == static_cast<unsigned char>(dialect_.quote);
    }

    Dialect dialect_;
    BlockLoop block_loop_;
    Place place_ = Place::kLineStart;
    bool has_high_byte_ = false;
    bool has_nul_ = false;
    std::uint32_t comment_matched_ = 0; ///< bytes of the prefix seen, in kCommentPrefix
    std::uint32_t inner_newlines_ = 0;
    std::uint32_t row_start_ = 0;
    std::uint32_t row_first_end_ = 0;
    std::uint32_t end_count_ = 0;
    std::vector<std::uint32_t> ends_; ///< larger than end_count_: room for a whole chunk of ends
    std::vector<RowMark> rows_;
    std::vector<std::uint32_t> strays_;
};

/// Writes the positions of the bits of `masks`, which starts at `base`, into the index.
/// Inline, so that it is compiled with the vector kernel's instructions (popcnt, tzcnt).
[[gnu::always_inline]] inline void StructureIndex::emit(std::uint32_t base,
                                                        const BlockMasks& masks) {
    std::uint64_t bits = masks.delimiters | masks.newlines;
    std::uint32_t* out = ends_.data() + end_count_;
    const std::uint64_t all = bits;
    while (bits != 0) {
        *out++ = base + static_cast<std::uint32_t>(__builtin_ctzll(bits));
        bits &= bits - 1;
    }
    std::uint64_t line_ends = masks.newlines | masks.comment_ends;
    while (line_ends != 0) {
        const std::uint64_t bit = line_ends & (~line_ends + 1);
        if ((masks.newlines & bit) != 0) {
            rows_.push_back({row_start_, row_first_end_});
            row_first_end_ = end_count_ + static_cast<std::uint32_t>(
                                              __builtin_popcountll(all & (bit | (bit - 1))));
        }
        row_start_ = base + static_cast<std::uint32_t>(__builtin_ctzll(bit)) + 1;
        line_ends &= line_ends - 1;
    }
    end_count_ = static_cast<std::uint32_t>(out - ends_.data());
    inner_newlines_ += masks.inner_newlines;
    for (std::uint64_t stray = masks.strays; stray != 0; stray &= stray - 1) {
        strays_.push_back(base + static_cast<std::uint32_t>(__builtin_ctzll(stray)));
    }
}

/// The vector kernel, or nullptr where the processor has none.
[[nodiscard]] StructureIndex::BlockLoop find_vector_kernel() noexcept;

} // namespace penstock::csv
