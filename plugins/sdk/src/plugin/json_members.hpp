#pragma once

#include "json_tree.hpp"

namespace penstock {

/// Sorts the members [begin, end) of an object by length and then bytes of their keys, drops all
/// but the last of equal keys, and returns the new end. Before, they stand in the order of the
/// text. `text` holds the keys; 8 bytes from the start of each can be read.
[[nodiscard]] JsonNode* sort_members(JsonNode* begin, JsonNode* end, const char* text);

} // namespace penstock
