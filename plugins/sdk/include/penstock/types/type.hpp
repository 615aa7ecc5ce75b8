#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace penstock {

/// The types that cross the wire in PostgreSQL's own datum format.
///
/// Numbers go over the wire and into hashes: never reuse one. Since protocol version 1.
enum class TypeId : std::uint8_t {
    kBool = 1,
    kInt2 = 2,
    kInt4 = 3,
    kInt8 = 4,
    kFloat4 = 5,
    kFloat8 = 6,
    kNumeric = 7,
    kText = 8,
    kBytea = 9,
    kDate = 10,
    kTimestamptz = 11,
    kInterval = 12,
    kUuid = 13,
    kInet = 14,
    kCidr = 15,
    kJsonb = 16,
    kTextArray = 17,
    kInt8Array = 18,
};

/// What both sides know of one type.
struct TypeInfo {
    TypeId id;
    std::string_view sql_name; ///< as written in DDL
    std::uint32_t oid;         ///< in pg_type; fixed by PostgreSQL since before 9.4
    std::uint8_t width;        ///< bytes of a value in a block; 0 = variable (varlena)
    std::uint8_t alignment;    ///< bytes; of the value in memory
    TypeId element;            ///< of an array; otherwise `id` itself
};

/// All types, in the order of their ids.
[[nodiscard]] std::span<const TypeInfo> all_types() noexcept;

/// The entry of `id`; nullptr for a number that is not a TypeId.
[[nodiscard]] const TypeInfo* find_type(TypeId id) noexcept;
/// The entry with this SQL name ("int8", "text[]", …; aliases such as "bigint" too), or nullptr.
[[nodiscard]] const TypeInfo* find_type_by_name(std::string_view sql_name) noexcept;
/// The entry with this pg_type OID, or nullptr.
[[nodiscard]] const TypeInfo* find_type_by_oid(std::uint32_t oid) noexcept;

} // namespace penstock
