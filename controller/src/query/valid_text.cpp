#include "query/valid_text.hpp"

#include <libpq-fe.h>

// PostgreSQL's client headers last: their macros are not for other people's headers.
extern "C" {
#include <postgres_fe.h>

#include <mb/pg_wchar.h>
}

namespace penstock::query {
namespace {

/// Bytes at the front of `text` that are UTF-8.
std::size_t valid_bytes(std::string_view text) {
    return static_cast<std::size_t>(
        pg_encoding_verifymbstr(PG_UTF8, text.data(), static_cast<int>(text.size())));
}

} // namespace

std::string_view valid_text(std::string_view text, std::string& scratch) {
    std::size_t valid = valid_bytes(text);
    if (valid == text.size()) {
        return text;
    }
    scratch.clear();
    while (valid < text.size()) {
        scratch.append(text.substr(0, valid)).append("\xEF\xBF\xBD");
        text.remove_prefix(valid + 1);
        valid = valid_bytes(text);
    }
    return scratch.append(text);
}

std::string_view cell_text(const pg_result& result, int row, int column, std::string& scratch) {
    const auto length = static_cast<std::size_t>(PQgetlength(&result, row, column));
    return valid_text({PQgetvalue(&result, row, column), length}, scratch);
}

} // namespace penstock::query
