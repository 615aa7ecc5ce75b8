#pragma once

#include "penstock/types/join_kind.hpp"
#include "penstock/types/result.hpp"
#include "penstock/types/sort_key.hpp"
#include "penstock/types/type.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// Operators a condition can be pushed down with. Numbers go over the wire: never reuse one.
enum class QualOp : std::uint8_t {
    kEq = 1,
    kNe = 2,
    kLt = 3,
    kLe = 4,
    kGt = 5,
    kGe = 6,
    kIn = 7, ///< equal to any of a list
    kIsNull = 8,
    kIsNotNull = 9,
    kLike = 10, ///< text only; one pattern, with `\` as its escape; is_like() of like.hpp
};

/// A set of operators; in options and messages written with their SQL signs: `= <> < in is_null`.
class QualOps {
  public:
    constexpr QualOps() = default;
    constexpr QualOps(std::initializer_list<QualOp> ops) {
        for (const QualOp op : ops) {
            bits_ |= bit(op);
        }
    }
    [[nodiscard]] constexpr bool has(QualOp op) const { return (bits_ & bit(op)) != 0; }
    [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
    constexpr void add(QualOp op) { bits_ |= bit(op); }
    friend constexpr bool operator==(QualOps, QualOps) = default;
    /// In both, in either, in the left one only.
    friend constexpr QualOps operator&(QualOps left, QualOps right) {
        return of_bits(left.bits_ & right.bits_);
    }
    friend constexpr QualOps operator|(QualOps left, QualOps right) {
        return of_bits(left.bits_ | right.bits_);
    }
    friend constexpr QualOps operator-(QualOps left, QualOps right) {
        return of_bits(left.bits_ & ~right.bits_);
    }

    /// Space-separated signs in the order of QualOp, e.g. "= in"; "" for none.
    [[nodiscard]] std::string to_text() const;
    /// The reverse. Errors: kOption, naming the unknown sign, with the valid ones in the hint.
    [[nodiscard]] static Result<QualOps> from_text(std::string_view text);

  private:
    static constexpr std::uint16_t bit(QualOp op) {
        return static_cast<std::uint16_t>(1U << static_cast<unsigned>(op));
    }
    static constexpr QualOps of_bits(int bits) {
        QualOps ops;
        ops.bits_ = static_cast<std::uint16_t>(bits);
        return ops;
    }
    std::uint16_t bits_ = 0;
};

[[nodiscard]] std::string_view sign_of(QualOp op) noexcept;

/// `=` and IN; what a key column usually supports.
inline constexpr QualOps kEqualityOps{QualOp::kEq, QualOp::kIn};
/// Every comparison and IN, but not the NULL tests.
inline constexpr QualOps kComparisonOps{QualOp::kEq, QualOp::kNe, QualOp::kLt, QualOp::kLe,
                                        QualOp::kGt, QualOp::kGe, QualOp::kIn};

/// What a scan needs of a column before it can start.
enum class KeyKind : std::uint8_t {
    kNone = 0,
    kOptional = 1, ///< a condition on it makes the scan much cheaper
    kRequired = 2, ///< no scan without `=` or IN on it
    kAnyOf = 3,    ///< no scan without `=` or IN on at least one of the table's any-of columns
};

[[nodiscard]] std::string_view name_of(KeyKind kind) noexcept;
[[nodiscard]] Result<KeyKind> key_kind_from_text(std::string_view text);

/// One column on offer.
///
/// `exact` is a promise: rows that do not satisfy such a condition are never sent (NULLs included),
/// so the server drops its own check. `superset` only helps: the server checks again. An operator
/// in neither is never sent. Off is always correct.
struct Column {
    std::string name; ///< 1…63 bytes
    TypeId type = TypeId::kText;
    std::string description = {}; ///< one sentence, or empty; becomes the column's comment
    QualOps exact = {};
    QualOps superset = {};
    KeyKind key = KeyKind::kNone;
    /// Values that one IN condition on this key may usefully have, because they are looked up
    /// together; 0 = one at a time. Joins then ask for that many keys at once.
    std::uint32_t batch = 0;
    /// A promise: no two rows of the table have the same value here. The planner drops joins and
    /// sorts that it proves needless by it.
    bool is_unique = false;
    double distinct_estimate = 0; ///< different values, NULL not counted; 0 = not known
    /// A promise: rows come in the order that ScanRequest::sort asks for, as far as it names such
    /// columns. Only types of can_be_ordered(), and text byte by byte. Without it nothing is lost
    /// but the source's own sorting: of ORDER BY with LIMIT, the SDK keeps only the first rows.
    bool is_sortable = false;
    friend bool operator==(const Column&, const Column&) = default;
};

/// One table on offer.
struct TableSchema {
    std::string name; ///< 1…63 bytes
    std::string description = {};
    std::vector<Column> columns = {}; ///< 1…1600
    double row_estimate = 1000;       ///< rows of a scan without conditions; for the planner
    double startup_cost_ms = 1;       ///< time to the first row; for the planner
    /// In how many parts a scan can be read by parallel workers of one query (ScanRequest::part);
    /// 1 = each worker may read the whole table; 0 = only one scan for one query. A promise that
    /// the source gives the same rows to scans that run at the same time.
    std::uint32_t max_parts = 0;
    /// A promise: all rows of a scan always come in this order, whatever its conditions are (not:
    /// rows of different parts). The server then does not sort.
    std::vector<SortKey> ordered_by = {};
    /// Joins that this table may take part in, with tables of its connection that say the same
    /// (Connection::join()). A promise: where both columns declare an operator exact, the
    /// connection compares them as the server does, and the join's rows are the server's.
    JoinKinds joins = {};
    /// What the SDK computes over the table's rows (evaluator.hpp). Set by the SDK, not by authors.
    std::uint32_t evaluator = 0;
    friend bool operator==(const TableSchema&, const TableSchema&) = default;
};

/// Something that is not among the tables on offer though somebody may look for it.
struct SchemaProblem {
    std::string what;   ///< as the user knows it: the path of a file, a name
    std::string reason; ///< one or more sentences; no secrets
    friend bool operator==(const SchemaProblem&, const SchemaProblem&) = default;
};

/// Problems that cross the wire at most; a plugin that has more says the first ones.
inline constexpr std::size_t kMaxProblems = 100;

/// PostgreSQL cuts identifiers at this many bytes; we refuse longer ones instead.
inline constexpr std::size_t kMaxNameBytes = 63;
/// Columns of a PostgreSQL table at most.
inline constexpr std::size_t kMaxColumns = 1600;

/// Values of one IN condition at most that a join makes: Column::batch.
inline constexpr std::uint32_t kMaxBatch = 100'000;

/// Parts of one scan at most: TableSchema::max_parts.
inline constexpr std::uint32_t kMaxParts = 1024;

/// Checks what PostgreSQL would refuse or cut: names (empty, too long, control characters, invalid
/// UTF-8), duplicate columns, no columns or too many, a column name of the system's own (ctid, …).
/// Errors: kOption, naming table and column.
[[nodiscard]] Status check_schema(const TableSchema& table);

/// Hash over everything that makes the DDL and the comments: names, types, keys, operators,
/// descriptions, estimates, in order. 16 lower-case hexadecimal digits. Stable across machines.
[[nodiscard]] std::string schema_hash(const std::vector<TableSchema>& tables);

/// One option of a foreign table or column, as it stands in the catalog.
struct OptionText {
    std::string name;
    std::string value;
    friend bool operator==(const OptionText&, const OptionText&) = default;
};

/// Options of the foreign table: `connection`, `table`, `rows`, `startup_ms`, `parts`,
/// `ordered_by`, `joins`, `evaluator` (all but the first two only where they differ from the
/// defaults). The one place that IMPORT FOREIGN SCHEMA and the controller's DDL share.
[[nodiscard]] std::vector<OptionText> table_options(const std::string& connection,
                                                    const TableSchema& table);
/// Options of a column: `exact`, `superset`, `key`, `batch`, `unique`, `distinct`, `sortable`, only
/// where not empty.
[[nodiscard]] std::vector<OptionText> column_options(const Column& column);

} // namespace penstock
