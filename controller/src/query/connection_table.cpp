#include "query/connection_table.hpp"

#include <libpq-fe.h>

namespace penstock::query {
namespace {

/// $1 and $2 are the names to look for: schemas ('' without one) and relations, in pairs.
constexpr const char* kColumns =
    "select s.connection_name, s.state, coalesce(s.error, ''), coalesce(s.plugin, ''), "
    "coalesce(s.schema_mode = 'dynamic', false), s.imported, s.generation, "
    "greatest(0, extract(epoch from pg_catalog.clock_timestamp() - s.state_changed_at) * 1000)"
    "::int8, ";
/// What the plugin offers is known by the hash of the schema, whether imported or not.
constexpr const char* kMayOffer =
    "not exists (select from penstock.offered_table o where o.schema_hash = s.schema_hash) "
    "or exists (select from penstock.offered_table o "
    "join unnest($1::text[], $2::text[]) n (schema, relation) on n.relation = o.table_name "
    "where o.schema_hash = s.schema_hash and n.schema in ('', s.connection_name)) ";
constexpr const char* kNamed =
    "where exists (select from unnest($1::text[], $2::text[]) n (schema, relation) "
    "where n.schema = s.connection_name) ";
/// A column's error does not tell its table: all tables count that the statement can mean.
constexpr const char* kNamedOrVisible =
    "where exists (select from unnest($1::text[], $2::text[]) n (schema, relation) "
    "where n.schema = s.connection_name or n.schema = '' and exists ("
    "select from pg_catalog.pg_class c join pg_catalog.pg_namespace p on p.oid = c.relnamespace "
    "where c.relname = n.relation and p.nspname = s.connection_name "
    "and pg_catalog.pg_table_is_visible(c.oid))) ";
constexpr const char* kOnSessionPath =
    "where s.connection_name = any (pg_catalog.current_schemas(false)) ";
/// A new connection has its row a moment before it is put on the path.
constexpr const char* kOnPathOrNew =
    "where s.connection_name = any (pg_catalog.current_schemas(false)) or s.state = 'pending' ";
constexpr const char* kBySessionPath =
    "order by pg_catalog.array_position(pg_catalog.current_schemas(false), "
    "s.connection_name::name), s.connection_name";
constexpr const char* kOnPath = "where s.connection_name = any ($1::text[]) ";
constexpr const char* kByPath = "order by pg_catalog.array_position($1::text[], s.connection_name)";
constexpr const char* kByName = "order by s.connection_name";

/// Gives the session the database's search path as it is now, unless the user has set another one.
/// $1 and $2: the path that the session has from us, and whether it has any.
constexpr const char* kFollowPath =
    "select pg_catalog.set_config('search_path', coalesce((select "
    "substr(c.setting, length('search_path=') + 1) from pg_catalog.pg_db_role_setting r "
    "join pg_catalog.pg_database d on d.oid = r.setdatabase "
    "cross join unnest(r.setconfig) c (setting) where d.datname = pg_catalog.current_database() "
    "and r.setrole = 0 and pg_catalog.starts_with(c.setting, 'search_path=')), "
    "pg_catalog.current_setting('search_path')), false) "
    "where $2 = 'yes' and pg_catalog.current_setting('search_path') = $1 or exists ("
    "select from pg_catalog.pg_settings s where s.name = 'search_path' "
    "and s.source in ('default', 'configuration file', 'database'))";

constexpr const char* kWaitSetting = "penstock.schema_wait_timeout";

/// The lock of the leader: see catalog/leader.cpp.
constexpr const char* kHasController =
    "select exists (select from pg_catalog.pg_locks l where l.locktype = 'advisory' and l.granted "
    "and l.classid = 1347638347 and l.objid = 1 and l.objsubid = 2 and l.database = "
    "(select d.oid from pg_catalog.pg_database d "
    "where d.datname = pg_catalog.current_database()))";

std::string cell(const ResultPointer& result, int row, int column) {
    return PQgetvalue(result.get(), row, column);
}

bool is_true(const ResultPointer& result, int row, int column) {
    return cell(result, row, column) == "t";
}

std::vector<std::string> name_parameters(const std::vector<Name>& names) {
    std::vector<std::string> schemas;
    std::vector<std::string> relations;
    for (const Name& name : names) {
        schemas.push_back(name.schema());
        relations.push_back(name.relation());
    }
    return {array_literal(schemas), array_literal(relations)};
}

} // namespace

std::string array_literal(const std::vector<std::string>& elements) {
    std::string text = "{";
    for (const std::string& element : elements) {
        text += text.size() == 1 ? "\"" : ",\"";
        for (const char byte : element) {
            text += byte == '"' || byte == '\\' ? std::string{'\\', byte} : std::string(1, byte);
        }
        text += '"';
    }
    return text + "}";
}

void ConnectionTable::prepare() {
    const ResultPointer set = session_.run("select pg_catalog.set_config($1, '0', false) "
                                           "where pg_catalog.current_setting($1, true) is not null",
                                           {kWaitSetting});
    can_server_wait_ = PQntuples(set.get()) > 0;
    // In a failed transaction block it could not be asked. Without the table there is nobody to
    // hear from, and a server in recovery refuses listeners.
    if (exists()) {
        listen();
    }
}

void ConnectionTable::let_server_wait(std::chrono::milliseconds limit) {
    if (can_server_wait_) {
        // Not set_config(): a query here would forbid the user's SET TRANSACTION.
        (void)session_.run("set local " + std::string(kWaitSetting) + " = '" +
                           std::to_string(limit.count()) + "ms'");
    }
}

bool ConnectionTable::exists() {
    if (!exists_) {
        exists_ = is_true(
            session_.run("select pg_catalog.to_regclass('penstock.connection_state') is not null"),
            0, 0);
    }
    return *exists_;
}

bool ConnectionTable::knows_offers() {
    if (!knows_offers_) {
        knows_offers_ = is_true(
            session_.run("select pg_catalog.to_regclass('penstock.offered_table') is not null"), 0,
            0);
    }
    return *knows_offers_;
}

std::vector<Connection> ConnectionTable::rows(const std::string& filter, const std::string& order,
                                              const std::vector<std::string>& parameters) {
    const bool has_names = parameters.size() == 2;
    const std::string offer = has_names && knows_offers() ? kMayOffer : "true ";
    const ResultPointer result = session_.run(
        std::string(kColumns) + offer + "from penstock.connection_state s " + filter + order,
        parameters);
    std::vector<Connection> found;
    for (int row = 0; row < PQntuples(result.get()); ++row) {
        Connection connection;
        connection.name = cell(result, row, 0);
        connection.state = connection_state_from_text(cell(result, row, 1));
        connection.error = cell(result, row, 2);
        connection.plugin = cell(result, row, 3);
        connection.is_dynamic = is_true(result, row, 4);
        connection.is_imported = is_true(result, row, 5);
        connection.generation = std::stoll(cell(result, row, 6));
        connection.unchanged_for = std::chrono::milliseconds(std::stoll(cell(result, row, 7)));
        connection.may_offer = is_true(result, row, 8);
        found.push_back(std::move(connection));
    }
    return found;
}

void ConnectionTable::count(Scene& scene) {
    const ResultPointer result = session_.run("select count(*) filter (where s.state = 'ready'), "
                                              "count(*) filter (where s.state <> 'disabled') "
                                              "from penstock.connection_state s");
    scene.ready_count = std::stoi(cell(result, 0, 0));
    scene.total_count = std::stoi(cell(result, 0, 1));
}

/// penstockd puts a new connection on the path of new sessions. This one may be older.
bool ConnectionTable::follow_path() {
    const ResultPointer result =
        session_.run(kFollowPath, {followed_path_.value_or(""), followed_path_ ? "yes" : "no"});
    const bool is_followed = PQntuples(result.get()) > 0;
    if (is_followed) {
        followed_path_ = cell(result, 0, 0);
    }
    return is_followed;
}

Scene ConnectionTable::look(const Failure& failure) {
    const std::vector<std::string> names = name_parameters(failure.names);
    const bool is_column = failure.missing.kind == Missing::Kind::kColumn;
    Scene scene;
    scene.named = rows(is_column ? kNamedOrVisible : kNamed, kByName, names);
    if (!is_column && !failure.missing.has_schema) {
        // The parameters are for what is on offer; the path is the session's.
        scene.on_path = rows(follow_path() ? kOnPathOrNew : kOnSessionPath, kBySessionPath, names);
    }
    return scene;
}

Scene ConnectionTable::look_at_path(const std::vector<std::string>& path) {
    Scene scene;
    scene.on_path = rows(kOnPath, kByPath, {array_literal(path)});
    return scene;
}

Scene ConnectionTable::look_at(const std::vector<std::string>& names) {
    Scene scene;
    scene.named =
        names.empty() ? rows("", kByName, {}) : rows(kOnPath, kByName, {array_literal(names)});
    return scene;
}

bool ConnectionTable::has_controller() {
    return is_true(session_.run(kHasController), 0, 0);
}

void ConnectionTable::load(const std::string& name) {
    (void)session_.run("select penstock.load($1)", {name});
}

} // namespace penstock::query
