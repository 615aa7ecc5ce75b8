#include "fdw/request_log.hpp"

#include "fdw/join_text.hpp"
#include "fdw/request_text.hpp"
#include "pg/boundary.hpp"
#include "pg/conversion.hpp"

/// What a plugin is asked, as a line of the server's log. A request holds what the statement says
/// of the table, and no argument of the connection: those, and with them its secrets, go from the
/// controller to the plugin and never pass through here. The values in it are the statement's own,
/// so log_parameter_max_length says how much of each is written, as for its parameters.
namespace penstock::fdw {

bool is_request_logged = false;

namespace {

/// Chosen: what a line shows at most of the columns and of the conditions.
constexpr std::size_t kMaxListed = 100;

/// Bytes of each value, by the server's rule: -1 = all of it.
int value_bytes() {
    return log_parameter_max_length < 0 ? kMaxValueBytes
                                        : Min(log_parameter_max_length, kMaxValueBytes);
}

/// A list in parentheses that is begun with its first element.
struct ListText {
    StringInfo text;
    const char* title;
    std::size_t count;
};

void append_element(ListText* list, const char* element) {
    if (list->count++ >= kMaxListed) {
        return;
    }
    if (list->count == 1) {
        appendStringInfo(list->text, ", %s (", list->title);
    } else {
        appendStringInfoString(list->text, ", ");
    }
    appendStringInfoString(list->text, element);
}

void end_list(const ListText* list) {
    if (list->count > kMaxListed) {
        appendStringInfo(list->text, ", ... %zu more", list->count - kMaxListed);
    }
    if (list->count > 0) {
        appendStringInfoChar(list->text, ')');
    }
}

void append_quals(StringInfo text, const char* title, std::span<const core::QualSpec> quals,
                  bool is_exact) {
    ListText list = {text, title, 0};
    for (std::size_t index = 0; index < quals.size(); ++index) {
        if (quals[index].is_exact == is_exact) {
            append_element(&list, request_qual_text(&quals[index], value_bytes()));
        }
    }
    end_list(&list);
}

/// `sum(price) filter (id > 7)`
char* aggregate_text(const core::AggregateSpec* aggregate) {
    static constexpr const char* kNames[] = {"", "count", "sum", "min", "max", "avg"};
    StringInfoData text;
    initStringInfo(&text);
    appendStringInfo(&text, "%s(%s)", kNames[static_cast<int>(aggregate->function)],
                     *aggregate->column == '\0' ? "*" : request_name_text(aggregate->column));
    for (std::size_t index = 0; index < aggregate->filter.size(); ++index) {
        appendStringInfo(&text, "%s%s", index == 0 ? " filter (" : " and ",
                         request_qual_text(&aggregate->filter[index], value_bytes()));
    }
    appendStringInfoString(&text, aggregate->filter.empty() ? "" : ")");
    return text.data;
}

void append_rows(StringInfo text, const core::RequestSpec* request) {
    if (request->columns.empty() && !request->is_grouped) {
        appendStringInfoString(text, ", no columns");
    }
    ListText columns = {text, request->is_grouped ? "group keys" : "columns", 0};
    for (std::size_t index = 0; index < request->columns.size(); ++index) {
        append_element(&columns, request_name_text(request->columns[index].name));
    }
    end_list(&columns);
    ListText aggregates = {text, "aggregates", 0};
    for (std::size_t index = 0; index < request->aggregates.size(); ++index) {
        append_element(&aggregates, aggregate_text(&request->aggregates[index]));
    }
    end_list(&aggregates);
}

/// `day desc nulls last`, as ORDER BY has it.
char* sort_key_text(const core::RequestSpec* request, const core::SortSpec* key) {
    const char* text = key->aggregate > 0 ? aggregate_text(&request->aggregates[key->aggregate - 1])
                                          : request_name_text(key->column);
    const char* nulls = "";
    if (key->is_nulls_first != key->is_descending) {
        nulls = key->is_nulls_first ? " nulls first" : " nulls last";
    }
    return psprintf("%s%s%s", text, key->is_descending ? " desc" : "", nulls);
}

void append_sort(StringInfo text, const core::RequestSpec* request) {
    ListText keys = {text, request->is_top ? "first rows by" : "ordered by", 0};
    for (std::size_t index = 0; index < request->sort.size(); ++index) {
        append_element(&keys, sort_key_text(request, &request->sort[index]));
    }
    end_list(&keys);
}

/// One more than are shown, so that the list says that there are more.
void append_join(StringInfo text, const JoinScan* join) {
    ListText list = {text, "conditions", 0};
    ListCell* cell = nullptr;
    foreach (cell, join_condition_texts(join, value_bytes(), static_cast<int>(kMaxListed) + 1)) {
        append_element(&list, static_cast<char*>(lfirst(cell)));
    }
    end_list(&list);
}

void append_bounds(StringInfo text, const core::RequestSpec* request) {
    if (request->row_limit > 0) {
        appendStringInfo(text, ", row limit %zu", static_cast<std::size_t>(request->row_limit));
    }
    if (request->row_target > 0) {
        appendStringInfo(text, ", row target %zu", static_cast<std::size_t>(request->row_target));
    }
    if (request->part_count > 0) {
        appendStringInfo(text, ", part %u of %u", request->part + 1, request->part_count);
    }
    if (request->is_cache_off) {
        appendStringInfoString(text, ", cache off");
    }
}

} // namespace

void log_request(const pg::TableInfo* table, const core::RequestSpec* request,
                 const JoinScan* join) {
    if (!is_request_logged) {
        return;
    }
    StringInfoData text;
    initStringInfo(&text);
    appendStringInfo(&text, "penstock request: plugin \"%s\", connection \"%s\", %s \"%s\"",
                     table->plugin, table->connection, join == nullptr ? "table" : "join",
                     join == nullptr ? table->table : join->relations);
    append_rows(&text, request);
    append_quals(&text, "exact quals", request->quals, true);
    append_quals(&text, "superset quals", request->quals, false);
    if (join != nullptr) {
        append_join(&text, join);
    }
    append_sort(&text, request);
    append_bounds(&text, request);
    pg::log_line(text.data);
    pfree(text.data);
}

} // namespace penstock::fdw
