#include "penstock/types/type.hpp"

#include <algorithm>
#include <array>

namespace penstock {

namespace {

/// Source: PostgreSQL's catalog/pg_type.dat. int8[] is the one varlena that needs 8 bytes: array
/// code rounds addresses, not offsets, up to the element's alignment.
constexpr std::array<TypeInfo, 18> kTypes{{
    {TypeId::kBool, "bool", 16, 1, 1, TypeId::kBool},
    {TypeId::kInt2, "int2", 21, 2, 2, TypeId::kInt2},
    {TypeId::kInt4, "int4", 23, 4, 4, TypeId::kInt4},
    {TypeId::kInt8, "int8", 20, 8, 8, TypeId::kInt8},
    {TypeId::kFloat4, "float4", 700, 4, 4, TypeId::kFloat4},
    {TypeId::kFloat8, "float8", 701, 8, 8, TypeId::kFloat8},
    {TypeId::kNumeric, "numeric", 1700, 0, 4, TypeId::kNumeric},
    {TypeId::kText, "text", 25, 0, 4, TypeId::kText},
    {TypeId::kBytea, "bytea", 17, 0, 4, TypeId::kBytea},
    {TypeId::kDate, "date", 1082, 4, 4, TypeId::kDate},
    {TypeId::kTimestamptz, "timestamptz", 1184, 8, 8, TypeId::kTimestamptz},
    {TypeId::kInterval, "interval", 1186, 16, 8, TypeId::kInterval},
    {TypeId::kUuid, "uuid", 2950, 16, 1, TypeId::kUuid},
    {TypeId::kInet, "inet", 869, 0, 4, TypeId::kInet},
    {TypeId::kCidr, "cidr", 650, 0, 4, TypeId::kCidr},
    {TypeId::kJsonb, "jsonb", 3802, 0, 4, TypeId::kJsonb},
    {TypeId::kTextArray, "text[]", 1009, 0, 4, TypeId::kText},
    {TypeId::kInt8Array, "int8[]", 1016, 0, 8, TypeId::kInt8},
}};

static_assert(
    [] {
        for (std::size_t index = 0; index < kTypes.size(); ++index) {
            if (static_cast<std::size_t>(kTypes[index].id) != index + 1) {
                return false;
            }
        }
        return true;
    }(),
    "find_type() counts on the order of the ids");

struct Alias {
    std::string_view name;
    TypeId id;
};

constexpr std::array<Alias, 18> kAliases{{
    {"boolean", TypeId::kBool},
    {"smallint", TypeId::kInt2},
    {"int", TypeId::kInt4},
    {"integer", TypeId::kInt4},
    {"bigint", TypeId::kInt8},
    {"real", TypeId::kFloat4},
    {"double", TypeId::kFloat8},
    {"double precision", TypeId::kFloat8},
    {"float", TypeId::kFloat8},
    {"decimal", TypeId::kNumeric},
    {"varchar", TypeId::kText},
    {"character varying", TypeId::kText},
    {"string", TypeId::kText},
    {"timestamp with time zone", TypeId::kTimestamptz},
    {"json", TypeId::kJsonb},
    {"varchar[]", TypeId::kTextArray},
    {"bigint[]", TypeId::kInt8Array},
    {"character varying[]", TypeId::kTextArray},
}};

} // namespace

std::span<const TypeInfo> all_types() noexcept {
    return kTypes;
}

const TypeInfo* find_type(TypeId id) noexcept {
    const auto number = static_cast<std::size_t>(id);
    return number >= 1 && number <= kTypes.size() ? &kTypes[number - 1] : nullptr;
}

const TypeInfo* find_type_by_name(std::string_view sql_name) noexcept {
    const auto* type = std::find_if(kTypes.begin(), kTypes.end(), [&](const TypeInfo& entry) {
        return entry.sql_name == sql_name;
    });
    if (type != kTypes.end()) {
        return type;
    }
    const auto* alias = std::find_if(kAliases.begin(), kAliases.end(),
                                     [&](const Alias& entry) { return entry.name == sql_name; });
    return alias != kAliases.end() ? find_type(alias->id) : nullptr;
}

const TypeInfo* find_type_by_oid(std::uint32_t oid) noexcept {
    const auto* type = std::find_if(kTypes.begin(), kTypes.end(),
                                    [&](const TypeInfo& entry) { return entry.oid == oid; });
    return type != kTypes.end() ? type : nullptr;
}

} // namespace penstock
