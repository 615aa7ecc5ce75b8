#include "config/evaluate.hpp"

#include "config/file_reader.hpp"
#include "penstock/types/utf8.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>

namespace penstock::config {

namespace {

Error bad_value(std::string message, std::string hint) {
    return Error::make(ErrorKind::kOption, std::move(message), {}, std::move(hint));
}

Error unreadable(const std::string& path, const FileContent& content) {
    Error error = bad_value("could not read file \"" + path + "\": " + *content.error,
                            "The path is that of file(), seen from the configuration's folder.");
    error.retryable = content.is_shortage;
    return error;
}

Result<std::string> read_secret(const std::string& folder, const std::string& path) {
    const std::filesystem::path whole = std::filesystem::path(folder) / path;
    FileContent content = read_regular_file(whole.string());
    if (content.error) {
        return unreadable(path, content);
    }
    while (content.text.ends_with('\n') || content.text.ends_with('\r')) {
        content.text.pop_back();
    }
    return std::move(content.text);
}

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts) {
        text += (text.empty() ? "" : ".") + part;
    }
    return text;
}

Result<std::string> call(const Call& call, const Outside& outside) {
    if (call.function == Call::Function::kFile) {
        Result<std::string> content = outside.file(call.argument);
        if (content.ok() && !is_valid_text(content.value())) {
            return bad_value("file \"" + call.argument + "\" is not valid UTF-8 text",
                             "file() reads text without NUL bytes.");
        }
        return content;
    }
    std::optional<std::string> value = outside.env(call.argument);
    if (!value) {
        return bad_value("environment variable \"" + call.argument + "\" is not set",
                         "It must be set for the service when it starts.");
    }
    if (!is_valid_text(*value)) {
        return bad_value("environment variable \"" + call.argument + "\" is not valid UTF-8", {});
    }
    return *std::move(value);
}

/// One overload for each kind of value.
struct Evaluator {
    const Outside& outside;

    Result<ConfigValue> operator()(std::monostate) const { return ConfigValue{}; }
    Result<ConfigValue> operator()(bool value) const { return ConfigValue{value}; }
    Result<ConfigValue> operator()(std::int64_t value) const { return ConfigValue{value}; }
    Result<ConfigValue> operator()(double value) const { return ConfigValue{value}; }
    Result<ConfigValue> operator()(const std::string& value) const { return ConfigValue{value}; }

    Result<ConfigValue> operator()(const Reference& reference) const {
        return bad_value("reference \"" + joined(reference.path) + "\" is not allowed here",
                         "Only the argument \"plugin\" takes a reference; put text in quotes.");
    }
    Result<ConfigValue> operator()(const Call& wanted) const {
        Result<std::string> value = call(wanted, outside);
        if (!value.ok()) {
            return value.error();
        }
        return ConfigValue{std::move(value.value())};
    }
    Result<ConfigValue> operator()(const ListExpression& list) const {
        ConfigValue::List values;
        values.reserve(list.size());
        for (const Expression& item : list) {
            Result<ConfigValue> value = evaluate(item, outside);
            if (!value.ok()) {
                return value;
            }
            values.push_back(std::move(value.value()));
        }
        return ConfigValue{std::move(values)};
    }
    Result<ConfigValue> operator()(const ObjectExpression& object) const {
        ConfigValue::Map values;
        for (const ObjectItem& item : object) {
            Result<ConfigValue> value = evaluate(item.value, outside);
            if (!value.ok()) {
                return value;
            }
            values.emplace(item.key, std::move(value.value()));
        }
        return ConfigValue{std::move(values)};
    }
};

} // namespace

Outside real_outside(std::string folder) {
    return {
        .env = [](const std::string& name) -> std::optional<std::string> {
            const char* const value = std::getenv(name.c_str()); // NOLINT(concurrency-mt-unsafe)
            return value == nullptr ? std::nullopt : std::optional<std::string>(value);
        },
        .file = [folder = std::move(folder)](
                    const std::string& path) { return read_secret(folder, path); },
    };
}

Result<ConfigValue> evaluate(const Expression& expression, const Outside& outside) {
    return std::visit(Evaluator{outside}, expression.value);
}

bool is_literal(const Expression& expression) {
    if (const auto* list = std::get_if<ListExpression>(&expression.value)) {
        return std::all_of(list->begin(), list->end(), is_literal);
    }
    if (const auto* object = std::get_if<ObjectExpression>(&expression.value)) {
        return std::all_of(object->begin(), object->end(),
                           [](const ObjectItem& item) { return is_literal(item.value); });
    }
    return !std::holds_alternative<Reference>(expression.value) &&
           !std::holds_alternative<Call>(expression.value);
}

} // namespace penstock::config
