#pragma once

#include "penstock/types/type.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace penstock {

/// Days since 2000-01-01 (PostgreSQL's epoch). INT32_MIN / INT32_MAX are -infinity / infinity.
struct Date {
    std::int32_t days;
    friend bool operator==(const Date&, const Date&) = default;
};

/// Microseconds since 2000-01-01 00:00:00 UTC. INT64_MIN / INT64_MAX are -infinity / infinity.
struct Timestamptz {
    std::int64_t micros;
    [[nodiscard]] static Timestamptz from_unix(std::int64_t seconds, std::int64_t micros = 0) {
        return {(seconds - kUnixEpochSeconds) * 1'000'000 + micros};
    }
    /// 2000-01-01 in seconds since 1970-01-01.
    static constexpr std::int64_t kUnixEpochSeconds = 946'684'800;
    friend bool operator==(const Timestamptz&, const Timestamptz&) = default;
};

struct Interval {
    std::int64_t micros = 0;
    std::int32_t days = 0;
    std::int32_t months = 0;
    friend bool operator==(const Interval&, const Interval&) = default;
};

struct Uuid {
    std::array<std::uint8_t, 16> bytes{}; ///< in network order, as printed
    friend bool operator==(const Uuid&, const Uuid&) = default;
};

/// A decimal number in text ("-12.50", "NaN", "Infinity"): no precision is lost on the way.
struct Numeric {
    std::string text;
    friend bool operator==(const Numeric&, const Numeric&) = default;
};

/// An address with its prefix length; `cidr` values use the same shape.
struct Inet {
    bool is_v6 = false;
    std::uint8_t bits = 32;               ///< prefix length: 0…32, or 0…128
    std::array<std::uint8_t, 16> bytes{}; ///< network order; the first 4 for v4
    friend bool operator==(const Inet&, const Inet&) = default;
};

/// A JSON document as text; encoded to jsonb outside the backend.
struct Json {
    std::string text;
    friend bool operator==(const Json&, const Json&) = default;
};

struct Bytes {
    std::string data;
    friend bool operator==(const Bytes&, const Bytes&) = default;
};

/// One SQL value. `std::monostate` is NULL; empty text is "". Integers of every width are int64_t,
/// floats of every width double; the column's TypeId decides the width and the range check.
using Value = std::variant<std::monostate, bool, std::int64_t, double, std::string, Bytes, Numeric,
                           Date, Timestamptz, Interval, Uuid, Inet, Json, std::vector<std::string>,
                           std::vector<std::int64_t>>;

[[nodiscard]] inline bool is_null(const Value& value) noexcept {
    return std::holds_alternative<std::monostate>(value);
}

} // namespace penstock
