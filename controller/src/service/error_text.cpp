#include "service/error_text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <set>
#include <sstream>

namespace penstock::service {

namespace {

constexpr std::size_t kShortestSecret = 3;
constexpr std::size_t kShortestLine = 8; ///< of a secret of several lines

/// Output comes line by line, so each line of a key is a secret. Short ones are not: "}" hides
/// nothing.
void collect_lines(const std::string& text, std::vector<std::string>& texts) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.size() >= kShortestLine && line.size() < text.size()) {
            texts.push_back(line);
        }
    }
}

void collect_texts(const ConfigValue& value, std::vector<std::string>& texts) {
    if (const auto* text = std::get_if<std::string>(&value.value)) {
        texts.push_back(*text);
        collect_lines(*text, texts);
    } else if (const auto* list = std::get_if<ConfigValue::List>(&value.value)) {
        for (const ConfigValue& element : *list) {
            collect_texts(element, texts);
        }
    } else if (const auto* map = std::get_if<ConfigValue::Map>(&value.value)) {
        for (const auto& [name, element] : *map) {
            collect_texts(element, texts);
        }
    }
}

std::string json_string(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            std::array<char, 8> escape{};
            std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(c));
            out += escape.data();
        } else {
            out += c;
        }
    }
    return out + "\"";
}

} // namespace

std::string one_line(const Error& error, const std::string& place) {
    std::string text = error.message;
    if (!place.empty()) {
        text += " (" + place + ")";
    }
    const char* separator = ". "; // the message has no full stop, the sentences after it have
    for (const std::string* sentence : {&error.detail, &error.hint}) {
        if (!sentence->empty()) {
            text += separator + *sentence;
            separator = " ";
        }
    }
    return text;
}

std::string one_line(const config::ConfigError& error) {
    return one_line(error.error, error.position.to_text());
}

std::string one_line(const Error& error, const config::Connection& connection) {
    if (error.argument.empty()) {
        return one_line(error);
    }
    // An argument that is missing is missing in the block.
    const auto found = connection.argument_positions.find(error.argument);
    const bool is_missing = found == connection.argument_positions.end();
    const config::Position& position = is_missing ? connection.start : found->second;
    return one_line(error, std::filesystem::path(position.file).filename().string() + ":" +
                               std::to_string(position.line));
}

std::string json_object(const std::vector<std::pair<std::string, std::string>>& members) {
    std::string out = "{";
    for (const auto& [name, text] : members) {
        out += (out.size() == 1 ? "" : ",") + json_string(name) + ":" + json_string(text);
    }
    return out + "}";
}

void Secrets::clear(const std::string& instance) {
    values_.erase(instance);
}

void Secrets::add(const std::string& instance, const std::vector<ArgumentSpec>& specs,
                  const config::Connection& connection) {
    std::set<std::string> names = connection.outside_arguments;
    for (const ArgumentSpec& spec : specs) {
        if (spec.is_secret) {
            names.insert(spec.name);
        }
    }
    std::vector<std::string>& values = values_[instance];
    for (const std::string& name : names) {
        const auto found = connection.arguments.find(name);
        if (found != connection.arguments.end()) {
            collect_texts(found->second, values);
        }
    }
    std::erase_if(values, [](const std::string& value) { return value.size() < kShortestSecret; });
    // Longest first: a secret that contains another must not leave its rest behind.
    std::sort(values.begin(), values.end(), [](const std::string& left, const std::string& right) {
        return left.size() != right.size() ? left.size() > right.size() : left < right;
    });
    values.erase(std::unique(values.begin(), values.end()), values.end());
}

std::string Secrets::redact(const std::string& instance, std::string text) const {
    const auto found = values_.find(instance);
    if (found == values_.end()) {
        return text;
    }
    for (const std::string& secret : found->second) {
        for (std::size_t at = text.find(secret); at != std::string::npos;
             at = text.find(secret, at + 3)) {
            text.replace(at, secret.size(), "***");
        }
    }
    return text;
}

} // namespace penstock::service
