#include "penstock/types/schema.hpp"

#include <array>
#include <bit>

namespace penstock {

namespace {

/// FNV-1a with 64 bits. It finds changes, it does not defend against an adversary: a plugin that
/// wants a collision can as well lie about its schema. Every field is preceded by its length and
/// every list by its count, so no two different lists feed the same bytes; numbers go in byte by
/// byte, lowest first, so all machines agree.
/// Source: http://www.isthe.com/chongo/tech/comp/fnv/ (constants).
class Hash {
  public:
    void add(std::uint64_t number) {
        for (unsigned shift = 0; shift < 64; shift += 8) {
            add_byte(static_cast<std::uint8_t>(number >> shift));
        }
    }
    void add(double number) { add(std::bit_cast<std::uint64_t>(number == 0 ? 0.0 : number)); }
    void add(std::string_view text) {
        add(static_cast<std::uint64_t>(text.size()));
        for (const char character : text) {
            add_byte(static_cast<std::uint8_t>(character));
        }
    }
    [[nodiscard]] std::string hex() const {
        constexpr std::string_view kDigits = "0123456789abcdef";
        std::string text(16, '0');
        for (unsigned digit = 0; digit < 16; ++digit) {
            text[15 - digit] = kDigits[(state_ >> (digit * 4)) & 15U];
        }
        return text;
    }

  private:
    void add_byte(std::uint8_t byte) { state_ = (state_ ^ byte) * 0x100000001B3ULL; }
    std::uint64_t state_ = 0xCBF29CE484222325ULL;
};

} // namespace

std::string schema_hash(const std::vector<TableSchema>& tables) {
    Hash hash;
    hash.add(std::uint64_t{tables.size()});
    for (const TableSchema& table : tables) {
        hash.add(std::string_view(table.name));
        hash.add(std::string_view(table.description));
        hash.add(table.row_estimate);
        hash.add(table.startup_cost_ms);
        hash.add(std::uint64_t{table.max_parts});
        hash.add(std::string_view(to_text(table.ordered_by)));
        hash.add(std::string_view(table.joins.to_text()));
        hash.add(std::uint64_t{table.evaluator});
        hash.add(std::uint64_t{table.columns.size()});
        for (const Column& column : table.columns) {
            hash.add(std::string_view(column.name));
            hash.add(static_cast<std::uint64_t>(column.type));
            hash.add(std::string_view(column.description));
            hash.add(std::string_view(column.exact.to_text()));
            hash.add(std::string_view(column.superset.to_text()));
            hash.add(static_cast<std::uint64_t>(column.key));
            hash.add(std::uint64_t{column.batch});
            hash.add(std::uint64_t{column.is_unique});
            hash.add(column.distinct_estimate);
            hash.add(std::uint64_t{column.is_sortable});
        }
    }
    return hash.hex();
}

} // namespace penstock
