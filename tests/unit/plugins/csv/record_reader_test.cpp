#include "csv/record_reader.hpp"

#include "unit/plugins/csv/naive_csv.hpp"

#include <gtest/gtest.h>

namespace penstock::csv {
namespace {

using Fields = std::vector<std::string>;

std::vector<Fields> fields_of(const std::string& text, const Dialect& dialect = {},
                              ReaderOptions options = {}) {
    std::vector<Fields> rows;
    for (ParsedRow& row : read_all(text, dialect, options).rows) {
        rows.push_back(std::move(row.fields));
    }
    return rows;
}

TEST(RecordReader, cuts_rows_and_fields) {
    EXPECT_EQ(fields_of("a,b\n1,\n,2\n"), (std::vector<Fields>{{"a", "b"}, {"1", ""}, {"", "2"}}));
}

TEST(RecordReader, takes_a_last_row_without_a_newline) {
    EXPECT_EQ(fields_of("a,b\n1,2"), (std::vector<Fields>{{"a", "b"}, {"1", "2"}}));
    EXPECT_EQ(fields_of("a,"), (std::vector<Fields>{{"a", ""}}));
}

TEST(RecordReader, takes_crlf_and_keeps_a_lone_carriage_return) {
    EXPECT_EQ(fields_of("a,b\r\nc\rd,e\r\n"), (std::vector<Fields>{{"a", "b"}, {"c\rd", "e"}}));
    EXPECT_EQ(fields_of("\"a\",\"b\"\r\n\"c\",\"d\"\r"),
              (std::vector<Fields>{{"\"a\"", "\"b\""}, {"\"c\"", "\"d\""}}));
}

TEST(RecordReader, leaves_delimiters_and_newlines_in_quotes_alone) {
    EXPECT_EQ(fields_of("\"a,\n\"\"b\",c\nd,e\n"),
              (std::vector<Fields>{{"\"a,\n\"\"b\"", "c"}, {"d", "e"}}));
}

TEST(RecordReader, takes_a_quote_inside_an_unquoted_field_as_it_is) {
    EXPECT_EQ(fields_of("6\" pipe,b\nit\"s,d\n"),
              (std::vector<Fields>{{"6\" pipe", "b"}, {"it\"s", "d"}}));
}

TEST(RecordReader, marks_a_row_with_text_behind_a_closing_quote) {
    const Parsed parsed = read_all("\"a\"x,b\nc,d\n", {}, {});
    ASSERT_EQ(parsed.rows.size(), 2U);
    EXPECT_TRUE(parsed.rows[0].has_stray);
    EXPECT_FALSE(parsed.rows[1].has_stray);
}

TEST(RecordReader, skips_the_byte_order_mark_and_nothing_else) {
    EXPECT_EQ(fields_of("\xEF\xBB\xBFid\n1\n"), (std::vector<Fields>{{"id"}, {"1"}}));
    EXPECT_EQ(fields_of("\xEF\xBB"), (std::vector<Fields>{{"\xEF\xBB"}}));
}

TEST(RecordReader, skips_comment_lines_whatever_is_in_them) {
    Dialect dialect;
    dialect.comment = "//";
    EXPECT_EQ(fields_of("// \"x,\n/a,b\n//\n1,2\n//end", dialect),
              (std::vector<Fields>{{"/a", "b"}, {"1", "2"}}));
}

TEST(RecordReader, numbers_lines_over_comments_and_multi_line_fields) {
    Dialect dialect;
    dialect.comment = "#";
    const Parsed parsed = read_all("#\na\n\"b\nb\"\n#\nc\n", dialect, {});
    ASSERT_EQ(parsed.rows.size(), 3U);
    EXPECT_EQ(parsed.rows[0].line, 2U);
    EXPECT_EQ(parsed.rows[1].line, 3U);
    EXPECT_EQ(parsed.rows[2].line, 6U);
}

TEST(RecordReader, gives_the_rows_before_an_open_quote_and_then_the_error) {
    MemorySource source("a,b\n1,2\n3,\"4\n5,6\n");
    RecordReader reader(source, {}, "x.csv");
    ASSERT_TRUE(reader.next_batch());
    EXPECT_EQ(reader.row_count(), 2U);
    try {
        static_cast<void>(reader.next_batch());
        FAIL() << "the open quote was not found";
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.error().sqlstate, "22P04");
        EXPECT_EQ(exception.error().detail,
                  "File \"x.csv\", line 3: the row that begins there reaches the end of the file.");
    }
}

TEST(RecordReader, refuses_a_row_that_no_frame_holds) {
    MemorySource source("a\n\"" + std::string(kMaxRowBytes + kChunkBytes, 'x') + "\n");
    RecordReader reader(source, {}, "x.csv");
    ASSERT_TRUE(reader.next_batch());
    try {
        static_cast<void>(reader.next_batch());
        FAIL() << "the long row was taken";
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.error().sqlstate, "54000");
    }
}

TEST(RecordReader, takes_a_huge_field_across_many_chunks) {
    const std::string huge(1'000'000, 'y');
    EXPECT_EQ(fields_of("a," + huge + "\nb,c\n", {}, {4096}),
              (std::vector<Fields>{{"a", huge}, {"b", "c"}}));
}

TEST(RecordReader, knows_the_last_empty_line_also_at_the_end_of_a_chunk) {
    const std::string text = "a,b\n1,2\n\n";
    for (std::uint32_t chunk = 3; chunk < 12; ++chunk) {
        MemorySource source(text);
        RecordReader reader(source, {}, "x.csv", {chunk});
        std::uint32_t blanks = 0;
        while (reader.next_batch()) {
            for (std::uint32_t at = 0; at < reader.row_count(); ++at) {
                blanks += reader.is_trailing_blank(at) ? 1 : 0;
            }
        }
        EXPECT_EQ(blanks, 1U) << "chunk of " << chunk;
    }
}

TEST(RecordReader, tells_plain_ascii_from_the_rest) {
    for (const auto& [text, is_plain] : std::vector<std::pair<std::string, bool>>{
             {"a,b\n", true}, {"a,\xC3\xA4\n", false}, {std::string("a\0b\n", 4), false}}) {
        const std::string padded = std::string(100, 'x') + text;
        for (const Kernel kernel : {Kernel::kBest, Kernel::kScalar}) {
            MemorySource source(padded);
            RecordReader reader(source, {}, "x.csv", {kChunkBytes, kernel});
            ASSERT_TRUE(reader.next_batch());
            EXPECT_EQ(reader.is_plain_ascii(), is_plain);
        }
    }
}

/// Text made of what is hard: quotes, delimiters, line ends, comment signs, in any order.
std::string random_text(std::mt19937& random, std::size_t max_bytes) {
    static constexpr std::string_view kHard = ",\"\n\r#/a";
    static constexpr std::string_view kMild = ",abc\ndefghijklmnop \n\"";
    const std::string_view letters = random() % 3 == 0 ? kMild : kHard;
    std::string text(random() % (max_bytes + 1), ' ');
    for (char& byte : text) {
        byte = letters[random() % letters.size()];
    }
    return text;
}

/// Well-formed rows with quoted fields, so that the vector kernel's quick way is taken.
std::string random_table(std::mt19937& random) {
    std::string text;
    const std::string line_end = random() % 2 == 0 ? "\n" : "\r\n";
    const auto rows = random() % 8;
    for (unsigned row = 0; row < rows; ++row) {
        const auto fields = 1 + random() % 5;
        for (unsigned field = 0; field < fields; ++field) {
            const std::string word(random() % 30, 'w');
            static const std::vector<std::string> forms{"", "\"\"", "\"a\"\"b\"", "\"x,\ny\""};
            text += (field == 0 ? "" : ",");
            text += random() % 2 == 0 ? word : forms[random() % forms.size()];
        }
        text += line_end;
    }
    return text;
}

void expect_same(const std::string& text, const Dialect& dialect, std::uint32_t chunk_bytes) {
    const Parsed wanted = NaiveCsv(text, dialect).parse();
    for (const Kernel kernel : {Kernel::kBest, Kernel::kScalar}) {
        const Parsed got = read_all(text, dialect, {chunk_bytes, kernel});
        ASSERT_EQ(got.is_unterminated, wanted.is_unterminated) << testing::PrintToString(text);
        ASSERT_EQ(got.rows.size(), wanted.rows.size()) << testing::PrintToString(text);
        for (std::size_t at = 0; at < got.rows.size(); ++at) {
            ASSERT_EQ(got.rows[at].fields, wanted.rows[at].fields) << testing::PrintToString(text);
            ASSERT_EQ(got.rows[at].line, wanted.rows[at].line) << testing::PrintToString(text);
            ASSERT_EQ(got.rows[at].has_stray, wanted.rows[at].has_stray)
                << testing::PrintToString(text);
        }
    }
}

class RandomText : public testing::TestWithParam<Dialect> {};

TEST_P(RandomText, reads_the_same_with_both_kernels_and_the_naive_parser) {
    std::mt19937 random(20'000); // NOLINT(bugprone-random-generator-seed): the same every time
    for (int round = 0; round < 12'500; ++round) {
        ASSERT_NO_FATAL_FAILURE(expect_same(random_text(random, 300), GetParam(), kChunkBytes));
        ASSERT_NO_FATAL_FAILURE(expect_same(random_table(random), GetParam(),
                                            3 + static_cast<std::uint32_t>(random() % 200)));
    }
}

std::string dialect_name(const testing::TestParamInfo<Dialect>& info) {
    static const std::vector<std::string> names{"plain", "comment", "long_comment", "no_quote"};
    return names.at(info.index);
}

INSTANTIATE_TEST_SUITE_P(Dialects, RandomText,
                         testing::Values(Dialect{}, Dialect{',', true, '"', "#"},
                                         Dialect{',', true, '"', "//"},
                                         Dialect{',', false, '\0', ""}),
                         dialect_name);

TEST(StructureIndex, uses_the_vector_kernel_where_the_processor_has_it) {
#if defined(__x86_64__)
    EXPECT_EQ(find_vector_kernel() != nullptr,
              __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul"));
#else
    EXPECT_EQ(find_vector_kernel(), nullptr);
#endif
}

} // namespace
} // namespace penstock::csv
