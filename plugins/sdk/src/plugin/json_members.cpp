#include "json_members.hpp"

#include <algorithm>
#include <cstring>

namespace penstock {

namespace {

/// Up to here, insertion beats std::sort (and real objects are nearly all this small).
constexpr std::ptrdiff_t kMaxInsertion = 24;

/// The first eight bytes of a key as a number that sorts as they do.
std::uint64_t load_prefix(const char* key) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, key, sizeof(word));
    return __builtin_bswap64(word);
}

int compare_equally_long(const char* a, const char* b, std::uint32_t size) noexcept {
    if (size == 0) {
        return 0;
    }
    const unsigned unused_bits = size < 8 ? 64 - 8 * size : 0; // of a short key, only its own bytes
    const std::uint64_t prefix_a = load_prefix(a) >> unused_bits;
    const std::uint64_t prefix_b = load_prefix(b) >> unused_bits;
    if (prefix_a != prefix_b) {
        return prefix_a < prefix_b ? -1 : 1;
    }
    return size <= 8 ? 0 : std::memcmp(a + 8, b + 8, size - 8);
}

/// Negative, 0 or positive, as the key of `a` comes before, with or behind that of `b`.
inline int compare_keys(const JsonNode& a, const JsonNode& b, const char* text) noexcept {
    const std::uint32_t size = a.key_size();
    if (size != b.key_size()) {
        return size < b.key_size() ? -1 : 1;
    }
    return compare_equally_long(text + a.key_at(), text + b.key_at(), size);
}

/// Keys that are equal stay in the order of the text, which is that of their places in it.
bool is_before(const JsonNode& a, const JsonNode& b, const char* text) noexcept {
    const int order = compare_keys(a, b, text);
    return order != 0 ? order < 0 : a.key_at() < b.key_at();
}

JsonNode* drop_overwritten(JsonNode* begin, JsonNode* end, const char* text) {
    JsonNode* kept = begin;
    for (JsonNode* member = begin; member != end; ++member) {
        const bool is_last_of_its_key =
            member + 1 == end || compare_keys(member[0], member[1], text) != 0;
        if (is_last_of_its_key) {
            *kept++ = *member;
        }
    }
    return kept;
}

/// Returns whether two keys are equal.
bool sort_by_insertion(JsonNode* begin, JsonNode* end, const char* text) {
    bool has_equal = false;
    for (JsonNode* member = begin + 1; member < end; ++member) {
        int order = compare_keys(member[-1], *member, text);
        if (order < 0) { // nothing to move: the server and many libraries write keys in this order
            continue;
        }
        const JsonNode moved = *member;
        JsonNode* to = member;
        while (order > 0) {
            *to = to[-1];
            --to;
            order = to == begin ? -1 : compare_keys(to[-1], moved, text);
        }
        has_equal = has_equal || order == 0;
        *to = moved;
    }
    return has_equal;
}

} // namespace

JsonNode* sort_members(JsonNode* begin, JsonNode* end, const char* text) {
    if (end - begin < 2) { // also of a document that has had no value yet: nullptr
        return end;
    }
    if (end - begin <= kMaxInsertion) {
        return sort_by_insertion(begin, end, text) ? drop_overwritten(begin, end, text) : end;
    }
    std::sort(begin, end,
              [text](const JsonNode& a, const JsonNode& b) { return is_before(a, b, text); });
    return drop_overwritten(begin, end, text);
}

} // namespace penstock
