#pragma once

#include "csv/convert.hpp"
#include "csv/field_text.hpp"
#include "csv/options.hpp"
#include "penstock/types/utf8.hpp"

#include <string>
#include <string_view>

namespace penstock::csv {

enum class Outcome : std::uint8_t { kGood, kBadValue, kBadBytes };

/// Turns fields into values: quotes, NULL markers, UTF-8, types.
class FieldAppender {
  public:
    FieldAppender(const Options& options, const Dialect& dialect)
        : options_(options), dialect_(dialect),
          is_only_empty_null_(options.null_values.size() == 1 && options.null_values[0].empty()) {}

    /// No byte of the fields to come is NUL or above 127, so UTF-8 need not be checked.
    void set_plain_ascii(bool is_plain) noexcept { is_plain_ = is_plain; }

    /// Appends exactly one value or NULL when the outcome is kGood, else nothing.
    [[nodiscard]] Outcome append(std::string_view field, ColumnBuilder& column) {
        if (is_quoted(field, dialect_)) {
            const std::string_view content = unquote(field, dialect_, scratch_);
            return append_content(content, column);
        }
        if (is_only_empty_null_ ? field.empty() : is_null_text(options_, field)) {
            column.append_null();
            return Outcome::kGood;
        }
        return append_content(field, column);
    }

  private:
    Outcome append_content(std::string_view content, ColumnBuilder& column) {
        if (column.type() == TypeId::kText) {
            if (!is_plain_ && !is_valid_text(content)) {
                return Outcome::kBadBytes;
            }
            column.append_text(content);
            return Outcome::kGood;
        }
        if (content.empty()) { // there is no empty number: NULL, quoted or not
            column.append_null();
            return Outcome::kGood;
        }
        return append_converted(content, column) ? Outcome::kGood : Outcome::kBadValue;
    }

    const Options& options_;
    const Dialect& dialect_;
    bool is_only_empty_null_;
    bool is_plain_ = false;
    std::string scratch_;
};

} // namespace penstock::csv
