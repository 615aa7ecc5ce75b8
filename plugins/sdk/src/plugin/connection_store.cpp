#include "connection_store.hpp"

#include "connection_entry.hpp"
#include "current_error.hpp"
#include "run_join.hpp"

#include "penstock/types/evaluator.hpp"

#include <set>

namespace penstock {

namespace {

/// How long a new process waits for a name that it does not know. Chosen: the controller configures
/// the connections of a restarted plugin within milliseconds of its hello.
constexpr std::chrono::seconds kLearningTime{2};

[[noreturn]] void throw_no_table(const std::string& connection, const std::string& table) {
    throw Exception(ErrorKind::kNotFound,
                    "connection \"" + connection + "\" has no table \"" + table + '"');
}

} // namespace

ConnectionStore::ConnectionStore(Plugin& plugin, Announce announce, CacheLimits cache)
    : plugin_(plugin), info_(plugin.info()), cache_(cache),
      announce_([this, announce = std::move(announce)](const std::string& connection) {
          cache_.clear(connection);
          announce(connection);
      }),
      learns_until_(std::chrono::steady_clock::now() + kLearningTime) {}

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

void ConnectionStore::configure(const std::string& name, Aggregate aggregate) {
    auto entry = std::make_shared<Entry>(name, announce_);
    entry->aggregate = std::move(aggregate);
    put(name, std::move(entry));
}

void ConnectionStore::put(const std::string& name, std::shared_ptr<Entry> entry) {
    {
        const std::lock_guard lock(mutex_);
        std::swap(entries_[name], entry);
    }
    changed_.notify_all();
    cache_.clear(name);
    // The replaced one, now in `entry`, dies here, outside the lock.
}

void ConnectionStore::forget(const std::string& name) {
    cache_.clear(name);
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
        std::unique_lock lock(mutex_);
        changed_.wait_until(lock, learns_until_, [&] { return entries_.contains(name); });
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

/// The entry of a connection that has tables of its own.
std::shared_ptr<ConnectionStore::Entry> ConnectionStore::child_of(const std::string& name) {
    std::shared_ptr<Entry> entry = entry_of(name);
    if (entry->aggregate) {
        throw Exception(ErrorKind::kOption, "connection \"" + name + "\" is an aggregator");
    }
    return entry;
}

std::vector<TableSchema> ConnectionStore::describe(const std::string& name) {
    const std::shared_ptr<Entry> entry = entry_of(name);
    if (entry->aggregate) {
        return describe_joined(*entry);
    }
    std::vector<TableSchema> schemas;
    std::set<std::string> names;
    for (const std::shared_ptr<Table>& table : entry->ask()) {
        const TableSchema& schema = table->schema();
        check_schema(schema).take();
        if (!names.insert(schema.name).second) {
            throw Exception(ErrorKind::kOption, "table \"" + schema.name + "\" is there twice");
        }
        schemas.push_back(schema);
        schemas.back().evaluator = kEvaluatorLevel;
    }
    return schemas;
}

std::vector<SchemaProblem> ConnectionStore::problems(const std::string& name) {
    const std::shared_ptr<Entry> entry = entry_of(name);
    return entry->aggregate ? std::vector<SchemaProblem>{} : entry->connection->problems();
}

std::shared_ptr<Table> ConnectionStore::find_in(Entry& entry, const std::string& table) {
    std::shared_ptr<Table> found = entry.find(table);
    if (found == nullptr) {
        (void)entry.ask();
        found = entry.find(table);
    }
    return found;
}

FoundTable ConnectionStore::look_for(const std::string& connection, const std::string& table) {
    std::shared_ptr<Entry> entry = child_of(connection);
    std::shared_ptr<Table> found = find_in(*entry, table);
    return {std::move(entry), std::move(found)};
}

FoundTable ConnectionStore::find(const std::string& connection, const std::string& table) {
    FoundTable found = look_for(connection, table);
    if (found.table == nullptr) {
        throw_no_table(connection, table);
    }
    return found;
}

ScanSummary ConnectionStore::scan(ScanRequest request, BlockOutput& output) {
    BlockCache* const cache = cache_.is_on() ? &cache_ : nullptr;
    const CacheUse use{cache, cache_.epoch(request.connection)};
    if (!request.join.empty()) {
        return join(std::move(request), output);
    }
    const std::shared_ptr<Entry> entry = entry_of(request.connection);
    if (!entry->aggregate) {
        const FoundTable found = find(request.connection, request.table);
        return run_scan(*found.table, std::move(request), output, use);
    }
    std::shared_ptr<const AggregateTable> joined = entry->find_joined(request.table);
    if (joined == nullptr) {
        (void)describe_joined(*entry);
        joined = entry->find_joined(request.table);
    }
    if (joined == nullptr) {
        throw_no_table(request.connection, request.table);
    }
    const std::string table = request.table;
    return run_aggregate_scan(
        *joined, info_.name, std::move(request), output,
        [&](const std::string& child) { return look_for(child, table); }, cache);
}

ScanSummary ConnectionStore::join(ScanRequest request, BlockOutput& output) {
    // All tables of one entry: the connection may be replaced between two.
    const std::shared_ptr<Entry> entry = child_of(request.connection);
    std::vector<std::shared_ptr<Table>> tables;
    for (const JoinSource& source : request.join.sources) {
        tables.push_back(find_in(*entry, source.table));
        if (tables.back() == nullptr) {
            throw_no_table(request.connection, source.table);
        }
    }
    return run_join(*entry->connection, tables, std::move(request), output);
}

} // namespace penstock
