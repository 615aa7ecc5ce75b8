#include "penstock/types/schema.hpp"

#include <algorithm>
#include <array>

namespace penstock {

namespace {

struct Sign {
    QualOp op;
    std::string_view text;
};

constexpr std::array<Sign, 10> kSigns{{
    {QualOp::kEq, "="},
    {QualOp::kNe, "<>"},
    {QualOp::kLt, "<"},
    {QualOp::kLe, "<="},
    {QualOp::kGt, ">"},
    {QualOp::kGe, ">="},
    {QualOp::kIn, "in"},
    {QualOp::kIsNull, "is_null"},
    {QualOp::kIsNotNull, "is_not_null"},
    {QualOp::kLike, "like"},
}};

struct KeyName {
    KeyKind kind;
    std::string_view text;
};

constexpr std::array<KeyName, 4> kKeyNames{{
    {KeyKind::kNone, "none"},
    {KeyKind::kOptional, "optional"},
    {KeyKind::kRequired, "required"},
    {KeyKind::kAnyOf, "any_of"},
}};

/// `Valid … are: a, b, c.`
template <typename Entries>
std::string list_valid(std::string_view what, const Entries& entries) {
    std::string hint = "Valid " + std::string(what) + " are:";
    const char* separator = " ";
    for (const auto& entry : entries) {
        hint += separator;
        hint += entry.text;
        separator = ", ";
    }
    return hint + '.';
}

} // namespace

std::string QualOps::to_text() const {
    std::string text;
    for (const Sign& sign : kSigns) {
        if (has(sign.op)) {
            text += text.empty() ? "" : " ";
            text += sign.text;
        }
    }
    return text;
}

Result<QualOps> QualOps::from_text(std::string_view text) {
    QualOps ops;
    while (true) {
        text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
        if (text.empty()) {
            return ops;
        }
        const std::string_view word = text.substr(0, text.find(' '));
        text.remove_prefix(word.size());
        const auto* sign = std::find_if(kSigns.begin(), kSigns.end(),
                                        [&](const Sign& entry) { return entry.text == word; });
        if (sign == kSigns.end()) {
            return Error::make(ErrorKind::kOption, "unknown operator \"" + std::string(word) + "\"",
                               {}, list_valid("operators", kSigns));
        }
        ops.add(sign->op);
    }
}

std::string_view sign_of(QualOp op) noexcept {
    const auto* sign = std::find_if(kSigns.begin(), kSigns.end(),
                                    [&](const Sign& entry) { return entry.op == op; });
    return sign != kSigns.end() ? sign->text : std::string_view("?");
}

std::string_view name_of(KeyKind kind) noexcept {
    const auto* name = std::find_if(kKeyNames.begin(), kKeyNames.end(),
                                    [&](const KeyName& entry) { return entry.kind == kind; });
    return name != kKeyNames.end() ? name->text : std::string_view("?");
}

Result<KeyKind> key_kind_from_text(std::string_view text) {
    const auto* name = std::find_if(kKeyNames.begin(), kKeyNames.end(),
                                    [&](const KeyName& entry) { return entry.text == text; });
    if (name == kKeyNames.end()) {
        return Error::make(ErrorKind::kOption, "unknown kind of key \"" + std::string(text) + "\"",
                           {}, list_valid("kinds", kKeyNames));
    }
    return name->kind;
}

} // namespace penstock
