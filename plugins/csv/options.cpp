#include "csv/options.hpp"

#include "csv/convert.hpp"
#include "penstock/types/error.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

namespace penstock::csv {

namespace {

[[noreturn]] void throw_option(const std::string& argument, std::string message, std::string hint) {
    Error error = Error::make(ErrorKind::kOption, std::move(message), {}, std::move(hint));
    error.argument = argument;
    throw Exception(std::move(error));
}

std::string absolute_path(const std::string& path) {
    if (path.starts_with("/")) {
        return path;
    }
    if (path == "~" || path.starts_with("~/")) {
        const char* home = std::getenv("HOME"); // NOLINT(concurrency-mt-unsafe)
        if (home == nullptr || *home != '/') {
            throw_option("paths", "cannot resolve path \"" + path + "\": HOME is not set",
                         "Write the whole path, from the root folder.");
        }
        return home + path.substr(1);
    }
    throw_option("paths", "path \"" + path + "\" is not absolute",
                 "Begin it with \"/\", or with \"~/\" for the home folder of the user that runs "
                 "the plugin.");
}

std::vector<std::string> read_paths(const ConnectionConfig& config) {
    std::vector<std::string> paths;
    for (const std::string& path : config.text_list("paths")) {
        paths.push_back(absolute_path(path));
    }
    if (paths.empty()) {
        throw_option("paths", "argument \"paths\" is empty",
                     "Name files or patterns, such as [\"/data/*.csv\"].");
    }
    return paths;
}

/// One byte, with \t for a tab. Empty stays empty.
std::string read_byte(const ConnectionConfig& config, const std::string& argument,
                      const std::string& otherwise) {
    std::string text = config.text(argument).value_or(otherwise);
    if (text == "\\t") {
        text = "\t";
    }
    const bool is_good =
        text.empty() || (text.size() == 1 && text[0] != '\n' && text[0] != '\r' &&
                         static_cast<unsigned char>(text[0]) < 0x80 && text[0] != '\0');
    if (!is_good) {
        throw_option(argument,
                     "argument \"" + argument + "\" is not a single character: \"" + text + "\"",
                     "Give one ASCII character; \"\\t\" stands for a tab.");
    }
    return text;
}

void check_comment(const Options& options) {
    const std::string& comment = options.comment;
    std::string forbidden = "\r\n";
    forbidden += options.delimiter.empty() ? ",\t" : options.delimiter;
    if (options.has_quote) {
        forbidden += options.quote;
    }
    if (comment.find_first_of(forbidden) != std::string::npos) {
        throw_option("comment", "argument \"comment\" holds a delimiter, a quote or a line end",
                     "Give the characters that comment lines begin with, such as \"#\".");
    }
}

std::map<std::string, TypeId> read_columns(const ConnectionConfig& config) {
    std::map<std::string, TypeId> types;
    for (const auto& [column, name] : config.text_map("columns")) {
        const TypeInfo* type = find_type_by_name(name);
        if (type == nullptr || !can_convert(type->id)) {
            throw_option("columns", "column \"" + column + "\" has unknown type \"" + name + "\"",
                         "Valid types are: " + convertible_type_names() + ".");
        }
        types[column] = type->id;
    }
    return types;
}

std::uint64_t read_sample_bytes(const ConnectionConfig& config) {
    constexpr std::int64_t kMaxSampleMb = 1 << 20;
    const std::int64_t megabytes = config.integer("sample_mb").value_or(16);
    if (megabytes < 1 || megabytes > kMaxSampleMb) {
        throw_option("sample_mb",
                     "argument \"sample_mb\" is out of range: " + std::to_string(megabytes),
                     "Give a number from 1 to " + std::to_string(kMaxSampleMb) + ".");
    }
    return static_cast<std::uint64_t>(megabytes) << 20U;
}

HeaderMode read_header(const ConnectionConfig& config) {
    const std::string text = config.text("header").value_or("auto");
    if (text == "on") {
        return HeaderMode::kOn;
    }
    return text == "off" ? HeaderMode::kOff : HeaderMode::kAuto;
}

constexpr std::array<std::string_view, 4> kTextEndings{".csv", ".tsv", ".tab", ".txt"};

std::string_view without_ending(std::string_view name, std::string_view ending) {
    return name.ends_with(ending) ? name.substr(0, name.size() - ending.size()) : name;
}

std::string_view file_name_of(std::string_view path) {
    return path.substr(path.find_last_of('/') + 1);
}

} // namespace

std::vector<ArgumentSpec> argument_specs() {
    using Kind = ArgumentKind;
    return {
        {"paths", Kind::kStringList, true, "",
         "Files to read: absolute paths or patterns with * ? and [], \"~/\" for the home of the "
         "user that runs the plugin."},
        {"delimiter", Kind::kString, false, "auto",
         "The character between fields; without it a tab for names that end in .tsv or .tab, else "
         "a comma."},
        {"quote", Kind::kString, false, "\"",
         "The character around fields that hold delimiters or line ends; \"\" when there is none."},
        {"header",
         Kind::kString,
         false,
         "auto",
         "Whether the first row names the columns; auto: it does when none of its fields reads as "
         "a number, boolean, date, time or UUID.",
         false,
         {"auto", "on", "off"}},
        {"all_text", Kind::kBoolean, false, "false",
         "Makes every column text instead of inferring types."},
        {"columns", Kind::kMap, false, "",
         "Types of columns by name, instead of the inferred ones, such as { price = \"numeric\" "
         "}."},
        {"comment", Kind::kString, false, "",
         "Lines that begin with these characters are skipped."},
        {"null_values", Kind::kStringList, false, "[\"\"]",
         "Unquoted fields with one of these texts are NULL."},
        {"file_name_column", Kind::kString, false, "",
         "Name of an added text column with the path of the file, such as \"_file\"."},
        {"line_number_column", Kind::kString, false, "",
         "Name of an added int8 column with the line on which the row begins, such as \"_line\"."},
        {"on_error",
         Kind::kString,
         false,
         "fail",
         "What a bad row does: fail ends the query with an error, skip leaves the row out and "
         "warns at the end.",
         false,
         {"fail", "skip"}},
        {"missing_fields",
         Kind::kString,
         false,
         "error",
         "What a row with too few fields is: a bad row, or one whose last fields are NULL.",
         false,
         {"error", "null"}},
        {"sample_mb", Kind::kInteger, false, "16",
         "Types are inferred from whole files up to this many MiB, and from the beginning and the "
         "end of larger ones."},
    };
}

Options read_options(const ConnectionConfig& config) {
    Options options;
    options.paths = read_paths(config);
    options.delimiter = read_byte(config, "delimiter", "");
    const std::string quote = read_byte(config, "quote", "\"");
    options.has_quote = !quote.empty();
    options.quote = options.has_quote ? quote[0] : '\0';
    if (options.has_quote && quote == options.delimiter) {
        throw_option("quote", "arguments \"quote\" and \"delimiter\" are the same character",
                     "Set quote = \"\" when fields are not quoted.");
    }
    options.header = read_header(config);
    options.is_all_text = config.boolean("all_text").value_or(false);
    options.columns = read_columns(config);
    options.comment = config.text("comment").value_or("");
    check_comment(options);
    if (config.has("null_values")) {
        options.null_values = config.text_list("null_values");
    }
    options.file_name_column = config.text("file_name_column").value_or("");
    options.line_number_column = config.text("line_number_column").value_or("");
    options.skips_bad_rows = config.text("on_error").value_or("fail") == "skip";
    options.pads_short_rows = config.text("missing_fields").value_or("error") == "null";
    options.sample_bytes = read_sample_bytes(config);
    return options;
}

Dialect dialect_for(const Options& options, const std::string& path) {
    Dialect dialect;
    const std::string_view name = without_ending(path, ".gz");
    const bool is_tabbed = name.ends_with(".tsv") || name.ends_with(".tab");
    dialect.delimiter = is_tabbed ? '\t' : ',';
    if (!options.delimiter.empty()) {
        dialect.delimiter = options.delimiter[0];
    }
    dialect.has_quote = options.has_quote;
    dialect.quote = options.quote;
    dialect.comment = options.comment;
    return dialect;
}

std::string table_name_for(std::string_view path) {
    const std::string_view name = without_ending(file_name_of(path), ".gz");
    for (const std::string_view ending : kTextEndings) {
        if (name.ends_with(ending)) {
            return std::string(without_ending(name, ending));
        }
    }
    return std::string(name);
}

} // namespace penstock::csv
