#pragma once

#include <string>
#include <string_view>

namespace penstock::config {

/// SipHash-2-4 as 16 hexadecimal digits. Keyed, because hashes of configurations can be read in
/// SQL: without the key nobody can try out passwords against them.
///
/// `key` = any bytes; the first 16 count, missing ones are zero. Threads: pure.
/// Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012.
[[nodiscard]] std::string keyed_hash(std::string_view key, std::string_view text);

} // namespace penstock::config
