#pragma once

#include "config/syntax.hpp"

#include <string>
#include <string_view>

namespace penstock::config {

/// Reads the JSON form of the same content: an object of block types, each an object (or a list of
/// objects) by label, each of those an object (or a list) of arguments.
///
/// Keys "//" are comments. In strings `${env("X")}`, `${file("p")}` and `${plugin.label}`, when
/// they are the whole string, mean what they mean in HCL; `$${` is `${`; any other `${` is refused.
/// `path` only goes into positions. Threads: pure. Never throws for what is in `text`.
/// Source: HCL JSON syntax specification (hashicorp/hcl, json/spec.md); README.md.
[[nodiscard]] ParseResult parse_json(std::string_view text, const std::string& path);

} // namespace penstock::config
