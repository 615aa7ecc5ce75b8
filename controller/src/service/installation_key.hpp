#pragma once

#include <filesystem>
#include <string>

namespace penstock::service {

/// The 16 random bytes that only this installation knows; they keep Connection::config_hash, which
/// everybody can read in SQL, from confirming guessed secrets. Read from `file`, or made there with
/// mode 0600. A file that holds no key is replaced: that costs one refresh without any change.
/// Errors: Exception kPermission naming the file. Call under the service's lock.
[[nodiscard]] std::string installation_key(const std::filesystem::path& file);

} // namespace penstock::service
