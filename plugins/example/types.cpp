#include "plugin.hpp"

#include <limits>

namespace example {

using namespace penstock;

namespace {

using Texts = std::vector<std::string>;
using Numbers = std::vector<std::int64_t>;
using Row = std::vector<Value>;

template <typename T>
constexpr std::int64_t kMin = std::numeric_limits<T>::min();
template <typename T>
constexpr std::int64_t kMax = std::numeric_limits<T>::max();

Inet v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d, std::uint8_t bits) {
    return {false, bits, {a, b, c, d}};
}

/// ::1, or the whole range of v6 with no bits.
Inet v6(std::uint8_t last, std::uint8_t bits) {
    Inet address{true, bits, {}};
    address.bytes[15] = last;
    return address;
}

/// What everybody uses, in the order of TypeId.
Row ordinary() {
    Uuid uuid;
    for (std::uint8_t index = 0; index < 16; ++index) {
        uuid.bytes[index] = index;
    }
    return {true,
            std::int64_t{2},
            std::int64_t{4},
            std::int64_t{8},
            0.5,
            0.25,
            Numeric{"12345.6789"},
            "text",
            Bytes{"bytes"},
            Date{8766}, // 2024-01-01
            Timestamptz::from_unix(1'704'067'200, 123'456),
            Interval{3'723'000'000, 2, 14},
            uuid,
            v4(192, 168, 0, 1, 24),
            v4(10, 0, 0, 0, 8),
            Json{R"({"a": [1, 2.50, null], "b": {"c": "d"}})"},
            Texts{"one", "two words", "quote\" and \\"},
            Numbers{1, -2, 3}};
}

Row smallest() {
    return {false,
            kMin<std::int16_t>,
            kMin<std::int32_t>,
            kMin<std::int64_t>,
            -std::numeric_limits<double>::infinity(),
            -std::numeric_limits<double>::infinity(),
            Numeric{"-Infinity"},
            "",
            Bytes{},
            Date{std::numeric_limits<std::int32_t>::min()},
            Timestamptz{kMin<std::int64_t>},
            Interval{-1, -1, -1},
            Uuid{},
            v4(0, 0, 0, 0, 0),
            v6(0, 0),
            Json{"{}"},
            Texts{},
            Numbers{}};
}

Row largest() {
    Uuid uuid;
    uuid.bytes.fill(0xFF);
    return {true, kMax<std::int16_t>, kMax<std::int32_t>, kMax<std::int64_t>,
            std::numeric_limits<double>::infinity(), std::numeric_limits<double>::max(),
            Numeric{"123456789012345678901234567890.0000000001"}, std::string(1000, 'x') + "ä€😀",
            Bytes{std::string(256, '\0') + "\xFF"}, Date{std::numeric_limits<std::int32_t>::max()},
            Timestamptz{kMax<std::int64_t>},
            // One month less than what PostgreSQL 17 reads as infinity.
            Interval{kMax<std::int64_t>, std::numeric_limits<std::int32_t>::max(),
                     std::numeric_limits<std::int32_t>::max() - 1},
            uuid, v4(255, 255, 255, 255, 32), v6(1, 128), Json{R"("just a string")"},
            Texts{"", std::string(200, 'y')}, Numbers{kMin<std::int64_t>, 0, kMax<std::int64_t>}};
}

/// NaN, numbers next to zero, and dates before Christ.
Row special() {
    const std::int64_t micros_per_day = 86'400'000'000;
    const std::int32_t ides_of_march = -746'117; // 0044-03-15 BC, in the Gregorian calendar
    return {false,
            std::int64_t{0},
            std::int64_t{-1},
            std::int64_t{0},
            std::numeric_limits<double>::quiet_NaN(),
            std::numeric_limits<double>::quiet_NaN(),
            Numeric{"NaN"},
            "tab\tand\nline",
            Bytes{std::string(1, '\0')},
            Date{ides_of_march},
            Timestamptz{ides_of_march * micros_per_day - 1},
            Interval{0, 0, 0},
            Uuid{},
            v6(1, 64),
            v4(172, 16, 0, 0, 12),
            Json{"-0.000001"},
            Texts{"NULL", "ä€😀"},
            Numbers{0}};
}

class TypesTable final : public Table {
  public:
    TypesTable() {
        schema_.name = "example_types";
        schema_.description = "One column of each type, with NULLs and the values at the edges.";
        schema_.row_estimate = 5;
        schema_.columns.push_back({"what", TypeId::kText, "Which kind of values the row has."});
        for (const TypeInfo& type : all_types()) {
            schema_.columns.push_back({name_for(type), type.id});
        }
    }
    [[nodiscard]] const TableSchema& schema() const override { return schema_; }

    void scan(const ScanRequest& /*request*/, RowSink& rows) override {
        add(rows, "ordinary", ordinary());
        add(rows, "smallest", smallest());
        add(rows, "largest", largest());
        add(rows, "special", special());
        add(rows, "null", Row(all_types().size()));
    }

  private:
    /// "a_int8", "a_text_array"
    static std::string name_for(const TypeInfo& type) {
        std::string name = "a_" + std::string(type.sql_name);
        const std::size_t bracket = name.find('[');
        return bracket == std::string::npos ? name : name.substr(0, bracket) + "_array";
    }
    static void add(RowSink& rows, const char* what, Row row) {
        row.insert(row.begin(), std::string(what));
        rows.add_row(row);
    }

    TableSchema schema_;
};

} // namespace

std::shared_ptr<Table> make_types_table() {
    return std::make_shared<TypesTable>();
}

} // namespace example
