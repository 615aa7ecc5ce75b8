#include "penstock/protocol/datum_check.hpp"

#include "support/datum_column.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {
namespace {

using testing::check_at;
using testing::check_bytes;
using testing::patched;
using testing::varlena;
using namespace std::string_literals;
using namespace std::string_view_literals;

std::string bytes_of(const DataArea& area, std::uint32_t offset) {
    return {reinterpret_cast<const char*>(area.data()) + offset, area.size() - offset};
}

std::string number(std::uint32_t value) {
    return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

TEST(DatumCheck, reports_offsets_outside_the_data_area) {
    DataArea area;
    append_text(area, "abc");
    EXPECT_EQ(check_at(area, 0, TypeId::kText), DatumFault::kOk);
    EXPECT_EQ(check_at(area, 4, TypeId::kText), DatumFault::kOutOfBounds);
    EXPECT_EQ(check_at(area, 0xFFFFFFFF, TypeId::kText), DatumFault::kOutOfBounds);
    EXPECT_EQ(check_at(DataArea(), 0, TypeId::kText), DatumFault::kOutOfBounds);
}

TEST(DatumCheck, reports_text_that_is_longer_than_the_data_area) {
    EXPECT_EQ(check_bytes("\x09"
                          "abc"sv,
                          TypeId::kText),
              DatumFault::kOk);
    EXPECT_EQ(check_bytes("\x0B"
                          "abc"sv,
                          TypeId::kText),
              DatumFault::kOutOfBounds);
    EXPECT_EQ(check_bytes("\xFF"
                          "abc"sv,
                          TypeId::kText),
              DatumFault::kOutOfBounds);
    const std::string good = varlena(std::string(200, 'x'));
    EXPECT_EQ(check_bytes(good, TypeId::kText), DatumFault::kOk);
    EXPECT_EQ(check_bytes(good.substr(0, 203), TypeId::kText), DatumFault::kOutOfBounds);
    EXPECT_EQ(check_bytes(good.substr(0, 3), TypeId::kText), DatumFault::kOutOfBounds);
    EXPECT_EQ(check_bytes(patched(good, 0, "\xFC\xFF\xFF\xFF"), TypeId::kText),
              DatumFault::kOutOfBounds);
}

TEST(DatumCheck, refuses_headers_of_the_wrong_kind) {
    EXPECT_EQ(check_bytes("\x01\x12\0\0\0\0\0\0\0\0"sv, TypeId::kText), DatumFault::kBadHeader)
        << "a TOAST pointer";
    EXPECT_EQ(check_bytes(patched(varlena("abcd"), 0, "\x22"), TypeId::kText),
              DatumFault::kBadHeader)
        << "compressed";
    EXPECT_EQ(check_bytes("\x0C\0\0"sv, TypeId::kText), DatumFault::kOutOfBounds);
    EXPECT_EQ(check_bytes("\x08\0\0\0"sv, TypeId::kText), DatumFault::kBadHeader) << "size 2";
    EXPECT_EQ(check_bytes("\0\0\0\0"sv, TypeId::kText), DatumFault::kBadHeader) << "size 0";
    EXPECT_EQ(check_bytes("\x09\x80\0\0"sv, TypeId::kNumeric), DatumFault::kBadHeader)
        << "a short header where only text may have one";
    EXPECT_EQ(check_bytes(varlena("abcd"), TypeId::kInt8), DatumFault::kBadHeader)
        << "a type that is no varlena";
    EXPECT_EQ(check_bytes(varlena("abcd"), static_cast<TypeId>(99)), DatumFault::kBadHeader);
}

TEST(DatumCheck, refuses_long_headers_that_are_not_aligned) {
    DataArea area;
    const std::string bytes = std::string(1, '\0') + varlena("abcd");
    std::memcpy(area.extend(bytes.size()), bytes.data(), bytes.size());
    EXPECT_EQ(check_at(area, 1, TypeId::kText), DatumFault::kBadHeader);
}

TEST(DatumCheck, wants_int8_arrays_aligned_to_eight_bytes) {
    DataArea area;
    const std::vector<std::int64_t> values = {1, 2};
    const std::uint32_t offset = append_int8_array(area, values);
    const std::string bytes = std::string(4, '\0') + bytes_of(area, offset);
    DataArea shifted;
    std::memcpy(shifted.extend(bytes.size()), bytes.data(), bytes.size());
    EXPECT_EQ(check_at(shifted, 4, TypeId::kInt8Array), DatumFault::kBadHeader);
}

TEST(DatumCheck, refuses_bad_text_but_takes_any_bytea) {
    for (const std::string_view text : {"a\0b"sv, "\xFF"sv, "12345678\xC3"sv, "\xED\xA0\x80"sv}) {
        DataArea area;
        append_text(area, text);
        EXPECT_EQ(check_at(area, 0, TypeId::kText), DatumFault::kBadText);
        EXPECT_EQ(check_at(area, 0, TypeId::kBytea), DatumFault::kOk);
    }
}

TEST(DatumCheck, refuses_numerics_the_server_would_not_write) {
    const auto check = [](std::string_view content) {
        return check_bytes(varlena(content), TypeId::kNumeric);
    };
    EXPECT_EQ(check("\x00\x80\x01\x00"sv), DatumFault::kOk) << "1";
    EXPECT_EQ(check("\x00\xC0"sv), DatumFault::kOk) << "NaN";
    EXPECT_EQ(check("\x02\x00\x00\x00\x01\x00"sv), DatumFault::kOk) << "1.00 in the long form";
    for (const std::string_view content : {
             ""sv, "\x00"sv,
             "\x00\x80\x01"sv,               // half a digit
             "\x00\x80\x10\x27"sv,           // digit 10000
             "\x00\x80\xFF\xFF"sv,           // digit 65535
             "\x01\x80\x00\x00\x01\x00"sv,   // leading zero
             "\x01\x80\x01\x00\x00\x00"sv,   // trailing zero
             "\x01\x80"sv,                   // zero with a weight
             "\x00\xA0"sv,                   // negative zero
             "\x00\x80\x01\x00\x01\x00"sv,   // digits past dscale
             "\x7F\x80\x01\x00"sv,           // the same by weight
             "\x00\xC0\x01\x00"sv,           // NaN with a digit
             "\x01\xC0"sv, "\x00\xE0"sv,     // unknown specials
             "\x00\x00"sv, "\x00\x00\x00"sv, // the long form, cut
             "\x00\x40\x00\x00"sv,           // negative zero in the long form
             "\x00\x00\x00\x80\x01\x00"sv,   // weight -32768 without the dscale for it
         }) {
        EXPECT_EQ(check(content), DatumFault::kBadNumeric) << ::testing::PrintToString(content);
    }
}

TEST(DatumCheck, refuses_malformed_addresses) {
    const auto check = [](std::string_view content, TypeId type = TypeId::kInet) {
        return check_bytes(varlena(content), type);
    };
    EXPECT_EQ(check("\x02\x18\x0A\x01\x02\x03"sv), DatumFault::kOk);
    EXPECT_EQ(check("\x02\x18\x0A\x01\x02\x00"sv, TypeId::kCidr), DatumFault::kOk);
    EXPECT_EQ(check("\x02\x19\x0A\x01\x02\x80"sv, TypeId::kCidr), DatumFault::kOk);
    for (const std::string_view content : {
             ""sv, "\x02"sv, "\x02\x20"sv,
             "\x02\x20\x0A\x01\x02"sv,         // three bytes
             "\x02\x20\x0A\x01\x02\x03\x04"sv, // five
             "\x02\x21\x0A\x01\x02\x03"sv,     // 33 bits
             "\x0A\x20\x0A\x01\x02\x03"sv,     // Linux' AF_INET6
             "\x03\x20\x0A\x01\x02\x03"sv,     // v6 with the bytes of v4
             "\x03\x81"
             "1234567890123456"sv, // 129 bits
         }) {
        EXPECT_EQ(check(content), DatumFault::kBadInet) << ::testing::PrintToString(content);
    }
    EXPECT_EQ(check("\x02\x18\x0A\x01\x02\x01"sv, TypeId::kCidr), DatumFault::kBadInet);
    EXPECT_EQ(check("\x02\x19\x0A\x01\x02\xC0"sv, TypeId::kCidr), DatumFault::kBadInet);
    EXPECT_EQ(check("\x02\x00\x0A\x00\x00\x00"sv, TypeId::kCidr), DatumFault::kBadInet);
}

class ArrayCheck : public ::testing::Test {
  protected:
    void SetUp() override {
        const std::vector<std::string> texts = {"a", "bc", ""};
        DataArea area;
        texts_ = bytes_of(area, append_text_array(area, texts));
        area.clear();
        const std::vector<std::int64_t> numbers = {1, 2};
        numbers_ = bytes_of(area, append_int8_array(area, numbers));
    }
    std::string texts_;
    std::string numbers_;
};

TEST_F(ArrayCheck, refuses_false_headers) {
    EXPECT_EQ(check_bytes(texts_, TypeId::kTextArray), DatumFault::kOk);
    EXPECT_EQ(check_bytes(numbers_, TypeId::kInt8Array), DatumFault::kOk);
    EXPECT_EQ(check_bytes(texts_, TypeId::kInt8Array), DatumFault::kBadArray);
    EXPECT_EQ(check_bytes(numbers_, TypeId::kTextArray), DatumFault::kBadArray);
    struct Change {
        std::size_t at;
        std::uint32_t value;
    };
    for (const Change change : {
             Change{4, 0}, Change{4, 2}, Change{4, 0xFFFFFFFF},          // dimensions
             Change{8, 24}, Change{8, 8}, Change{8, 0x80000000},         // offset of the data
             Change{12, 26},                                             // element type
             Change{16, 0}, Change{16, 1}, Change{16, 3}, Change{16, 4}, // length
             Change{16, 0x20000002}, Change{16, 0x80000002}, Change{16, 0xFFFFFFFF},
             Change{20, 0x7FFFFFFF}, // lower bound
         }) {
        const std::string bytes = patched(numbers_, change.at, number(change.value));
        EXPECT_EQ(check_bytes(bytes, TypeId::kInt8Array), DatumFault::kBadArray)
            << change.at << " " << change.value;
    }
    EXPECT_EQ(check_bytes(patched(numbers_, 20, number(0)), TypeId::kInt8Array), DatumFault::kOk);
    EXPECT_EQ(check_bytes(varlena("\0\0\0\0"), TypeId::kInt8Array), DatumFault::kBadArray);
}

TEST_F(ArrayCheck, refuses_an_empty_array_with_bytes) {
    DataArea area;
    const std::string empty = bytes_of(area, append_int8_array(area, {}));
    EXPECT_EQ(check_bytes(empty, TypeId::kInt8Array), DatumFault::kOk);
    EXPECT_EQ(check_bytes(varlena(empty.substr(4) + "1234"), TypeId::kInt8Array),
              DatumFault::kBadArray);
}

TEST_F(ArrayCheck, refuses_bad_text_elements) {
    const auto check = [&](std::size_t at, std::string_view bytes) {
        return check_bytes(patched(texts_, at, bytes), TypeId::kTextArray);
    };
    EXPECT_EQ(check(28, "\xFF"sv), DatumFault::kBadText);
    EXPECT_EQ(check(28, "\0"sv), DatumFault::kBadText);
    EXPECT_EQ(check(29, "x"sv), DatumFault::kBadArray) << "padding";
    EXPECT_EQ(check(24, "\x00"sv), DatumFault::kBadArray) << "size 0";
    EXPECT_EQ(check(24, "\x15"sv), DatumFault::kBadArray) << "short header";
    EXPECT_EQ(check(24, "\x16"sv), DatumFault::kBadArray) << "compressed";
    EXPECT_EQ(check(24, "\xFC\xFF\xFF\xFF"sv), DatumFault::kBadArray) << "too long";
    EXPECT_EQ(check(16, number(2)), DatumFault::kBadArray) << "bytes left over";
    EXPECT_EQ(check(16, number(4)), DatumFault::kBadArray) << "elements missing";
}

TEST_F(ArrayCheck, takes_a_null_bitmap_that_fits) {
    // {1, NULL, 2}: bitmap 101, elements from the next multiple of 8 on.
    const std::string header = number(1) + number(32) + number(20) + number(3) + number(1);
    const std::string elements = numbers_.substr(24);
    const std::string good = varlena(header + "\x05\0\0\0\0\0\0\0"s + elements);
    EXPECT_EQ(check_bytes(good, TypeId::kInt8Array), DatumFault::kOk);
    EXPECT_EQ(check_bytes(patched(good, 24, "\x07"), TypeId::kInt8Array), DatumFault::kBadArray);
    EXPECT_EQ(check_bytes(patched(good, 24, "\x01"), TypeId::kInt8Array), DatumFault::kBadArray);
    EXPECT_EQ(check_bytes(patched(good, 8, number(40)), TypeId::kInt8Array), DatumFault::kBadArray);
}

TEST(DatumCheck, knows_the_ranges_of_fixed_types) {
    const auto check = [](TypeId type, auto value) {
        return check_fixed(type, reinterpret_cast<const std::byte*>(&value));
    };
    using Int64 = std::numeric_limits<std::int64_t>;
    using Int32 = std::numeric_limits<std::int32_t>;
    for (const std::int64_t good :
         {std::int64_t{0}, Int64::min(), Int64::max(), std::int64_t{-211'813'488'000'000'000},
          std::int64_t{9'223'371'331'199'999'999}}) {
        EXPECT_EQ(check(TypeId::kTimestamptz, good), DatumFault::kOk) << good;
    }
    for (const std::int64_t bad :
         {Int64::min() + 1, Int64::max() - 1, std::int64_t{-211'813'488'000'000'001},
          std::int64_t{9'223'371'331'200'000'000}}) {
        EXPECT_EQ(check(TypeId::kTimestamptz, bad), DatumFault::kBadRange) << bad;
    }
    for (const std::int32_t good : {0, Int32::min(), Int32::max(), -2'451'545, 2'147'481'948}) {
        EXPECT_EQ(check(TypeId::kDate, good), DatumFault::kOk) << good;
    }
    for (const std::int32_t bad : {Int32::min() + 1, Int32::max() - 1, -2'451'546, 2'147'481'949}) {
        EXPECT_EQ(check(TypeId::kDate, bad), DatumFault::kBadRange) << bad;
    }
    EXPECT_EQ(check(TypeId::kBool, std::uint8_t{1}), DatumFault::kOk);
    EXPECT_EQ(check(TypeId::kBool, std::uint8_t{2}), DatumFault::kBadRange);
    EXPECT_EQ(check(TypeId::kInt8, Int64::min() + 1), DatumFault::kOk);
}

TEST(DatumCheck, describes_every_fault) {
    for (int fault = 0; fault <= static_cast<int>(DatumFault::kBadArray); ++fault) {
        EXPECT_GT(std::string_view(describe(static_cast<DatumFault>(fault))).size(), 5U);
    }
}

} // namespace
} // namespace penstock
