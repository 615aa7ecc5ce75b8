#include "catalog/json_text.hpp"

#include <nlohmann/json.hpp>

namespace penstock::catalog {

std::string without_nul(std::string json) {
    constexpr std::string_view kNul = "\\u0000";
    for (std::size_t at = json.find('\\'); at != std::string::npos; at = json.find('\\', at)) {
        if (json.compare(at, kNul.size(), kNul) == 0) {
            json.replace(at, kNul.size(), "\\ufffd");
        }
        at += 2; // the escaped character as well: it may be a backslash
    }
    return json;
}

std::string json_text(const nlohmann::json& value) {
    return without_nul(value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

} // namespace penstock::catalog
