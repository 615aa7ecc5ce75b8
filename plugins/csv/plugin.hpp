#pragma once

#include "penstock/plugin/plugin.hpp"

namespace penstock::csv {

/// CSV files as tables: one table a file, its columns from the header, types inferred.
class CsvPlugin final : public Plugin {
  public:
    [[nodiscard]] PluginInfo info() const override;
    [[nodiscard]] std::unique_ptr<Connection> connect(const ConnectionConfig& config,
                                                      ConnectionHost& host) override;
};

} // namespace penstock::csv
