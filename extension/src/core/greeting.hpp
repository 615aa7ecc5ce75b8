#pragma once

#include "penstock/protocol/frame.hpp"

namespace penstock::core {

/// What every stream from a plugin begins with.
///
/// Checks the first frame that is no error frame: a welcome of a version that we speak.
/// Errors: kProtocol, with what to do about it.
[[nodiscard]] Status check_welcome(const FrameView& frame);

/// The error of a kError frame, ready to be raised; kProtocol when the frame is malformed.
[[nodiscard]] Error read_error(const FrameView& frame);

} // namespace penstock::core
