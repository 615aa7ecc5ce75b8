#pragma once

#include "config/configuration.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What a configuration file says, before it is known what it means: the same tree for HCL and
/// JSON.
namespace penstock::config {

/// A place inside one file; line and column count from 1. Columns count bytes in the tree and
/// characters in errors of syntax: they differ only right of a character outside ASCII.
struct Mark {
    int line = 0;
    int column = 0;
};

struct Expression;
struct ObjectItem;

/// `plugin.csv`: a name of something configured elsewhere. Parts are never empty, at least two.
struct Reference {
    std::vector<std::string> path;
};

/// `env("NAME")` or `file("path")`. Resolved on every rescan, so a changed secret is seen.
struct Call {
    enum class Function : std::uint8_t { kEnv, kFile } function = Function::kEnv;
    std::string argument;
};

using ListExpression = std::vector<Expression>;
using ObjectExpression = std::vector<ObjectItem>; ///< in the file's order; keys are unique

struct Expression {
    /// monostate is null.
    std::variant<std::monostate, bool, std::int64_t, double, std::string, Reference, Call,
                 ListExpression, ObjectExpression>
        value;
    Mark start;
    int end_line = 0; ///< objects of JSON files only
};

struct ObjectItem {
    std::string key;
    Mark start; ///< of the key
    Expression value;
};

/// `name = value`
struct Attribute {
    std::string name;
    Mark start; ///< of the name
    Expression value;
};

/// `type "label" … { … }`
struct Block {
    std::string type;
    std::vector<std::string> labels;
    std::vector<Attribute> attributes; ///< in the file's order; names are unique
    std::vector<Block> blocks;
    Mark start; ///< of the type
    int end_line = 0;
};

struct Document {
    std::vector<Attribute> attributes;
    std::vector<Block> blocks;
};

/// A document, or why there is none. The error's position names `path`.
using ParseResult = std::variant<Document, ConfigError>;

/// Lists and blocks deeper than this are refused, so that no file can exhaust the stack.
inline constexpr int kMaxNesting = 64;

/// The line and the column, in characters, of a byte offset. A leading byte order mark has no
/// width.
[[nodiscard]] Mark mark_of_offset(std::string_view text, std::size_t offset) noexcept;

/// The first byte that cannot stand in a configuration: NUL, or one that breaks UTF-8.
/// Returns: nothing when all is well.
[[nodiscard]] std::optional<ConfigError> check_text(std::string_view text, const std::string& path);

/// What a code point is in UTF-8; nothing for NUL, surrogates and numbers past U+10FFFF.
[[nodiscard]] std::optional<std::string> utf8_of(std::uint32_t code_point);

} // namespace penstock::config
