#include "csv/field_text.hpp"

#include <gtest/gtest.h>

#include <random>

namespace penstock::csv {
namespace {

std::string doubled(std::string_view text) {
    std::string out;
    for (const char byte : text) {
        out += byte == '"' ? std::string("\"\"") : std::string(1, byte);
    }
    return out;
}

TEST(FieldText, undoes_doubled_quotes_wherever_they_stand) {
    std::mt19937 random(1);
    const Dialect dialect;
    std::string scratch;
    for (std::size_t size = 0; size < 300; ++size) {
        for (const unsigned one_in : {1U, 2U, 7U, 60U, 1000U}) {
            std::string text(size, '\0');
            for (std::size_t at = 0; at < size; ++at) {
                text[at] = random() % one_in == 0 ? '"' : static_cast<char>('a' + at % 26);
            }
            EXPECT_EQ(unquote('"' + doubled(text) + '"', dialect, scratch), text);
        }
    }
}

TEST(FieldText, survives_quotes_that_are_not_doubled) {
    // Only a message shows such a field; nothing of it may be read or written past its end.
    const Dialect dialect;
    for (std::size_t size = 1; size < 200; ++size) {
        for (std::size_t at = 0; at < size; ++at) {
            std::string scratch;
            std::string text(size, 'x');
            text[at] = '"';
            EXPECT_LE(unquote('"' + text, dialect, scratch).size(), size);
        }
    }
}

} // namespace
} // namespace penstock::csv
