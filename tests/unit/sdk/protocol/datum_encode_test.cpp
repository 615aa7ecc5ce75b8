#include "penstock/protocol/datum_encode.hpp"

#include "support/datum_column.hpp"
#include "support/golden_datums.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace penstock {
namespace {

using testing::check_at;
using testing::GoldenDatum;
using testing::load_golden_datums;
using testing::long_content_at;

/// Encodes every golden input of `kind`; the bytes must be the server's, and pass our own check.
void expect_server_bytes(
    const char* kind, TypeId type,
    const std::function<std::uint32_t(DataArea&, const std::string&)>& append) {
    for (const GoldenDatum& golden : load_golden_datums(kind)) {
        DataArea area;
        append_text(area, "unaligned");
        const std::uint32_t offset = append(area, golden.input);
        EXPECT_EQ(offset % 4, 0U);
        EXPECT_EQ(long_content_at(area, offset), golden.content) << kind << " " << golden.input;
        EXPECT_EQ(check_at(area, offset, type), DatumFault::kOk) << kind << " " << golden.input;
    }
}

std::vector<std::string> split(const std::string& input) {
    std::vector<std::string> parts;
    std::size_t begin = 0;
    while (!input.empty()) {
        const std::size_t end = input.find('|', begin);
        parts.push_back(input.substr(begin, end - begin));
        if (end == std::string::npos) {
            break;
        }
        begin = end + 1;
    }
    return parts;
}

TEST(DatumEncode, writes_the_servers_numerics) {
    expect_server_bytes("numeric", TypeId::kNumeric, [](DataArea& area, const std::string& input) {
        return append_numeric(area, std::string_view(input)).take();
    });
}

TEST(DatumEncode, writes_the_servers_numerics_from_integers) {
    expect_server_bytes("int8", TypeId::kNumeric, [](DataArea& area, const std::string& input) {
        return append_numeric(area, std::int64_t{std::stoll(input)});
    });
}

TEST(DatumEncode, writes_the_servers_inets_and_cidrs) {
    const auto append = [](DataArea& area, const std::string& input) {
        return append_inet(area, parse_inet(input).take());
    };
    expect_server_bytes("inet", TypeId::kInet, append);
    expect_server_bytes("cidr", TypeId::kCidr, append);
}

TEST(DatumEncode, writes_the_servers_text_arrays) {
    expect_server_bytes("text_array", TypeId::kTextArray,
                        [](DataArea& area, const std::string& input) {
                            return append_text_array(area, split(input));
                        });
}

TEST(DatumEncode, writes_the_servers_int8_arrays) {
    expect_server_bytes("int8_array", TypeId::kInt8Array,
                        [](DataArea& area, const std::string& input) {
                            std::vector<std::int64_t> values;
                            for (const std::string& part : split(input)) {
                                values.push_back(std::stoll(part));
                            }
                            return append_int8_array(area, values);
                        });
}

TEST(DatumEncode, aligns_int8_arrays_to_eight_bytes) {
    DataArea area;
    append_text(area, "abc"); // four bytes
    const std::vector<std::int64_t> values = {1};
    EXPECT_EQ(append_int8_array(area, values), 8U);
}

TEST(DatumEncode, gives_text_a_short_header_up_to_126_bytes) {
    for (const std::size_t length : {0U, 1U, 125U, 126U}) {
        DataArea area;
        EXPECT_EQ(append_text(area, std::string(length, 'x')), 0U);
        EXPECT_EQ(area.size(), length + 1);
        EXPECT_EQ(static_cast<unsigned>(area[0]), 2 * (length + 1) + 1);
        EXPECT_EQ(check_at(area, 0, TypeId::kText), DatumFault::kOk);
    }
}

TEST(DatumEncode, gives_longer_text_an_aligned_long_header) {
    for (const std::size_t length : {127U, 128U, 100'000U}) {
        DataArea area;
        append_text(area, "a");
        const std::string text(length, 'x');
        const std::uint32_t offset = append_text(area, text);
        EXPECT_EQ(offset, 4U);
        EXPECT_EQ(long_content_at(area, offset), text);
        EXPECT_EQ(area[2], std::byte{0});
        EXPECT_EQ(check_at(area, offset, TypeId::kText), DatumFault::kOk);
    }
}

TEST(DatumEncode, takes_space_around_a_numeric) {
    DataArea area;
    const std::uint32_t offset = append_numeric(area, " \t12.5\n").take();
    DataArea plain;
    const std::uint32_t plain_offset = append_numeric(plain, "12.5").take();
    EXPECT_EQ(long_content_at(area, offset), long_content_at(plain, plain_offset));
}

TEST(DatumEncode, refuses_what_is_not_a_number) {
    for (const char* text : {"", " ", "-", ".", "e5", "1e", "1e+", "1 2", "1.2.3", "0x10", "12a",
                             "--1", "nann", "-nan", "1,5", "in", "infinit", "\xC3\xBC"}) {
        DataArea area;
        const auto result = append_numeric(area, std::string_view(text));
        ASSERT_FALSE(result.ok()) << text;
        EXPECT_STREQ(sqlstate_of(result.error()), "22P02") << text;
        EXPECT_TRUE(area.empty());
    }
}

TEST(DatumEncode, refuses_a_numeric_that_overflows_the_format) {
    const std::string many_digits = "0." + std::string(16384, '1');
    for (const std::string& text :
         {std::string("1e131072"), std::string("1e-16384"), std::string("1e999999999999999999999"),
          std::string("1e-999999999999999999999"), many_digits, std::string(131073, '9')}) {
        DataArea area;
        const auto result = append_numeric(area, std::string_view(text));
        ASSERT_FALSE(result.ok()) << text.substr(0, 40);
        EXPECT_STREQ(sqlstate_of(result.error()), "22003");
        EXPECT_TRUE(area.empty());
    }
}

TEST(DatumEncode, refuses_bad_inets) {
    for (const char* text :
         {"", "1.2.3", "1.2.3.256", "1.2.3.4/33", "1.2.3.4/", "1.2.3.4/-1", "1.2.3.4/8x", "::1/129",
          ":::", "1.2.3.4 ", "x", "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc"}) {
        const auto result = parse_inet(text);
        ASSERT_FALSE(result.ok()) << text;
        EXPECT_STREQ(sqlstate_of(result.error()), "22P02");
    }
    EXPECT_FALSE(parse_inet(std::string_view("1.2.3.4\0", 8)).ok());
}

TEST(DatumEncode, parses_uuids_as_the_server_does) {
    const Uuid expected{{0xa0, 0xee, 0xbc, 0x99, 0x9c, 0x0b, 0x4e, 0xf8, 0xbb, 0x6d, 0x6b, 0xb9,
                         0xbd, 0x38, 0x0a, 0x11}};
    for (const char* text :
         {"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
          "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}", "a0eebc999c0b4ef8bb6d6bb9bd380a11",
          "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11"}) {
        EXPECT_EQ(parse_uuid(text).take(), expected) << text;
    }
}

TEST(DatumEncode, refuses_bad_uuids) {
    for (const char* text :
         {"", "{}", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a111",
          "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99--9c0b-4ef8-bb6d-6bb9bd380a11",
          "g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11-"}) {
        const auto result = parse_uuid(text);
        ASSERT_FALSE(result.ok()) << text;
        EXPECT_STREQ(sqlstate_of(result.error()), "22P02");
    }
}

TEST(DataArea, keeps_its_bytes_when_it_grows_and_moves) {
    DataArea area;
    for (int i = 0; i < 10'000; ++i) {
        append_text(area, "value");
    }
    const DataArea moved = std::move(area);
    ASSERT_EQ(moved.size(), 60'000U);
    for (std::size_t i = 0; i < moved.size(); i += 6) {
        ASSERT_EQ(std::memcmp(moved.data() + i + 1, "value", 5), 0);
    }
}

TEST(DataArea, refuses_to_grow_past_four_gibibytes) {
    DataArea area;
    EXPECT_THROW((void)area.extend(std::size_t{1} << 32U), std::length_error);
    EXPECT_TRUE(area.empty());
}

} // namespace
} // namespace penstock
