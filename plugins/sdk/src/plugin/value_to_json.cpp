#include "value_to_json.hpp"

#include "format_value.hpp"

#include <array>
#include <cstdio>
#include <string_view>

namespace penstock {

namespace {

std::string quoted(std::string_view text) {
    std::string json = "\"";
    for (const char character : text) {
        const auto byte = static_cast<unsigned char>(character);
        if (character == '"' || character == '\\') {
            json += '\\';
            json += character;
        } else if (byte < 0x20) {
            std::array<char, 8> escape{};
            std::snprintf(escape.data(), escape.size(), "\\u%04x", unsigned{byte});
            json += escape.data();
        } else {
            json += character;
        }
    }
    return json + '"';
}

/// JSON has no NaN and no infinity.
std::string number_or_string(const std::string& text) {
    const bool is_finite = text.find_first_of("Nn") == std::string::npos; // NaN, Infinity
    return is_finite ? text : quoted(text);
}

/// ISO 8601, with T between date and time and minutes in the zone.
std::string iso_time(std::string text) {
    const std::size_t space = text.find(' ');
    if (space == std::string::npos) {
        return text; // infinity
    }
    text[space] = 'T';
    return text + ":00";
}

struct Writer {
    TypeId type;

    std::string operator()(std::monostate /*null*/) const { return "null"; }
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(const std::string& value) const { return quoted(value); }
    std::string operator()(const Json& value) const { return value.text; }
    std::string operator()(const Numeric& value) const { return number_or_string(value.text); }
    std::string operator()(std::int64_t value) const { return std::to_string(value); }
    std::string operator()(double value) const {
        return number_or_string(format_value(value, type));
    }
    std::string operator()(const Timestamptz& value) const {
        return quoted(iso_time(format_value(value, type)));
    }
    template <typename Element>
    std::string operator()(const std::vector<Element>& values) const {
        std::string json = "[";
        for (const Element& value : values) {
            json += json.size() == 1 ? "" : ", ";
            json += (*this)(value);
        }
        return json + ']';
    }
    /// Everything else has a text form without characters that need escaping.
    template <typename Other>
    std::string operator()(const Other& value) const {
        return quoted(format_value(value, type));
    }
};

} // namespace

std::string value_to_json(const Value& value, TypeId type) {
    return std::visit(Writer{type}, value);
}

} // namespace penstock
