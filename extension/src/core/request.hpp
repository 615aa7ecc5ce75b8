#pragma once

#include "penstock/types/request.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

/// A scan's request as plain old data: what the code that calls PostgreSQL fills in frames that a
/// longjmp may leave, and what is turned into a ScanRequest where no jump can happen.
namespace penstock::core {

/// One evaluated SQL value; pointers are good until the request has been built.
struct ScalarSpec {
    enum class Kind : std::uint8_t {
        kBool,
        kInteger,
        kNumber,
        kText,        ///< text, and numeric, inet, cidr, jsonb in their text form
        kBytes,       ///< bytea
        kUuid,        ///< `text` points to 16 bytes
        kDate,        ///< `integer` = days
        kTimestamptz, ///< `integer` = microseconds
        kInterval,
    };
    Kind kind;
    bool boolean;
    std::int64_t integer; ///< kInteger, kDate, kTimestamptz; microseconds of kInterval
    double number;
    const char* text;
    std::size_t text_bytes;
    std::int32_t days;   ///< kInterval
    std::int32_t months; ///< kInterval
};

struct QualSpec {
    const char* column;
    QualOp op;
    TypeId type;
    bool is_exact;
    const ScalarSpec* values;
    std::size_t value_count;
};

struct ColumnSpec {
    const char* name;
    TypeId type;
    std::uint16_t target; ///< where next_row() puts it in `values` and `nulls`
};

/// An aggregate, whose values come behind those of the columns.
struct AggregateSpec {
    AggregateFunction function;
    const char* column; ///< "" for count(*)
    TypeId type;        ///< of the column
    TypeId result;
    std::uint16_t target;
    std::span<const QualSpec> filter;
};

/// A column of the order of the rows.
struct SortSpec {
    const char* column;
    bool is_descending;
    bool is_nulls_first;
    std::uint32_t aggregate; ///< 1…: that one of the aggregates instead of a column
};

/// A column of a source of a join.
struct JoinColumnSpec {
    std::uint32_t source;
    const char* name; ///< null: none
    TypeId type;
};

/// Compares a column with values, or with `other`.
struct JoinConditionSpec {
    std::uint32_t source; ///< of qual.column
    QualSpec qual;
    JoinColumnSpec other;
};

struct JoinSourceSpec {
    const char* table;
    std::span<const QualSpec> quals;
};

struct JoinStepSpec {
    JoinKind kind;
    std::uint32_t left;
    std::uint32_t right;
    std::span<const JoinConditionSpec> conditions;
    std::span<const JoinConditionSpec> filter;
};

/// As types/join.hpp. RequestSpec::columns are `columns` with their labels and targets.
struct JoinSpec {
    std::span<const JoinSourceSpec> sources;
    std::span<const JoinStepSpec> steps;
    std::span<const JoinColumnSpec> columns;
};

struct RequestSpec {
    const char* connection;
    const char* table;                   ///< of a join: what messages call it
    const JoinSpec* join;                ///< null: a scan of the table
    std::span<const ColumnSpec> columns; ///< of a grouped request: the keys
    bool is_grouped;
    std::span<const AggregateSpec> aggregates;
    std::uint64_t row_limit; ///< 0 = none
    std::span<const SortSpec> sort;
    bool is_top; ///< only the first `row_limit` rows of `sort`, in any order
    bool is_cache_off;
    std::span<const QualSpec> quals;
    std::uint64_t row_target;
    std::int64_t backend_pid;
    const char* user_name;
    std::uint32_t part;
    std::uint32_t part_count; ///< 0 = the whole table
};

/// Throws std::bad_alloc.
[[nodiscard]] ScanRequest make_request(const RequestSpec& spec);

/// The bytes that open a scan: a kHello and a kScan frame. Throws std::bad_alloc; Exception kLimit
/// when the conditions make a frame over kMaxFrameBytes.
[[nodiscard]] std::string scan_frames(const ScanRequest& request);

/// The bytes that clear the plugin's cache of a connection: a kHello and a kImport frame.
[[nodiscard]] std::string clear_frames(const char* connection);

/// The bytes that ask for a schema: a kHello and a kImport frame.
[[nodiscard]] std::string import_frames(const char* connection,
                                        std::span<const char* const> tables);

} // namespace penstock::core
