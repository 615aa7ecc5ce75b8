#pragma once

#include "penstock/types/result.hpp"

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace penstock {

/// One value of a parsed JSON document.
struct JsonNode {
    enum class Kind : std::uint8_t { kNull, kFalse, kTrue, kNumber, kString, kArray, kObject };

    Kind kind = Kind::kNull;
    std::uint32_t order = 0; ///< place among its siblings in the text; objects: the last wins
    std::string_view key;    ///< of a member of an object, unescaped
    std::string_view text;   ///< kString: unescaped; kNumber: as written
    std::uint32_t first = 0; ///< containers: index of the first child in JsonTree::nodes
    std::uint32_t count = 0; ///< containers: number of children, duplicates of keys gone
};

/// Parses JSON text into nodes: the members of an object sorted as jsonb wants them (by length,
/// then bytes) and unique, numbers left as text so that no digit is lost.
///
/// simdjson's on-demand interface, because its DOM turns numbers into doubles and refuses 1e400.
/// Lifetime: views and nodes are good until the next parse().
/// Threads:  not safe; one per thread. Reused, it does not allocate for documents of a usual size.
class JsonTree {
  public:
    JsonTree();
    ~JsonTree();
    JsonTree(const JsonTree&) = delete;
    JsonTree& operator=(const JsonTree&) = delete;

    /// Errors: kData: 22P02 malformed, 22P05 for \u0000, 54000 too deep or too large.
    [[nodiscard]] Result<JsonNode> parse(std::string_view json);

    [[nodiscard]] const JsonNode* children_of(const JsonNode& node) const {
        return nodes_.data() + node.first;
    }

  private:
    class Reader;
    struct Parser;

    std::unique_ptr<Parser> parser_;
    std::vector<JsonNode> nodes_;   ///< children of each finished container, side by side
    std::vector<JsonNode> pending_; ///< children of the containers that are still open
};

} // namespace penstock
