#include "query/csv_writer.hpp"
#include "query/json_value.hpp"
#include "query/json_writer.hpp"
#include "query/session.hpp"
#include "query/valid_text.hpp"

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <cerrno>
#include <cstdlib>

namespace penstock::query {
namespace {

using Cells = std::vector<std::optional<std::string>>;

struct Column {
    std::string name;
    Oid type;
};

constexpr Oid kText = 25;
constexpr Oid kInt8 = 20;
constexpr Oid kNumeric = 1700;
constexpr Oid kFloat8 = 701;
constexpr Oid kBool = 16;
constexpr Oid kJsonb = 3802;
constexpr Oid kTextArray = 1009;
constexpr Oid kInt8Array = 1016;

const TypeNames& types() {
    static const TypeNames names({{kText, {"text", JsonKind::kText}},
                                  {kInt8, {"bigint", JsonKind::kNumber}},
                                  {kNumeric, {"numeric", JsonKind::kNumber}},
                                  {kFloat8, {"double precision", JsonKind::kNumber}},
                                  {kBool, {"boolean", JsonKind::kBool}},
                                  {kJsonb, {"jsonb", JsonKind::kJson}},
                                  {kTextArray, {"text[]", JsonKind::kArray, kText}},
                                  {kInt8Array, {"bigint[]", JsonKind::kArray, kInt8}}});
    return names;
}

/// A result as libpq would give it.
ResultPointer make_result(const std::vector<Column>& columns, const std::vector<Cells>& rows) {
    ResultPointer result(PQmakeEmptyPGresult(nullptr, PGRES_TUPLES_OK));
    std::vector<PGresAttDesc> descriptions;
    for (const Column& column : columns) {
        PGresAttDesc description{};
        description.name = const_cast<char*>(column.name.c_str());
        description.typid = column.type;
        descriptions.push_back(description);
    }
    PQsetResultAttrs(result.get(), static_cast<int>(columns.size()), descriptions.data());
    for (std::size_t row = 0; row < rows.size(); ++row) {
        for (std::size_t column = 0; column < columns.size(); ++column) {
            std::optional<std::string> cell = rows[row][column];
            PQsetvalue(result.get(), static_cast<int>(row), static_cast<int>(column),
                       cell ? cell->data() : nullptr, cell ? static_cast<int>(cell->size()) : -1);
        }
    }
    return result;
}

/// A stream into memory.
class Memory {
  public:
    Memory() : stream_(::open_memstream(&text_, &size_)) {}
    ~Memory() {
        std::fclose(stream_);
        std::free(text_);
    }
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;
    std::FILE* stream() { return stream_; }
    std::string text() {
        std::fflush(stream_);
        return {text_, size_};
    }

  private:
    char* text_ = nullptr;
    std::size_t size_ = 0;
    std::FILE* stream_;
};

std::string print(const OutputOptions& options, const ResultPointer& result) {
    Memory memory;
    const std::unique_ptr<ResultWriter> writer = make_writer(options, types(), memory.stream());
    writer->begin(*result);
    writer->rows(*result);
    writer->end();
    return memory.text();
}

TEST(Format, is_one_of_five_names) {
    EXPECT_EQ(format_from_text("table"), Format::kTable);
    EXPECT_EQ(format_from_text("csv"), Format::kCsv);
    EXPECT_EQ(format_from_text("json"), Format::kJson);
    EXPECT_EQ(format_from_text("ndjson"), Format::kNdjson);
    EXPECT_EQ(format_from_text("line"), Format::kLine);
    EXPECT_EQ(format_from_text("xml"), std::nullopt);
}

TEST(Csv, tells_null_from_empty_and_quotes_what_it_must) {
    const ResultPointer result =
        make_result({{"a", kText}, {"b,c", kText}},
                    {{"x", std::nullopt}, {"", "say \"hi\""}, {"two\nlines", "1,5"}, {"\\.", ";"}});
    EXPECT_EQ(print({Format::kCsv}, result), "a,\"b,c\"\nx,\n\"\",\"say \"\"hi\"\"\"\n"
                                             "\"two\nlines\",\"1,5\"\n\"\\.\",;\n");
}

TEST(Csv, takes_another_separator_and_no_header) {
    const ResultPointer result = make_result({{"a", kText}, {"b", kText}}, {{"1;2", "3,4"}});
    EXPECT_EQ(print({Format::kCsv, false, ';'}, result), "\"1;2\";3,4\n");
}

TEST(Json, keeps_every_digit) {
    const ResultPointer result = make_result(
        {{"n", kNumeric}, {"i", kInt8}, {"f", kFloat8}},
        {{"12345678901234567890.123456789012345678901", "-9223372036854775808", "1e+300"}});
    EXPECT_NE(print({Format::kJson}, result)
                  .find("{\"n\":12345678901234567890.123456789012345678901,"
                        "\"i\":-9223372036854775808,\"f\":1e+300}"),
              std::string::npos);
}

TEST(Json, writes_what_is_no_number_as_text) {
    const ResultPointer result =
        make_result({{"n", kNumeric}, {"f", kFloat8}}, {{"NaN", "-Infinity"}});
    EXPECT_NE(print({Format::kJson}, result).find("{\"n\":\"NaN\",\"f\":\"-Infinity\"}"),
              std::string::npos);
}

TEST(Json, has_columns_rows_and_values_of_their_kind) {
    const ResultPointer result = make_result(
        {{"t", kText}, {"b", kBool}, {"j", kJsonb}, {"o", 99999}},
        {{"q\"\\\n\x01é", "t", "{\"a\": [1]}", "x"}, {std::nullopt, "f", std::nullopt, ""}});
    EXPECT_EQ(print({Format::kJson}, result),
              "{\"columns\":[{\"name\":\"t\",\"data_type\":\"text\"},"
              "{\"name\":\"b\",\"data_type\":\"boolean\"},{\"name\":\"j\",\"data_type\":\"jsonb\"},"
              "{\"name\":\"o\",\"data_type\":\"oid 99999\"}],\"rows\":[\n"
              "{\"t\":\"q\\\"\\\\\\n\\u0001é\",\"b\":true,\"j\":{\"a\": [1]},\"o\":\"x\"},\n"
              "{\"t\":null,\"b\":false,\"j\":null,\"o\":\"\"}\n]}\n");
}

TEST(Json, of_no_rows_is_a_document_too) {
    EXPECT_EQ(print({Format::kJson}, make_result({{"t", kText}}, {})),
              "{\"columns\":[{\"name\":\"t\",\"data_type\":\"text\"}],\"rows\":[\n]}\n");
}

TEST(Json, makes_arrays_of_arrays) {
    std::string out;
    append_json_value(out, "{a,\"b \\\"c\\\", d\",NULL,\"NULL\",\"\"}", types().find(kTextArray),
                      types());
    EXPECT_EQ(out, "[\"a\",\"b \\\"c\\\", d\",null,\"NULL\",\"\"]");
    out.clear();
    append_json_value(out, "{{1,2},{3,NULL}}", types().find(kInt8Array), types());
    EXPECT_EQ(out, "[[1,2],[3,null]]");
    out.clear();
    append_json_value(out, "{}", types().find(kInt8Array), types());
    EXPECT_EQ(out, "[]");
}

TEST(Json, leaves_an_array_with_bounds_as_text) {
    std::string out;
    append_json_value(out, "[0:1]={1,2}", types().find(kInt8Array), types());
    EXPECT_EQ(out, "\"[0:1]={1,2}\"");
}

TEST(Json, keeps_columns_of_one_name_apart) {
    EXPECT_EQ(distinct_names({"a", "a", "a_2", "a", "b"}),
              (std::vector<std::string>{"a", "a_3", "a_2", "a_4", "b"}));
}

TEST(Json, of_a_failed_statement_says_so) {
    Memory memory;
    JsonWriter writer(types(), memory.stream());
    const ResultPointer result = make_result({{"i", kInt8}}, {{"1"}});
    writer.begin(*result);
    writer.rows(*result);
    writer.fail("division by zero");
    EXPECT_EQ(memory.text(), "{\"columns\":[{\"name\":\"i\",\"data_type\":\"bigint\"}],\"rows\":[\n"
                             "{\"i\":1}\n],\"error\":\"division by zero\"}\n");
}

TEST(Json, of_a_failed_statement_is_utf8_whatever_the_message_is) {
    Memory memory;
    JsonWriter writer(types(), memory.stream());
    writer.begin(*make_result({{"i", kInt8}}, {}));
    writer.fail("caf\xe9");
    EXPECT_EQ(memory.text(), "{\"columns\":[{\"name\":\"i\",\"data_type\":\"bigint\"}],\"rows\":[\n"
                             "],\"error\":\"caf\xEF\xBF\xBD\"}\n");
}

TEST(Json, keeps_a_document_of_several_lines_on_one) {
    std::string out;
    append_json_value(out, "{\"a\":\r\n \"x\\ny\"}", types().find(kJsonb), types());
    EXPECT_EQ(out, "{\"a\":   \"x\\ny\"}");
}

TEST(Ndjson, has_an_object_a_line_and_nothing_else) {
    const ResultPointer result =
        make_result({{"a", kText}, {"a", kNumeric}}, {{"two\nlines", "1.50"}, {std::nullopt, "2"}});
    EXPECT_EQ(print({Format::kNdjson}, result),
              "{\"a\":\"two\\nlines\",\"a_2\":1.50}\n{\"a\":null,\"a_2\":2}\n");
    EXPECT_EQ(print({Format::kNdjson}, make_result({{"a", kText}}, {})), "");
}

TEST(Json, of_a_later_result_has_its_own_columns) {
    Memory memory;
    NdjsonWriter writer(types(), memory.stream());
    for (const char* name : {"a", "b"}) {
        const ResultPointer result = make_result({{name, kInt8}}, {{"1"}});
        writer.begin(*result);
        writer.rows(*result);
        writer.end();
    }
    EXPECT_EQ(memory.text(), "{\"a\":1}\n{\"b\":1}\n");
}

class BrokenText : public testing::TestWithParam<Format> {};

// What another client_encoding may send: a lone byte, a cut sequence, a surrogate.
TEST_P(BrokenText, is_never_printed) {
    const ResultPointer result =
        make_result({{"n\xFF", kText}}, {{"a\xFFz"}, {"\xE6\x97"}, {"\xED\xA0\x80é"}});
    const std::string text = print({GetParam()}, result);
    std::string scratch;
    EXPECT_EQ(valid_text(text, scratch), text) << scratch;
    EXPECT_NE(text.find("é"), std::string::npos);
}
INSTANTIATE_TEST_SUITE_P(Formats, BrokenText,
                         testing::Values(Format::kTable, Format::kCsv, Format::kJson,
                                         Format::kNdjson, Format::kLine));

TEST(ValidText, puts_a_mark_in_place_of_each_byte_that_is_none) {
    std::string scratch;
    EXPECT_EQ(valid_text("plain é", scratch), "plain é");
    EXPECT_EQ(valid_text("a\xFF\xFEz", scratch), "a\xEF\xBF\xBD\xEF\xBF\xBDz");
    EXPECT_EQ(valid_text("", scratch), "");
}

TEST(Table, looks_as_in_psql) {
    const ResultPointer result =
        make_result({{"name", kText}, {"n", kInt8}}, {{"日本", "1"}, {"x", "100"}});
    EXPECT_EQ(print({Format::kTable}, result), " name |  n  \n"
                                               "------+-----\n"
                                               " 日本 |   1\n"
                                               " x    | 100\n"
                                               "(2 rows)\n\n");
}

TEST(Table, without_header_holds_only_rows) {
    EXPECT_EQ(print({Format::kTable, false}, make_result({{"a", kText}}, {{"x"}})), " x\n\n");
}

TEST(Line, shows_a_column_a_line) {
    const ResultPointer result = make_result({{"name", kText}, {"n", kInt8}}, {{"x", "1"}});
    EXPECT_EQ(print({Format::kLine}, result), "-[ RECORD 1 ]\nname | x\nn    | 1\n\n");
}

class FullDevice : public testing::TestWithParam<Format> {};

TEST_P(FullDevice, is_reported_with_its_reason) {
    std::FILE* full = std::fopen("/dev/full", "w");
    ASSERT_NE(full, nullptr);
    const ResultPointer result = make_result({{"a", kText}}, {{"x"}});
    const std::unique_ptr<ResultWriter> writer = make_writer({GetParam()}, types(), full);
    int error = 0;
    try {
        writer->begin(*result);
        writer->rows(*result);
        writer->end();
    } catch (const OutputClosed& closed) {
        error = closed.error;
    }
    std::fclose(full);
    EXPECT_EQ(error, ENOSPC);
}
INSTANTIATE_TEST_SUITE_P(Formats, FullDevice,
                         testing::Values(Format::kTable, Format::kCsv, Format::kJson,
                                         Format::kNdjson, Format::kLine));

} // namespace
} // namespace penstock::query
