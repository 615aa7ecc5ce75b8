#include "penstock/types/utf8.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace penstock {
namespace {

std::string encode(std::uint32_t code_point) {
    std::string text;
    const auto tail = [&](unsigned shift) {
        text += static_cast<char>(0x80U | ((code_point >> shift) & 0x3FU));
    };
    if (code_point < 0x80) {
        text += static_cast<char>(code_point);
    } else if (code_point < 0x800) {
        text += static_cast<char>(0xC0U | (code_point >> 6U));
        tail(0);
    } else if (code_point < 0x10000) {
        text += static_cast<char>(0xE0U | (code_point >> 12U));
        tail(6);
        tail(0);
    } else {
        text += static_cast<char>(0xF0U | (code_point >> 18U));
        tail(12);
        tail(6);
        tail(0);
    }
    return text;
}

TEST(Utf8, accepts_ascii_of_every_length) {
    for (std::size_t length = 0; length < 70; ++length) {
        EXPECT_TRUE(is_valid_text(std::string(length, 'x'))) << length;
    }
}

TEST(Utf8, accepts_every_code_point_but_zero_and_the_surrogates) {
    for (std::uint32_t code_point = 0; code_point <= 0x110000; ++code_point) {
        const bool is_surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
        const bool expected = code_point != 0 && code_point <= 0x10FFFF && !is_surrogate;
        ASSERT_EQ(is_valid_text(encode(code_point)), expected) << std::hex << code_point;
    }
}

TEST(Utf8, names_the_offset_of_a_bad_byte_wherever_it_stands) {
    for (const char bad : {'\0', '\x80', '\xBF', '\xC0', '\xC1', '\xF5', '\xFF'}) {
        for (std::size_t length = 1; length < 40; ++length) {
            for (std::size_t at = 0; at < length; ++at) {
                std::string text(length, 'x');
                text[at] = bad;
                ASSERT_EQ(find_invalid_utf8(text), at) << length;
            }
        }
    }
}

TEST(Utf8, refuses_characters_that_end_too_early) {
    for (const std::uint32_t code_point : {0xFCU, 0x20ACU, 0x1F600U}) {
        const std::string whole = encode(code_point);
        for (std::size_t length = 1; length < whole.size(); ++length) {
            const std::string cut = "12345678" + whole.substr(0, length);
            EXPECT_EQ(find_invalid_utf8(cut), 8U);
            EXPECT_EQ(find_invalid_utf8(cut + "a"), 8U);
        }
    }
}

TEST(Utf8, refuses_overlong_forms_and_surrogates) {
    for (const char* text : {"\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF",
                             "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF", "\xED\xA0\x80", "\xED\xBF\xBF",
                             "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80"}) {
        EXPECT_EQ(find_invalid_utf8(text), 0U) << text;
    }
}

TEST(Utf8, accepts_long_mixed_text) {
    std::string text;
    for (int i = 0; i < 100; ++i) {
        text += "ascii text, ü, €, 😀, ";
    }
    EXPECT_TRUE(is_valid_text(text));
    text[text.size() / 2] = '\xFF';
    EXPECT_FALSE(is_valid_text(text));
}

TEST(Utf8, finds_a_bad_byte_at_every_place_of_a_short_text) {
    for (std::size_t size = 1; size < 20; ++size) {
        for (std::size_t at = 0; at < size; ++at) {
            for (const char bad : {'\0', '\x80', '\xFF'}) {
                std::string text(size, 'x');
                EXPECT_EQ(find_invalid_utf8(text), size);
                text[at] = bad;
                EXPECT_EQ(find_invalid_utf8(text), at) << size;
            }
        }
    }
}

} // namespace
} // namespace penstock
