#include "core/request.hpp"

#include "penstock/protocol/datum_encode.hpp"
#include "penstock/protocol/messages.hpp"

#include <cstring>

namespace penstock::core {

namespace {

Value make_value(const ScalarSpec& spec, TypeId type) {
    std::string text =
        spec.text != nullptr ? std::string(spec.text, spec.text_bytes) : std::string();
    switch (spec.kind) {
    case ScalarSpec::Kind::kBool:
        return spec.boolean;
    case ScalarSpec::Kind::kInteger:
        return spec.integer;
    case ScalarSpec::Kind::kNumber:
        return spec.number;
    case ScalarSpec::Kind::kBytes:
        return Bytes{text};
    case ScalarSpec::Kind::kDate:
        return Date{static_cast<std::int32_t>(spec.integer)};
    case ScalarSpec::Kind::kTimestamptz:
        return Timestamptz{spec.integer};
    case ScalarSpec::Kind::kInterval:
        return Interval{spec.integer, spec.days, spec.months};
    case ScalarSpec::Kind::kUuid: {
        Uuid uuid;
        std::memcpy(uuid.bytes.data(), spec.text, uuid.bytes.size());
        return uuid;
    }
    case ScalarSpec::Kind::kText:
        break;
    }
    if (type == TypeId::kNumeric) {
        return Numeric{text};
    }
    if (type == TypeId::kJsonb) {
        return Json{text};
    }
    if (type == TypeId::kInet || type == TypeId::kCidr) {
        return parse_inet(text).take();
    }
    return text;
}

std::vector<Qual> make_quals(std::span<const QualSpec> specs) {
    std::vector<Qual> quals;
    quals.reserve(specs.size());
    for (const QualSpec& from : specs) {
        Qual qual{from.column, from.op, from.type, {}, from.is_exact};
        qual.values.reserve(from.value_count);
        for (std::size_t index = 0; index < from.value_count; ++index) {
            qual.values.push_back(make_value(from.values[index], from.type));
        }
        quals.push_back(std::move(qual));
    }
    return quals;
}

JoinColumn make_column(const JoinColumnSpec& spec) {
    return {spec.source, spec.name, spec.type};
}

std::vector<JoinCondition> make_conditions(std::span<const JoinConditionSpec> specs) {
    std::vector<JoinCondition> conditions;
    for (const JoinConditionSpec& spec : specs) {
        Qual qual = std::move(make_quals({&spec.qual, 1}).front());
        conditions.push_back({{spec.source, std::move(qual.column), qual.type},
                              qual.op,
                              std::move(qual.values),
                              {}});
        if (spec.other.name != nullptr) {
            conditions.back().other = make_column(spec.other);
        }
    }
    return conditions;
}

Join make_join(const JoinSpec& spec) {
    Join join;
    for (const JoinSourceSpec& source : spec.sources) {
        join.sources.push_back({source.table, make_quals(source.quals)});
    }
    for (const JoinStepSpec& step : spec.steps) {
        join.steps.push_back({step.kind, step.left, step.right, make_conditions(step.conditions),
                              make_conditions(step.filter)});
    }
    for (const JoinColumnSpec& column : spec.columns) {
        join.columns.push_back(make_column(column));
    }
    return join;
}

void append_hello(std::string& out, std::uint32_t min_version = kMinProtocolVersion) {
    append_message_frame(FrameKind::kHello, make_hello("backend", min_version), out);
}

} // namespace

ScanRequest make_request(const RequestSpec& spec) {
    ScanRequest request;
    request.connection = spec.connection;
    if (spec.join != nullptr) {
        request.join = make_join(*spec.join);
    } else {
        request.table = spec.table;
    }
    request.row_target = spec.row_target;
    request.backend_pid = spec.backend_pid;
    request.user_name = spec.user_name;
    request.part = spec.part;
    request.part_count = spec.part_count;
    request.columns.reserve(spec.columns.size());
    for (const ColumnSpec& column : spec.columns) {
        request.columns.push_back({column.name, column.type});
    }
    request.quals = make_quals(spec.quals);
    request.row_limit = spec.row_limit;
    for (const SortSpec& key : spec.sort) {
        request.sort.push_back({key.column, key.is_descending, key.is_nulls_first, key.aggregate});
    }
    request.is_top = spec.is_top;
    request.is_cache_allowed = !spec.is_cache_off;
    request.is_grouped = spec.is_grouped;
    for (const AggregateSpec& from : spec.aggregates) {
        request.aggregates.push_back(
            {from.function, from.column, from.type, make_quals(from.filter)});
    }
    return request;
}

std::string scan_frames(const ScanRequest& request) {
    wire::Scan scan;
    write_message(request, scan);
    if (scan.ByteSizeLong() > kMaxFrameBytes) {
        throw Exception(ErrorKind::kLimit, "conditions of the scan are too large to send",
                        "They take " + std::to_string(scan.ByteSizeLong()) +
                            " bytes, the limit is " + std::to_string(kMaxFrameBytes) + ".",
                        "Use a shorter list of values, or a join instead of a list.");
    }
    std::string out;
    const bool is_new = request.is_grouped || !request.sort.empty() || !request.join.empty();
    append_hello(out, is_new ? kGroupsProtocolVersion : kMinProtocolVersion);
    append_message_frame(FrameKind::kScan, scan, out);
    return out;
}

std::string import_frames(const char* connection, std::span<const char* const> tables) {
    wire::Import import;
    import.set_connection(connection);
    for (const char* table : tables) {
        import.add_tables(table);
    }
    std::string out;
    append_hello(out);
    append_message_frame(FrameKind::kImport, import, out);
    return out;
}

std::string clear_frames(const char* connection) {
    wire::Import import;
    import.set_connection(connection);
    import.set_clear_cache(true);
    std::string out;
    append_hello(out, kGroupsProtocolVersion);
    append_message_frame(FrameKind::kImport, import, out);
    return out;
}

} // namespace penstock::core
