#pragma once

#include "penstock/plugin/plugin.hpp"

#include <cstdint>
#include <memory>

namespace example {

/// The tutorial of plugins/README.md, the template to copy, and the subject of the project's tests.
/// Everything is generated; nothing is read.
class ExamplePlugin final : public penstock::Plugin {
  public:
    [[nodiscard]] penstock::PluginInfo info() const override;
    [[nodiscard]] std::unique_ptr<penstock::Connection>
    connect(const penstock::ConnectionConfig& config, penstock::ConnectionHost& host) override;
};

/// wide.cpp: ten columns, as fast as rows can be made; `make bench` scans it.
[[nodiscard]] std::shared_ptr<penstock::Table> make_wide_table(std::int64_t row_count);

/// types.cpp: a column of each type, with the values at the edges.
[[nodiscard]] std::shared_ptr<penstock::Table> make_types_table();

} // namespace example
