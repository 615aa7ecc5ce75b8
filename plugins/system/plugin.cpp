#include "system/plugin.hpp"

namespace penstock::system {

namespace {

class SystemConnection final : public Connection {
  public:
    SystemConnection()
        : tables_{make_info_table(),      make_process_table(),        make_open_file_table(),
                  make_user_table(),      make_group_table(),          make_mount_table(),
                  make_interface_table(), make_listening_port_table(), make_package_table(),
                  make_file_table()} {}

    [[nodiscard]] std::vector<std::shared_ptr<Table>> tables() override { return tables_; }

  private:
    std::vector<std::shared_ptr<Table>> tables_;
};

} // namespace

PluginInfo SystemPlugin::info() const {
    PluginInfo info;
    info.name = "system";
    info.version = "0.1.0";
    info.description = "Processes, files, packages, users, mounts and network of this machine.";
    return info;
}

std::unique_ptr<Connection> SystemPlugin::connect(const ConnectionConfig& /*config*/,
                                                  ConnectionHost& /*host*/) {
    return std::make_unique<SystemConnection>();
}

} // namespace penstock::system
