#include "unit/plugins/csv/csv_fixture.hpp"

#include <zlib.h>

namespace penstock::csv {
namespace {

class CsvScan : public CsvTest {
  protected:
    static std::string gzip(const std::string& text) {
        z_stream stream{};
        deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
        std::string out(text.size() + 100, '\0');
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
        stream.avail_in = static_cast<uInt>(text.size());
        stream.next_out = reinterpret_cast<Bytef*>(out.data());
        stream.avail_out = static_cast<uInt>(out.size());
        deflate(&stream, Z_FINISH);
        out.resize(out.size() - stream.avail_out);
        deflateEnd(&stream);
        return out;
    }
    const ConfigValue skip_ = text("skip");
};

TEST_F(CsvScan, reads_values_of_every_inferred_type) {
    write("t.csv", "i,f,n,d,t,b,u,s\n"
                   "-1,2.5,12345678901234567890,2000-01-02,2000-01-01T00:00:01Z,true,"
                   "00000000-0000-0000-0000-000000000001,\"a \"\"b\"\", c\"\n"
                   ",,,,,,,\n");
    auto test = host();
    const auto rows = test.scan("t");
    ASSERT_EQ(rows.size(), 2U);
    Uuid uuid;
    uuid.bytes[15] = 1;
    EXPECT_EQ(rows[0], (Row{v(-1), v(2.5), Numeric{"12345678901234567890"}, Date{1},
                            Timestamptz{1'000'000}, true, uuid, v("a \"b\", c")}));
    EXPECT_EQ(rows[1], Row(8, null()));
}

TEST_F(CsvScan, delivers_the_requested_columns_in_their_order) {
    write("t.csv", "a,b,c\n1,2,3\n4,5,6\n");
    auto test = host();
    EXPECT_EQ(test.scan("t", {"c", "a"}), (std::vector<Row>{{v(3), v(1)}, {v(6), v(4)}}));
    EXPECT_EQ(test.count("t"), 2U);
}

TEST_F(CsvScan, tells_null_from_empty_text) {
    write("t.csv", "a,b\n,\"\"\nNA,\"NA\"\n");
    EXPECT_EQ(host().scan("t"), (std::vector<Row>{{null(), v("")}, {v("NA"), v("NA")}}));
    EXPECT_EQ(host({{"null_values", list({"NA"})}}).scan("t"),
              (std::vector<Row>{{v(""), v("")}, {null(), v("NA")}}));
}

TEST_F(CsvScan, takes_an_empty_field_of_a_number_as_null_quoted_or_not) {
    write("t.csv", "a,b\n1,2\n\"\",\n");
    EXPECT_EQ(host().scan("t").at(1), (Row{null(), null()}));
}

TEST_F(CsvScan, reads_the_other_types_that_columns_can_name) {
    write("t.csv", "a,b,c,d,e,f\n1,2,0.5,yes,10.0.0.1,\"{\"\"k\"\": 1}\"\n");
    const ConfigValue::Map types{{"a", text("int2")}, {"b", text("int4")}, {"c", text("float4")},
                                 {"d", text("bool")}, {"e", text("inet")}, {"f", text("jsonb")}};
    auto test = host({{"columns", {types}}});
    EXPECT_EQ(shape_of(test.describe().at(0)), "a int2, b int4, c float4, d bool, e inet, f jsonb");
    const Row row = test.scan("t").at(0);
    EXPECT_EQ(row[0], v(1));
    EXPECT_EQ(row[1], v(2));
    EXPECT_EQ(row[2], v(0.5));
    EXPECT_EQ(row[3], Value(true));
    EXPECT_EQ(std::get<Inet>(row[4]).bytes[0], 10);
    EXPECT_EQ(std::get<Json>(row[5]).text, "{\"k\": 1}");
}

TEST_F(CsvScan, reads_gzip_whatever_the_file_is_called) {
    write("t.csv", gzip("a,b\n1,x\n") + gzip("2,y\n"));
    EXPECT_EQ(host().scan("t"), (std::vector<Row>{{v(1), v("x")}, {v(2), v("y")}}));
    const std::string whole = gzip("a\n" + std::string(100'000, 'x') + "\n");
    write("t.csv", whole.substr(0, whole.size() - 12));
    const Error error = error_of([&] { (void)host().scan("t"); });
    EXPECT_NE(error.message.find("is damaged: it ends in the middle"), std::string::npos);
}

TEST_F(CsvScan, has_no_rows_when_there_is_only_a_header) {
    write("t.csv", "a,b\n");
    auto test = host();
    EXPECT_TRUE(test.scan("t").empty());
    EXPECT_EQ(test.count("t"), 0U);
}

TEST_F(CsvScan, ignores_one_empty_line_at_the_end_and_no_other) {
    write("t.csv", "a,b\n1,2\n\n");
    EXPECT_EQ(host().count("t"), 1U);
    EXPECT_EQ(host().scan("t").size(), 1U);
    write("t.csv", "a,b\n1,2\n\n3,4\n");
    EXPECT_EQ(error_of([&] { (void)host().count("t"); }).sqlstate, "22P04");
    write("t.csv", "a\n1\n\n3\n");
    EXPECT_EQ(host().scan("t"), (std::vector<Row>{{v(1)}, {null()}, {v(3)}}));
}

TEST_F(CsvScan, adds_file_name_and_line_number_on_request) {
    const std::string file = write("t.csv", "a,b\n1,\"x\ny\"\n2,z\n");
    auto test = host({{"file_name_column", text("_file")}, {"line_number_column", text("_line")}});
    EXPECT_EQ(shape_of(test.describe().at(0)), "a int8, b text, _file text, _line int8");
    EXPECT_EQ(test.scan("t", {"_line", "_file", "a"}),
              (std::vector<Row>{{v(2), v(file.c_str()), v(1)}, {v(4), v(file.c_str()), v(2)}}));
    EXPECT_EQ(host({{"line_number_column", text("n")}}).scan("t", {"n"}),
              (std::vector<Row>{{v(2)}, {v(4)}}));
}

TEST_F(CsvScan, names_value_file_line_column_and_the_option_that_helps) {
    const std::string file = write("t.csv", "id,price\n1,2\n\"3\",x\ty\n");
    auto test = host({{"columns", {ConfigValue::Map{{"price", text("int8")}}}}});
    const Error error = error_of([&] { (void)test.scan("t"); });
    EXPECT_EQ(error.message, "invalid value \"x\\x09y\" for column \"price\" of type int8");
    EXPECT_EQ(error.detail, "File \"" + file + "\", line 3, column 2.");
    EXPECT_EQ(error.hint, "Set all_text = true, or columns = { price = \"text\" }, in the "
                          "connection; on_error = \"skip\" leaves such rows out.");
    EXPECT_EQ(error.sqlstate, "22P02");
    EXPECT_EQ(test.scan("t", {"id"}).size(), 2U) << "only requested columns are converted";
}

TEST_F(CsvScan, finds_rows_of_the_wrong_width_in_every_scan) {
    const std::string file = write("t.csv", "a,b\n1,2\n3\n");
    for (const char* content : {"a,b\n1,2\n3\n", "a,b\n1,2\n3,4,5\n", "a,b\n1,2\n\"3\"x,4\n"}) {
        write("t.csv", content);
        auto test = host();
        for (const Error& error :
             {error_of([&] { (void)test.scan("t"); }), error_of([&] { (void)test.count("t"); })}) {
            EXPECT_EQ(error.sqlstate, "22P04") << content;
            EXPECT_EQ(error.detail, "File \"" + file + "\", line 3.");
        }
    }
    write("t.csv", "a,b\n1,2\n3,4,5\n");
    EXPECT_EQ(error_of([&] { (void)host().count("t"); }).message,
              "row has too many fields: 3 instead of 2");
}

TEST_F(CsvScan, pads_short_rows_when_the_connection_says_so) {
    write("t.csv", "a,b,c\n1\n2,x\n3,y,4\n");
    auto test = host({{"missing_fields", text("null")}});
    EXPECT_EQ(
        test.scan("t"),
        (std::vector<Row>{{v(1), null(), null()}, {v(2), v("x"), null()}, {v(3), v("y"), v(4)}}));
    EXPECT_EQ(test.count("t"), 3U);
}

TEST_F(CsvScan, skips_bad_rows_counts_them_and_says_so_once) {
    const std::string file =
        write("t.csv", "a,b\n1,2\n3\nx,4\n5,6,7\n8,caf\xE9\n\"9\"z,1\n10,11\n");
    auto test = host({{"on_error", skip_}, {"columns", {ConfigValue::Map{{"a", text("int8")}}}}});
    const std::string warning = "skipped 5 rows of file \"" + file +
                                "\"; the first: row has too few fields: 1 instead of 2 (File \"" +
                                file + "\", line 3)";
    EXPECT_EQ(test.scan("t"), (std::vector<Row>{{v(1), v("2")}, {v(10), v("11")}}));
    EXPECT_EQ(test.warnings(), std::vector<std::string>{warning});
    EXPECT_EQ(test.scan("t", {"b"}).size(), 2U) << "the columns must not change the rows";
    EXPECT_EQ(test.count("t"), 2U);
    EXPECT_EQ(test.warnings(), std::vector<std::string>{warning});
}

TEST_F(CsvScan, finds_invalid_utf8_and_nul_bytes_with_their_line) {
    const std::string file = write("t.csv", "a,b\nx,y\nz,\"u\nv\xE9w\"\n");
    const Error latin = error_of([&] { (void)host().scan("t"); });
    EXPECT_EQ(latin.message, "invalid byte sequence for encoding \"UTF8\" in column \"b\": 0xe9");
    EXPECT_EQ(latin.detail, "File \"" + file + "\", line 4, column 2.");
    EXPECT_EQ(latin.sqlstate, "22021");
    write("t.csv", std::string("a,b\nx,y\nz,\0\n", 12));
    const Error nul = error_of([&] { (void)host().scan("t"); });
    EXPECT_EQ(nul.message, "invalid byte sequence for encoding \"UTF8\" in column \"b\": 0x00");
    EXPECT_EQ(nul.detail, "File \"" + file + "\", line 3, column 2.");
}

TEST_F(CsvScan, reports_an_open_quote_although_the_table_exists) {
    write("t.csv", "a,b\n1,2\n3,\"4\n5,6\n");
    auto test = host();
    for (const Error& error :
         {error_of([&] { (void)test.scan("t"); }), error_of([&] { (void)test.count("t"); })}) {
        EXPECT_EQ(error.message, "quoted field is not closed");
    }
    EXPECT_EQ(host({{"quote", text("")}}).scan("t").at(1), (Row{v(3), v("\"4")}));
}

TEST_F(CsvScan, sees_a_table_through_many_chunks_and_blocks) {
    std::string content = "id,name\n";
    for (int row = 0; row < 100'000; ++row) {
        content += std::to_string(row) + ",\"name, " + std::to_string(row) + "\"\r\n";
    }
    write("t.csv", content);
    const auto rows = host().scan("t");
    ASSERT_EQ(rows.size(), 100'000U);
    for (int row = 0; row < 100'000; ++row) {
        ASSERT_EQ(rows[static_cast<std::size_t>(row)],
                  (Row{v(row), v(("name, " + std::to_string(row)).c_str())}));
    }
}

TEST_F(CsvScan, reads_the_distribution_files_of_debian) {
    const std::string file = "/usr/share/distro-info/debian.csv";
    ASSERT_TRUE(std::filesystem::exists(file)) << "package distro-info-data is not installed";
    auto test = host({{"paths", list({file})}, {"missing_fields", text("null")}});
    const std::string shape = shape_of(test.describe().at(0));
    EXPECT_TRUE(shape.starts_with("version float8, codename text, series text, created date, "
                                  "release date, eol date"))
        << shape;
    const auto rows = test.scan("debian", {"codename", "release"});
    ASSERT_GT(rows.size(), 15U);
    EXPECT_EQ(rows[0][0], v("Buzz"));
    EXPECT_EQ(test.count("debian"), rows.size());
}

TEST_F(CsvScan, reads_the_zone_table_with_comments_tabs_and_no_header) {
    const std::string file = "/usr/share/zoneinfo/zone1970.tab";
    ASSERT_TRUE(std::filesystem::exists(file)) << "package tzdata is not installed";
    auto test = host({{"paths", list({file})},
                      {"comment", text("#")},
                      {"header", text("off")},
                      {"quote", text("")},
                      {"missing_fields", text("null")}});
    EXPECT_EQ(shape_of(test.describe().at(0)),
              "column_1 text, column_2 text, column_3 text, column_4 text");
    const auto rows = test.scan("zone1970");
    ASSERT_GT(rows.size(), 300U);
    EXPECT_EQ(rows[0], (Row{v("AD"), v("+4230+00131"), v("Europe/Andorra"), null()}));
}

TEST_F(CsvScan, says_so_when_the_header_changed_since_the_table_was_described) {
    write("t.csv", "a,b\n1,2\n");
    struct Silent final : ConnectionHost {
        void announce_schema_change() override {}
    } silent;
    const auto connection =
        plugin_.connect(ConnectionConfig("c", {{"paths", list({path("*.csv")})}}), silent);
    const auto table = connection->tables().at(0);
    write("t.csv", "a,c\n1,2\n");
    struct Nowhere final : BlockOutput {
        void write_frame(std::span<const std::byte> /*frame*/) override {}
        [[nodiscard]] bool is_cancelled() const noexcept override { return false; }
    } nowhere;
    ScanRequest request;
    RowSink sink(request, table->schema(), nowhere);
    const Error error = error_of([&] { table->scan(request, sink); });
    EXPECT_EQ(error.kind, ErrorKind::kNoColumn);
    EXPECT_EQ(error.detail, "Column 2 of the header is \"c\" now and was \"b\".");
}

} // namespace
} // namespace penstock::csv
