#pragma once

namespace penstock {

/// Takes protobuf's own reports away for the whole process. It prints one to standard error for
/// each broken string that it reads, so whoever is at the other end could fill the log; what is
/// wrong with a message is in the error that its reader gets.
///
/// Threads: call before others start.
void silence_protobuf();

} // namespace penstock
