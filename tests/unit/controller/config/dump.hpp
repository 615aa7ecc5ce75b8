#pragma once

#include "config/syntax.hpp"

#include <sstream>
#include <string>

/// A tree as one line of text, so that a test can compare it at a glance.
namespace penstock::config {

inline std::string dump(const Expression& expression);

struct Dumper {
    std::ostringstream& out;
    void operator()(std::monostate /*null*/) const { out << "null"; }
    void operator()(bool value) const { out << (value ? "true" : "false"); }
    void operator()(std::int64_t value) const { out << value; }
    void operator()(double value) const { out << "~" << value; }
    void operator()(const std::string& value) const { out << "'" << value << "'"; }
    void operator()(const Reference& value) const {
        out << "@";
        for (const std::string& part : value.path) {
            out << part << (&part == &value.path.back() ? "" : ".");
        }
    }
    void operator()(const Call& value) const {
        out << (value.function == Call::Function::kEnv ? "env:" : "file:") << value.argument;
    }
    void operator()(const ListExpression& list) const {
        out << "[";
        for (const Expression& item : list) {
            out << (&item == &list.front() ? "" : ",") << dump(item);
        }
        out << "]";
    }
    void operator()(const ObjectExpression& object) const {
        out << "{";
        for (const ObjectItem& item : object) {
            out << (&item == &object.front() ? "" : ",") << item.key << ":" << dump(item.value);
        }
        out << "}";
    }
};

inline std::string dump(const Expression& expression) {
    std::ostringstream out;
    std::visit(Dumper{out}, expression.value);
    return out.str();
}

inline std::string dump(const Block& block) {
    std::string text = block.type;
    for (const std::string& label : block.labels) {
        text += " " + label;
    }
    text += "(";
    for (const Attribute& attribute : block.attributes) {
        text += attribute.name + "=" + dump(attribute.value) + ";";
    }
    for (const Block& inner : block.blocks) {
        text += dump(inner);
    }
    return text + ")";
}

/// The document, or "line:column: message".
inline std::string dump(const ParseResult& result) {
    if (const auto* error = std::get_if<ConfigError>(&result)) {
        return std::to_string(error->position.line) + ":" + std::to_string(error->position.column) +
               ": " + error->error.message;
    }
    const auto& document = std::get<Document>(result);
    std::string text;
    for (const Attribute& attribute : document.attributes) {
        text += attribute.name + "=" + dump(attribute.value) + ";";
    }
    for (const Block& block : document.blocks) {
        text += dump(block);
    }
    return text;
}

} // namespace penstock::config
