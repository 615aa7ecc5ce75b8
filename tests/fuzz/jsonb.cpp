/// Input: JSON text, or what passes itself off as it.
#include "penstock/plugin/jsonb.hpp"
#include "penstock/protocol/datum_check.hpp"
#include "penstock/types/utf8.hpp"
#include "server_walk.hpp"

#include <simdjson.h>

#include <cstdint>
#include <string_view>

namespace penstock::fuzz {
namespace {

/// The verdict of simdjson, which shares nothing with our parser. It gives up on numbers that fit
/// no double, so it is asked whether anything else is wrong.
bool is_malformed_for_dom(std::string_view text) {
    thread_local simdjson::dom::parser parser;
    const simdjson::error_code code = parser.parse(simdjson::padded_string(text)).error();
    return code != simdjson::SUCCESS && code != simdjson::NUMBER_ERROR;
}

bool is_accepted_by_dom(std::string_view text) {
    thread_local simdjson::dom::parser parser;
    return parser.parse(simdjson::padded_string(text)).error() == simdjson::SUCCESS;
}

void check_accepted(const DataArea& area, std::uint32_t offset, std::string_view text) {
    require(!is_malformed_for_dom(text), "malformed JSON was accepted");
    std::byte values[sizeof(offset)];
    std::memcpy(values, &offset, sizeof(offset));
    const ColumnView column{
        nullptr, values, area.data(), static_cast<std::uint32_t>(area.size()), TypeId::kJsonb, 0};
    const std::byte* value = nullptr;
    require(check_varlena(column, 0, &value) == DatumFault::kOk, "our own jsonb was refused");
    walk_value(TypeId::kJsonb, Bytes(area).subspan(offset));
}

void check_refused(const Error& error, std::string_view text) {
    const std::string_view state = sqlstate_of(error);
    const bool has_escapes = text.find('\\') != std::string_view::npos;
    if (state == "22P05") {
        require(text.find("\\u0000") != std::string_view::npos, "no \\u0000 to complain of");
    } else if (state == "22P02") {
        // Escaped lone surrogates are no fault for the other parser.
        require(has_escapes || !is_accepted_by_dom(text), "good JSON was refused");
    } else if (state == "22021") {
        require(!is_valid_text(text), "good text was refused");
    } else {
        require(state == "22003" || state == "54000", "an unexpected error");
    }
}

} // namespace
} // namespace penstock::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace penstock;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    DataArea area;
    append_text(area, "x");
    const std::size_t size_before = area.size();
    const Result<std::uint32_t> offset = append_jsonb(area, text);
    if (offset) {
        fuzz::check_accepted(area, offset.value(), text);
    } else {
        fuzz::require(area.size() == size_before, "a refused document left bytes behind");
        fuzz::check_refused(offset.error(), text);
    }
    return 0;
}
