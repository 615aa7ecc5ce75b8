#include "json_tree.hpp"

#include "penstock/protocol/datum_format.hpp"
#include "penstock/types/utf8.hpp"

#include <simdjson.h>

#include <algorithm>
#include <string>

namespace penstock {

namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;

/// Chosen: twice what fits a frame. It keeps every length far from jsonb's own limit of 2^28, since
/// a jsonb is at most 6 times as long as its text ("1," takes 12 bytes).
constexpr std::size_t kMaxJsonBytes = 32U << 20;
/// Above this the buffers are given back after a document, so that one giant does not stay.
constexpr std::size_t kKeptBytes = 1U << 20;

Error json_error(const char* sqlstate, std::string message, std::string detail) {
    Error error = Error::make(ErrorKind::kData, std::move(message), std::move(detail));
    error.sqlstate = sqlstate;
    return error;
}

/// Is `token` a number of RFC 8259, section 6? (numeric takes more: "+1", ".5", "NaN".)
bool is_json_number(std::string_view token) {
    std::size_t at = 0;
    const auto skip_digits = [&] {
        const std::size_t begin = at;
        while (at < token.size() && token[at] >= '0' && token[at] <= '9') {
            ++at;
        }
        return at != begin;
    };
    const auto skip_any_of = [&](char a, char b) {
        const bool is_there = at < token.size() && (token[at] == a || token[at] == b);
        at += is_there ? 1 : 0;
        return is_there;
    };
    skip_any_of('-', '-');
    const bool has_leading_zero = at < token.size() && token[at] == '0';
    const std::size_t whole = at;
    if (!skip_digits() || (has_leading_zero && at - whole > 1)) {
        return false;
    }
    if (skip_any_of('.', '.') && !skip_digits()) {
        return false;
    }
    if (skip_any_of('e', 'E')) {
        skip_any_of('+', '-');
        if (!skip_digits()) {
            return false;
        }
    }
    return at == token.size();
}

bool is_sorted_before(const JsonNode& a, const JsonNode& b) {
    if (a.key.size() != b.key.size()) {
        return a.key.size() < b.key.size();
    }
    const int order = a.key.compare(b.key);
    return order != 0 ? order < 0 : a.order < b.order;
}

/// Sorts members and drops all but the last of equal keys. The new end.
JsonNode* sort_members(JsonNode* begin, JsonNode* end) {
    std::sort(begin, end, is_sorted_before);
    JsonNode* kept = begin;
    for (JsonNode* member = begin; member != end; ++member) {
        const bool is_last_of_its_key = member + 1 == end || member[1].key != member->key;
        if (is_last_of_its_key) {
            *kept++ = *member;
        }
    }
    return kept;
}

} // namespace

struct JsonTree::Parser {
    ondemand::parser simd;
    std::vector<char> text; ///< '[' document ']' and simdjson's padding
};

/// One run over a document. A fault is a simdjson code or, for what simdjson lets pass, an Error.
class JsonTree::Reader {
  public:
    Reader(JsonTree& tree, bool has_escapes) : tree_(tree), has_escapes_(has_escapes) {}

    /// Reads `value` and all below it into `node`. `depth` counts containers from 1.
    error_code read(ondemand::value value, std::uint32_t depth, JsonNode& node) {
        ondemand::json_type type{};
        if (const error_code code = value.type().get(type)) {
            return code;
        }
        switch (type) {
        case ondemand::json_type::array:
            return read_array(value, depth, node);
        case ondemand::json_type::object:
            return read_object(value, depth, node);
        case ondemand::json_type::string:
            node.kind = JsonNode::Kind::kString;
            return read_text(value.get_string(), node.text);
        case ondemand::json_type::number:
            return read_number(value, node);
        case ondemand::json_type::boolean: {
            bool is_true = false;
            const error_code code = value.get_bool().get(is_true);
            node.kind = is_true ? JsonNode::Kind::kTrue : JsonNode::Kind::kFalse;
            return code;
        }
        case ondemand::json_type::null: {
            bool is_null = false;
            const error_code code = value.is_null().get(is_null);
            node.kind = JsonNode::Kind::kNull;
            return code != simdjson::SUCCESS || is_null ? code : simdjson::N_ATOM_ERROR;
        }
        }
        return simdjson::TAPE_ERROR;
    }

    [[nodiscard]] Error describe(error_code code, std::size_t offset) const {
        if (is_too_deep_) {
            return json_error("54000", "JSON document is too deep",
                              "The limit is " + std::to_string(datum::jsonb::kMaxDepth) +
                                  " levels.");
        }
        if (has_nul_) {
            return json_error("22P05", "unsupported Unicode escape sequence",
                              "\\u0000 cannot be converted to text.");
        }
        std::string detail = simdjson::error_message(code);
        if (!detail.ends_with('.')) {
            detail += '.';
        }
        return json_error("22P02", "invalid input syntax for type json",
                          detail + " The error is near byte " + std::to_string(offset) + ".");
    }

  private:
    error_code read_array(ondemand::value value, std::uint32_t depth, JsonNode& node) {
        ondemand::array array;
        if (const error_code code = open(value.get_array(), depth, array)) {
            return code;
        }
        const std::size_t begin = tree_.pending_.size();
        for (auto element : array) {
            ondemand::value child;
            JsonNode child_node;
            if (const error_code code = std::move(element).get(child)) {
                return code;
            }
            if (const error_code code = read(child, depth + 1, child_node)) {
                return code;
            }
            tree_.pending_.push_back(child_node);
        }
        node.kind = JsonNode::Kind::kArray;
        close(begin, node);
        return simdjson::SUCCESS;
    }

    error_code read_object(ondemand::value value, std::uint32_t depth, JsonNode& node) {
        ondemand::object object;
        if (const error_code code = open(value.get_object(), depth, object)) {
            return code;
        }
        const std::size_t begin = tree_.pending_.size();
        for (auto member : object) {
            ondemand::field field;
            JsonNode child_node;
            if (const error_code code = std::move(member).get(field)) {
                return code;
            }
            if (const error_code code = read_text(field.unescaped_key(), child_node.key)) {
                return code;
            }
            if (const error_code code = read(field.value(), depth + 1, child_node)) {
                return code;
            }
            child_node.order = static_cast<std::uint32_t>(tree_.pending_.size() - begin);
            tree_.pending_.push_back(child_node);
        }
        node.kind = JsonNode::Kind::kObject;
        JsonNode* const members = tree_.pending_.data();
        JsonNode* const end = sort_members(members + begin, members + tree_.pending_.size());
        tree_.pending_.resize(static_cast<std::size_t>(end - members));
        close(begin, node);
        return simdjson::SUCCESS;
    }

    template <typename C>
    error_code open(simdjson::simdjson_result<C> opened, std::uint32_t depth, C& container) {
        is_too_deep_ = depth > datum::jsonb::kMaxDepth;
        return is_too_deep_ ? simdjson::DEPTH_ERROR : std::move(opened).get(container);
    }

    /// Moves the children from `begin` on to their final place.
    void close(std::size_t begin, JsonNode& node) {
        node.first = static_cast<std::uint32_t>(tree_.nodes_.size());
        node.count = static_cast<std::uint32_t>(tree_.pending_.size() - begin);
        const auto first = tree_.pending_.begin() + static_cast<std::ptrdiff_t>(begin);
        tree_.nodes_.insert(tree_.nodes_.end(), first, tree_.pending_.end());
        tree_.pending_.erase(first, tree_.pending_.end());
    }

    /// What was not escaped has been checked with the whole text; escapes can still make NUL bytes
    /// and lone surrogates.
    error_code read_text(simdjson::simdjson_result<std::string_view> read, std::string_view& text) {
        const error_code code = std::move(read).get(text);
        if (code != simdjson::SUCCESS || !has_escapes_) {
            return code;
        }
        const std::size_t bad = find_invalid_utf8(text);
        if (bad == text.size()) {
            return simdjson::SUCCESS;
        }
        has_nul_ = text[bad] == '\0';
        return simdjson::STRING_ERROR;
    }

    static error_code read_number(ondemand::value& value, JsonNode& node) {
        // The token reaches to the next one, over white space.
        std::string_view token = value.raw_json_token();
        token = token.substr(0, token.find_last_not_of(" \t\r\n") + 1);
        node.kind = JsonNode::Kind::kNumber;
        node.text = token;
        return is_json_number(token) ? simdjson::SUCCESS : simdjson::NUMBER_ERROR;
    }

    JsonTree& tree_;
    bool has_escapes_;
    bool is_too_deep_ = false;
    bool has_nul_ = false;
};

JsonTree::JsonTree() : parser_(std::make_unique<Parser>()) {}
JsonTree::~JsonTree() = default;

Result<JsonNode> JsonTree::parse(std::string_view json) {
    if (json.size() > kMaxJsonBytes) {
        return json_error("54000", "JSON document is too large",
                          "It has " + std::to_string(json.size()) + " bytes; the limit is " +
                              std::to_string(kMaxJsonBytes) + ".");
    }
    if (parser_->text.capacity() > kKeptBytes) {
        parser_ = std::make_unique<Parser>();
        nodes_ = {};
        pending_ = {};
    }
    nodes_.clear();
    pending_.clear();
    // In an array, a document that is a bare scalar is no special case.
    std::vector<char>& text = parser_->text;
    text.resize(json.size() + 2 + simdjson::SIMDJSON_PADDING);
    text[0] = '[';
    std::copy(json.begin(), json.end(), text.begin() + 1);
    text[json.size() + 1] = ']';
    std::fill(text.end() - simdjson::SIMDJSON_PADDING, text.end(), '\0');

    Reader reader(*this, json.find('\\') != std::string_view::npos);
    ondemand::document document;
    ondemand::array wrapper;
    error_code code =
        parser_->simd.iterate(text.data(), json.size() + 2, text.size()).get(document);
    if (code == simdjson::SUCCESS) {
        code = document.get_array().get(wrapper);
    }
    if (code != simdjson::SUCCESS) {
        return reader.describe(code, 0);
    }
    const auto location = [&] {
        const char* at = text.data() + 1;
        const bool is_inside = document.current_location().get(at) == simdjson::SUCCESS;
        return is_inside ? static_cast<std::size_t>(at - text.data() - 1) : json.size();
    };
    JsonNode root;
    std::size_t root_count = 0;
    for (auto element : wrapper) {
        ondemand::value value;
        code = std::move(element).get(value);
        if (code == simdjson::SUCCESS && ++root_count > 1) {
            code = simdjson::TRAILING_CONTENT;
        }
        if (code == simdjson::SUCCESS) {
            code = reader.read(value, 1, root);
        }
        if (code != simdjson::SUCCESS) {
            return reader.describe(code, location());
        }
    }
    // "1],[2" closes our array early.
    const bool is_at_end = document.current_location().error() == simdjson::OUT_OF_BOUNDS;
    if (root_count == 0 || !is_at_end) {
        return reader.describe(root_count == 0 ? simdjson::EMPTY : simdjson::TRAILING_CONTENT,
                               location());
    }
    return root;
}

} // namespace penstock
