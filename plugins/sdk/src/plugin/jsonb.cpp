#include "penstock/plugin/jsonb.hpp"

#include "json_tree.hpp"

namespace penstock {

namespace {

namespace jsonb = datum::jsonb;

/// Copies in steps of 16 bytes: up to 16 behind `size` are read and written too. The values of a
/// document are short, and a call of memcpy takes longer than most of them.
std::byte* copy_loosely(std::byte* to, const std::byte* from, std::uint32_t size) {
    constexpr std::uint32_t kStep = 16;
    constexpr std::uint32_t kMaxStepped = 8 * kStep;
    std::memcpy(to, from, kStep);
    if (size > kMaxStepped) {
        std::memcpy(to, from, size);
    } else {
        for (std::uint32_t at = kStep; at < size; at += kStep) {
            std::memcpy(to + at, from + at, kStep);
        }
    }
    return to + size;
}

/// Writes the nodes of one document behind each other, as convertToJsonb of jsonb_util.c does, into
/// memory that is large enough. Its functions return the place behind what they wrote.
class JsonbWriter {
  public:
    explicit JsonbWriter(const JsonTree& tree)
        : nodes_(tree.nodes()), text_(tree.text()), numbers_(tree.numbers()) {}

    /// A scalar as a whole document is an array of one that says so in its header.
    std::byte* write_root(const JsonNode& root, std::byte* to) {
        if (root.kind() == JsonNode::kObject || root.kind() == JsonNode::kArray) {
            return write_container(root, to);
        }
        return write_children({&root, 1, false}, jsonb::kArray | jsonb::kScalar, to);
    }

  private:
    struct Children {
        const JsonNode* nodes;
        std::uint32_t count;
        bool is_object;
    };

    /// Writes the entries of a container's children, in their order.
    class Entries {
      public:
        Entries(std::byte* first, const std::byte* children) : next_(first), children_(children) {}

        /// The entry of what was written since the last one, `bytes` with padding, up to `end`.
        void add(std::uint32_t bytes, const std::byte* end, std::uint32_t type) {
            if (count_++ % jsonb::kOffsetStride == 0) [[unlikely]] {
                bytes = static_cast<std::uint32_t>(end - children_) | jsonb::kHasOffset;
            }
            datum::store(next_, type | bytes);
            next_ += sizeof(std::uint32_t);
        }

      private:
        std::byte* next_;
        const std::byte* children_;
        std::uint32_t count_ = 0;
    };

    /// Zeros up to a multiple of 4. Addresses do: the area begins at a multiple of 16.
    static std::byte* align4(std::byte* to) {
        datum::store(to, std::uint32_t{0});
        return to + ((0 - reinterpret_cast<std::uintptr_t>(to)) & 3U);
    }

    std::byte* write_container(const JsonNode& node, std::byte* to) {
        const bool is_object = node.kind() == JsonNode::kObject;
        return write_children({nodes_ + node.at(), node.size(), is_object},
                              is_object ? jsonb::kObject : jsonb::kArray, align4(to));
    }

    std::byte* write_children(const Children& children, std::uint32_t flags, std::byte* to) {
        const std::uint32_t entry_count = children.is_object ? 2 * children.count : children.count;
        datum::store(to, flags | children.count);
        to += sizeof(std::uint32_t);
        std::byte* const first_entry = to;
        to += sizeof(std::uint32_t) * entry_count;
        Entries entries(first_entry, to);
        const JsonNode* const end = children.nodes + children.count;
        if (children.is_object) {
            for (const JsonNode* child = children.nodes; child != end; ++child) {
                const std::uint32_t size = child->key_size();
                to = copy_loosely(to, text_ + child->key_at(), size);
                entries.add(size, to, jsonb::kString);
            }
        }
        for (const JsonNode* child = children.nodes; child != end; ++child) {
            std::byte* const begin = to;
            to = write_value(*child, to);
            entries.add(static_cast<std::uint32_t>(to - begin), to, kEntryTypes[child->kind()]);
        }
        return to;
    }

    std::byte* write_value(const JsonNode& node, std::byte* to) {
        switch (node.kind()) {
        case JsonNode::kString:
            return copy_loosely(to, text_ + node.at(), node.size());
        case JsonNode::kNumber:
            return copy_loosely(align4(to), numbers_ + node.at(), node.size());
        case JsonNode::kArray:
        case JsonNode::kObject:
            return write_container(node, to);
        default:
            return to;
        }
    }

    /// By JsonNode::Kind.
    static constexpr std::uint32_t kEntryTypes[] = {
        jsonb::kNull,   jsonb::kFalse,     jsonb::kTrue,      jsonb::kNumeric,
        jsonb::kString, jsonb::kContainer, jsonb::kContainer,
    };

    const JsonNode* nodes_;
    const std::byte* text_;
    const std::byte* numbers_;
};

} // namespace

Result<std::uint32_t> append_jsonb(DataArea& out, std::string_view json) {
    thread_local JsonTree tree;
    const Result<JsonNode> root = tree.parse(json);
    if (!root) {
        return root.error();
    }
    out.align(4);
    const std::size_t start = out.size();
    std::byte* const begin = out.extend(tree.max_jsonb_bytes());
    JsonbWriter writer(tree);
    const std::byte* const end =
        writer.write_root(root.value(), begin + datum::kVarlenaHeaderBytes);
    const auto bytes = static_cast<std::uint32_t>(end - begin);
    datum::store(begin, datum::long_header(bytes));
    out.truncate(start + bytes);
    return static_cast<std::uint32_t>(start);
}

} // namespace penstock
