#include "penstock/protocol/frame.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace penstock {
namespace {

std::vector<std::byte> frame(FrameKind kind, std::uint32_t announced, std::size_t payload) {
    const FrameHeader header = make_header(kind, announced);
    std::vector<std::byte> bytes(sizeof(header) + payload);
    std::memcpy(bytes.data(), &header, sizeof(header));
    return bytes;
}

TEST(Frame, is_cut_off_the_front) {
    std::vector<std::byte> bytes = frame(FrameKind::kScan, 5, 5);
    bytes.resize(bytes.size() + 3); // of the next one
    const auto cut = cut_frame(bytes).take();
    ASSERT_TRUE(cut.has_value());
    EXPECT_EQ(cut->kind, FrameKind::kScan);
    EXPECT_EQ(cut->payload.data(), bytes.data() + 8);
    EXPECT_EQ(cut->payload.size(), 5U);
    EXPECT_EQ(cut->frame_bytes, 13U);
}

TEST(Frame, is_nothing_until_its_last_byte_has_come) {
    const std::vector<std::byte> bytes = frame(FrameKind::kHello, 5, 5);
    for (std::size_t count = 0; count < bytes.size(); ++count) {
        EXPECT_FALSE(cut_frame(std::span(bytes).first(count)).take().has_value()) << count;
    }
}

TEST(Frame, may_be_empty) {
    const auto cut = cut_frame(frame(FrameKind::kCancel, 0, 0)).take();
    ASSERT_TRUE(cut.has_value());
    EXPECT_TRUE(cut->payload.empty());
}

TEST(Frame, refuses_a_length_over_the_limit_before_it_arrives) {
    EXPECT_TRUE(cut_frame(frame(FrameKind::kBlock, kMaxFrameBytes, 0)).ok());
    const auto cut = cut_frame(frame(FrameKind::kBlock, kMaxFrameBytes + 1, 0));
    ASSERT_FALSE(cut.ok());
    EXPECT_EQ(cut.error().kind, ErrorKind::kProtocol);
    EXPECT_TRUE(
        cut_frame(frame(FrameKind::kControl, kMaxFrameBytes + 1, 0), kMaxControlFrameBytes).ok());
}

TEST(Frame, refuses_a_kind_that_is_not_known) {
    for (int number = 0; number < 256; ++number) {
        const bool is_known = (number >= 1 && number <= 4) || (number >= 16 && number <= 20) ||
                              number == 32 || number == 33;
        EXPECT_EQ(cut_frame(frame(static_cast<FrameKind>(number), 0, 0)).ok(), is_known) << number;
    }
}

TEST(Frame, refuses_reserved_bytes_that_are_not_zero) {
    for (const std::size_t at : {5U, 6U, 7U}) {
        std::vector<std::byte> bytes = frame(FrameKind::kHello, 0, 0);
        bytes[at] = std::byte{1};
        const auto cut = cut_frame(bytes);
        ASSERT_FALSE(cut.ok());
        EXPECT_NE(cut.error().message.find("reserved"), std::string::npos);
    }
}

} // namespace
} // namespace penstock
