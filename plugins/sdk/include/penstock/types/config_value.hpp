#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace penstock {

/// The value of a configuration argument, whatever file format it came from.
struct ConfigValue {
    using List = std::vector<ConfigValue>;
    using Map = std::map<std::string, ConfigValue>;
    /// monostate is null. Whole numbers are int64_t, all others double.
    std::variant<std::monostate, bool, std::int64_t, double, std::string, List, Map> value;

    friend bool operator==(const ConfigValue&, const ConfigValue&) = default;
};

/// The arguments of one connection, by name; what the plugin defines, without `plugin`, `type`,
/// `connections` and `import_schema`, which are the controller's.
using Arguments = std::map<std::string, ConfigValue>;

/// What a plugin says of one argument it takes.
enum class ArgumentKind : std::uint8_t {
    kString = 1,
    kInteger = 2,
    kNumber = 3,
    kBoolean = 4,
    kStringList = 5, ///< a list of strings; a single string is taken as a list of one
    kMap = 6,        ///< strings to strings
};

struct ArgumentSpec {
    std::string name;
    ArgumentKind kind = ArgumentKind::kString;
    bool is_required = false;
    std::string default_text = {};         ///< for documentation, "" for none
    std::string description = {};          ///< one sentence
    bool is_secret = false;                ///< its value is redacted from everything that is logged
    std::vector<std::string> choices = {}; ///< valid strings; empty = any
};

} // namespace penstock
