#pragma once

#include <tao/pegtl.hpp>

#include <string>

/// The grammar of HCL's native syntax, as far as Penstock takes it. Rules only: what they build is
/// in hcl_builder.hpp, what they say when they fail in hcl.cpp. Everything behind the first
/// character that decides is `must`, so nothing that was built is ever taken back.
namespace penstock::config::hcl {

namespace peg = tao::pegtl;

// --- Space and comments. Sp stays on its line; Gap does not.
struct LineComment : peg::seq<peg::sor<peg::one<'#'>, peg::two<'/'>>,
                              peg::star<peg::not_at<peg::eolf>, peg::any>> {};
struct CommentEnd : peg::until<peg::string<'*', '/'>> {};
struct CommentStart : peg::string<'/', '*'> {};
struct BlockComment : peg::if_must<CommentStart, CommentEnd> {};
struct Blank : peg::one<' ', '\t'> {};
struct Sp : peg::star<peg::sor<Blank, BlockComment>> {};
struct Gap : peg::star<peg::sor<Blank, peg::eol, LineComment, BlockComment>> {};
struct LineEnd : peg::seq<peg::opt<LineComment>, peg::eolf> {};

// --- Words. Bytes past ASCII are letters: the text is known to be valid UTF-8.
struct WordStart : peg::sor<peg::ranges<'a', 'z', 'A', 'Z', '_'>, peg::range<'\x80', '\xFF'>> {};
struct WordRest : peg::sor<WordStart, peg::digit, peg::one<'-'>> {};
struct Word : peg::seq<WordStart, peg::star<WordRest>> {};

// --- Strings
struct Plain : peg::plus<peg::not_one<'"', '\\', '\n', '\r', '$', '%'>> {};
struct EscapedTemplate : peg::sor<peg::string<'$', '$', '{'>, peg::string<'%', '%', '{'>> {};
struct TemplateStart : peg::sor<peg::string<'$', '{'>, peg::string<'%', '{'>> {};
struct NoTemplate : peg::not_at<TemplateStart> {};
struct Dollar : peg::one<'$', '%'> {};
struct EscapeLetter : peg::one<'n', 'r', 't', '"', '\\'> {};
struct EscapeShort : peg::seq<peg::one<'u'>, peg::rep<4, peg::xdigit>> {};
struct EscapeLong : peg::seq<peg::one<'U'>, peg::rep<8, peg::xdigit>> {};
struct EscapeBody : peg::sor<EscapeLetter, EscapeShort, EscapeLong> {};
struct Escape : peg::if_must<peg::one<'\\'>, EscapeBody> {};
struct Special : peg::seq<peg::at<Dollar>,
                          peg::sor<EscapedTemplate, peg::seq<peg::must<NoTemplate>, Dollar>>> {};
struct StringContent : peg::star<peg::sor<Plain, Escape, Special>> {};
struct StringOpen : peg::one<'"'> {};
struct StringClose : peg::one<'"'> {};
struct String : peg::if_must<StringOpen, StringContent, StringClose> {};

// --- Heredocs: <<END or <<-END, lines, END on a line of its own. The body is read by hand.
struct HeredocOpen : peg::string<'<', '<'> {};
struct HeredocFlush : peg::one<'-'> {};
struct HeredocName : Word {};
struct HeredocNewline : peg::eol {};
struct HeredocBody;
struct Heredoc
    : peg::if_must<HeredocOpen, peg::opt<HeredocFlush>, HeredocName, HeredocNewline, HeredocBody> {
};

// --- Numbers
struct Fraction : peg::seq<peg::one<'.'>, peg::plus<peg::digit>> {};
struct Exponent
    : peg::seq<peg::one<'e', 'E'>, peg::opt<peg::one<'+', '-'>>, peg::plus<peg::digit>> {};
struct NumberText : peg::seq<peg::opt<peg::one<'-'>>, peg::plus<peg::digit>, peg::opt<Fraction>,
                             peg::opt<Exponent>> {};
struct NumberEnd : peg::not_at<peg::sor<WordRest, peg::one<'.'>>> {};
struct NumberStart : peg::at<peg::opt<peg::one<'-'>>, peg::digit> {};
struct Number : peg::if_must<NumberStart, NumberText, NumberEnd> {};

// --- Values
struct Value;
struct RequiredValue : peg::seq<Value> {};

struct ListOpen : peg::one<'['> {};
struct ListClose : peg::one<']'> {};
struct ListItem : peg::seq<Value> {};
struct ListItems : peg::opt<ListItem, Gap, peg::star<peg::one<','>, Gap, ListItem, Gap>,
                            peg::opt<peg::one<','>, Gap>> {};
struct ListRest : peg::must<Gap, ListItems, ListClose> {};
struct List : peg::seq<ListOpen, ListRest> {};

struct ObjectOpen : peg::one<'{'> {};
struct ObjectClose : peg::one<'}'> {};
struct ObjectWord : Word {};
struct ObjectString : String {};
struct ObjectKey : peg::sor<ObjectWord, ObjectString> {};
struct ObjectEquals : peg::one<'=', ':'> {};
struct ObjectEntry : peg::if_must<ObjectKey, Sp, ObjectEquals, Sp, RequiredValue, Sp> {};
struct ObjectSeparator
    : peg::seq<peg::sor<peg::one<','>, peg::seq<peg::opt<LineComment>, peg::eol>>, Gap> {};
struct ObjectEntries
    : peg::opt<ObjectEntry, peg::star<ObjectSeparator, ObjectEntry>, peg::opt<ObjectSeparator>> {};
struct ObjectRest : peg::must<Gap, ObjectEntries, ObjectClose> {};
struct Object : peg::seq<ObjectOpen, ObjectRest> {};

// A word is a keyword, a reference (word.word) or a call (word(…)).
struct ValueWord : Word {};
struct CallOpen : peg::one<'('> {};
struct CallClose : peg::one<')'> {};
struct CallArgument : peg::seq<String> {};
struct CallRest : peg::if_must<CallOpen, Gap, CallArgument, Gap, CallClose> {};
struct ReferenceDot : peg::one<'.'> {};
struct ReferencePart : Word {};
struct ReferenceRest : peg::plus<peg::if_must<ReferenceDot, ReferencePart>> {};
struct KeywordRest : peg::success {};
struct WordValue : peg::seq<ValueWord, peg::sor<CallRest, ReferenceRest, KeywordRest>> {};

struct StringValue : peg::seq<String> {};
struct HeredocValue : peg::seq<Heredoc> {};
struct AnyValue : peg::sor<StringValue, HeredocValue, Number, List, Object, WordValue> {};
struct Value : peg::seq<AnyValue> {};

// --- Blocks and arguments
struct Name : Word {};
struct Equals : peg::seq<peg::one<'='>, peg::not_at<peg::one<'='>>> {};
struct AttributeRest : peg::if_must<Equals, Sp, RequiredValue, Sp> {};
struct AttributeEnd : LineEnd {};
struct LabelWord : Word {};
struct LabelString : String {};
struct Labels : peg::star<peg::sor<LabelWord, LabelString>, Sp> {};
struct BlockOpen : peg::one<'{'> {};
struct BlockClose : peg::one<'}'> {};
struct BlockEnd : LineEnd {};
struct Item;
struct InlineName : Word {};
struct InlineEquals : peg::one<'='> {};
struct InlineClose : peg::one<'}'> {};
struct InlineAttribute : peg::if_must<InlineName, Sp, InlineEquals, Sp, RequiredValue, Sp> {};
struct InlineBody : peg::if_must<peg::not_at<LineEnd>, peg::opt<InlineAttribute>, InlineClose> {};
struct Lines : peg::star<Item, Gap> {};
struct LinesBody : peg::if_must<peg::at<LineEnd>, Gap, Lines, BlockClose> {};
struct Body : peg::sor<LinesBody, InlineBody> {};
struct BlockRest : peg::seq<Labels, peg::must<BlockOpen, Sp, Body, Sp, BlockEnd>> {};
struct AttributeLine : peg::seq<AttributeRest, peg::must<AttributeEnd>> {};
struct Item : peg::seq<Name, Sp, peg::sor<AttributeLine, BlockRest>> {};

struct DocumentEnd : peg::eof {};
struct Grammar : peg::must<Gap, Lines, DocumentEnd> {};

} // namespace penstock::config::hcl
