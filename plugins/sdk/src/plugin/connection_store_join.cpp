#include "connection_entry.hpp"
#include "current_error.hpp"
#include "side_by_side.hpp"

#include <algorithm>

namespace penstock {

/// What the children of an aggregator offer, each with its place among the children.
struct ConnectionStore::Answers {
    std::vector<ChildSchemas> schemas;        ///< empty tables where there is an error
    std::vector<std::optional<Error>> errors; ///< as long as schemas
    double row_factor = 1;                    ///< children that each answer stands for
    bool has_all = false;                     ///< every child has every table

    [[nodiscard]] const Error* first_error() const {
        for (const std::optional<Error>& error : errors) {
            if (error) {
                return &*error;
            }
        }
        return nullptr;
    }
};

namespace {

std::vector<TableSchema> schemas_of(const std::vector<std::shared_ptr<Table>>& tables) {
    std::vector<TableSchema> schemas;
    schemas.reserve(tables.size());
    for (const std::shared_ptr<Table>& table : tables) {
        schemas.push_back(table->schema());
    }
    return schemas;
}

bool offers(const ChildSchemas& child, const std::string& table) {
    for (const TableSchema& schema : child.tables) {
        if (schema.name == table) {
            return true;
        }
    }
    return false;
}

} // namespace

/// Each child of a dynamic plugin has tables of its own.
ConnectionStore::Answers ConnectionStore::ask_children(const Aggregate& aggregate) {
    Answers answers;
    answers.schemas.resize(aggregate.children.size());
    answers.errors.resize(aggregate.children.size());
    run_side_by_side(aggregate.children.size(), kChildrenAtOnce, [&](std::size_t index) {
        const std::string& child = aggregate.children[index];
        answers.schemas[index].connection = child;
        try {
            answers.schemas[index].tables = schemas_of(child_of(child)->ask());
        } catch (...) {
            answers.errors[index] = name_child(current_error(), child);
        }
    });
    const Error* error = answers.first_error();
    if (error != nullptr && !aggregate.is_partial) {
        throw Exception(*error);
    }
    return answers;
}

/// All children of a static plugin have the same tables: the first that works speaks for all.
ConnectionStore::Answers ConnectionStore::ask_one_of(const Aggregate& aggregate) {
    Answers answers;
    answers.has_all = true;
    answers.row_factor = static_cast<double>(aggregate.children.size());
    for (const std::string& child : aggregate.children) {
        try {
            answers.schemas = {{child, schemas_of(child_of(child)->ask())}};
            answers.errors = {std::nullopt};
            break;
        } catch (...) {
            answers.schemas.emplace_back();
            answers.errors.emplace_back(name_child(current_error(), child));
        }
    }
    return answers;
}

std::vector<TableSchema> ConnectionStore::describe_joined(Entry& entry) {
    const Aggregate& aggregate = *entry.aggregate;
    const std::lock_guard lock(entry.ask_mutex);
    const Answers answers = info_.is_dynamic ? ask_children(aggregate) : ask_one_of(aggregate);
    const bool has_answer = std::find(answers.errors.begin(), answers.errors.end(), std::nullopt) !=
                            answers.errors.end();
    if (!has_answer && answers.first_error() != nullptr) {
        throw Exception(*answers.first_error());
    }
    std::vector<TableSchema> schemas = join_schemas(answers.schemas);
    std::vector<std::shared_ptr<const AggregateTable>> joined;
    for (TableSchema& schema : schemas) {
        schema.row_estimate *= answers.row_factor;
        check_schema(schema).take();
        auto table = std::make_shared<AggregateTable>();
        table->schema = schema;
        table->is_partial = aggregate.is_partial;
        for (std::size_t index = 0; index < aggregate.children.size(); ++index) {
            const bool has_table = answers.has_all || offers(answers.schemas[index], schema.name);
            const bool may_have = has_table || answers.errors[index];
            if (may_have) {
                table->children.push_back({aggregate.children[index], has_table});
            }
        }
        joined.push_back(std::move(table));
    }
    const std::lock_guard tables_lock(entry.tables_mutex);
    entry.joined = std::move(joined);
    return schemas;
}

} // namespace penstock
