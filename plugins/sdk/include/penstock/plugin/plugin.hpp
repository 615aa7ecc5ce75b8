#pragma once

#include "penstock/plugin/row_sink.hpp"
#include "penstock/types/config_value.hpp"
#include "penstock/types/request.hpp"
#include "penstock/types/schema.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

/// What a plugin author implements: a Plugin makes Connections, a Connection has Tables, a Table is
/// scanned. Everything may throw Exception; whatever is thrown reaches the user as that error.
namespace penstock {

/// One table of one connection.
///
/// Threads: `scan` runs in a thread of its own for each scan, several at once on the same object,
/// so a table is immutable or locks.
class Table {
  public:
    Table() = default;
    Table(const Table&) = delete;
    Table& operator=(const Table&) = delete;
    virtual ~Table() = default;

    /// Constant for the life of the object.
    [[nodiscard]] virtual const TableSchema& schema() const = 0;

    /// Sends the rows of the request to `rows`. Returns when there are no more; that, and nothing
    /// else, makes the result complete. Conditions marked `is_exact` must be honoured, the others
    /// may be. Errors: throw Exception. A cancelled scan is ended by an exception out of `rows`
    /// (or by rows.check_cancelled() in long work without rows): let it pass.
    virtual void scan(const ScanRequest& request, RowSink& rows) = 0;
};

/// One configured connection. Destroyed when it is reconfigured or forgotten and its last scan
/// ended.
class Connection {
  public:
    Connection() = default;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    virtual ~Connection() = default;

    /// Its tables as they are now. A dynamic plugin looks at its source each time. The tables stay
    /// alive while they are scanned. A scan finds its table in the last answer, and asks once more
    /// when the name is not there.
    [[nodiscard]] virtual std::vector<std::shared_ptr<Table>> tables() = 0;

    /// Sends the rows of a join of tables that offer it (TableSchema::joins); never called for
    /// others. `request.join` says what is joined and how, `request.columns` are its columns in
    /// order: add_row() takes exactly these, and column(i) is the i-th of them. The rest is as for
    /// Table::scan(), with one difference: every condition must be honoured, in the sources, steps
    /// and filters. Runs in a thread of its own for each join, several at once.
    virtual void join(const ScanRequest& request, RowSink& rows);

    /// What the last answer of tables() left out, and why; the controller shows each once, as an
    /// event. At most kMaxProblems are shown.
    [[nodiscard]] virtual std::vector<SchemaProblem> problems() { return {}; }
};

/// What the SDK does for a connection.
class ConnectionHost {
  public:
    virtual ~ConnectionHost() = default;

    /// Tells the controller that tables() may answer differently now; it asks again. Cheap; may be
    /// called from any thread, and often: the controller folds many into one.
    virtual void announce_schema_change() = 0;
};

struct PluginInfo {
    std::string name;        ///< that of the executable
    std::string version;     ///< of the plugin, e.g. "0.1.0"
    std::string description; ///< one sentence
    bool is_dynamic = false; ///< each connection has its own tables
    std::vector<ArgumentSpec> arguments = {};
};

/// The arguments of a connection, checked by the SDK against PluginInfo::arguments: no unknown
/// ones, required ones present, kinds and choices right. Getters are for arguments of that kind.
class ConnectionConfig {
  public:
    ConnectionConfig(std::string name, Arguments arguments);

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] bool has(const std::string& argument) const;
    [[nodiscard]] std::optional<std::string> text(const std::string& argument) const;
    [[nodiscard]] std::optional<std::int64_t> integer(const std::string& argument) const;
    [[nodiscard]] std::optional<double> number(const std::string& argument) const;
    [[nodiscard]] std::optional<bool> boolean(const std::string& argument) const;
    [[nodiscard]] std::vector<std::string> text_list(const std::string& argument) const;
    [[nodiscard]] std::map<std::string, std::string> text_map(const std::string& argument) const;

  private:
    std::string name_;
    Arguments arguments_;
};

/// Checks `arguments` against `specs`.
/// Errors: kOption with `argument` set; an unknown argument's hint lists the valid ones.
[[nodiscard]] Status check_arguments(const std::vector<ArgumentSpec>& specs,
                                     const Arguments& arguments);

class Plugin {
  public:
    Plugin() = default;
    Plugin(const Plugin&) = delete;
    Plugin& operator=(const Plugin&) = delete;
    virtual ~Plugin() = default;

    /// Constant.
    [[nodiscard]] virtual PluginInfo info() const = 0;

    /// A connection from its arguments. `host` outlives the connection.
    /// Errors: throw Exception, with Error::argument set when one argument is to blame.
    [[nodiscard]] virtual std::unique_ptr<Connection> connect(const ConnectionConfig& config,
                                                              ConnectionHost& host) = 0;
};

/// Runs the plugin until the controller goes away. The whole of a plugin's main():
/// `int main(int argc, char** argv) { CsvPlugin plugin; return penstock::serve(plugin, argc, argv);
/// }`
///
/// Started by the controller with the control socket as file descriptor 3; started by hand it
/// prints its arguments and tables (`--help`), or scans a table of its own
/// (`csv --scan TABLE --argument paths=a.csv`), so a plugin can be tried without a server.
/// Returns: the exit code.
[[nodiscard]] int serve(Plugin& plugin, int argc, char** argv);

} // namespace penstock
