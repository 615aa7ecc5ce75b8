#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// Inside of datum_decode. All take what has been checked.
namespace penstock::datum {

/// What follows the header of a varlena.
[[nodiscard]] std::string_view content_of(const std::byte* varlena) noexcept;

/// As numeric_out prints it. `content` is what follows the varlena header.
[[nodiscard]] std::string numeric_text(std::string_view content);

/// As jsonb_out prints it: keys in the order they are stored.
[[nodiscard]] std::string jsonb_text(std::string_view content);

} // namespace penstock::datum
