#include "json_tree.hpp"

#include "json_members.hpp"
#include "json_string.hpp"
#include "penstock/protocol/datum_encode.hpp"
#include "penstock/types/utf8.hpp"

#include <algorithm>
#include <limits>

namespace penstock {

namespace {

/// Chosen: twice what fits a frame. It keeps every length far from jsonb's own limit of 2^28, since
/// a jsonb is at most 6 times as long as its text ("1," takes 12 bytes).
constexpr std::size_t kMaxJsonBytes = 32U << 20;
/// Above this the buffers are given back after a document, so that one giant does not stay.
constexpr std::size_t kKeptBytes = 1U << 20;
/// An int64 holds any number of so many digits.
constexpr std::ptrdiff_t kMaxIntegerDigits = 18;

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

char* skip_digits(char* at) noexcept {
    while (is_digit(*at)) {
        ++at;
    }
    return at;
}

/// RFC 8259 knows four kinds of white space.
char* skip_more_space(char* at) noexcept {
    while (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t') {
        ++at;
    }
    return at;
}

/// Most often there is none, or one space. Branches, because the processor guesses them right and
/// goes on, while the place to look at next would have to wait for the byte that was loaded.
[[gnu::always_inline]] inline char* skip_space(char* at) noexcept {
    if (static_cast<unsigned char>(*at) > ' ') {
        return at;
    }
    if (*at == ' ' && static_cast<unsigned char>(at[1]) > ' ') {
        return at + 1;
    }
    return skip_more_space(at);
}

} // namespace

/// One run over a document. Its functions take the place where they begin and return the one behind
/// what they read, or nullptr at a fault. Recursion is as deep as the document, which is bounded.
class JsonTree::Reader {
  public:
    Reader(JsonTree& tree, char* begin, char* end) : tree_(tree), begin_(begin), end_(end) {}

    [[nodiscard]] bool read(JsonNode& root) {
        const Read read = read_value(skip_space(begin_), 1);
        if (read.next == nullptr) {
            return false;
        }
        root.value = read.value;
        char* const rest = skip_space(read.next);
        return rest == end_ || fail(JsonFault::kTrailing, rest).next != nullptr;
    }

    [[nodiscard]] Error error() const {
        return describe_fault(fault_, static_cast<std::size_t>(fault_at_ - begin_));
    }

  private:
    /// The place behind a value, or nullptr, and JsonNode::value or JsonNode::key. In registers.
    struct Read {
        char* next;
        std::uint64_t value;
    };

    Read fail(JsonFault fault, char* at) {
        fault_ = at < end_ ? fault : JsonFault::kEnd;
        fault_at_ = std::min(at, end_);
        return {nullptr, 0};
    }

    Read read_value(char* at, std::uint32_t depth) {
        return *at == '"' ? read_string(at + 1) : read_other(at, depth);
    }

    /// A value that is no string: those, the most, need no call.
    Read read_other(char* at, std::uint32_t depth) {
        switch (*at) {
        case '{':
            return read_object(at, depth);
        case '[':
            return read_array(at, depth);
        case 't':
            return read_word(at, "true", JsonNode::kTrue);
        case 'f':
            return read_word(at, "false", JsonNode::kFalse);
        case 'n':
            return read_word(at, "null", JsonNode::kNull);
        default:
            return read_number(at);
        }
    }

    Read read_array(char* at, std::uint32_t depth) {
        if (depth > datum::jsonb::kMaxDepth) {
            return fail(JsonFault::kDepth, at);
        }
        const std::size_t first = tree_.pending_.size();
        at = skip_space(at + 1);
        if (*at != ']') {
            for (;; ++at) {
                const Read child = read_value(skip_space(at), depth + 1);
                if (child.next == nullptr) {
                    return child;
                }
                tree_.pending_.push_back({0, child.value});
                at = skip_space(child.next);
                if (*at != ',') {
                    break;
                }
            }
            if (*at != ']') {
                return fail(JsonFault::kArrayNext, at);
            }
        }
        return {at + 1, close(JsonNode::kArray, first)};
    }

    Read read_object(char* at, std::uint32_t depth) {
        if (depth > datum::jsonb::kMaxDepth) {
            return fail(JsonFault::kDepth, at);
        }
        const std::size_t first = tree_.pending_.size();
        at = skip_space(at + 1);
        if (*at != '}') {
            for (;; ++at) {
                at = read_member(skip_space(at), depth);
                if (at == nullptr) {
                    return {nullptr, 0};
                }
                at = skip_space(at);
                if (*at != ',') {
                    break;
                }
            }
            if (*at != '}') {
                return fail(JsonFault::kObjectNext, at);
            }
        }
        JsonNode* const members = tree_.pending_.data();
        JsonNode* const kept =
            sort_members(members + first, members + tree_.pending_.size(), begin_);
        tree_.pending_.resize(static_cast<std::size_t>(kept - members));
        return {at + 1, close(JsonNode::kObject, first)};
    }

    char* read_member(char* at, std::uint32_t depth) {
        if (*at != '"') {
            return fail(JsonFault::kKey, at).next;
        }
        const Read key = read_string(at + 1);
        if (key.next == nullptr) {
            return nullptr;
        }
        at = skip_space(key.next);
        if (*at != ':') {
            return fail(JsonFault::kColon, at).next;
        }
        const Read member = read_value(skip_space(at + 1), depth + 1);
        tree_.pending_.push_back({JsonNode::key_of(key.value), member.value});
        return member.next;
    }

    /// Moves the children from `first` on to their final place.
    std::uint64_t close(JsonNode::Kind kind, std::size_t first) {
        std::vector<JsonNode>& nodes = tree_.nodes_;
        std::vector<JsonNode>& pending = tree_.pending_;
        const std::uint64_t value =
            JsonNode::pack_value(kind, nodes.size(), pending.size() - first);
        const auto begin = pending.begin() + static_cast<std::ptrdiff_t>(first);
        nodes.insert(nodes.end(), begin, pending.end());
        pending.resize(first);
        ++tree_.container_count_;
        return value;
    }

    /// `at` is behind the opening quote.
    Read read_string(char* at) {
        char* const stop = find_string_stop(at);
        UnescapedString string{stop, stop + 1, JsonFault::kNone};
        if (*stop != '"') [[unlikely]] {
            string = unescape_string(stop);
            if (string.fault != JsonFault::kNone) {
                return fail(string.fault, string.next);
            }
        }
        return {string.next,
                JsonNode::pack_value(JsonNode::kString, static_cast<std::uint64_t>(at - begin_),
                                     static_cast<std::uint64_t>(string.end - at))};
    }

    Read read_word(char* at, std::string_view word, JsonNode::Kind kind) {
        if (std::memcmp(at, word.data(), word.size()) != 0) {
            return fail(JsonFault::kWord, at);
        }
        return {at + word.size(), JsonNode::pack_value(kind, 0, 0)};
    }

    Read read_number(char* at) {
        char* const begin = at;
        at += *at == '-' ? 1 : 0;
        char* const whole = at;
        std::int64_t integer = 0;
        for (; is_digit(*at) && at - whole < kMaxIntegerDigits; ++at) {
            integer = integer * 10 + (*at - '0');
        }
        if (at == whole) {
            return fail(at == begin ? JsonFault::kValue : JsonFault::kNumber, at);
        }
        if (*whole == '0' && is_digit(*(whole + 1))) {
            return fail(JsonFault::kNumber, begin);
        }
        if (is_digit(*at) || *at == '.' || (*at | 0x20) == 'e') {
            return read_long_number(begin, at);
        }
        const std::uint32_t place =
            append_numeric(tree_.numbers_, whole == begin ? integer : -integer);
        return {at, pack_number(place)};
    }

    /// A number that is no int64. `at` is behind some of the digits before the point.
    Read read_long_number(char* begin, char* at) {
        DecimalText decimal;
        decimal.is_negative = *begin == '-';
        begin += decimal.is_negative ? 1 : 0;
        at = skip_digits(at);
        decimal.whole = {begin, static_cast<std::size_t>(at - begin)};
        if (*at == '.') {
            char* const fraction = at + 1;
            at = skip_digits(fraction);
            decimal.fraction = {fraction, static_cast<std::size_t>(at - fraction)};
            if (at == fraction) {
                return fail(JsonFault::kNumber, at);
            }
        }
        if ((*at | 0x20) == 'e') {
            at = read_exponent(at + 1, decimal.exponent);
            if (at == nullptr) {
                return {nullptr, 0};
            }
        }
        const Result<std::uint32_t> place = append_numeric(tree_.numbers_, decimal);
        if (!place) {
            return fail(JsonFault::kOverflow, begin);
        }
        return {at, pack_number(place.value())};
    }

    /// One that is too large for anything stays so: numeric refuses it.
    char* read_exponent(char* at, std::int64_t& exponent) {
        constexpr std::int64_t kMaxExponent = std::numeric_limits<std::int32_t>::max();
        const bool is_negative = *at == '-';
        at += *at == '-' || *at == '+' ? 1 : 0;
        char* const digits = at;
        for (; is_digit(*at); ++at) {
            exponent = std::min(exponent * 10 + (*at - '0'), kMaxExponent);
        }
        exponent = is_negative ? -exponent : exponent;
        return at != digits ? at : fail(JsonFault::kNumber, at).next;
    }

    /// The last number, which is at `place`.
    [[nodiscard]] std::uint64_t pack_number(std::uint32_t place) const {
        return JsonNode::pack_value(JsonNode::kNumber, place, tree_.numbers_.size() - place);
    }

    JsonTree& tree_;
    char* begin_;
    char* end_;
    char* fault_at_ = nullptr;
    JsonFault fault_ = JsonFault::kNone;
};

Result<JsonNode> JsonTree::parse(std::string_view json) {
    if (json.size() > kMaxJsonBytes) {
        return describe_fault(JsonFault::kSize, kMaxJsonBytes);
    }
    give_back_large_buffers();
    nodes_.clear();
    pending_.clear();
    numbers_.clear();
    container_count_ = 0;
    char* const begin = copy_padded(json);
    if (has_high_bit(begin, json.size())) {
        const std::size_t bad_byte = find_invalid_utf8(json);
        if (bad_byte != json.size()) {
            return describe_fault(JsonFault::kEncoding, bad_byte);
        }
    }
    Reader reader(*this, begin, begin + json.size());
    JsonNode root;
    if (!reader.read(root)) {
        return reader.error();
    }
    value_count_ = nodes_.size() + 1;
    (void)numbers_.extend(kJsonPadding);
    return root;
}

std::size_t JsonTree::max_jsonb_bytes() const {
    // A value: an entry for it and one for its key, three bytes in front of a number or container.
    // Strings are no longer than their text. The root takes up to two headers.
    return text_.size() + numbers_.size() + value_count_ * 11 + container_count_ * 4 + 16;
}

void JsonTree::give_back_large_buffers() {
    if (text_.capacity() > kKeptBytes) {
        text_ = {};
        numbers_ = {};
        nodes_ = {};
        pending_ = {};
    }
}

char* JsonTree::copy_padded(std::string_view json) {
    text_.clear();
    auto* const bytes = reinterpret_cast<char*>(text_.extend(json.size() + kJsonPadding));
    if (!json.empty()) {
        std::memcpy(bytes, json.data(), json.size());
    }
    std::memset(bytes + json.size(), 0, kJsonPadding);
    return bytes;
}

} // namespace penstock
