#include "datum_decode_parts.hpp"

#include "penstock/protocol/datum_format.hpp"

#include <array>
#include <cstdio>

namespace penstock::datum {

namespace {

const std::byte* bytes_of(std::string_view content) {
    return reinterpret_cast<const std::byte*>(content.data());
}

void append_string(std::string_view text, std::string& out) {
    constexpr std::string_view kEscaped = "\"\\\b\f\n\r\t";
    constexpr std::string_view kLetters = "\"\\bfnrt";
    out += '"';
    for (const char character : text) {
        const std::size_t at = kEscaped.find(character);
        if (at != std::string_view::npos) {
            out += '\\';
            out += kLetters[at];
        } else if (static_cast<unsigned char>(character) < 0x20) {
            std::array<char, 8> buffer{};
            std::snprintf(buffer.data(), buffer.size(), "\\u%04x", character);
            out += buffer.data();
        } else {
            out += character;
        }
    }
    out += '"';
}

void append_container(std::string_view container, std::string& out);

/// Walks the children of a container in the order in which they are stored.
class Children {
  public:
    Children(std::string_view container, std::uint32_t count)
        : entries_(container.substr(4)), data_(container.substr(4 + 4UL * count)) {}

    void append_next(std::string& out) {
        append_child(entry() & jsonb::kTypeMask, child_bytes(), out);
        skip_next();
    }
    void skip_next() {
        offset_ += child_bytes();
        ++index_;
    }

  private:
    [[nodiscard]] std::uint32_t entry() const {
        return load<std::uint32_t>(bytes_of(entries_.substr(4UL * index_)));
    }
    /// Every 32nd entry holds the end of its child instead of the length.
    [[nodiscard]] std::uint32_t child_bytes() const {
        const std::uint32_t length = entry() & jsonb::kLengthMask;
        return (entry() & jsonb::kHasOffset) != 0 ? length - offset_ : length;
    }

    /// Numbers and containers are aligned to 4 bytes; the padding counts as theirs.
    void append_child(std::uint32_t type, std::uint32_t bytes, std::string& out) const {
        const std::string_view child = data_.substr(offset_, bytes);
        const std::uint32_t padding = align4(offset_) - offset_;
        switch (type) {
        case jsonb::kString:
            return append_string(child, out);
        case jsonb::kNumeric:
            out += numeric_text(content_of(bytes_of(child.substr(padding))));
            return;
        case jsonb::kFalse:
            out += "false";
            return;
        case jsonb::kTrue:
            out += "true";
            return;
        case jsonb::kNull:
            out += "null";
            return;
        default:
            return append_container(child.substr(padding), out);
        }
    }

    std::string_view entries_;
    std::string_view data_;
    std::uint32_t index_ = 0;
    std::uint32_t offset_ = 0;
};

void append_array(std::string_view container, std::uint32_t count, std::string& out) {
    Children children(container, count);
    out += '[';
    for (std::uint32_t index = 0; index < count; ++index) {
        out += index == 0 ? "" : ", ";
        children.append_next(out);
    }
    out += ']';
}

/// An object stores all its keys and then all its values.
void append_object(std::string_view container, std::uint32_t count, std::string& out) {
    Children keys(container, 2 * count);
    Children values(container, 2 * count);
    for (std::uint32_t index = 0; index < count; ++index) {
        values.skip_next();
    }
    out += '{';
    for (std::uint32_t index = 0; index < count; ++index) {
        out += index == 0 ? "" : ", ";
        keys.append_next(out);
        out += ": ";
        values.append_next(out);
    }
    out += '}';
}

void append_container(std::string_view container, std::string& out) {
    const auto header = load<std::uint32_t>(bytes_of(container));
    const std::uint32_t count = header & jsonb::kCountMask;
    if ((header & jsonb::kScalar) != 0) {
        Children(container, count).append_next(out);
    } else if ((header & jsonb::kObject) != 0) {
        append_object(container, count, out);
    } else {
        append_array(container, count, out);
    }
}

} // namespace

std::string jsonb_text(std::string_view content) {
    std::string text;
    append_container(content, text);
    return text;
}

} // namespace penstock::datum
