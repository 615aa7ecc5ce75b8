/// Input: one byte for the format (even: HCL, odd: JSON), then a configuration file. What can be
/// read is read to the end, as the service would: declarations, connections, instances, hashes.
#include "config/hcl.hpp"
#include "config/json_file.hpp"
#include "config/merge.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace penstock::config {
namespace {

/// An error without a message or place would help nobody: it counts as a finding.
void check(const ConfigError& error) {
    if (error.error.message.empty() || error.position.line < 1 || error.position.column < 1) {
        std::abort();
    }
}

void check_names(const Configuration& configuration) {
    for (const auto& [name, connection] : configuration.connections) {
        if (connection.error) {
            check(*connection.error);
        } else if (name.empty() || name.size() > 63 || connection.plugin_instance.empty() ||
                   !configuration.instances.contains(connection.plugin_instance)) {
            std::abort();
        }
    }
}

void read(bool is_json, std::string_view text) {
    const std::string path = is_json ? "fuzz.json" : "fuzz.spc";
    ParseResult parsed = is_json ? parse_json(text, path) : parse_hcl(text, path);
    if (const auto* error = std::get_if<ConfigError>(&parsed)) {
        check(*error);
        return;
    }
    const auto declared = declare(std::get<Document>(std::move(parsed)), path);
    if (const auto* error = std::get_if<ConfigError>(&declared)) {
        check(*error);
        return;
    }
    const Contribution file{&path, &std::get<Declarations>(declared)};
    const Outside outside = {
        .env = [](const std::string& name) { return std::optional<std::string>(name); },
        .file = [](const std::string& name) { return name; }};
    check_names(
        merge({&file, 1},
              {.outside = outside, .hash_key = {}, .declared_before = {}, .database_before = {}})
            .configuration);
}

} // namespace
} // namespace penstock::config

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size > 0) {
        penstock::config::read(bytes[0] % 2 == 1,
                               {reinterpret_cast<const char*>(bytes) + 1, size - 1});
    }
    return 0;
}
