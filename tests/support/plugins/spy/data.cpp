#include "data.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>

namespace spy {

using namespace penstock;

std::uint64_t Random::next() {
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t bits = state_;
    bits = (bits ^ (bits >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    bits = (bits ^ (bits >> 27U)) * 0x94D049BB133111EBULL;
    return bits ^ (bits >> 31U);
}

namespace {

using Texts = std::vector<std::string>;
using Numbers = std::vector<std::int64_t>;

constexpr std::int64_t kMicrosPerDay = 86'400'000'000;

template <typename T, std::size_t kCount>
const T& pick(Random& random, const std::array<T, kCount>& from) {
    return from[random.below(kCount)];
}

/// Half of all rows share two values.
Value skewed(Random& random, std::size_t /*row*/) {
    const std::size_t draw = random.below(20);
    return static_cast<std::int64_t>(draw < 6 ? 1 : draw < 10 ? 2 : random.below(10));
}

Value row_number(Random& /*random*/, std::size_t row) {
    return static_cast<std::int64_t>(row) + 1;
}

Value any_bool(Random& random, std::size_t /*row*/) {
    return random.is_one_in(2);
}

Value small_int(Random& random, std::size_t /*row*/) {
    return static_cast<std::int64_t>(random.below(41)) - 20;
}

template <typename Integer>
Value edge_int(Random& random, std::size_t row) {
    if (random.is_one_in(10)) {
        return random.is_one_in(2) ? std::int64_t{std::numeric_limits<Integer>::min()}
                                   : std::int64_t{std::numeric_limits<Integer>::max()};
    }
    return small_int(random, row);
}

/// Quarters, so that sums are exact in any order, and what is no ordinary number.
Value any_float(Random& random, std::size_t /*row*/) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    constexpr std::array<double, 5> kSpecial{std::numeric_limits<double>::quiet_NaN(), kInfinity,
                                             -kInfinity, -0.0, 0.0};
    return random.is_one_in(5) ? pick(random, kSpecial)
                               : (static_cast<double>(random.below(81)) - 40) / 4;
}

/// Equal numbers with different scales among them.
Value any_numeric(Random& random, std::size_t /*row*/) {
    constexpr std::array<std::string_view, 20> kNumbers{
        "0",         "0.00", "1",      "1.0", "1.00",
        "-1",        "2.5",  "2.50",   "10",  "-12.75",
        "9.999",     "100",  "0.0001", "NaN", "Infinity",
        "-Infinity", "1e20", "-7",     "3",   "123456789012345678901234567890.123456789"};
    return Numeric{std::string(pick(random, kNumbers))};
}

constexpr std::array<std::string_view, 28> kWords{
    "",      " ",  "a",     "A",       "b", "ab",    "aB",         "a ",           "abc",    "Abc",
    "ä",     "Ä",  "zebra", "Zebra",   "ß", "ss",    "100%",       "under_x",      "\\back", "it's",
    "\"q\"", "😀", "日本",  "e\u0301", "é", "tab\t", "line\nfeed", "one two three"};

Value any_text(Random& random, std::size_t /*row*/) {
    if (random.is_one_in(40)) {
        return std::string(200, 'x') + std::string(pick(random, kWords)); // over 126 bytes
    }
    return std::string(pick(random, kWords));
}

Value any_bytea(Random& random, std::size_t /*row*/) {
    std::string bytes;
    for (std::size_t count = random.below(4); count > 0; --count) {
        constexpr std::array<char, 5> kBytes{'\0', '\x01', 'a', '\x7F', '\xFF'};
        bytes += pick(random, kBytes);
    }
    return Bytes{bytes};
}

/// Days around the epoch, in Roman times, never and always.
Value any_date(Random& random, std::size_t /*row*/) {
    constexpr std::array<std::int32_t, 4> kSpecial{std::numeric_limits<std::int32_t>::min(),
                                                   std::numeric_limits<std::int32_t>::max(),
                                                   -746'117, -730'500};
    return Date{random.is_one_in(6) ? pick(random, kSpecial)
                                    : static_cast<std::int32_t>(random.below(60)) - 30};
}

Value any_time(Random& random, std::size_t row) {
    const std::int32_t days = std::get<Date>(any_date(random, row)).days;
    if (days == std::numeric_limits<std::int32_t>::min()) {
        return Timestamptz{std::numeric_limits<std::int64_t>::min()};
    }
    if (days == std::numeric_limits<std::int32_t>::max()) {
        return Timestamptz{std::numeric_limits<std::int64_t>::max()};
    }
    constexpr std::array<std::int64_t, 4> kInDay{0, 1, kMicrosPerDay / 2, kMicrosPerDay - 1};
    return Timestamptz{days * kMicrosPerDay + pick(random, kInDay)};
}

/// Equal intervals that are written differently among them.
Value any_interval(Random& random, std::size_t /*row*/) {
    constexpr std::array<std::array<std::int64_t, 3>, 9> kIntervals{{{0, 0, 0},
                                                                     {0, 1, 0},
                                                                     {kMicrosPerDay, 0, 0},
                                                                     {0, 30, 0},
                                                                     {0, 0, 1},
                                                                     {-1, 0, 0},
                                                                     {3'600'000'001, -2, 14},
                                                                     {0, 0, -1},
                                                                     {kMicrosPerDay, 29, 0}}};
    const auto& [micros, days, months] = pick(random, kIntervals);
    return Interval{micros, static_cast<std::int32_t>(days), static_cast<std::int32_t>(months)};
}

Value unique_uuid(Random& /*random*/, std::size_t row) {
    Random bits(row + 77);
    Uuid uuid;
    for (std::uint8_t& byte : uuid.bytes) {
        byte = static_cast<std::uint8_t>(bits.next());
    }
    return uuid;
}

Inet address(Random& random, std::size_t bits) {
    Inet inet{random.is_one_in(3), 0, {}};
    const std::size_t width = inet.is_v6 ? 128 : 32;
    inet.bits = static_cast<std::uint8_t>(std::min(bits, width));
    const std::array<std::uint8_t, 4> head{
        static_cast<std::uint8_t>(random.is_one_in(2) ? 10 : 192),
        static_cast<std::uint8_t>(random.below(3)), 0, 0};
    std::copy(head.begin(), head.end(), inet.bytes.begin());
    return inet;
}

Value any_inet(Random& random, std::size_t /*row*/) {
    constexpr std::array<std::size_t, 4> kBits{8, 16, 24, 128};
    Inet inet = address(random, pick(random, kBits));
    inet.bytes[inet.is_v6 ? 15 : 3] = static_cast<std::uint8_t>(random.below(4));
    return inet;
}

Value any_cidr(Random& random, std::size_t /*row*/) {
    constexpr std::array<std::size_t, 3> kBits{16, 24, 128}; // nothing right of the mask
    return address(random, pick(random, kBits));
}

Value any_json(Random& random, std::size_t /*row*/) {
    constexpr std::array<std::string_view, 10> kDocuments{R"({"a": 1, "b": [1, 2]})",
                                                          R"({"a": 2})",
                                                          R"({"a": "x", "c": null})",
                                                          R"([1, "a", null])",
                                                          R"("text")",
                                                          R"(7)",
                                                          R"({})",
                                                          R"([])",
                                                          R"(null)",
                                                          R"({"b": {"c": [true, {"d": "ä"}]}})"};
    return Json{std::string(pick(random, kDocuments))};
}

Value any_texts(Random& random, std::size_t /*row*/) {
    Texts texts;
    for (std::size_t count = random.below(4); count > 0; --count) {
        texts.emplace_back(pick(random, kWords));
    }
    return texts;
}

Value any_numbers(Random& random, std::size_t /*row*/) {
    Numbers numbers;
    for (std::size_t count = random.below(4); count > 0; --count) {
        numbers.push_back(static_cast<std::int64_t>(random.below(4)));
    }
    return numbers;
}

struct ColumnSpec {
    const char* name;
    TypeId type;
    Value (*make)(Random& random, std::size_t row);
    std::size_t null_one_in; ///< 0 = never NULL
};

constexpr std::array<ColumnSpec, 20> kColumns{{
    {"id", TypeId::kInt8, row_number, 0},
    {"k", TypeId::kInt4, skewed, 10},
    {"b", TypeId::kBool, any_bool, 5},
    {"i2", TypeId::kInt2, small_int, 6},
    {"i4", TypeId::kInt4, edge_int<std::int32_t>, 6},
    {"i8", TypeId::kInt8, edge_int<std::int64_t>, 6},
    {"f4", TypeId::kFloat4, any_float, 6},
    {"f8", TypeId::kFloat8, any_float, 6},
    {"num", TypeId::kNumeric, any_numeric, 6},
    {"txt", TypeId::kText, any_text, 8},
    {"byt", TypeId::kBytea, any_bytea, 6},
    {"d", TypeId::kDate, any_date, 6},
    {"ts", TypeId::kTimestamptz, any_time, 6},
    {"iv", TypeId::kInterval, any_interval, 6},
    {"u", TypeId::kUuid, unique_uuid, 0},
    {"ip", TypeId::kInet, any_inet, 6},
    {"cid", TypeId::kCidr, any_cidr, 6},
    {"js", TypeId::kJsonb, any_json, 6},
    {"ta", TypeId::kTextArray, any_texts, 6},
    {"ia", TypeId::kInt8Array, any_numbers, 6},
}};

struct TableSpec {
    const char* name;
    std::size_t row_count;
    std::vector<std::string> columns; ///< empty: all
    std::vector<std::string> required = {};
    std::vector<std::string> any_of = {};
};

const std::vector<TableSpec>& table_specs() {
    static const std::vector<TableSpec> specs{
        {"wide", 150, {}},
        {"mid", 60, {"id", "k", "i8", "txt", "num", "d", "ts", "u", "f8"}},
        {"small", 12, {"id", "k", "b", "txt", "f8"}},
        {"empty", 0, {"id", "k", "b", "txt", "f8"}},
        {"keyed", 80, {"k", "id", "txt", "num"}, {"k"}},
        {"any_of", 80, {"k", "txt", "id", "i8"}, {}, {"k", "txt"}},
        {"big", 4000, {"id", "k", "i8", "f8", "txt", "num"}},
    };
    return specs;
}

bool is_among(const std::string& name, const std::vector<std::string>& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<ColumnSpec> columns_of(const TableSpec& table) {
    std::vector<ColumnSpec> columns(kColumns.begin(), kColumns.end());
    if (table.columns.empty()) {
        return columns;
    }
    std::vector<ColumnSpec> chosen;
    for (const std::string& name : table.columns) {
        chosen.push_back(*std::find_if(columns.begin(), columns.end(),
                                       [&](const ColumnSpec& spec) { return spec.name == name; }));
    }
    return chosen;
}

DataTable make_table(const TableSpec& spec, Random random) {
    DataTable table{spec.name, {}, {}};
    const std::vector<ColumnSpec> columns = columns_of(spec);
    for (const ColumnSpec& column : columns) {
        Column& added = table.columns.emplace_back();
        added.name = column.name;
        added.type = column.type;
        added.key = is_among(column.name, spec.required) ? KeyKind::kRequired
                    : is_among(column.name, spec.any_of) ? KeyKind::kAnyOf
                                                         : KeyKind::kNone;
    }
    for (std::size_t row = 0; row < spec.row_count; ++row) {
        Row& added = table.rows.emplace_back();
        for (const ColumnSpec& column : columns) {
            const bool is_null = column.null_one_in != 0 && random.is_one_in(column.null_one_in);
            added.push_back(is_null ? Value() : column.make(random, row));
        }
    }
    return table;
}

} // namespace

std::vector<DataTable> make_data(std::uint64_t seed) {
    std::vector<DataTable> tables;
    for (const TableSpec& spec : table_specs()) {
        tables.push_back(make_table(spec, Random(seed * 1000 + tables.size())));
    }
    return tables;
}

} // namespace spy
