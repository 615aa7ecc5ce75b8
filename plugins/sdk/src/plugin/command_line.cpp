#include "command_line.hpp"

#include <algorithm>
#include <charconv>

namespace penstock {

namespace {

Error refuse(std::string message, std::string hint = {}) {
    return Error::make(ErrorKind::kOption, std::move(message), {}, std::move(hint));
}

/// The part before and behind the first '='; throws without one.
std::pair<std::string, std::string> split_pair(const std::string& text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) {
        throw Exception(refuse("\"" + text + "\" is not of the form name=value"));
    }
    return {text.substr(0, equals), text.substr(equals + 1)};
}

template <typename Number>
Number to_number(const std::string& text) {
    Number number{};
    const char* const end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, number);
    if (result.ec != std::errc() || result.ptr != end) {
        throw Exception(refuse("\"" + text + "\" is not a number in range"));
    }
    return number;
}

void add_columns(CommandLine& line, const std::string& text) {
    std::size_t start = 0;
    while (start <= text.size()) {
        const std::size_t end = std::min(text.find(',', start), text.size());
        line.columns.push_back(text.substr(start, end - start));
        start = end + 1;
    }
}

/// One option that takes a value.
struct Option {
    const char* name;
    void (*apply)(CommandLine& line, const std::string& value);
};

constexpr Option kOptions[] = {
    {"--socket",
     [](CommandLine& line, const std::string& value) {
         line.mode = CommandLine::Mode::kServe;
         line.socket_path = value;
     }},
    {"--name", [](CommandLine& line, const std::string& value) { line.instance = value; }},
    {"--allow-uid",
     [](CommandLine& line, const std::string& value) {
         line.allowed_uids.push_back(to_number<uid_t>(value));
     }},
    {"--cache-ttl",
     [](CommandLine& line, const std::string& value) {
         line.cache.ttl = std::chrono::seconds(to_number<std::uint32_t>(value));
     }},
    {"--cache-max-mb",
     [](CommandLine& line, const std::string& value) {
         line.cache.max_bytes = std::size_t{to_number<std::uint32_t>(value)} << 20U;
     }},
    {"--scan",
     [](CommandLine& line, const std::string& value) {
         line.mode = CommandLine::Mode::kScan;
         line.table = value;
     }},
    {"--argument", [](CommandLine& line,
                      const std::string& value) { line.arguments.push_back(split_pair(value)); }},
    {"--columns", add_columns},
    {"--where", [](CommandLine& line,
                   const std::string& value) { line.conditions.push_back(split_pair(value)); }},
    {"--limit", [](CommandLine& line,
                   const std::string& value) { line.limit = to_number<std::uint64_t>(value); }},
};

ConfigValue read_value(const ArgumentSpec& spec, const std::string& text) {
    switch (spec.kind) {
    case ArgumentKind::kInteger:
        return {to_number<std::int64_t>(text)};
    case ArgumentKind::kNumber:
        return {to_number<double>(text)};
    case ArgumentKind::kBoolean:
        if (text != "true" && text != "false") {
            throw Exception(refuse("argument \"" + spec.name + "\" must be true or false"));
        }
        return {text == "true"};
    default:
        return {text};
    }
}

void add_argument(const ArgumentSpec& spec, const std::string& text, ConfigValue& value) {
    if (spec.kind == ArgumentKind::kStringList) {
        if (!std::holds_alternative<ConfigValue::List>(value.value)) {
            value.value = ConfigValue::List();
        }
        std::get<ConfigValue::List>(value.value).push_back({text});
    } else if (spec.kind == ArgumentKind::kMap) {
        if (!std::holds_alternative<ConfigValue::Map>(value.value)) {
            value.value = ConfigValue::Map();
        }
        auto [key, entry] = split_pair(text);
        std::get<ConfigValue::Map>(value.value)[key] = {std::move(entry)};
    } else {
        value = read_value(spec, text);
    }
}

} // namespace

Result<CommandLine> parse_command_line(int argc, const char* const* argv) {
    CommandLine line;
    const std::string hint = "Try --help.";
    try {
        for (int index = 1; index < argc; ++index) {
            const std::string name = argv[index];
            if (name == "--help") {
                return CommandLine();
            }
            if (name == "--info") {
                line.mode = CommandLine::Mode::kInfo;
                continue;
            }
            const auto* option =
                std::find_if(std::begin(kOptions), std::end(kOptions),
                             [&](const Option& entry) { return name == entry.name; });
            if (option == std::end(kOptions)) {
                return refuse("unknown option \"" + name + '"', hint);
            }
            if (++index == argc) {
                return refuse("option \"" + name + "\" needs a value", hint);
            }
            option->apply(line, argv[index]);
        }
    } catch (const Exception& exception) {
        return exception.error();
    }
    return line;
}

Result<Arguments> read_arguments(const std::vector<ArgumentSpec>& specs,
                                 const std::vector<std::pair<std::string, std::string>>& texts) {
    Arguments arguments;
    try {
        for (const auto& [name, text] : texts) {
            const auto spec = std::find_if(
                specs.begin(), specs.end(),
                [&wanted = name](const ArgumentSpec& entry) { return entry.name == wanted; });
            if (spec == specs.end()) {
                arguments[name] = {text}; // check_arguments() says which ones there are
            } else {
                add_argument(*spec, text, arguments[name]);
            }
        }
    } catch (const Exception& exception) {
        return exception.error();
    }
    return arguments;
}

} // namespace penstock
