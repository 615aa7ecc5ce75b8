#include "core/greeting.hpp"

#include "core/raisable.hpp"
#include "penstock/protocol/messages.hpp"

namespace penstock::core {

Status check_welcome(const FrameView& frame) {
    wire::Welcome welcome;
    if (frame.kind != FrameKind::kWelcome || !parse_message(frame.payload, welcome) ||
        welcome.magic() != kProtocolMagic) {
        return Error::make(ErrorKind::kProtocol, "peer does not speak Penstock's protocol",
                           "It did not answer the greeting with a welcome.");
    }
    if (welcome.version() < kMinProtocolVersion || welcome.version() > kProtocolVersion) {
        return Error::make(ErrorKind::kProtocol,
                           "plugin speaks version " + std::to_string(welcome.version()) +
                               " of the protocol, the extension version " +
                               std::to_string(kProtocolVersion),
                           {}, "Install plugins and extension of the same release.");
    }
    return {};
}

Error read_error(const FrameView& frame) {
    wire::ErrorMessage message;
    const Status status = parse_message(frame.payload, message);
    return status ? raisable(read_message(message)) : status.error();
}

} // namespace penstock::core
