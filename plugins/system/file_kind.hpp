#pragma once

#include <string>
#include <string_view>

namespace penstock::system {

/// The type bits of a st_mode in words: file, directory, symlink, pipe, socket, character device,
/// block device; "anonymous" for none.
[[nodiscard]] std::string_view file_kind(unsigned mode) noexcept;

/// The permission bits as `ls -l` shows them, without the type: "rwxr-sr-t".
[[nodiscard]] std::string permission_text(unsigned mode);

/// The permission bits in octal, four digits: "0644", "4755".
[[nodiscard]] std::string octal_mode(unsigned mode);

} // namespace penstock::system
