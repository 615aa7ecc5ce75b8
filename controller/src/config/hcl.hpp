#pragma once

#include "config/syntax.hpp"

#include <string>
#include <string_view>

namespace penstock::config {

/// Reads HCL native syntax: blocks, arguments, literals, lists, objects, heredocs, `plugin.label`,
/// `env("X")` and `file("path")`. Templates, operators and other functions are refused by name.
///
/// `path` only goes into the error's position. Threads: pure. Never throws for what is in `text`.
/// Source: HCL native syntax specification (hashicorp/hcl, hclsyntax/spec.md); README.md lists what
/// is left out.
[[nodiscard]] ParseResult parse_hcl(std::string_view text, const std::string& path);

} // namespace penstock::config
