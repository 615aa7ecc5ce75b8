#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace penstock::query {

class Session;

/// How a type's text form becomes JSON.
enum class JsonKind : std::uint8_t { kText, kNumber, kBool, kJson, kArray };

struct TypeName {
    std::string name; ///< as SQL spells it, without modifiers
    JsonKind kind = JsonKind::kText;
    std::uint32_t element_type = 0; ///< kArray
    char delimiter = ',';           ///< kArray: between elements
    std::uint32_t base_type = 0;    ///< of a domain: what its values are written as
};

/// The types of a database, by oid.
class TypeNames {
  public:
    TypeNames() = default;
    explicit TypeNames(std::map<std::uint32_t, TypeName> types) : types_(std::move(types)) {}
    /// Reads them from the catalog. Errors: those of Session::run.
    [[nodiscard]] static TypeNames load(Session& session);

    /// "oid 12345", as text, for one made after `load`.
    [[nodiscard]] TypeName find(std::uint32_t type) const;

  private:
    std::map<std::uint32_t, TypeName> types_;
};

/// Appends a JSON string.
void append_json_text(std::string& out, std::string_view text);

/// Appends a value, from the server's text form. Numbers keep every digit, as they never pass
/// through a double; what JSON has no number for (NaN, Infinity) becomes a string. Arrays become
/// arrays of their elements; one with bounds of its own stays a string.
void append_json_value(std::string& out, std::string_view text, const TypeName& type,
                       const TypeNames& types);

} // namespace penstock::query
