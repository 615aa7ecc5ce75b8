#include "csv/describe.hpp"

#include "csv/field_text.hpp"
#include "csv/infer.hpp"
#include "penstock/types/error.hpp"
#include "penstock/types/utf8.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>
#include <utility>

namespace penstock::csv {

namespace {

/// How much of the end of a large file is looked at.
constexpr std::uint64_t kTailBytes = 1U << 20;

[[noreturn]] void throw_data(std::string message, const std::string& path, std::string hint = {}) {
    throw Exception(ErrorKind::kData, std::move(message), "File \"" + path + "\", line 1.",
                    std::move(hint));
}

std::string numbered_name(std::size_t position) {
    return "column_" + std::to_string(position + 1);
}

void check_cell(std::string_view cell, std::size_t position, const std::string& path) {
    const std::string place = "column " + std::to_string(position + 1) + " of the header";
    if (!is_valid_text(cell)) {
        const bool is_utf16 = cell.starts_with("\xFF\xFE") || cell.starts_with("\xFE\xFF");
        throw_data(place + " is not valid UTF-8", path,
                   is_utf16
                       ? "The file is in UTF-16; convert it: iconv -f UTF-16 -t UTF-8."
                       : "Convert the file to UTF-8, for instance by iconv -f LATIN1 -t UTF-8.");
    }
    if (cell.size() > kMaxNameBytes) {
        throw_data(place + " is longer than " + std::to_string(kMaxNameBytes) + " bytes: \"" +
                       std::string(cell.substr(0, cell.find('\n'))) + "\"",
                   path,
                   "PostgreSQL would cut the name. Shorten it, or set header = \"off\" in the "
                   "connection if this row is no header.");
    }
}

/// Does the first row look like names?
bool looks_like_header(const RecordRow& row, const Dialect& dialect) {
    std::string scratch;
    bool has_name = false;
    for (std::uint32_t at = 0; at < row.field_count(); ++at) {
        const std::string_view cell = content_of(row.field(at), dialect, scratch);
        has_name = has_name || !cell.empty();
        if (!cell.empty() && narrowest_type(cell) != TypeId::kText) {
            return false;
        }
    }
    return has_name;
}

/// What the rows of a sample tell of the columns.
class Sample {
  public:
    Sample(const Options& options, const Dialect& dialect, std::size_t width, bool is_fixed)
        : options_(options), dialect_(dialect), guesses_(width), is_fixed_(is_fixed) {}

    /// Rows of the wrong width tell nothing; a scan reports them. Returns whether it was right.
    bool add(const RecordRow& row) {
        if (row.field_count() > guesses_.size() && !is_fixed_) {
            guesses_.resize(row.field_count());
        }
        if (row.field_count() > guesses_.size() ||
            (row.field_count() < guesses_.size() && !options_.pads_short_rows)) {
            return false;
        }
        for (std::uint32_t at = 0; at < row.field_count(); ++at) {
            add_field(row.field(at), guesses_[at]);
        }
        return true;
    }
    [[nodiscard]] std::size_t width() const noexcept { return guesses_.size(); }
    [[nodiscard]] TypeId type(std::size_t column) const noexcept {
        return options_.is_all_text ? TypeId::kText : guesses_[column].type();
    }
    void take_types_of(const Sample& other) { guesses_ = other.guesses_; }

  private:
    void add_field(std::string_view field, TypeGuess& guess) {
        if (guess.is_text() || field.empty()) {
            return;
        }
        const bool quoted = is_quoted(field, dialect_);
        const std::string_view value = quoted ? unquote(field, dialect_, scratch_) : field;
        if (!value.empty() && (quoted || !is_null_text(options_, value))) {
            guess.add(value);
        }
    }

    const Options& options_;
    const Dialect& dialect_;
    std::vector<TypeGuess> guesses_;
    bool is_fixed_; ///< the header says how many columns there are
    std::string scratch_;
};

/// Two significant digits, so that a growing file does not change its table's options every time.
double rounded_estimate(double rows) {
    if (rows < 100) {
        return std::max(rows, 1.0);
    }
    const double step = std::pow(10.0, std::floor(std::log10(rows)) - 1);
    return std::round(rows / step) * step;
}

class Describer {
  public:
    Describer(const std::string& path, const Options& options, ReaderOptions reader_options)
        : options_(options), reader_options_(reader_options) {
        result_.path = path;
        result_.dialect = dialect_for(options, path);
    }

    FileDescription run() {
        const OpenFile file = open_file(result_.path);
        result_.identity = file.identity;
        RecordReader reader(*file.source, result_.dialect, result_.path, reader_options_);
        if (!reader.next_batch()) {
            throw Exception(ErrorKind::kData, "file \"" + result_.path + "\" is empty",
                            "A table needs at least one column, so at least one line.");
        }
        std::vector<std::string> names = read_first_row(reader.row(0));
        Sample sample(options_, result_.dialect, names.size(),
                      result_.has_header || !options_.pads_short_rows);
        const double rows = sample_beginning(reader, sample, file);
        if (!file.is_compressed && file.identity.bytes > options_.sample_bytes + kTailBytes) {
            sample_end(file, sample);
        }
        for (std::size_t at = names.size(); at < sample.width(); ++at) {
            names.push_back(numbered_name(at));
        }
        make_schema(names, sample);
        result_.schema.row_estimate = rounded_estimate(rows);
        return std::move(result_);
    }

  private:
    std::vector<std::string> read_first_row(const RecordRow& row) {
        if (row.is_blank()) {
            throw_data("file \"" + result_.path + "\" begins with an empty line", result_.path,
                       "The first line names the columns, or is the first row.");
        }
        for (std::uint32_t at = 0; at < row.field_count(); ++at) {
            const std::string_view field = row.field(at);
            if (!is_quoted(field, result_.dialect) && field.find('\r') != std::string_view::npos) {
                throw_data("lines end with a carriage return only", result_.path,
                           "Convert the file, for instance by tr '\\r' '\\n'.");
            }
        }
        result_.has_header =
            options_.header == HeaderMode::kOn ||
            (options_.header == HeaderMode::kAuto && looks_like_header(row, result_.dialect));
        if (result_.has_header) {
            return header_names(row, result_.dialect, result_.path);
        }
        std::vector<std::string> names;
        names.reserve(row.field_count());
        for (std::size_t at = 0; at < row.field_count(); ++at) {
            names.push_back(numbered_name(at));
        }
        return names;
    }

    /// Returns how many rows the file is likely to have.
    double sample_beginning(RecordReader& reader, Sample& sample, const OpenFile& file) {
        std::uint64_t rows = 0;
        double seen = 0; ///< bytes of the file in which those rows are
        bool has_more = true;
        std::uint32_t first = result_.has_header ? 1 : 0;
        while (has_more && reader.consumed_bytes() < options_.sample_bytes) {
            for (std::uint32_t at = first; at < reader.row_count(); ++at) {
                sample.add(reader.row(at));
            }
            rows += reader.row_count() - first;
            first = 0;
            seen = static_cast<double>(file.source->source_bytes());
            has_more = try_next(reader);
        }
        const auto all = static_cast<double>(file.identity.bytes);
        return has_more && seen > 0 ? static_cast<double>(rows) * all / seen
                                    : static_cast<double>(rows);
    }

    /// A fault behind the first rows is the scan's to report: the table exists.
    static bool try_next(RecordReader& reader) {
        try {
            return reader.next_batch();
        } catch (const Exception& exception) {
            if (exception.error().kind == ErrorKind::kData ||
                exception.error().kind == ErrorKind::kLimit) {
                return false;
            }
            throw;
        }
    }

    static bool add_whole_batch(const RecordReader& reader, std::uint32_t first, Sample& sample) {
        for (std::uint32_t at = first; at < reader.row_count(); ++at) {
            if (!sample.add(reader.row(at)) && !reader.is_trailing_blank(at)) {
                return false;
            }
        }
        return reader.is_free_of_strays();
    }

    /// Starts in the middle of a row, perhaps inside quotes; believed only if every row fits.
    void sample_end(const OpenFile& file, Sample& sample) const {
        const OpenFile tail = open_file(result_.path, file.identity.bytes - kTailBytes);
        RecordReader reader(*tail.source, result_.dialect, result_.path, reader_options_);
        Sample widened = sample;
        std::uint32_t first = 1;
        while (try_next(reader)) {
            if (!add_whole_batch(reader, first, widened)) {
                return;
            }
            first = 0;
        }
        if (widened.width() == sample.width()) {
            sample.take_types_of(widened);
        }
    }

    void make_schema(const std::vector<std::string>& names, const Sample& sample) {
        TableSchema& schema = result_.schema;
        result_.field_count = static_cast<std::uint32_t>(names.size());
        schema.name = table_name_for(result_.path);
        schema.description = "File " + result_.path;
        for (std::size_t at = 0; at < names.size(); ++at) {
            Column column;
            column.name = names[at];
            const auto wanted = options_.columns.find(names[at]);
            column.type = wanted == options_.columns.end() ? sample.type(at) : wanted->second;
            schema.columns.push_back(std::move(column));
        }
        add_extra_column(options_.file_name_column, TypeId::kText, "Path of the file.");
        add_extra_column(options_.line_number_column, TypeId::kInt8,
                         "Line on which the row begins.");
        const Status status = check_schema(schema);
        if (!status.ok()) {
            Error error = status.error();
            error.detail = "File \"" + result_.path + "\". " + error.detail;
            throw Exception(std::move(error));
        }
    }

    void add_extra_column(const std::string& name, TypeId type, const char* description) {
        if (!name.empty()) {
            Column column;
            column.name = name;
            column.type = type;
            column.description = description;
            result_.schema.columns.push_back(std::move(column));
        }
    }

    const Options& options_;
    ReaderOptions reader_options_;
    FileDescription result_;
};

} // namespace

std::vector<std::string> header_names(const RecordRow& row, const Dialect& dialect,
                                      const std::string& path) {
    std::vector<std::string> names;
    std::set<std::string> taken;
    std::string scratch;
    for (std::uint32_t at = 0; at < row.field_count(); ++at) {
        const std::string_view cell = content_of(row.field(at), dialect, scratch);
        check_cell(cell, at, path);
        const std::string base = cell.empty() ? numbered_name(at) : std::string(cell);
        std::string name = base;
        for (int number = 2; !taken.insert(name).second; ++number) {
            name = base + "_" + std::to_string(number);
        }
        names.push_back(std::move(name));
    }
    return names;
}

FileDescription describe_file(const std::string& path, const Options& options,
                              ReaderOptions reader_options) {
    return Describer(path, options, reader_options).run();
}

} // namespace penstock::csv
