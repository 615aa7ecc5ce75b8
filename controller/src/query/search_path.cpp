#include "query/search_path.hpp"

#include "query/near_names.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <memory>

namespace penstock::query {
namespace {

constexpr const char* kUserSchema = "$user"; ///< the server puts the user's name in its place

Exception list_error(const std::string& message) {
    return {ErrorKind::kOption, message, {}, "Give names separated by commas, such as: aws,public"};
}

std::string trimmed(const std::string& text) {
    const std::size_t first = text.find_first_not_of(" \t");
    return first == std::string::npos
               ? ""
               : text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

std::string unquoted(const std::string& text) {
    if (text.empty() || text.front() != '"') {
        return text;
    }
    std::string name;
    std::size_t at = 1;
    while (at < text.size() && (text[at] != '"' || text.substr(at, 2) == "\"\"")) {
        name += text[at];
        at += text[at] == '"' ? 2 : 1;
    }
    if (at + 1 != text.size()) {
        throw list_error("the quotes of the name " + text + " do not match");
    }
    return name;
}

std::string quoted_identifier(Session& session, const std::string& name) {
    const std::unique_ptr<char, decltype(&PQfreemem)> quoted(
        PQescapeIdentifier(session.handle(), name.data(), name.size()), &PQfreemem);
    if (!quoted) {
        throw list_error("the name \"" + name + "\" cannot be quoted");
    }
    return quoted.get();
}

std::string quoted_list(Session& session, const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) {
        text += (text.empty() ? "" : ", ") + quoted_identifier(session, name);
    }
    return text;
}

std::vector<std::string> first_column(const ResultPointer& result) {
    std::vector<std::string> values;
    values.reserve(static_cast<std::size_t>(PQntuples(result.get())));
    for (int row = 0; row < PQntuples(result.get()); ++row) {
        values.emplace_back(PQgetvalue(result.get(), row, 0));
    }
    return values;
}

/// The schemas that the user may use, which is what a search path can be made of.
void check_names(Session& session, const std::vector<std::string>& names) {
    const std::vector<std::string> known =
        first_column(session.run("select n.nspname from pg_catalog.pg_namespace n "
                                 "where n.nspname !~ '^pg_(toast|temp_)' order by 1"));
    for (const std::string& name : names) {
        if (name != kUserSchema && std::find(known.begin(), known.end(), name) == known.end()) {
            throw Exception(ErrorKind::kOption,
                            "schema \"" + name + "\" of the search path does not exist", {},
                            near_names_hint(name, known, "schemas"));
        }
    }
}

} // namespace

std::vector<std::string> names_from_list(const std::string& list) {
    std::vector<std::string> names;
    std::string part;
    bool is_quoted = false;
    for (const char byte : list + ",") {
        if (byte == ',' && !is_quoted) {
            names.push_back(unquoted(trimmed(part)));
            part.clear();
            if (names.back().empty()) {
                throw list_error("a name of the search path is empty");
            }
        } else {
            part += byte;
            is_quoted = is_quoted != (byte == '"');
        }
    }
    if (is_quoted) {
        throw list_error("a quote of the search path is not closed");
    }
    return names;
}

void apply_search_path(Session& session, Waiter& waiter, const SearchPath& path) {
    std::vector<std::string> given = path.prefix;
    given.insert(given.end(), path.names.begin(), path.names.end());
    if (given.empty()) {
        return;
    }
    check_names(session, given);
    (void)session.run(
        "select pg_catalog.set_config('search_path', "
        "pg_catalog.concat_ws(', ', $1::text, "
        "case when $2 = '' then nullif(pg_catalog.current_setting('search_path'), '') "
        "end), false)",
        {quoted_list(session, given), path.names.empty() ? "" : "replaced"});
    (void)session.run("select pg_catalog.set_config('search_path', "
                      "pg_catalog.current_setting('search_path') || ', penstock', false) "
                      "where 'penstock' <> all (pg_catalog.current_schemas(false))");
    if (const std::optional<Error> error = waiter.wait_for_path(given)) {
        throw Exception(*error);
    }
}

} // namespace penstock::query
