#pragma once

#include "penstock/types/type.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>

/// Reads values the way PostgreSQL's own functions do: they believe every length and offset that
/// they find. Written after the server's readers and apart from datum_check, so that a value which
/// the checks let pass and the server would stumble over ends in an abort here.
namespace penstock::fuzz {

[[noreturn]] inline void fail(const char* what) {
    std::fprintf(stderr, "the server would go wrong: %s\n", what);
    std::abort();
}

inline void require(bool condition, const char* what) {
    if (!condition) {
        fail(what);
    }
}

/// Memory that a value may touch.
using Bytes = std::span<const std::byte>;

template <typename T>
T read(Bytes bytes, std::size_t at) {
    require(at <= bytes.size() && bytes.size() - at >= sizeof(T), "a read past the end");
    require(reinterpret_cast<std::uintptr_t>(bytes.data() + at) % alignof(T) == 0,
            "a read that is not aligned");
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof(T));
    return value;
}

inline Bytes cut(Bytes bytes, std::size_t at, std::size_t length) {
    require(at <= bytes.size() && length <= bytes.size() - at, "a part past the end");
    return bytes.subspan(at, length);
}

/// VARSIZE_ANY / VARDATA_ANY of the value at the start of `room`.
inline Bytes content_of(Bytes room) {
    const auto first = read<std::uint8_t>(room, 0);
    require(first != 1, "a TOAST pointer");
    require((first & 3U) != 2, "a compressed value");
    if ((first & 1U) != 0) {
        return cut(room, 1, (first >> 1U) - 1U);
    }
    const std::uint32_t size = read<std::uint32_t>(room, 0) >> 2U;
    require(size >= 4, "a varlena without room for its header");
    return cut(room, 4, size - 4);
}

/// Steps from character to character by the lead byte alone, as pg_mblen does.
inline void walk_text(Bytes text) {
    std::size_t at = 0;
    while (at < text.size()) {
        const auto lead = read<std::uint8_t>(text, at);
        require(lead != 0, "a NUL byte in a text");
        std::size_t length = 1;
        if ((lead & 0xE0U) == 0xC0U) {
            length = 2;
        } else if ((lead & 0xF0U) == 0xE0U) {
            length = 3;
        } else if ((lead & 0xF8U) == 0xF0U) {
            length = 4;
        }
        for (const std::byte byte : cut(text, at, length).subspan(1)) {
            require((static_cast<unsigned>(byte) & 0xC0U) == 0x80U, "a character cut short");
        }
        at += length;
    }
}

/// `content` without the varlena header.
void walk_numeric(Bytes content);
void walk_inet(Bytes content);
void walk_jsonb(Bytes content);
/// `value` with it, since the header is part of ArrayType.
void walk_array(Bytes value, std::uint32_t element_oid);

/// Walks the value of a variable-width type that begins `room`.
void walk_value(TypeId type, Bytes room);

} // namespace penstock::fuzz
