#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace penstock::catalog {

/// JSON as the server takes it. Texts of plugins may hold any bytes: where a text is not UTF-8 or
/// has a NUL, which a text of PostgreSQL cannot have, U+FFFD stands instead.
[[nodiscard]] std::string json_text(const nlohmann::json& value);

/// The same for JSON that is text already: "\u0000" becomes "\ufffd".
[[nodiscard]] std::string without_nul(std::string json);

} // namespace penstock::catalog
