#pragma once

#include "penstock/plugin/plugin.hpp"

#include <memory>
#include <vector>

namespace penstock::system {

/// This machine as tables: processes, files, packages, users, mounts, network. Reads /proc, /sys,
/// files and system calls itself; never runs a program. All connections have the same tables.
class SystemPlugin final : public Plugin {
  public:
    [[nodiscard]] PluginInfo info() const override;
    [[nodiscard]] std::unique_ptr<Connection> connect(const ConnectionConfig& config,
                                                      ConnectionHost& host) override;
};

/// One function a table; each has a file of its own.
[[nodiscard]] std::shared_ptr<Table> make_info_table();
[[nodiscard]] std::shared_ptr<Table> make_process_table();
[[nodiscard]] std::shared_ptr<Table> make_open_file_table();
[[nodiscard]] std::shared_ptr<Table> make_user_table();
[[nodiscard]] std::shared_ptr<Table> make_group_table();
[[nodiscard]] std::shared_ptr<Table> make_mount_table();
[[nodiscard]] std::shared_ptr<Table> make_interface_table();
[[nodiscard]] std::shared_ptr<Table> make_listening_port_table();
[[nodiscard]] std::shared_ptr<Table> make_package_table();
[[nodiscard]] std::shared_ptr<Table> make_file_table();

} // namespace penstock::system
