#include "json_fault.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace penstock {

namespace {

struct FaultText {
    JsonFault fault;
    const char* sqlstate;
    const char* message;
    const char* detail;
};
constexpr const char* kMalformed = "invalid input syntax for type json";
constexpr std::array kTexts{
    FaultText{JsonFault::kEnd, "22P02", kMalformed, "The document ended unexpectedly"},
    FaultText{JsonFault::kValue, "22P02", kMalformed, "Expected a JSON value"},
    FaultText{JsonFault::kWord, "22P02", kMalformed, "Expected true, false or null"},
    FaultText{JsonFault::kNumber, "22P02", kMalformed, "Expected a number as JSON writes it"},
    FaultText{JsonFault::kOverflow, "22003", "value overflows numeric format",
              "The number is out of range"},
    FaultText{JsonFault::kKey, "22P02", kMalformed, "Expected a key in double quotes"},
    FaultText{JsonFault::kColon, "22P02", kMalformed, "Expected \":\" after a key"},
    FaultText{JsonFault::kArrayNext, "22P02", kMalformed, "Expected \",\" or \"]\""},
    FaultText{JsonFault::kObjectNext, "22P02", kMalformed, "Expected \",\" or \"}\""},
    FaultText{JsonFault::kTrailing, "22P02", kMalformed,
              "Expected the end of the document after its value"},
    FaultText{JsonFault::kControl, "22P02", kMalformed,
              "A control character in a string must be escaped"},
    FaultText{JsonFault::kEscape, "22P02", kMalformed, "The escape sequence is not valid"},
    FaultText{JsonFault::kHex, "22P02", kMalformed,
              "\"\\u\" must be followed by four hexadecimal digits"},
    FaultText{
        JsonFault::kSurrogate, "22P02", kMalformed,
        "A Unicode high surrogate must be followed by a low one, and a low one must follow it"},
    FaultText{JsonFault::kNul, "22P05", "unsupported Unicode escape sequence",
              "\\u0000 cannot be converted to text"},
    FaultText{JsonFault::kEncoding, "22021", "invalid byte sequence for encoding \"UTF8\"",
              "The document is not valid UTF-8"},
    FaultText{JsonFault::kDepth, "54000", "JSON document is too deep",
              "The limit of 1000 levels is passed"},
    FaultText{JsonFault::kSize, "54000", "JSON document is too large",
              "The limit of 33554432 bytes is passed"},
};

} // namespace

Error describe_fault(JsonFault fault, std::size_t offset) {
    const auto* text = std::find_if(kTexts.begin(), kTexts.end(), [fault](const FaultText& entry) {
        return entry.fault == fault;
    });
    Error error =
        Error::make(ErrorKind::kData, text->message,
                    std::string(text->detail) + ", at byte " + std::to_string(offset + 1) + ".");
    error.sqlstate = text->sqlstate;
    return error;
}

} // namespace penstock
