#include "connection_store.hpp"

#include "current_error.hpp"

#include <optional>
#include <set>

namespace penstock {

namespace {

class Host final : public ConnectionHost {
  public:
    Host(std::string name, const ConnectionStore::Announce& announce)
        : name_(std::move(name)), announce_(announce) {}
    void announce_schema_change() override { announce_(name_); }

  private:
    const std::string name_;
    const ConnectionStore::Announce announce_;
};

} // namespace

/// One connection. The order of the members is that of their lives: host, connection, tables.
struct ConnectionStore::Entry {
    Entry(const std::string& name, const Announce& announce) : host(name, announce) {}

    /// tables() of the connection, one call at a time.
    std::vector<std::shared_ptr<Table>> ask() {
        const std::lock_guard lock(ask_mutex);
        auto answer = connection->tables();
        const std::lock_guard tables_lock(tables_mutex);
        tables = answer;
        return answer;
    }
    std::shared_ptr<Table> find(const std::string& name) {
        const std::lock_guard lock(tables_mutex);
        for (const std::shared_ptr<Table>& table : tables) {
            if (table->schema().name == name) {
                return table;
            }
        }
        return nullptr;
    }

    Host host;
    std::optional<Error> error; ///< why there is no connection
    std::unique_ptr<Connection> connection;
    std::mutex ask_mutex;
    std::mutex tables_mutex;
    std::vector<std::shared_ptr<Table>> tables;
};

ConnectionStore::ConnectionStore(Plugin& plugin, Announce announce)
    : plugin_(plugin), info_(plugin.info()), announce_(std::move(announce)) {}

void ConnectionStore::configure(const std::string& name, const Arguments& arguments) {
    auto entry = std::make_shared<Entry>(name, announce_);
    try {
        check_arguments(info_.arguments, arguments).take();
        entry->connection = plugin_.connect(ConnectionConfig(name, arguments), entry->host);
        if (entry->connection == nullptr) {
            throw Exception(ErrorKind::kInternal, "plugin made no connection");
        }
    } catch (...) {
        entry->error = current_error();
        put(name, entry);
        throw;
    }
    put(name, std::move(entry));
}

void ConnectionStore::put(const std::string& name, std::shared_ptr<Entry> entry) {
    {
        const std::lock_guard lock(mutex_);
        std::swap(entries_[name], entry);
    }
    // The replaced one, now in `entry`, dies here, outside the lock.
}

void ConnectionStore::forget(const std::string& name) {
    std::shared_ptr<Entry> forgotten; // dies after the lock is released
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(name);
    if (found != entries_.end()) {
        forgotten = std::move(found->second);
        entries_.erase(found);
    }
}

void ConnectionStore::clear() {
    std::map<std::string, std::shared_ptr<Entry>> forgotten;
    const std::lock_guard lock(mutex_);
    forgotten.swap(entries_);
}

std::shared_ptr<ConnectionStore::Entry> ConnectionStore::entry_of(const std::string& name) {
    std::shared_ptr<Entry> entry;
    {
        const std::lock_guard lock(mutex_);
        const auto found = entries_.find(name);
        if (found != entries_.end()) {
            entry = found->second;
        }
    }
    if (entry == nullptr) {
        Error error =
            Error::make(ErrorKind::kUnavailable,
                        "plugin \"" + info_.name + "\" does not know connection \"" + name + "\"");
        error.retryable = true; // after a restart it learns its connections anew
        throw Exception(std::move(error));
    }
    if (entry->error) {
        throw Exception(*entry->error);
    }
    return entry;
}

std::vector<TableSchema> ConnectionStore::describe(const std::string& name) {
    const std::shared_ptr<Entry> entry = entry_of(name);
    std::vector<TableSchema> schemas;
    std::set<std::string> names;
    for (const std::shared_ptr<Table>& table : entry->ask()) {
        const TableSchema& schema = table->schema();
        check_schema(schema).take();
        if (!names.insert(schema.name).second) {
            throw Exception(ErrorKind::kOption, "table \"" + schema.name + "\" is there twice");
        }
        schemas.push_back(schema);
    }
    return schemas;
}

ConnectionStore::Found ConnectionStore::find(const std::string& connection,
                                             const std::string& table) {
    std::shared_ptr<Entry> entry = entry_of(connection);
    std::shared_ptr<Table> found = entry->find(table);
    if (found == nullptr) {
        (void)entry->ask();
        found = entry->find(table);
    }
    if (found == nullptr) {
        throw Exception(ErrorKind::kNotFound,
                        "connection \"" + connection + "\" has no table \"" + table + '"');
    }
    return {std::move(entry), std::move(found)};
}

} // namespace penstock
