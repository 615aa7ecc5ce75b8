#pragma once

#include "connection_store.hpp"

#include <optional>

namespace penstock {

/// One connection of a ConnectionStore: a plugin's own, or an aggregator. The order of the members
/// is that of their lives: host, connection, tables.
struct ConnectionStore::Entry {
    class Host final : public ConnectionHost {
      public:
        Host(std::string name, const Announce& announce)
            : name_(std::move(name)), announce_(announce) {}
        void announce_schema_change() override { announce_(name_); }

      private:
        const std::string name_;
        const Announce announce_;
    };

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
    std::shared_ptr<const AggregateTable> find_joined(const std::string& name) {
        const std::lock_guard lock(tables_mutex);
        for (const std::shared_ptr<const AggregateTable>& table : joined) {
            if (table->schema.name == name) {
                return table;
            }
        }
        return nullptr;
    }

    Host host;
    std::optional<Error> error;         ///< why there is no connection
    std::optional<Aggregate> aggregate; ///< then there is no connection either
    std::unique_ptr<Connection> connection;
    std::mutex ask_mutex;
    std::mutex tables_mutex;
    std::vector<std::shared_ptr<Table>> tables;
    std::vector<std::shared_ptr<const AggregateTable>> joined; ///< an aggregator's
};

} // namespace penstock
