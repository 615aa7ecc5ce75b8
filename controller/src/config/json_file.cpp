#include "config/json_file.hpp"

#include "config/block_types.hpp"
#include "config/json_reader.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace penstock::config {

namespace json {

namespace {

constexpr const char* kTemplateHint = "A whole string may be ${env(\"NAME\")}, ${file(\"path\")} "
                                      "or ${plugin.label}; write $${ or %%{ "
                                      "for the characters themselves.";

constexpr std::array<std::pair<std::string_view, Call::Function>, 2> kCalls = {{
    {"env(\"", Call::Function::kEnv},
    {"file(\"", Call::Function::kFile},
}};

bool is_word(std::string_view text) {
    constexpr std::string_view kLetters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    return !text.empty() && text.find_first_not_of(kLetters) == std::string_view::npos;
}

/// `env("X")` or `file("p")`, when that is all there is.
std::optional<Call> read_call(std::string_view text) {
    for (const auto& [start, function] : kCalls) {
        if (!text.starts_with(start) || !text.ends_with("\")") || text.size() <= start.size() + 2) {
            continue;
        }
        const std::string_view argument = text.substr(start.size(), text.size() - start.size() - 2);
        if (argument.find_first_of("\"\\") == std::string_view::npos) {
            return Call{.function = function, .argument = std::string(argument)};
        }
    }
    return std::nullopt;
}

/// What a string means that is one template as a whole; nothing when it is not, or is another one.
std::optional<decltype(Expression::value)> read_template(std::string_view text) {
    if (!text.starts_with("${") || !text.ends_with('}')) {
        return std::nullopt;
    }
    const std::string_view inner = text.substr(2, text.size() - 3);
    if (std::optional<Call> call = read_call(inner)) {
        return *std::move(call);
    }
    const std::size_t dot = inner.find('.');
    if (dot == std::string_view::npos || !is_word(inner.substr(0, dot)) ||
        !is_word(inner.substr(dot + 1))) {
        return std::nullopt;
    }
    return Reference{
        .path = {std::string(inner.substr(0, dot)), std::string(inner.substr(dot + 1))}};
}

std::string unescape(std::string_view text, Mark mark) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        const std::string_view rest = text.substr(at);
        if (rest.starts_with("$${") || rest.starts_with("%%{")) {
            out.append(rest.substr(1, 2));
            at += 2;
        } else if (rest.starts_with("${") || rest.starts_with("%{")) {
            fail(mark, "template interpolation is not supported", kTemplateHint);
        } else {
            out.push_back(text[at]);
        }
    }
    return out;
}

/// Reads the templates in all strings below. Depth is bounded by the reader.
void read_strings(Expression& expression) { // NOLINT(misc-no-recursion)
    if (auto* list = std::get_if<ListExpression>(&expression.value)) {
        for (Expression& item : *list) {
            read_strings(item);
        }
    } else if (auto* object = std::get_if<ObjectExpression>(&expression.value)) {
        for (ObjectItem& item : *object) {
            read_strings(item.value);
        }
    } else if (const auto* text = std::get_if<std::string>(&expression.value)) {
        auto value = read_template(*text);
        expression.value = value ? *std::move(value) : unescape(*text, expression.start);
    }
}

/// Turns one block type's value into blocks; a list stands for several of the same.
class Expander {
  public:
    Expander(const BlockType& type, std::vector<Block>& out) : type_(type), out_(out) {}

    // NOLINTNEXTLINE(misc-no-recursion): two levels of labels, lists bounded by the reader
    void expand(Expression& expression, Mark mark) {
        if (auto* list = std::get_if<ListExpression>(&expression.value)) {
            for (Expression& item : *list) {
                expand(item, item.start);
            }
            return;
        }
        auto* object = std::get_if<ObjectExpression>(&expression.value);
        if (object == nullptr) {
            fail(mark, "\"" + std::string(type_.name) + "\" must be an object",
                 "In JSON it looks like: " + std::string(type_.json_example));
        }
        if (!label_) {
            expand_labels(*object);
            return;
        }
        out_.push_back(make_block(*object, mark, expression.end_line));
    }

  private:
    void expand_labels(ObjectExpression& object) { // NOLINT(misc-no-recursion)
        for (ObjectItem& item : object) {
            if (item.key == "//") {
                continue;
            }
            label_ = item.key;
            expand(item.value, item.start);
            label_.reset();
        }
    }

    [[nodiscard]] Block make_block(ObjectExpression& object, Mark mark, int end_line) const {
        Block block;
        block.type = type_.name;
        block.labels = {*label_};
        block.start = mark;
        block.end_line = end_line;
        for (ObjectItem& item : object) {
            if (item.key != "//") {
                read_strings(item.value);
                block.attributes.push_back({item.key, item.start, std::move(item.value)});
            }
        }
        return block;
    }

    const BlockType& type_;
    std::vector<Block>& out_;
    std::optional<std::string> label_;
};

Document document_of(Expression root) {
    auto* object = std::get_if<ObjectExpression>(&root.value);
    if (object == nullptr) {
        fail({1, 1}, "the file must hold one JSON object",
             "It looks like: {\"connection\": {\"name\": {\"plugin\": \"…\"}}}.");
    }
    Document document;
    for (ObjectItem& item : *object) {
        if (item.key == "//") {
            continue;
        }
        const BlockType* const type = find_block_type(item.key);
        if (type == nullptr) {
            fail(item.start, "unknown block \"" + item.key + "\"", block_type_hint());
        }
        Expander(*type, document.blocks).expand(item.value, item.start);
    }
    return document;
}

} // namespace

} // namespace json

ParseResult parse_json(std::string_view text, const std::string& path) {
    if (std::optional<ConfigError> bad_text = check_text(text, path)) {
        return *std::move(bad_text);
    }
    if (text.starts_with("\xEF\xBB\xBF")) {
        text.remove_prefix(3);
    }
    try {
        if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
            return Document{}; // an empty file configures nothing, as in HCL
        }
        return json::document_of(json::read(text));
    } catch (json::Fault& fault) {
        return ConfigError{std::move(fault.error),
                           {.file = path, .line = fault.mark.line, .column = fault.mark.column}};
    }
}

} // namespace penstock::config
