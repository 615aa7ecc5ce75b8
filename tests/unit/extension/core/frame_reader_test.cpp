#include "core/frame_reader.hpp"

#include "unit/extension/core/stream.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace penstock::core {
namespace {

/// Feeds `stream` in pieces of at most `piece` bytes; collects the payload of every frame.
std::vector<std::string> read_all(const std::string& stream, std::size_t piece) {
    FrameReader reader;
    std::vector<std::string> payloads;
    std::size_t at = 0;
    while (at < stream.size()) {
        const std::span<std::byte> want = reader.want();
        const std::size_t bytes = std::min({want.size(), piece, stream.size() - at});
        std::memcpy(want.data(), stream.data() + at, bytes);
        at += bytes;
        EXPECT_TRUE(reader.received(bytes).ok());
        while (const auto frame = reader.frame()) {
            EXPECT_EQ(reinterpret_cast<std::uintptr_t>(frame->payload.data()) % 8, 0U);
            payloads.emplace_back(reinterpret_cast<const char*>(frame->payload.data()),
                                  frame->payload.size());
            reader.advance();
        }
    }
    return payloads;
}

std::string raw_frame(FrameKind kind, const std::string& payload) {
    const FrameHeader header = make_header(kind, static_cast<std::uint32_t>(payload.size()));
    return std::string(reinterpret_cast<const char*>(&header), sizeof(header)) + payload;
}

TEST(FrameReader, gives_back_the_frames_whatever_the_pieces) {
    std::mt19937 random(7);
    std::string stream;
    std::vector<std::string> expected;
    for (int index = 0; index < 200; ++index) {
        std::string payload(index % 5 == 0 ? 0 : random() % 300,
                            static_cast<char>('a' + index % 26));
        const FrameKind kind = index % 3 == 0 ? FrameKind::kEnd : FrameKind::kBlock;
        stream += raw_frame(kind, payload);
        expected.push_back(std::move(payload));
    }
    for (const std::size_t piece : {1U, 2U, 7U, 8U, 9U, 64U, 4096U, 1000000U}) {
        EXPECT_EQ(read_all(stream, piece), expected) << "pieces of " << piece;
    }
}

TEST(FrameReader, never_asks_for_more_than_the_frame_and_the_next_header) {
    FrameReader reader;
    const std::string stream = raw_frame(FrameKind::kBlock, std::string(100, 'x'));
    ASSERT_EQ(reader.want().size(), kFrameHeaderBytes);
    std::memcpy(reader.want().data(), stream.data(), kFrameHeaderBytes);
    ASSERT_TRUE(reader.received(kFrameHeaderBytes).ok());
    EXPECT_EQ(reader.want().size(), 100 + kFrameHeaderBytes);
}

TEST(FrameReader, keeps_the_last_block_when_an_end_frame_follows) {
    FrameReader reader;
    const std::string stream = raw_frame(FrameKind::kBlock, "block payload") +
                               raw_frame(FrameKind::kEnd, "overwriting end");
    const std::byte* block = nullptr;
    std::size_t at = 0;
    while (at < stream.size()) {
        const std::span<std::byte> want = reader.want();
        const std::size_t bytes = std::min(want.size(), stream.size() - at);
        std::memcpy(want.data(), stream.data() + at, bytes);
        at += bytes;
        ASSERT_TRUE(reader.received(bytes).ok());
        if (const auto frame = reader.frame()) {
            block = frame->kind == FrameKind::kBlock ? frame->payload.data() : block;
            reader.advance();
        }
    }
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(std::memcmp(block, "block payload", 13), 0);
}

TEST(FrameReader, refuses_a_length_over_the_limit_before_allocating) {
    FrameReader reader(1000);
    const FrameHeader header = make_header(FrameKind::kBlock, 1001);
    std::memcpy(reader.want().data(), &header, sizeof(header));
    const Status status = reader.received(sizeof(header));
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().kind, ErrorKind::kProtocol);
}

TEST(FrameReader, refuses_a_bad_header_that_came_along_with_a_payload) {
    FrameReader reader;
    std::string stream = raw_frame(FrameKind::kBlock, "12345678");
    std::memcpy(reader.want().data(), stream.data(), 8);
    ASSERT_TRUE(reader.received(8).ok());
    const std::span<std::byte> want = reader.want();
    ASSERT_EQ(want.size(), 16U);
    std::memset(want.data(), 0xFF, 16);
    EXPECT_FALSE(reader.received(16).ok());
}

TEST(FrameReader, knows_when_it_is_between_frames) {
    FrameReader reader;
    EXPECT_TRUE(reader.is_between_frames());
    const std::string stream = raw_frame(FrameKind::kEnd, "x");
    std::memcpy(reader.want().data(), stream.data(), 3);
    ASSERT_TRUE(reader.received(3).ok());
    EXPECT_FALSE(reader.is_between_frames());
}

} // namespace
} // namespace penstock::core
