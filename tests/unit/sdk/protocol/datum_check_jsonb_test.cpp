#include "penstock/plugin/jsonb.hpp"
#include "penstock/protocol/datum_check.hpp"

#include "support/datum_column.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace penstock {
namespace {

using testing::check_bytes;
using testing::patched;
using testing::varlena;
using namespace std::string_view_literals;

constexpr std::uint32_t kArray = 0x40000000;
constexpr std::uint32_t kObject = 0x20000000;
constexpr std::uint32_t kScalar = 0x10000000;
constexpr std::uint32_t kHasOffset = 0x80000000;
constexpr std::uint32_t kContainer = 0x50000000;
constexpr std::uint32_t kTrue = 0x30000000;

std::string encode(std::string_view json) {
    DataArea area;
    const std::uint32_t offset = append_jsonb(area, json).take();
    return {reinterpret_cast<const char*>(area.data()) + offset, area.size() - offset};
}

std::string number(std::uint32_t value) {
    return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

DatumFault check(const std::string& bytes) {
    return check_bytes(bytes, TypeId::kJsonb);
}

/// `json` with the uint32 at `at` (from the start of the varlena) changed.
DatumFault check_changed(std::string_view json, std::size_t at, std::uint32_t value) {
    return check(patched(encode(json), at, number(value)));
}

TEST(DatumCheckJsonb, refuses_headers_the_server_does_not_write) {
    for (const std::uint32_t header :
         {0U, 1U, kScalar, kObject | kArray, kObject | kScalar, kArray | kScalar,
          kArray | kHasOffset, kObject | 1U, kArray | 1U, kArray | 0x0FFFFFFFU,
          kObject | 0x0FFFFFFFU, kObject | 0x08000000U}) {
        EXPECT_EQ(check(varlena(number(header))), DatumFault::kBadJsonb) << std::hex << header;
    }
    EXPECT_EQ(check(varlena("")), DatumFault::kBadJsonb);
    EXPECT_EQ(check(varlena("ab")), DatumFault::kBadJsonb);
    EXPECT_EQ(check(varlena(number(kArray) + "x")), DatumFault::kBadJsonb) << "bytes left over";
}

TEST(DatumCheckJsonb, refuses_keys_that_are_not_sorted_or_not_unique) {
    const std::string good = encode(R"({"a":1,"b":2})");
    const std::size_t keys = 4 + 4 + 4 * 4;
    ASSERT_EQ(good.substr(keys, 2), "ab");
    EXPECT_EQ(check(good), DatumFault::kOk);
    EXPECT_EQ(check(patched(good, keys, "ba")), DatumFault::kBadJsonb);
    EXPECT_EQ(check(patched(good, keys, "aa")), DatumFault::kBadJsonb);
    EXPECT_EQ(check(patched(good, keys, "a\xFF")), DatumFault::kBadText);
    // Longer keys come last: "aab" cut as "aa", "b" instead of "a", "ab".
    EXPECT_EQ(check_changed(R"({"a":true,"ab":true})", 8, kHasOffset | 2), DatumFault::kBadJsonb);
}

TEST(DatumCheckJsonb, refuses_keys_that_are_not_strings) {
    EXPECT_EQ(check_changed(R"({"":true})", 8, kHasOffset | kTrue), DatumFault::kBadJsonb);
}

TEST(DatumCheckJsonb, refuses_entries_that_leave_their_container) {
    const std::string_view json = R"(["abc","de"])";
    EXPECT_EQ(check_changed(json, 8, kHasOffset | 3), DatumFault::kOk);
    EXPECT_EQ(check_changed(json, 8, kHasOffset | 6), DatumFault::kBadJsonb);
    EXPECT_EQ(check_changed(json, 8, kHasOffset | 0x0FFFFFFF), DatumFault::kBadJsonb);
    EXPECT_EQ(check_changed(json, 12, 3), DatumFault::kBadJsonb);
    EXPECT_EQ(check_changed(json, 12, 1), DatumFault::kBadJsonb) << "a byte left over";
}

TEST(DatumCheckJsonb, wants_offsets_at_every_32nd_entry_and_only_there) {
    std::string json = "[0";
    for (int i = 1; i < 40; ++i) {
        json += ",\"x\"";
    }
    json += ']';
    const std::string good = encode(json);
    ASSERT_EQ(check(good), DatumFault::kOk);
    EXPECT_EQ(check(patched(good, 8 + 4 * 32, number(1))), DatumFault::kBadJsonb);
    EXPECT_EQ(check(patched(good, 8 + 4, number(kHasOffset | 7))), DatumFault::kBadJsonb);
}

TEST(DatumCheckJsonb, refuses_unknown_entry_types_and_literals_with_bytes) {
    EXPECT_EQ(check_changed(R"(["a"])", 8, kHasOffset | 0x60000000 | 1), DatumFault::kBadJsonb);
    EXPECT_EQ(check_changed(R"(["a"])", 8, kHasOffset | 0x70000000 | 1), DatumFault::kBadJsonb);
    EXPECT_EQ(check_changed(R"(["a"])", 8, kHasOffset | kTrue | 1), DatumFault::kBadJsonb);
}

TEST(DatumCheckJsonb, refuses_bad_strings) {
    EXPECT_EQ(check(patched(encode(R"(["ab"])"), 12, "\0"sv)), DatumFault::kBadText);
    EXPECT_EQ(check(patched(encode(R"(["ab"])"), 13, "\xC3"sv)), DatumFault::kBadText);
}

TEST(DatumCheckJsonb, checks_the_numbers_inside) {
    const std::string good = encode("[1]");
    ASSERT_EQ(good.size(), 4U + 4 + 4 + 8);
    EXPECT_EQ(check(patched(good, 18, "\x10\x27")), DatumFault::kBadNumeric);
    EXPECT_EQ(check(patched(good, 12, number(100 << 2U))), DatumFault::kBadJsonb);
    EXPECT_EQ(check(patched(good, 12, number(0))), DatumFault::kBadJsonb);
    EXPECT_EQ(check(patched(good, 12, "\x22")), DatumFault::kBadJsonb) << "compressed";
    const std::string nan =
        varlena(number(kArray | 1) + number(kHasOffset | 0x10000000 | 6) + varlena("\x00\xC0"sv));
    EXPECT_EQ(check(nan), DatumFault::kBadNumeric) << "JSON has no NaN";
}

TEST(DatumCheckJsonb, refuses_padding_that_is_not_zero_or_missing) {
    const std::string good = encode(R"(["a",1])");
    ASSERT_EQ(good.substr(16, 4), "a\0\0\0"sv);
    EXPECT_EQ(check(good), DatumFault::kOk);
    EXPECT_EQ(check(patched(good, 17, "x")), DatumFault::kBadJsonb);
    EXPECT_EQ(check_changed(R"(["a",1])", 12, 0x10000000 | 2), DatumFault::kBadJsonb);
}

TEST(DatumCheckJsonb, keeps_scalar_arrays_to_the_root_and_to_one_scalar) {
    EXPECT_EQ(check(encode("1")), DatumFault::kOk);
    EXPECT_EQ(check_changed("[1,2]", 4, kArray | kScalar | 2), DatumFault::kBadJsonb);
    EXPECT_EQ(check_changed("[[]]", 4, kArray | kScalar | 1), DatumFault::kBadJsonb);
    EXPECT_EQ(check_changed("[[1]]", 12, kArray | kScalar | 1), DatumFault::kBadJsonb);
    EXPECT_EQ(check_changed("[1]", 4, kArray | kScalar | 1), DatumFault::kOk);
}

TEST(DatumCheckJsonb, refuses_documents_deeper_than_the_limit) {
    std::string container = number(kArray);
    for (int depth = 2; depth <= 1001; ++depth) {
        const auto size = static_cast<std::uint32_t>(container.size());
        container.insert(0, number(kArray | 1) + number(kHasOffset | kContainer | size));
        EXPECT_EQ(check(varlena(container)),
                  depth <= 1000 ? DatumFault::kOk : DatumFault::kBadJsonb)
            << depth;
    }
}

} // namespace
} // namespace penstock
