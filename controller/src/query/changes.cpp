#include "query/changes.hpp"

#include <libpq-fe.h>

#include <cstdio>

namespace penstock::query {
namespace {

/// $1 and $2: schemas ('' without one) and relations of the statements, in pairs; $3: payloads of
/// notifications. Gives the connections that changed and are used; one that only became ready was
/// waited for by the server.
constexpr const char* kChangedAndUsed = R"sql(
    with recursive changed as (
        select p.payload::json ->> 'connection' as name,
               max((p.payload::json ->> 'generation')::int8) as generation
        from unnest($3::text[]) p (payload)
        group by 1
        having bool_or(p.payload::json ->> 'from' = 'ready')
    ), named as (
        select n.schema, n.relation from unnest($1::text[], $2::text[]) n (schema, relation)
    ), used (relation) as (
        select c.oid
        from named n
        join pg_catalog.pg_class c on c.relname = n.relation
        join pg_catalog.pg_namespace s on s.oid = c.relnamespace
        where n.schema = s.nspname
           or n.schema = '' and pg_catalog.pg_table_is_visible(c.oid)
        union
        select d.refobjid
        from used u
        join pg_catalog.pg_rewrite w on w.ev_class = u.relation
        join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::regclass
            and d.objid = w.oid and d.refclassid = 'pg_catalog.pg_class'::regclass
    )
    select c.name, c.generation from changed c
    where c.name in (select n.schema from named n)
       or c.name in (select s.nspname from used u
                     join pg_catalog.pg_class r on r.oid = u.relation
                     join pg_catalog.pg_namespace s on s.oid = r.relnamespace)
    order by 1)sql";

} // namespace

void Changes::check() {
    for (std::string& notification : session_.take_notifications()) {
        postponed_.push_back(std::move(notification));
    }
    // A look of ours is no business of the user's transaction.
    if (postponed_.empty() || session_.is_in_block() || !connections_.exists()) {
        return;
    }
    const std::vector<std::string> notifications = std::exchange(postponed_, {});
    if (statements_.empty() && names_.empty()) {
        return; // nothing has run that could have used what changed
    }
    try {
        warn(notifications);
    } catch (const Exception& exception) {
        if (exception.error().kind == ErrorKind::kUnavailable) {
            throw;
        }
        // Anybody can send what is no notification of ours: no reason to fail a statement.
    }
}

void Changes::warn(const std::vector<std::string>& notifications) {
    for (const std::string& statement : statements_) {
        for (const Name& name : names_in(statement)) {
            names_.insert({name.schema(), name.relation()});
        }
    }
    statements_.clear();
    std::vector<std::string> schemas;
    std::vector<std::string> relations;
    for (const std::vector<std::string>& name : names_) {
        schemas.push_back(name[0]);
        relations.push_back(name[1]);
    }
    const ResultPointer found =
        session_.run(kChangedAndUsed, {array_literal(schemas), array_literal(relations),
                                       array_literal(notifications)});
    for (int row = 0; row < PQntuples(found.get()); ++row) {
        const std::string name = PQgetvalue(found.get(), row, 0);
        if (warned_.insert(name).second) {
            std::fprintf(stderr,
                         "WARNING:  connection \"%s\" changed while it was used (generation %s)\n"
                         "HINT:  Results from before and after it may not fit together.\n",
                         name.c_str(), PQgetvalue(found.get(), row, 1));
        }
    }
}

} // namespace penstock::query
