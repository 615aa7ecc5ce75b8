#include "penstock/types/join_kind.hpp"

#include <algorithm>
#include <array>

namespace penstock {

namespace {

struct KindName {
    JoinKind kind;
    std::string_view text;
};

constexpr std::array<KindName, 5> kNames{{
    {JoinKind::kInner, "inner"},
    {JoinKind::kLeft, "left"},
    {JoinKind::kFull, "full"},
    {JoinKind::kSemi, "semi"},
    {JoinKind::kAnti, "anti"},
}};

} // namespace

std::string JoinKinds::to_text() const {
    std::string text;
    for (const KindName& entry : kNames) {
        if (has(entry.kind)) {
            text += text.empty() ? "" : " ";
            text += entry.text;
        }
    }
    return text;
}

Result<JoinKinds> JoinKinds::from_text(std::string_view text) {
    JoinKinds kinds;
    while (true) {
        text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
        if (text.empty()) {
            return kinds;
        }
        const std::string_view word = text.substr(0, text.find(' '));
        text.remove_prefix(word.size());
        const auto* entry = std::find_if(kNames.begin(), kNames.end(),
                                         [&](const KindName& each) { return each.text == word; });
        if (entry == kNames.end()) {
            return Error::make(ErrorKind::kOption,
                               "unknown kind of join \"" + std::string(word) + "\"", {},
                               "Valid kinds are: inner, left, full, semi, anti.");
        }
        kinds.add(entry->kind);
    }
}

std::string_view name_of(JoinKind kind) noexcept {
    const auto* entry = std::find_if(kNames.begin(), kNames.end(),
                                     [&](const KindName& each) { return each.kind == kind; });
    return entry != kNames.end() ? entry->text : std::string_view("?");
}

} // namespace penstock
