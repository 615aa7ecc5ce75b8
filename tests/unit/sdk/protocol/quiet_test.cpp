#include "penstock/protocol/quiet.hpp"

#include "penstock/protocol/messages.hpp"

#include <gtest/gtest.h>

namespace penstock {
namespace {

std::string read_broken_text() {
    wire::ErrorMessage message;
    message.set_message("a");
    std::string bytes = message.SerializeAsString();
    bytes.back() = '\xff';
    testing::internal::CaptureStderr();
    EXPECT_FALSE(message.ParseFromString(bytes));
    return testing::internal::GetCapturedStderr();
}

TEST(Quiet, keeps_broken_messages_out_of_the_log) {
    silence_protobuf();
    EXPECT_EQ(read_broken_text(), "");
}

} // namespace
} // namespace penstock
