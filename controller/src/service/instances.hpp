#pragma once

#include "catalog/catalog.hpp"
#include "config/configuration.hpp"
#include "hosting/condition.hpp"
#include "hosting/plugin_host.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace penstock::service {

/// The plugin processes: one host for each instance that is wanted.
///
/// An instance whose settings change is stopped and made anew; two processes never share a socket.
/// Threads: the executor's, which is one.
class Instances {
  public:
    struct Events {
        std::function<void(const std::string& label)> on_status_change;
        std::function<void(const std::string& label, const std::string& connection)>
            on_announcement; ///< connection "" = all of the instance
        /// The executable on disk is another one now; the instance restarts.
        std::function<void(const std::string& label)> on_new_executable;
        std::function<void(const std::string& label, const std::string& line)> on_output;
    };

    Instances(boost::asio::any_io_executor executor, std::filesystem::path plugin_folder,
              std::filesystem::path socket_folder, Events events);
    ~Instances();
    Instances(const Instances&) = delete;
    Instances& operator=(const Instances&) = delete;

    /// Who may scan; before that nothing is started.
    void allow(std::vector<uid_t> uids);
    /// Starts what is new, replaces what changed, stops what is in neither list.
    void set_wanted(const std::map<std::string, config::PluginInstance>& wanted,
                    const std::set<std::string>& still_used);

    /// The host of an instance, for as long as it lives; null while there is none.
    [[nodiscard]] std::shared_ptr<hosting::PluginHost> find(const std::string& label) const;
    /// What a connection of the instance has to expect. The error is set for kFailed.
    [[nodiscard]] hosting::HostStatus status(const std::string& label) const;

    /// Modification time of the executable that was started, in microseconds since 1970; 0 = none.
    [[nodiscard]] std::int64_t executable_time_us(const std::string& label) const;

    /// Looks at the executables on disk; starts again what failed for 60 s.
    void check();
    void restart(const std::string& label);
    boost::asio::awaitable<void> stop_all();

    [[nodiscard]] std::vector<catalog::PluginRow> rows() const;
    /// Instances that can have a server, wanted or still in use.
    [[nodiscard]] std::vector<catalog::Server> servers() const;

  private:
    /// What tells one executable from the next under the same name.
    struct FileIdentity {
        std::uint64_t inode = 0;
        std::int64_t modified_ns = 0;
        friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
    };
    struct Entry {
        std::string plugin;
        std::optional<hosting::InstanceSpec> wanted; ///< nullopt: to be stopped
        std::optional<Error> invalid;                ///< why it can never start as configured
        std::shared_ptr<hosting::PluginHost> host;   ///< shared with requests under way
        FileIdentity executable;
        hosting::Clock::time_point failed_since = hosting::Clock::time_point::max();
        bool is_stopping = false;
    };

    [[nodiscard]] Entry make_entry(const config::PluginInstance& instance) const;
    [[nodiscard]] static FileIdentity identity_of(const std::string& executable);
    void settle_all();
    void settle(const std::string& label);
    void start_host(const std::string& label, Entry& entry);
    boost::asio::awaitable<void> stop_host(std::string label);
    void status_changed(const std::string& label);

    boost::asio::any_io_executor executor_;
    std::filesystem::path plugin_folder_;
    std::filesystem::path socket_folder_;
    Events events_;
    std::vector<uid_t> uids_;
    std::map<std::string, Entry> entries_;
    hosting::Condition changed_;
};

} // namespace penstock::service
