#include "config/hcl.hpp"

#include "config/hcl_builder.hpp"
#include "config/hcl_grammar.hpp"

#include <tao/pegtl/contrib/limit_depth.hpp>

#include <cstring>
#include <utility>

namespace penstock::config::hcl {

namespace {

template <typename Input>
Mark mark_of(const Input& in) {
    const auto& at = in.iterator();
    return {.line = static_cast<int>(at.line), .column = static_cast<int>(at.column)};
}

// --- The heredoc's body: lines up to one that holds nothing but the name.

/// A line is the end when it is the name with blanks around it. Returns the length of the line.
std::size_t line_length(std::string_view text) noexcept {
    const std::size_t newline = text.find('\n');
    return newline == std::string_view::npos ? text.size() : newline + 1;
}

std::string_view trimmed(std::string_view line) noexcept {
    const std::size_t first = line.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) {
        return {};
    }
    return line.substr(first, line.find_last_not_of(" \t\r\n") - first + 1);
}

} // namespace

struct HeredocBody {
    using rule_t = HeredocBody;
    using subs_t = peg::empty_list;

    template <peg::apply_mode, peg::rewind_mode, template <typename...> class,
              template <typename...> class, typename Input>
    static bool match(Input& in, Builder& builder) {
        const std::string_view text(in.current(), in.size());
        const Mark start = mark_of(in);
        for (std::size_t at = 0; at < text.size();) {
            const std::string_view line = text.substr(at, line_length(text.substr(at)));
            if (trimmed(line) == builder.heredoc_name()) {
                builder.take_heredoc(start, text.substr(0, at));
                in.bump(at + line.find(builder.heredoc_name()) + builder.heredoc_name().size());
                return true;
            }
            at += line.size();
        }
        return false;
    }
};

namespace {

// --- What each rule says when the text does not go on as it must.

struct Complaint {
    const char* message = "unexpected character";
    const char* hint = "";
};

template <typename Rule>
constexpr Complaint kComplaint = {};
template <>
constexpr Complaint kComplaint<CommentEnd> = {"comment is not closed", "Close it with */."};
template <>
constexpr Complaint kComplaint<EscapeBody> = {"invalid escape sequence",
                                              "The escapes are \\n, \\r, \\t, \\\", \\\\, \\uXXXX "
                                              "and \\UXXXXXXXX; a backslash itself is \\\\."};
template <>
constexpr Complaint kComplaint<NoTemplate> = {
    "template interpolation is not supported",
    "Write $${ or %%{ for the characters themselves; a value from outside is env(\"NAME\") or "
    "file(\"path\"), without quotes around it."};
template <>
constexpr Complaint kComplaint<StringClose> = {
    "unterminated string", "Close it with \" on the same line, or use a heredoc: <<END."};
template <>
constexpr Complaint kComplaint<HeredocName> = {"expected a name after \"<<\"",
                                               "A heredoc starts with <<END or <<-END."};
template <>
constexpr Complaint kComplaint<HeredocNewline> = {"expected end of line after the heredoc's name",
                                                  "The text starts on the next line."};
template <>
constexpr Complaint kComplaint<HeredocBody> = {"heredoc is not closed",
                                               "It ends with its name on a line of its own."};
template <>
constexpr Complaint kComplaint<NumberEnd> = {
    "invalid number", "Numbers look like 12, -3, 0.5 or 1e6; put quotes around other text."};
template <>
constexpr Complaint kComplaint<RequiredValue> = {
    "expected a value",
    "A value is a \"text\", a number, true, false, null, a [list], an {object}, "
    "env(\"NAME\") or file(\"path\")."};
template <>
constexpr Complaint kComplaint<ListClose> = {"expected ',' or ']' in the list", ""};
template <>
constexpr Complaint kComplaint<ObjectEquals> = {"expected '=' or ':' after the key", ""};
template <>
constexpr Complaint kComplaint<ObjectClose> = {"expected ',', a new line or '}' in the object", ""};
template <>
constexpr Complaint kComplaint<CallArgument> = {
    "expected a text in quotes", "The functions are env(\"NAME\") and file(\"path\")."};
template <>
constexpr Complaint kComplaint<CallClose> = {"expected ')'",
                                             "The functions take one argument, a text in quotes."};
template <>
constexpr Complaint kComplaint<ReferencePart> = {"expected a name after '.'",
                                                 "A reference looks like plugin.label."};
template <>
constexpr Complaint kComplaint<AttributeEnd> = {"expected end of line",
                                                "Each argument stands on a line of its own."};
template <>
constexpr Complaint kComplaint<BlockOpen> = {"expected '{'", ""};
template <>
constexpr Complaint kComplaint<BlockEnd> = {"expected end of line after '}'", ""};
template <>
constexpr Complaint kComplaint<InlineEquals> = {
    "expected '='", "A block on one line holds at most one argument, and no block."};
template <>
constexpr Complaint kComplaint<InlineClose> = {
    "expected '}'",
    "A block on one line holds at most one argument; put each on a line of its own."};
template <>
constexpr Complaint kComplaint<BlockClose> = {"expected an argument, a block or '}'", ""};
template <>
constexpr Complaint kComplaint<DocumentEnd> = {"expected a block",
                                               "A block looks like: connection \"name\" { … }."};

/// Adds what only the moment knows; the general case adds nothing.
template <typename Rule, typename Input>
void refine(Fault& fault, const Input& in, const Builder& builder) {
    if constexpr (std::is_same_v<Rule, CommentEnd>) {
        fault.mark = builder.comment_start;
    } else if constexpr (std::is_same_v<Rule, ListClose> || std::is_same_v<Rule, ObjectClose>) {
        fault.error.detail = (std::is_same_v<Rule, ListClose> ? "The list starts in line "
                                                              : "The object starts in line ") +
                             std::to_string(builder.open_value_line()) + ".";
    } else if constexpr (std::is_same_v<Rule, BlockOpen>) {
        if (!builder.has_labels()) {
            fault.error.message = "expected '=' or '{' after \"" + builder.item_name() + "\"";
        }
    } else if constexpr (std::is_same_v<Rule, BlockClose>) {
        const Block& block = builder.block_in_hand();
        fault.error.detail = "The block \"" + block.type + "\" starts in line " +
                             std::to_string(block.start.line) + ".";
    } else if constexpr (std::is_same_v<Rule, AttributeEnd>) {
        if (!in.empty() && std::strchr("+-*/%?<>=!&|.[", *in.current()) != nullptr) {
            fault.error.hint = "Operators are not supported: write the value itself.";
        }
    }
}

template <typename Rule>
struct Control : peg::normal<Rule> {
    template <typename Input>
    [[noreturn]] static void raise(const Input& in, Builder& builder) {
        constexpr Complaint kSaid = kComplaint<Rule>;
        Fault fault{Error::make(ErrorKind::kOption, kSaid.message, {}, kSaid.hint), mark_of(in)};
        refine<Rule>(fault, in, builder);
        throw fault;
    }
};

// --- What each rule builds.

template <typename Rule>
struct Action : peg::nothing<Rule> {};

#define PENSTOCK_HCL_ACTION(rule, statement)                                                       \
    template <>                                                                                    \
    struct Action<rule> {                                                                          \
        template <typename Input>                                                                  \
        static void apply([[maybe_unused]] const Input& in, Builder& builder) {                    \
            statement;                                                                             \
        }                                                                                          \
    }

PENSTOCK_HCL_ACTION(CommentStart, builder.comment_start = mark_of(in));
PENSTOCK_HCL_ACTION(StringOpen, builder.text.clear());
PENSTOCK_HCL_ACTION(Plain, builder.text.append(in.string_view()));
PENSTOCK_HCL_ACTION(Dollar, builder.text.append(in.string_view()));
PENSTOCK_HCL_ACTION(EscapedTemplate, builder.text.append(in.string_view().substr(1)));
PENSTOCK_HCL_ACTION(EscapeBody, builder.append_escape(mark_of(in), in.string_view()));
PENSTOCK_HCL_ACTION(HeredocOpen, builder.begin_heredoc());
PENSTOCK_HCL_ACTION(HeredocFlush, builder.set_flush());
PENSTOCK_HCL_ACTION(HeredocName, builder.set_heredoc_name(in.string_view()));
PENSTOCK_HCL_ACTION(StringValue, builder.push(mark_of(in), builder.text));
PENSTOCK_HCL_ACTION(HeredocValue, builder.push(mark_of(in), builder.text));
PENSTOCK_HCL_ACTION(NumberText, builder.push_number(mark_of(in), in.string_view()));
PENSTOCK_HCL_ACTION(ListOpen, builder.push(mark_of(in), ListExpression{}));
PENSTOCK_HCL_ACTION(ListItem, builder.close_list_item());
PENSTOCK_HCL_ACTION(ObjectOpen, builder.push(mark_of(in), ObjectExpression{}));
PENSTOCK_HCL_ACTION(ObjectWord, builder.begin_entry(mark_of(in), in.string()));
PENSTOCK_HCL_ACTION(ObjectString, builder.begin_entry(mark_of(in), builder.text));
PENSTOCK_HCL_ACTION(ObjectEntry, builder.close_entry());
PENSTOCK_HCL_ACTION(ValueWord, builder.begin_word(mark_of(in), in.string_view()));
PENSTOCK_HCL_ACTION(CallArgument, builder.push_call(mark_of(in)));
PENSTOCK_HCL_ACTION(ReferencePart, builder.add_word(in.string_view()));
PENSTOCK_HCL_ACTION(ReferenceRest, builder.push_reference());
PENSTOCK_HCL_ACTION(KeywordRest, builder.push_keyword());
PENSTOCK_HCL_ACTION(Name, builder.begin_item(mark_of(in), in.string_view()));
PENSTOCK_HCL_ACTION(InlineName, builder.begin_item(mark_of(in), in.string_view()));
PENSTOCK_HCL_ACTION(LabelWord, builder.add_label(in.string()));
PENSTOCK_HCL_ACTION(LabelString, builder.add_label(builder.text));
PENSTOCK_HCL_ACTION(AttributeLine, builder.close_attribute());
PENSTOCK_HCL_ACTION(InlineAttribute, builder.close_attribute());
PENSTOCK_HCL_ACTION(BlockOpen, builder.open_block());
PENSTOCK_HCL_ACTION(BlockClose, builder.close_block(mark_of(in)));
PENSTOCK_HCL_ACTION(InlineClose, builder.close_block(mark_of(in)));

#undef PENSTOCK_HCL_ACTION

/// Counts how deep a rule is nested in itself. PEGTL's own limit_depth has a fixed message.
struct LimitedDepth : peg::maybe_nothing {
    template <typename Rule, peg::apply_mode Apply, peg::rewind_mode Rewind,
              template <typename...> class ActionOf, template <typename...> class ControlOf,
              typename Input>
    static bool match(Input& in, Builder& builder) {
        const peg::internal::depth_guard guard(in.private_depth);
        if (in.private_depth > static_cast<std::size_t>(kMaxNesting)) {
            fail(mark_of(in), "nested deeper than " + std::to_string(kMaxNesting) + " levels");
        }
        return peg::match<Rule, Apply, Rewind, ActionOf, ControlOf>(in, builder);
    }
};

template <>
struct Action<ListRest> : LimitedDepth {};
template <>
struct Action<ObjectRest> : LimitedDepth {};
template <>
struct Action<Body> : LimitedDepth {};

/// The fault's column counts bytes from the start of its line; people count characters.
Position position_of(std::string_view text, const std::string& path, Mark mark) {
    std::size_t line_start = 0;
    for (int line = 1; line < mark.line; ++line) {
        line_start = text.find('\n', line_start) + 1;
    }
    const Mark shown = mark_of_offset(text, line_start + static_cast<std::size_t>(mark.column) - 1);
    return {.file = path, .line = mark.line, .column = shown.column};
}

} // namespace
} // namespace penstock::config::hcl

namespace penstock::config {

ParseResult parse_hcl(std::string_view text, const std::string& path) {
    if (std::optional<ConfigError> bad_text = check_text(text, path)) {
        return *std::move(bad_text);
    }
    if (text.starts_with("\xEF\xBB\xBF")) {
        text.remove_prefix(3);
    }
    hcl::peg::memory_input<> in(text.data(), text.data() + text.size(), std::string{});
    hcl::Builder builder;
    try {
        hcl::peg::parse<hcl::Grammar, hcl::Action, hcl::Control>(in, builder);
    } catch (hcl::Fault& fault) {
        return ConfigError{std::move(fault.error), hcl::position_of(text, path, fault.mark)};
    }
    return builder.finish();
}

} // namespace penstock::config
