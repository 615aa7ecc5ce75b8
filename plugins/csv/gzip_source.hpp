#pragma once

#include "csv/byte_source.hpp"

namespace penstock::csv {

/// Uncompresses `compressed` as it is read: one or more gzip members, one after the other. Memory
/// is bounded (64 KiB and zlib's window) however much a file grows when it is uncompressed.
/// `path` is for messages.
[[nodiscard]] std::unique_ptr<ByteSource> make_gzip_source(std::string path,
                                                           std::unique_ptr<ByteSource> compressed);

} // namespace penstock::csv
