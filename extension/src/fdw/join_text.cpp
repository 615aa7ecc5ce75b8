#include "fdw/join_text.hpp"

#include "fdw/request_text.hpp"

namespace penstock::fdw {
namespace {

/// Texts of one join that are being collected.
struct Collection {
    const JoinScan* join;
    int value_bytes;
    int most;
    List* texts;
};

void add(Collection* made, std::uint32_t source, const char* text) {
    if (list_length(made->texts) < made->most) {
        const char* alias = quote_identifier(made->join->aliases[source]);
        made->texts = lappend(made->texts, psprintf("%s.%s", alias, text));
    }
}

void add_condition(Collection* made, const core::JoinConditionSpec* condition) {
    if (condition->other.name == nullptr) {
        add(made, condition->source, request_qual_text(&condition->qual, made->value_bytes));
        return;
    }
    const std::string_view sign = sign_of(condition->qual.op);
    add(made, condition->source,
        psprintf("%s %.*s %s.%s", request_name_text(condition->qual.column),
                 static_cast<int>(sign.size()), sign.data(),
                 quote_identifier(made->join->aliases[condition->other.source]),
                 request_name_text(condition->other.name)));
}

void add_conditions(Collection* made, std::span<const core::JoinConditionSpec> conditions) {
    for (std::size_t index = 0; index < conditions.size(); ++index) {
        add_condition(made, &conditions[index]);
    }
}

} // namespace

List* join_condition_texts(const JoinScan* join, int value_bytes, int most) {
    Collection made = {join, value_bytes, most, NIL};
    for (std::uint32_t source = 0; source < join->spec.sources.size(); ++source) {
        const std::span<const core::QualSpec> quals = join->spec.sources[source].quals;
        for (std::size_t index = 0; index < quals.size(); ++index) {
            add(&made, source, request_qual_text(&quals[index], value_bytes));
        }
    }
    for (std::size_t step = 0; step < join->spec.steps.size(); ++step) {
        add_conditions(&made, join->spec.steps[step].conditions);
        add_conditions(&made, join->spec.steps[step].filter);
    }
    return made.texts;
}

} // namespace penstock::fdw
