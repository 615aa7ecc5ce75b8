#include "penstock/plugin/jsonb.hpp"

#include "json_tree.hpp"

#include <charconv>
#include <optional>

namespace penstock {

namespace {

namespace jsonb = datum::jsonb;

/// Writes the nodes of one document behind each other, as convertToJsonb of jsonb_util.c does.
class JsonbWriter {
  public:
    JsonbWriter(const JsonTree& tree, DataArea& out) : tree_(tree), out_(out) {}

    /// A container, with padding in front if it needs any. Recursion is as deep as the document,
    /// which JsonTree bounds.
    void write_container(const JsonNode& node, std::uint32_t flags) {
        const bool is_object = node.kind == JsonNode::Kind::kObject;
        write_children({tree_.children_of(node), node.count, is_object}, flags);
    }

    /// A scalar as a whole document: an array of one that says so in its header.
    void write_scalar_root(const JsonNode& node) {
        write_children({&node, 1, false}, jsonb::kArray | jsonb::kScalar);
    }

    [[nodiscard]] const std::optional<Error>& error() const { return error_; }

  private:
    struct Children {
        const JsonNode* nodes;
        std::uint32_t count;
        bool is_object;
    };

    void write_children(const Children& children, std::uint32_t flags) {
        const std::uint32_t entry_count = children.is_object ? 2 * children.count : children.count;
        out_.align(4);
        datum::store(out_.extend(sizeof(std::uint32_t)), flags | children.count);
        Entries entries{out_.size(), 0, 0, 0};
        (void)out_.extend(sizeof(std::uint32_t) * entry_count); // filled in as children are written
        entries.bytes_at = out_.size();
        if (children.is_object) {
            for (std::uint32_t i = 0; i < children.count; ++i) {
                write_string(children.nodes[i].key);
                add_entry(entries, jsonb::kString);
            }
        }
        for (std::uint32_t i = 0; i < children.count; ++i) {
            const std::uint32_t type = write_value(children.nodes[i]);
            add_entry(entries, type);
        }
    }

    /// Where the entries of a container go. Offsets, because writing moves the area.
    struct Entries {
        std::size_t entries_at;
        std::size_t bytes_at; ///< the children's bytes
        std::uint32_t count;
        std::uint32_t written_bytes;
    };

    /// The entry of what was written since the last one, padding included.
    void add_entry(Entries& entries, std::uint32_t type) {
        const auto total = static_cast<std::uint32_t>(out_.size() - entries.bytes_at);
        const bool has_offset = entries.count % jsonb::kOffsetStride == 0;
        const std::uint32_t length =
            has_offset ? total | jsonb::kHasOffset : total - entries.written_bytes;
        datum::store(out_.data() + entries.entries_at + sizeof(std::uint32_t) * entries.count,
                     type | length);
        entries.written_bytes = total;
        ++entries.count;
    }

    std::uint32_t write_value(const JsonNode& node) {
        switch (node.kind) {
        case JsonNode::Kind::kNull:
            return jsonb::kNull;
        case JsonNode::Kind::kFalse:
            return jsonb::kFalse;
        case JsonNode::Kind::kTrue:
            return jsonb::kTrue;
        case JsonNode::Kind::kNumber:
            write_number(node.text);
            return jsonb::kNumeric;
        case JsonNode::Kind::kString:
            write_string(node.text);
            return jsonb::kString;
        case JsonNode::Kind::kArray:
            write_container(node, jsonb::kArray);
            return jsonb::kContainer;
        case JsonNode::Kind::kObject:
            write_container(node, jsonb::kObject);
            return jsonb::kContainer;
        }
        return jsonb::kNull;
    }

    void write_string(std::string_view text) {
        if (!text.empty()) {
            std::memcpy(out_.extend(text.size()), text.data(), text.size());
        }
    }

    void write_number(std::string_view text) {
        std::int64_t integer = 0;
        const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), integer);
        if (code == std::errc{} && end == text.data() + text.size()) {
            append_numeric(out_, integer);
            return;
        }
        const Result<std::uint32_t> appended = append_numeric(out_, text);
        if (!appended && !error_) {
            error_ = appended.error();
        }
    }

    const JsonTree& tree_;
    DataArea& out_;
    std::optional<Error> error_;
};

void write_root(JsonbWriter& writer, const JsonNode& root) {
    if (root.kind == JsonNode::Kind::kObject) {
        writer.write_container(root, jsonb::kObject);
    } else if (root.kind == JsonNode::Kind::kArray) {
        writer.write_container(root, jsonb::kArray);
    } else {
        writer.write_scalar_root(root);
    }
}

} // namespace

Result<std::uint32_t> append_jsonb(DataArea& out, std::string_view json) {
    thread_local JsonTree tree;
    Result<JsonNode> root = tree.parse(json);
    if (!root) {
        return root.error();
    }
    const std::size_t size_before = out.size();
    out.align(4);
    const std::size_t start = out.size();
    (void)out.extend(datum::kVarlenaHeaderBytes);
    JsonbWriter writer(tree, out);
    write_root(writer, root.value());
    if (writer.error()) {
        out.truncate(size_before);
        return *writer.error();
    }
    const auto bytes = static_cast<std::uint32_t>(out.size() - start);
    datum::store(out.data() + start, datum::long_header(bytes));
    return static_cast<std::uint32_t>(start);
}

} // namespace penstock
