#include "unit/plugins/csv/csv_fixture.hpp"

#include <sys/stat.h>
#include <unistd.h>

namespace penstock::csv {
namespace {

class CsvSchema : public CsvTest {};

TEST_F(CsvSchema, makes_a_table_of_each_file) {
    write("b.tsv", "x\ty\n1\t2\n");
    write("a.csv", "id,name\n1,Ann\n");
    write("c.txt", "k;v\n");
    const auto tables = host().describe();
    ASSERT_EQ(tables.size(), 3U);
    EXPECT_EQ(tables[0].name, "a");
    EXPECT_EQ(shape_of(tables[0]), "id int8, name text");
    EXPECT_EQ(tables[1].name, "b");
    EXPECT_EQ(shape_of(tables[1]), "x int8, y int8");
    EXPECT_EQ(shape_of(tables[2]), "k;v text");
}

TEST_F(CsvSchema, infers_types_from_all_rows_and_keeps_an_empty_column_text) {
    write("t.csv", "i,f,d,t,b,u,e,q\n"
                   "1,1,2024-01-01,2024-01-01,true,00112233-4455-6677-8899-aabbccddeeff,,\"\"\n"
                   ",2.5,,2024-01-01 10:00:00+01,,,,\"7\"\n");
    EXPECT_EQ(shape(), "i int8, f float8, d date, t timestamptz, b bool, u uuid, e text, q int8");
    EXPECT_EQ(shape({{"all_text", {true}}}),
              "i text, f text, d text, t text, b text, u text, e text, q text");
}

TEST_F(CsvSchema, takes_the_types_that_the_connection_gives) {
    write("t.csv", "id,price\n1,2.5\n");
    Arguments arguments{{"columns", {ConfigValue::Map{{"price", text("numeric")}}}}};
    EXPECT_EQ(shape(arguments), "id int8, price numeric");
    arguments["columns"] = {ConfigValue::Map{{"prise", text("numeric")}}};
    const Error unknown = error_of([&] { (void)host(arguments).describe(); });
    EXPECT_EQ(unknown.message, "no file has a column \"prise\"");
    EXPECT_EQ(unknown.hint, "The columns are: \"id\", \"price\".");
    arguments["columns"] = {ConfigValue::Map{{"price", text("money")}}};
    const Error bad_type = error_of([&] { (void)host(arguments); });
    EXPECT_EQ(bad_type.argument, "columns");
    EXPECT_EQ(bad_type.message, "column \"price\" has unknown type \"money\"");
}

TEST_F(CsvSchema, decides_by_the_first_row_whether_there_is_a_header) {
    write("t.csv", "id,7\n1,2\n");
    EXPECT_EQ(shape(), "column_1 text, column_2 int8");
    EXPECT_EQ(shape({{"header", text("on")}}), "id int8, 7 int8");
    write("t.csv", "id,name\n1,x\n");
    EXPECT_EQ(shape({{"header", text("off")}}), "column_1 text, column_2 text");
}

TEST_F(CsvSchema, names_empty_and_repeated_columns) {
    write("t.csv", ",a,a,\"a\",a_2, a\n");
    EXPECT_EQ(shape(), "column_1 text, a text, a_2 text, a_3 text, a_2_2 text,  a text");
}

TEST_F(CsvSchema, estimates_rows_and_does_not_move_with_every_row) {
    std::string content = "id\n";
    for (int row = 0; row < 1234; ++row) {
        content += "1\n";
    }
    write("t.csv", content);
    EXPECT_EQ(host().describe().at(0).row_estimate, 1200);
}

TEST_F(CsvSchema, leaves_a_bad_file_out_and_keeps_the_others) {
    write("good.csv", "a\n1\n");
    write("empty.csv", "");
    write(std::string(64, 'n') + ".csv", "a\n");
    write("long_column.csv", std::string(64, 'c') + "\n");
    write("system.csv", "ctid\n");
    write("latin1.csv", "caf\xE9\n");
    write("caf\xE9.csv", "a\n");
    std::string wide = "c";
    for (int column = 0; column < 1600; ++column) {
        wide += ",c";
    }
    write("wide.csv", wide + "\n");
    ASSERT_EQ(::mkfifo(path("pipe.csv").c_str(), 0600), 0);
    const auto tables = host().describe();
    ASSERT_EQ(tables.size(), 1U);
    EXPECT_EQ(tables[0].name, "good");
}

struct BadFile {
    std::string content;
    std::string message;
};

TEST_F(CsvSchema, says_what_is_wrong_with_a_file_that_stands_alone) {
    const std::vector<BadFile> files{
        {"", "file \"PATH\" is empty"},
        {"\n1\n", "file \"PATH\" begins with an empty line"},
        {std::string(64, 'c') + "\n",
         "column 1 of the header is longer than 63 bytes: \"" + std::string(64, 'c') + "\""},
        {"a,caf\xE9\n", "column 2 of the header is not valid UTF-8"},
        {"a,b\rc,d\r", "lines end with a carriage return only"},
    };
    for (const BadFile& file : files) {
        const std::string name = write("t.csv", file.content);
        Error error = error_of([&] { (void)host().describe(); });
        const std::size_t at = error.message.find(name);
        if (at != std::string::npos) {
            error.message.replace(at, name.size(), "PATH");
        }
        EXPECT_EQ(error.message, file.message);
        EXPECT_EQ(error.kind, ErrorKind::kData);
    }
}

TEST_F(CsvSchema, refuses_two_files_for_one_table) {
    write("t.csv", "a\n");
    write("t.tsv", "a\n");
    const Error error = error_of([&] { (void)host().describe(); });
    EXPECT_EQ(error.message, "two files would be table \"t\"");
    EXPECT_EQ(error.detail, "\"" + path("t.csv") + "\" and \"" + path("t.tsv") + "\".");
    EXPECT_EQ(error.argument, "paths");
}

TEST_F(CsvSchema, has_no_tables_where_a_pattern_matches_nothing) {
    EXPECT_TRUE(host().describe().empty());
}

TEST_F(CsvSchema, names_a_file_that_is_missing_or_no_file) {
    const Error missing =
        error_of([&] { (void)host({{"paths", list({path("no.csv")})}}).describe(); });
    EXPECT_EQ(missing.message,
              "could not find file \"" + path("no.csv") + "\": No such file or directory");
    EXPECT_EQ(missing.sqlstate, "58P01");
    const Error folder = error_of([&] { (void)host({{"paths", list({folder_})}}).describe(); });
    EXPECT_EQ(folder.message, "\"" + folder_.string() + "\" is a directory");
    ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
    const Error pipe = error_of([&] { (void)host({{"paths", list({path("pipe")})}}).describe(); });
    EXPECT_EQ(pipe.message, "\"" + path("pipe") + "\" is a named pipe");
}

TEST_F(CsvSchema, names_the_user_who_may_not_read_a_file) {
    if (::geteuid() == 0) {
        ASSERT_EQ(::seteuid(65'534), 0); // nobody: root may read everything
    }
    const Error error =
        error_of([&] { (void)host({{"paths", list({"/etc/shadow"})}}).describe(); });
    if (::getuid() == 0) {
        ASSERT_EQ(::seteuid(0), 0);
    }
    EXPECT_EQ(error.kind, ErrorKind::kPermission);
    EXPECT_EQ(error.message, "could not open file \"/etc/shadow\": Permission denied");
    EXPECT_NE(error.hint.find("The plugin runs as user \""), std::string::npos);
}

struct BadArgument {
    std::string name;
    ConfigValue value;
    std::string message;
};

TEST_F(CsvSchema, checks_its_arguments) {
    const std::vector<BadArgument> cases{
        {"paths", list({"data/*.csv"}), "path \"data/*.csv\" is not absolute"},
        {"delimiter", text("ab"), "argument \"delimiter\" is not a single character: \"ab\""},
        {"quote", text("\n"), "argument \"quote\" is not a single character: \"\n\""},
        {"comment", text("#,"), "argument \"comment\" holds a delimiter, a quote or a line end"},
        {"sample_mb", {std::int64_t{0}}, "argument \"sample_mb\" is out of range: 0"},
    };
    for (const BadArgument& bad : cases) {
        const Error error = error_of([&] { (void)host({{bad.name, bad.value}}); });
        EXPECT_EQ(error.message, bad.message);
        EXPECT_EQ(error.argument, bad.name);
    }
}

TEST_F(CsvSchema, looks_at_the_beginning_and_the_end_of_a_large_file) {
    std::string content = "id,note\n";
    while (content.size() < 4U << 20) {
        content += "12345678,abcdefgh\n";
    }
    write("t.csv", content + "1.5,x\n");
    EXPECT_EQ(shape({{"sample_mb", {std::int64_t{1}}}}), "id float8, note text");
    const double rows = host({{"sample_mb", {std::int64_t{1}}}}).describe().at(0).row_estimate;
    EXPECT_NEAR(rows, 233'000, 10'000);
}

} // namespace
} // namespace penstock::csv
