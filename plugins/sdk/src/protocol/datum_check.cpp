#include "datum_check_parts.hpp"

#include "penstock/types/utf8.hpp"

#include <array>
#include <limits>

namespace penstock {

namespace {

using Check = DatumFault (*)(const std::byte* value, std::uint32_t size) noexcept;

/// By TypeId. A type without an entry is never read as a varlena, text and bytea apart: those may
/// have either header and are handled before this table is asked.
constexpr std::array<Check, 19> kChecks = [] {
    std::array<Check, 19> checks{};
    const auto set = [&](TypeId type, Check check) {
        checks[static_cast<std::size_t>(type)] = check;
    };
    set(TypeId::kNumeric, datum::check_numeric);
    set(TypeId::kInet, datum::check_inet);
    set(TypeId::kCidr, datum::check_cidr);
    set(TypeId::kJsonb, datum::check_jsonb);
    set(TypeId::kTextArray, datum::check_text_array);
    set(TypeId::kInt8Array, datum::check_int8_array);
    return checks;
}();

/// Whole size of the long-headed varlena at `value`, of whose bytes `room` are ours; 0 = a fault.
DatumFault read_long_header(const std::byte* value, std::uint32_t room, std::uint32_t alignment,
                            std::uint32_t& size) noexcept {
    if (room < datum::kVarlenaHeaderBytes) {
        return DatumFault::kOutOfBounds;
    }
    const auto header = datum::load<std::uint32_t>(value);
    if (!datum::is_long_header(header) ||
        (reinterpret_cast<std::uintptr_t>(value) & (alignment - 1)) != 0) {
        return DatumFault::kBadHeader;
    }
    size = header >> 2U;
    if (size < datum::kVarlenaHeaderBytes) {
        return DatumFault::kBadHeader;
    }
    return size <= room ? DatumFault::kOk : DatumFault::kOutOfBounds;
}

/// text or bytea, with either header.
DatumFault check_string(const std::byte* value, std::uint32_t room, bool is_text) noexcept {
    const auto first = static_cast<std::uint8_t>(*value);
    std::string_view content;
    if ((first & 1U) != 0) {
        const std::uint32_t size = first >> 1U;
        if (size == 0) {
            return DatumFault::kBadHeader; // a TOAST pointer
        }
        if (size > room) {
            return DatumFault::kOutOfBounds;
        }
        content = datum::as_text(value + 1, size - 1);
    } else {
        std::uint32_t size = 0;
        const DatumFault fault = read_long_header(value, room, datum::kVarlenaHeaderBytes, size);
        if (fault != DatumFault::kOk) {
            return fault;
        }
        content =
            datum::as_text(value + datum::kVarlenaHeaderBytes, size - datum::kVarlenaHeaderBytes);
    }
    return !is_text || is_valid_text(content) ? DatumFault::kOk : DatumFault::kBadText;
}

// Source: datatype/timestamp.h: MIN_TIMESTAMP (4714-11-24 BC), END_TIMESTAMP (294277-01-01), and
// the same for dates, in days (5874898-01-01); the extreme integers are the infinities.
constexpr std::int64_t kMinTimestamp = -211'813'488'000'000'000;
constexpr std::int64_t kEndTimestamp = 9'223'371'331'200'000'000;
constexpr std::int32_t kMinDate = -2'451'545;
constexpr std::int32_t kEndDate = 2'147'481'949;

template <typename T>
bool is_in_range(T value, T min, T end) noexcept {
    return (value >= min && value < end) || value == std::numeric_limits<T>::min() ||
           value == std::numeric_limits<T>::max();
}

} // namespace

const char* describe(DatumFault fault) noexcept {
    static constexpr std::array<const char*, 9> kDescriptions = {
        "is well formed",
        "lies outside its block",
        "has a header that is not allowed here",
        "has invalid UTF-8 or a NUL byte",
        "is outside the range of its type",
        "is not a well-formed numeric",
        "is not a well-formed network address",
        "is not a well-formed jsonb",
        "is not a well-formed array",
    };
    return kDescriptions[static_cast<std::size_t>(fault)];
}

DatumFault check_varlena(const ColumnView& column, std::uint32_t row,
                         const std::byte** value) noexcept {
    const auto offset = datum::load<std::uint32_t>(column.values + sizeof(std::uint32_t) * row);
    if (offset >= column.data_bytes) {
        return DatumFault::kOutOfBounds;
    }
    const std::byte* const start = column.data + offset;
    const std::uint32_t room = column.data_bytes - offset;
    *value = start;
    if (column.type == TypeId::kText || column.type == TypeId::kBytea) {
        return check_string(start, room, column.type == TypeId::kText);
    }
    const auto type = static_cast<std::size_t>(column.type);
    const Check check = type < kChecks.size() ? kChecks[type] : nullptr;
    if (check == nullptr) {
        return DatumFault::kBadHeader;
    }
    std::uint32_t size = 0;
    // The server's array code rounds addresses, not offsets, up to the element's alignment.
    const std::uint32_t alignment = column.type == TypeId::kInt8Array ? 8 : 4;
    const DatumFault fault = read_long_header(start, room, alignment, size);
    return fault == DatumFault::kOk ? check(start, size) : fault;
}

DatumFault check_fixed(TypeId type, const std::byte* value) noexcept {
    bool is_good = true;
    if (type == TypeId::kBool) {
        is_good = static_cast<std::uint8_t>(*value) <= 1;
    } else if (type == TypeId::kDate) {
        is_good = is_in_range(datum::load<std::int32_t>(value), kMinDate, kEndDate);
    } else if (type == TypeId::kTimestamptz) {
        is_good = is_in_range(datum::load<std::int64_t>(value), kMinTimestamp, kEndTimestamp);
    }
    return is_good ? DatumFault::kOk : DatumFault::kBadRange;
}

} // namespace penstock
