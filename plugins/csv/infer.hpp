#pragma once

#include "penstock/types/type.hpp"

#include <cstdint>
#include <string_view>

namespace penstock::csv {

/// Finds the narrowest type that holds all values of a column without losing anything.
///
/// bool (true, false), int8, float8, numeric (more digits than a float8 keeps), date, timestamptz,
/// uuid, else text. A number with a leading zero or plus sign ("007", "+49") is text: its spelling
/// matters. Mixtures: int8 + float8 = float8, or numeric where that would lose digits; date +
/// timestamptz = timestamptz; all others = text. No value at all = text.
class TypeGuess {
  public:
    /// A value that is not NULL, without its quotes.
    void add(std::string_view value);
    [[nodiscard]] TypeId type() const noexcept;
    /// Nothing can change the answer any more.
    [[nodiscard]] bool is_text() const noexcept { return has_value_ && type_ == TypeId::kText; }

  private:
    bool has_value_ = false;
    bool has_wide_integer_ = false; ///< one that a float8 does not hold exactly
    TypeId type_ = TypeId::kText;
};

/// The narrowest type of one value; kText for anything that is not clearly something else.
[[nodiscard]] TypeId narrowest_type(std::string_view value);

} // namespace penstock::csv
