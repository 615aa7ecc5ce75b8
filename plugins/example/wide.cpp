#include "plugin.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace example {

using namespace penstock;

namespace {

/// Mixes the bits of a row number, so that columns do not look alike. Source: the finaliser of
/// MurmurHash3 (public domain).
std::uint64_t mix(std::uint64_t number) {
    number = (number ^ (number >> 33U)) * 0xFF51AFD7ED558CCDULL;
    number = (number ^ (number >> 33U)) * 0xC4CEB9FE1A85EC53ULL;
    return number ^ (number >> 33U);
}

constexpr std::array<std::string_view, 8> kNames{
    "Ada Lovelace",   "Alan Turing",  "Grace Hopper",  "Edsger Dijkstra",
    "Barbara Liskov", "Donald Knuth", "Frances Allen", "Tony Hoare"};
constexpr std::array<std::string_view, 4> kStates{"accepted", "shipped on time", "returned to us",
                                                  "waiting for parts"};

/// Eight hexadecimal digits.
void append_code(ColumnBuilder& column, std::uint64_t bits) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::array<char, 8> text; // NOLINT(cppcoreguidelines-pro-type-member-init): filled below
    for (char& digit : text) {
        digit = kDigits[bits & 15U];
        bits >>= 4U;
    }
    column.append_text({text.data(), text.size()});
}

/// "order 1234567"
void append_note(ColumnBuilder& column, std::int64_t row) {
    std::array<char, 20> text{'o', 'r', 'd', 'e', 'r', ' '};
    const auto end = std::to_chars(text.data() + 6, text.data() + text.size(), 1'000'000 + row);
    column.append_text({text.data(), static_cast<std::size_t>(end.ptr - text.data())});
}

constexpr std::int64_t kMicrosPerSecond = 1'000'000;

/// A column and how to append its value of a row; `bits` are the row's mixed number.
struct WideColumn {
    const char* name;
    TypeId type;
    void (*append)(ColumnBuilder& column, std::int64_t row, std::uint64_t bits);
};

constexpr std::array<WideColumn, 10> kColumns{{
    {"id", TypeId::kInt8,
     [](ColumnBuilder& column, std::int64_t row, std::uint64_t) { column.append_fixed(row); }},
    {"customer", TypeId::kInt8,
     [](ColumnBuilder& column, std::int64_t, std::uint64_t bits) {
         column.append_fixed(static_cast<std::int64_t>(bits % 10'000));
     }},
    {"quantity", TypeId::kInt8,
     [](ColumnBuilder& column, std::int64_t, std::uint64_t bits) {
         column.append_fixed(static_cast<std::int64_t>(bits >> 58U));
     }},
    {"price", TypeId::kFloat8,
     [](ColumnBuilder& column, std::int64_t, std::uint64_t bits) {
         column.append_fixed(static_cast<double>(bits & 0xFFFFU) / 100);
     }},
    {"weight", TypeId::kFloat8,
     [](ColumnBuilder& column, std::int64_t, std::uint64_t bits) {
         column.append_fixed(static_cast<double>((bits >> 16U) & 0xFFFFU) / 8);
     }},
    {"ordered_at", TypeId::kTimestamptz,
     [](ColumnBuilder& column, std::int64_t row, std::uint64_t) {
         column.append_fixed(Timestamptz::from_unix(1'700'000'000 + row, row % kMicrosPerSecond));
     }},
    {"code", TypeId::kText,
     [](ColumnBuilder& column, std::int64_t, std::uint64_t bits) { append_code(column, bits); }},
    {"name", TypeId::kText,
     [](ColumnBuilder& column, std::int64_t, std::uint64_t bits) {
         column.append_text(kNames[(bits >> 32U) % kNames.size()]);
     }},
    {"state", TypeId::kText,
     [](ColumnBuilder& column, std::int64_t, std::uint64_t bits) {
         column.append_text(kStates[(bits >> 36U) % kStates.size()]);
     }},
    {"note", TypeId::kText,
     [](ColumnBuilder& column, std::int64_t row, std::uint64_t) { append_note(column, row); }},
}};

/// Shows the fast way: values go straight into the columns that were asked for.
class WideTable final : public Table {
  public:
    explicit WideTable(std::int64_t row_count) : row_count_(row_count) {
        schema_.name = "example_wide";
        schema_.description = "Ten columns of generated orders; for measuring.";
        schema_.row_estimate = static_cast<double>(row_count);
        schema_.max_parts = 64;
        for (const WideColumn& column : kColumns) {
            schema_.columns.push_back({column.name, column.type});
        }
    }
    [[nodiscard]] const TableSchema& schema() const override { return schema_; }

    void scan(const ScanRequest& request, RowSink& rows) override {
        const std::int64_t parts = std::max<std::int64_t>(request.part_count, 1);
        const std::int64_t first = row_count_ / parts * request.part;
        const std::int64_t end =
            request.part + 1 >= parts ? row_count_ : first + row_count_ / parts;
        if (rows.column_count() == 0) {
            rows.add_count(static_cast<std::uint64_t>(end - first));
            return;
        }
        for (std::int64_t row = first; row < end; ++row) {
            const std::uint64_t bits = mix(static_cast<std::uint64_t>(row));
            for (std::size_t index = 0; index < rows.column_count(); ++index) {
                kColumns[rows.schema_index(index)].append(rows.column(index), row, bits);
            }
            rows.end_row();
        }
    }

  private:
    std::int64_t row_count_;
    TableSchema schema_;
};

} // namespace

std::shared_ptr<Table> make_wide_table(std::int64_t row_count) {
    return std::make_shared<WideTable>(row_count);
}

} // namespace example
