/// Input: one byte for the kind of message, then its bytes.
#include "penstock/protocol/messages.hpp"
#include "penstock/types/type.hpp"

#include <google/protobuf/stubs/logging.h>

#include <array>
#include <cstdint>
#include <span>

namespace penstock::fuzz {
namespace {

using Payload = std::span<const std::byte>;
using Target = void (*)(Payload);

/// Messages that only get parsed: their fields are used as they are.
template <typename Message>
void parse_only(Payload payload) {
    Message message;
    (void)parse_message(payload, message);
}

template <typename Message>
void parse_and_read(Payload payload) {
    Message message;
    if (parse_message(payload, message)) {
        (void)read_message(message);
    }
}

void read_value(Payload payload) {
    wire::Value message;
    if (!parse_message(payload, message)) {
        return;
    }
    for (const TypeInfo& type : all_types()) {
        const Result<Value> value = read_message(message, type.id);
        if (value) {
            wire::Value again;
            write_message(value.value(), type.id, again);
        }
    }
}

void read_hello(Payload payload) {
    wire::Hello message;
    if (parse_message(payload, message)) {
        (void)agree_on_version(message);
    }
}

constexpr std::array<Target, 12> kTargets = {
    read_value,
    read_hello,
    parse_and_read<wire::ErrorMessage>,
    parse_and_read<wire::ConfigValue>,
    parse_and_read<wire::Scan>,
    parse_and_read<wire::Schema>,
    parse_and_read<wire::ArgumentSpec>,
    parse_only<wire::Welcome>,
    parse_only<wire::End>,
    parse_only<wire::Import>,
    parse_only<wire::ControlRequest>,
    parse_only<wire::ControlReply>,
};

} // namespace
} // namespace penstock::fuzz

/// protobuf reports each broken string on standard error, which takes longer than all the rest.
extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
    google::protobuf::SetLogHandler(nullptr);
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace penstock::fuzz;
    if (size == 0) {
        return -1;
    }
    kTargets[data[0] % kTargets.size()](std::as_bytes(std::span(data, size)).subspan(1));
    return 0;
}
