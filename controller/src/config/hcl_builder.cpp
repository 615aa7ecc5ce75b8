#include "config/hcl_builder.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace penstock::config::hcl {

namespace {

constexpr std::array<std::pair<char, char>, 5> kEscapes = {{
    {'n', '\n'},
    {'r', '\r'},
    {'t', '\t'},
    {'"', '"'},
    {'\\', '\\'},
}};

/// Functions a value may be made with. One table for the check and for its hint.
constexpr std::array<std::pair<std::string_view, Call::Function>, 2> kFunctions = {{
    {"env", Call::Function::kEnv},
    {"file", Call::Function::kFile},
}};

constexpr const char* kFunctionHint = "The functions are env(\"NAME\") and file(\"path\").";

[[noreturn]] void fail_template(Mark mark) {
    fail(mark, "template interpolation is not supported",
         "Write $${ or %%{ for the characters themselves; a value from outside is env(\"NAME\") or "
         "file(\"path\"), without quotes around it.");
}

std::string_view without_newline(std::string_view line) {
    if (line.ends_with('\n')) {
        line.remove_suffix(1);
    }
    if (line.ends_with('\r')) {
        line.remove_suffix(1);
    }
    return line;
}

std::vector<std::string_view> split_lines(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t length = std::min(text.find('\n'), text.size() - 1) + 1;
        lines.push_back(without_newline(text.substr(0, length)));
        text.remove_prefix(length);
    }
    return lines;
}

/// Spaces that all lines begin with; lines of nothing else do not count.
std::size_t common_indent(const std::vector<std::string_view>& lines) {
    std::size_t indent = std::string_view::npos;
    for (const std::string_view line : lines) {
        indent = std::min(indent, line.find_first_not_of(" \t"));
    }
    return indent;
}

/// Copies a heredoc's line: $${ and %%{ become ${ and %{, bare ones are refused.
void append_heredoc_line(std::string& out, std::string_view line, Mark mark) {
    for (std::size_t at = 0; at < line.size(); ++at) {
        const std::string_view rest = line.substr(at);
        if (rest.starts_with("$${") || rest.starts_with("%%{")) {
            out.append(rest.substr(1, 2));
            at += 2;
            continue;
        }
        if (rest.starts_with("${") || rest.starts_with("%{")) {
            fail_template({mark.line, mark.column + static_cast<int>(at)});
        }
        out.push_back(line[at]);
    }
}

} // namespace

void fail(Mark mark, std::string message, std::string hint) {
    throw Fault{Error::make(ErrorKind::kOption, std::move(message), {}, std::move(hint)), mark};
}

void Builder::append_escape(Mark mark, std::string_view escape) {
    if (escape.size() == 1) {
        const auto* const found =
            std::find_if(kEscapes.begin(), kEscapes.end(),
                         [&](const auto& pair) { return pair.first == escape[0]; });
        text.push_back(found->second);
        return;
    }
    std::uint32_t code_point = 0;
    std::from_chars(escape.begin() + 1, escape.end(), code_point, 16);
    const std::optional<std::string> encoded = utf8_of(code_point);
    if (!encoded) {
        fail(
            mark, "\"\\" + std::string(escape) + "\" is not a character",
            "NUL, surrogates (D800 to DFFF) and numbers past 10FFFF are not; write characters past "
            "FFFF with \\U and eight digits.");
    }
    text.append(*encoded);
}

void Builder::push(Mark mark, decltype(Expression::value) value) {
    values_.push_back({.value = std::move(value), .start = mark});
}

Expression Builder::pop() {
    Expression top = std::move(values_.back());
    values_.pop_back();
    return top;
}

void Builder::push_number(Mark mark, std::string_view digits) {
    if (digits.find_first_of(".eE") == std::string_view::npos) {
        std::int64_t whole = 0;
        if (std::from_chars(digits.begin(), digits.end(), whole).ec != std::errc{}) {
            fail(mark, "number \"" + std::string(digits) + "\" is out of range",
                 "Whole numbers go from -9223372036854775808 to 9223372036854775807; put quotes "
                 "around longer ones.");
        }
        push(mark, whole);
        return;
    }
    double number = 0;
    if (std::from_chars(digits.begin(), digits.end(), number).ec != std::errc{}) {
        fail(mark, "number \"" + std::string(digits) + "\" is out of range",
             "Put quotes around it to keep it as text.");
    }
    push(mark, number);
}

void Builder::begin_word(Mark mark, std::string_view word) {
    word_mark_ = mark;
    words_.assign(1, std::string(word));
}

void Builder::push_keyword() {
    const std::string& word = words_.front();
    if (word == "true" || word == "false") {
        push(word_mark_, word == "true");
    } else if (word == "null") {
        push(word_mark_, std::monostate{});
    } else {
        fail(word_mark_, "\"" + word + "\" is not a value",
             "Put text in quotes: \"" + word +
                 "\". Other values are numbers, true, false, null, "
                 "[lists] and {objects}.");
    }
}

void Builder::push_reference() {
    push(word_mark_, Reference{std::move(words_)});
    words_.clear();
}

void Builder::push_call(Mark argument_mark) {
    const std::string& name = words_.front();
    const auto* const found = std::find_if(kFunctions.begin(), kFunctions.end(),
                                           [&](const auto& pair) { return pair.first == name; });
    if (found == kFunctions.end()) {
        fail(word_mark_, "unknown function \"" + name + "\"", kFunctionHint);
    }
    if (text.empty()) {
        fail(argument_mark, "the argument of " + name + "() is empty", kFunctionHint);
    }
    push(word_mark_, Call{.function = found->second, .argument = text});
}

void Builder::close_list_item() {
    Expression item = pop();
    std::get<ListExpression>(values_.back().value).push_back(std::move(item));
}

void Builder::begin_entry(Mark mark, std::string key) {
    const auto& object = std::get<ObjectExpression>(values_.back().value);
    const auto same = std::find_if(object.begin(), object.end(),
                                   [&](const ObjectItem& item) { return item.key == key; });
    if (same != object.end()) {
        fail(mark, "key \"" + key + "\" is given twice",
             "It is also in line " + std::to_string(same->start.line) + "; keep one of the two.");
    }
    entries_.push_back({.key = std::move(key), .start = mark, .value = {}});
}

void Builder::close_entry() {
    ObjectItem entry = std::move(entries_.back());
    entries_.pop_back();
    entry.value = pop();
    std::get<ObjectExpression>(values_.back().value).push_back(std::move(entry));
}

void Builder::begin_item(Mark mark, std::string_view name) {
    item_mark_ = mark;
    item_name_ = name;
    labels_.clear();
}

void Builder::close_attribute() {
    std::vector<Attribute>& attributes = blocks_.back().attributes;
    const auto same =
        std::find_if(attributes.begin(), attributes.end(),
                     [&](const Attribute& attribute) { return attribute.name == item_name_; });
    if (same != attributes.end()) {
        fail(item_mark_, "argument \"" + item_name_ + "\" is given twice",
             "It is also in line " + std::to_string(same->start.line) + "; keep one of the two.");
    }
    attributes.push_back({.name = item_name_, .start = item_mark_, .value = pop()});
}

void Builder::open_block() {
    Block block;
    block.type = item_name_;
    block.labels = std::move(labels_);
    block.start = item_mark_;
    blocks_.push_back(std::move(block));
    labels_.clear();
}

void Builder::close_block(Mark mark) {
    Block block = std::move(blocks_.back());
    blocks_.pop_back();
    block.end_line = mark.line;
    blocks_.back().blocks.push_back(std::move(block));
}

void Builder::take_heredoc(Mark first_line, std::string_view lines) {
    text.clear();
    const std::vector<std::string_view> all = split_lines(lines);
    const std::size_t indent = is_flush_ ? common_indent(all) : 0;
    Mark mark = first_line;
    for (const std::string_view line : all) {
        const std::size_t cut = std::min(indent, line.size());
        mark.column = static_cast<int>(cut) + 1;
        append_heredoc_line(text, line.substr(cut), mark);
        text.push_back('\n');
        ++mark.line;
    }
}

} // namespace penstock::config::hcl
