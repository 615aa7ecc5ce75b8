#pragma once

#include "penstock/types/result.hpp"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace penstock {

/// How two sides are joined. Numbers go over the wire: never reuse one. There is no right join: the
/// planner turns its sides round.
enum class JoinKind : std::uint8_t {
    kInner = 1, ///< pairs that satisfy the conditions
    kLeft = 2,  ///< these, and left rows without a partner, with NULLs
    kFull = 3,  ///< these, and the rows of both sides without a partner
    kSemi = 4,  ///< left rows that have a partner, once
    kAnti = 5,  ///< left rows that have none
};

/// A set of kinds; in options and messages written with their names: `inner left`.
class JoinKinds {
  public:
    constexpr JoinKinds() = default;
    constexpr JoinKinds(std::initializer_list<JoinKind> kinds) {
        for (const JoinKind kind : kinds) {
            add(kind);
        }
    }
    [[nodiscard]] constexpr bool has(JoinKind kind) const { return (bits_ & bit(kind)) != 0; }
    [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
    constexpr void add(JoinKind kind) { bits_ = static_cast<std::uint8_t>(bits_ | bit(kind)); }
    friend constexpr bool operator==(JoinKinds, JoinKinds) = default;

    /// Space-separated names in the order of JoinKind; "" for none.
    [[nodiscard]] std::string to_text() const;
    /// The reverse. Errors: kOption, naming the unknown kind, with the valid ones in the hint.
    [[nodiscard]] static Result<JoinKinds> from_text(std::string_view text);

  private:
    static constexpr unsigned bit(JoinKind kind) { return 1U << static_cast<unsigned>(kind); }
    std::uint8_t bits_ = 0;
};

/// `inner`, `left`, …; "?" for a number that is no kind.
[[nodiscard]] std::string_view name_of(JoinKind kind) noexcept;

} // namespace penstock
