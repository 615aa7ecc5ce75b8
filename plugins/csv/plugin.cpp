#include "csv/plugin.hpp"

#include "csv/connection.hpp"
#include "csv/options.hpp"

namespace penstock::csv {

PluginInfo CsvPlugin::info() const {
    return {"csv", "0.1.0", "CSV files, plain or gzip, as tables.", true, argument_specs()};
}

std::unique_ptr<Connection> CsvPlugin::connect(const ConnectionConfig& config,
                                               ConnectionHost& host) {
    return std::make_unique<CsvConnection>(read_options(config), host);
}

} // namespace penstock::csv
