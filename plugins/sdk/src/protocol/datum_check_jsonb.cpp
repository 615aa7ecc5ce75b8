#include "datum_check_parts.hpp"

#include "penstock/types/utf8.hpp"

#include <cstring>

namespace penstock::datum {

namespace {

/// One container, cut into its parts; every entry's bytes lie in `bytes`.
struct Container {
    const std::byte* entries = nullptr; ///< uint32 each
    std::uint32_t entry_count = 0;
    std::uint32_t key_count = 0; ///< the first entries of an object
    const std::byte* bytes = nullptr;
    std::uint32_t size = 0;
    bool is_scalar = false;
};

DatumFault check_container(const std::byte* at, std::uint32_t size, std::uint32_t depth) noexcept;

/// Reads the header: flags that the server combines, a count that fits into `size`.
bool open_container(const std::byte* at, std::uint32_t size, Container& container) noexcept {
    if (size < sizeof(std::uint32_t)) {
        return false;
    }
    const auto header = load<std::uint32_t>(at);
    const std::uint32_t flags = header & ~jsonb::kCountMask;
    const std::uint32_t count = header & jsonb::kCountMask;
    const bool is_object = flags == jsonb::kObject;
    container.is_scalar = flags == (jsonb::kArray | jsonb::kScalar);
    if (!is_object && !container.is_scalar && flags != jsonb::kArray) {
        return false;
    }
    container.key_count = is_object ? count : 0;
    container.entry_count = is_object ? 2 * count : count;
    if (container.entry_count > size / sizeof(std::uint32_t) - 1) {
        return false;
    }
    container.entries = at + sizeof(std::uint32_t);
    container.bytes = container.entries + sizeof(std::uint32_t) * container.entry_count;
    container.size = size - static_cast<std::uint32_t>(container.bytes - at);
    return true;
}

/// The bytes of one child.
struct Child {
    std::uint32_t type = 0;
    std::uint32_t begin = 0; ///< within the container's bytes
    std::uint32_t end = 0;
};

/// The entry after `previous`. Every 32nd and only those hold an offset: the server would read
/// other layouts too, but look up a child in time that grows with the number of children.
bool read_child(const Container& container, std::uint32_t index, Child& child) noexcept {
    const auto entry = load<std::uint32_t>(container.entries + sizeof(std::uint32_t) * index);
    const bool has_offset = (entry & jsonb::kHasOffset) != 0;
    const std::uint32_t length = entry & jsonb::kLengthMask;
    child.type = entry & jsonb::kTypeMask;
    child.begin = child.end;
    child.end = has_offset ? length : child.begin + length;
    return has_offset == (index % jsonb::kOffsetStride == 0) && child.end >= child.begin &&
           child.end <= container.size;
}

/// Keys are sorted by length, then bytes, without equals: the server finds them by bisection.
bool is_key_after(const Container& container, const Child& previous, const Child& key) noexcept {
    const std::uint32_t previous_length = previous.end - previous.begin;
    const std::uint32_t length = key.end - key.begin;
    if (previous_length != length) {
        return previous_length < length;
    }
    return std::memcmp(container.bytes + previous.begin, container.bytes + key.begin, length) < 0;
}

/// A number or container: 4-byte aligned, the padding being part of the child.
DatumFault check_aligned_child(const Container& container, const Child& child,
                               std::uint32_t depth) noexcept {
    const std::uint32_t start = align4(child.begin);
    if (start > child.end || !is_zero(container.bytes + child.begin, start - child.begin)) {
        return DatumFault::kBadJsonb;
    }
    const std::byte* const at = container.bytes + start;
    const std::uint32_t size = child.end - start;
    if (child.type == jsonb::kContainer) {
        return container.is_scalar ? DatumFault::kBadJsonb : check_container(at, size, depth + 1);
    }
    if (size < kVarlenaHeaderBytes || load<std::uint32_t>(at) != long_header(size)) {
        return DatumFault::kBadJsonb;
    }
    return check_finite_numeric(at, size);
}

DatumFault check_child(const Container& container, const Child& child,
                       std::uint32_t depth) noexcept {
    switch (child.type) {
    case jsonb::kString:
        return is_valid_text(as_text(container.bytes + child.begin, child.end - child.begin))
                   ? DatumFault::kOk
                   : DatumFault::kBadText;
    case jsonb::kNumeric:
    case jsonb::kContainer:
        return check_aligned_child(container, child, depth);
    case jsonb::kFalse:
    case jsonb::kTrue:
    case jsonb::kNull:
        return child.begin == child.end ? DatumFault::kOk : DatumFault::kBadJsonb;
    default:
        return DatumFault::kBadJsonb;
    }
}

/// `depth` counts from 1, the root.
DatumFault check_container(const std::byte* at, std::uint32_t size, std::uint32_t depth) noexcept {
    Container container;
    if (depth > jsonb::kMaxDepth || !open_container(at, size, container) ||
        (container.is_scalar && (depth != 1 || container.entry_count != 1))) {
        return DatumFault::kBadJsonb;
    }
    Child child;
    for (std::uint32_t i = 0; i < container.entry_count; ++i) {
        const Child previous = child;
        if (!read_child(container, i, child)) {
            return DatumFault::kBadJsonb;
        }
        if (i < container.key_count && (child.type != jsonb::kString ||
                                        (i > 0 && !is_key_after(container, previous, child)))) {
            return DatumFault::kBadJsonb;
        }
        const DatumFault fault = check_child(container, child, depth);
        if (fault != DatumFault::kOk) {
            return fault;
        }
    }
    return child.end == container.size ? DatumFault::kOk : DatumFault::kBadJsonb;
}

} // namespace

DatumFault check_jsonb(const std::byte* value, std::uint32_t size) noexcept {
    return check_container(value + kVarlenaHeaderBytes, size - kVarlenaHeaderBytes, 1);
}

} // namespace penstock::datum
