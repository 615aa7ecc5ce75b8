#pragma once

#include "penstock/protocol/data_area.hpp"
#include "penstock/types/result.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace penstock {

/// One value of a parsed JSON document. Two words, made in registers and stored whole: nodes are
/// moved and sorted right after, which stalls on a value that was stored in pieces.
struct JsonNode {
    enum Kind : std::uint64_t { kNull, kFalse, kTrue, kNumber, kString, kArray, kObject };

    std::uint64_t key = 0;   ///< of a member of an object: key_of()
    std::uint64_t value = 0; ///< pack_value()

    /// `at` is in text() for strings, numbers() for numbers, nodes() for containers; `size` counts
    /// bytes, for containers the children without overwritten members. Below 2^29.
    static std::uint64_t pack_value(Kind kind, std::uint64_t at, std::uint64_t size) {
        return kind << 61U | size << 32U | at;
    }
    static std::uint64_t key_of(std::uint64_t string) {
        return string & ~(std::uint64_t{7} << 61U);
    }

    [[nodiscard]] std::uint32_t key_at() const { return static_cast<std::uint32_t>(key); }
    [[nodiscard]] std::uint32_t key_size() const { return static_cast<std::uint32_t>(key >> 32U); }
    [[nodiscard]] Kind kind() const { return static_cast<Kind>(value >> 61U); }
    [[nodiscard]] std::uint32_t at() const { return static_cast<std::uint32_t>(value); }
    [[nodiscard]] std::uint32_t size() const {
        return static_cast<std::uint32_t>(value >> 32U) & 0x1FFFFFFF;
    }
};

/// Parses JSON text into nodes: the members of an object sorted as jsonb wants them (by length,
/// then bytes) and unique, numbers as numeric with all their digits.
///
/// A parser of our own: simdjson's DOM makes numbers doubles, and its on-demand interface, which
/// gives their digits, made a jsonb of 257 bytes and 28 keys and values in 545 ns where this takes
/// 205 (jsonb_in: 1,200). Its strength is long documents; a table's cells are short.
/// Lifetime: nodes and what they point into are good until the next parse().
/// Threads:  not safe; one per thread. Reused, it does not allocate for documents of a usual size.
class JsonTree {
  public:
    /// Errors: those of append_jsonb().
    [[nodiscard]] Result<JsonNode> parse(std::string_view json);

    [[nodiscard]] const JsonNode* nodes() const { return nodes_.data(); }
    /// The document, its strings unescaped in their places. 16 bytes behind a string can be read.
    [[nodiscard]] const std::byte* text() const { return text_.data(); }
    /// Values of type numeric, aligned to 4 bytes. 16 bytes behind a number can be read.
    [[nodiscard]] const std::byte* numbers() const { return numbers_.data(); }
    /// As many bytes as the jsonb of the document can have, for all the padding there may be.
    [[nodiscard]] std::size_t max_jsonb_bytes() const;

  private:
    class Reader;

    void give_back_large_buffers();
    char* copy_padded(std::string_view json);

    DataArea text_;
    DataArea numbers_;
    std::vector<JsonNode> nodes_;   ///< children of each finished container, side by side
    std::vector<JsonNode> pending_; ///< children of the containers that are still open
    std::size_t container_count_ = 0;
    std::size_t value_count_ = 0;
};

} // namespace penstock
