#pragma once

#include "csv/record_reader.hpp"
#include "csv/structure.hpp"
#include "penstock/types/error.hpp"

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::csv {

/// Bytes in memory, handed out in pieces.
class MemorySource final : public ByteSource {
  public:
    explicit MemorySource(std::string bytes) : bytes_(std::move(bytes)) {}
    std::size_t read(std::span<char> room) override {
        const std::size_t got = std::min(room.size(), bytes_.size() - at_);
        std::memcpy(room.data(), bytes_.data() + at_, got);
        at_ += got;
        return got;
    }
    [[nodiscard]] std::uint64_t source_bytes() const noexcept override { return at_; }

  private:
    std::string bytes_;
    std::size_t at_ = 0;
};

struct ParsedRow {
    std::vector<std::string> fields; ///< as they stand in the file
    std::uint64_t line = 1;
    bool has_stray = false;
    friend bool operator==(const ParsedRow&, const ParsedRow&) = default;
};

struct Parsed {
    std::vector<ParsedRow> rows;
    bool is_unterminated = false;
    friend bool operator==(const Parsed&, const Parsed&) = default;
};

/// The grammar once more, written the slow and obvious way: one row at a time, looking ahead.
class NaiveCsv {
  public:
    NaiveCsv(std::string_view text, Dialect dialect) : text_(text), dialect_(std::move(dialect)) {
        if (text_.starts_with("\xEF\xBB\xBF")) {
            at_ = 3;
        }
    }

    Parsed parse() {
        Parsed parsed;
        while (at_ < text_.size()) {
            if (!dialect_.comment.empty() && text_.substr(at_).starts_with(dialect_.comment)) {
                const std::size_t end = text_.find('\n', at_);
                at_ = end == std::string_view::npos ? text_.size() : end + 1;
                continue;
            }
            ParsedRow row;
            row.line = 1 + static_cast<std::uint64_t>(std::count(
                               text_.begin(), text_.begin() + static_cast<long>(at_), '\n'));
            if (!parse_row(row)) {
                parsed.is_unterminated = true;
                break;
            }
            parsed.rows.push_back(std::move(row));
        }
        return parsed;
    }

  private:
    bool is_end() const { return at_ >= text_.size() || text_[at_] == '\n'; }

    /// False when a quote is not closed.
    bool parse_row(ParsedRow& row) {
        while (true) {
            const std::size_t begin = at_;
            if (dialect_.has_quote && at_ < text_.size() && text_[at_] == dialect_.quote) {
                if (!skip_quoted()) {
                    return false;
                }
                const bool is_crlf =
                    text_.substr(at_).starts_with("\r\n") || text_.substr(at_) == "\r";
                const bool is_good = is_end() || text_[at_] == dialect_.delimiter || is_crlf;
                row.has_stray = row.has_stray || !is_good;
            }
            while (!is_end() && text_[at_] != dialect_.delimiter) {
                ++at_;
            }
            row.fields.emplace_back(text_.substr(begin, at_ - begin));
            if (is_end()) {
                break;
            }
            ++at_;
        }
        ++at_;
        std::string& last = row.fields.back();
        if (last.ends_with('\r')) {
            last.pop_back();
        }
        return true;
    }

    bool skip_quoted() {
        ++at_;
        while (true) {
            at_ = text_.find(dialect_.quote, at_);
            if (at_ == std::string_view::npos) {
                return false;
            }
            ++at_;
            if (at_ >= text_.size() || text_[at_] != dialect_.quote) {
                return true;
            }
            ++at_;
        }
    }

    std::string_view text_;
    Dialect dialect_;
    std::size_t at_ = 0;
};

inline ParsedRow copy_row(RecordReader& reader, std::uint32_t at) {
    const RecordRow row = reader.row(at);
    ParsedRow copy;
    copy.line = reader.line_of(at);
    copy.has_stray = reader.has_stray(at);
    for (std::uint32_t field = 0; field < row.field_count(); ++field) {
        copy.fields.emplace_back(row.field(field));
    }
    return copy;
}

/// The reader under test, everything it says.
inline Parsed read_all(const std::string& text, const Dialect& dialect, ReaderOptions options) {
    MemorySource source(text);
    RecordReader reader(source, dialect, "memory", options);
    Parsed parsed;
    try {
        while (reader.next_batch()) {
            for (std::uint32_t at = 0; at < reader.row_count(); ++at) {
                parsed.rows.push_back(copy_row(reader, at));
            }
        }
    } catch (const Exception& exception) {
        parsed.is_unterminated = exception.error().sqlstate == "22P04";
    }
    return parsed;
}

} // namespace penstock::csv
