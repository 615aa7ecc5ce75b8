#include "csv/scan.hpp"

#include "csv/bad_row.hpp"
#include "csv/field_appender.hpp"

#include <algorithm>
#include <utility>

namespace penstock::csv {

namespace {

/// Rows that scratch columns may hold before they are emptied.
constexpr std::uint32_t kMaxScratchRows = 1024;

/// Where the values of a requested column come from.
enum class Origin : std::uint8_t { kField, kFileName, kLineNumber };
struct Target {
    Origin origin;
    std::uint32_t field; ///< kField: its position in the row
    ColumnBuilder* column;
};

class FileScan {
  public:
    FileScan(const FileDescription& file, const Options& options, ReaderOptions reader_options,
             RowSink& rows)
        : file_(file), options_(options), rows_(rows), opened_(open_file(file.path)),
          reader_(*opened_.source, file.dialect, file.path, reader_options),
          appender_(options, file.dialect) {
        for (std::size_t at = 0; at < rows.column_count(); ++at) {
            add_target(rows.schema_index(at), &rows.column(at));
        }
        if (options.skips_bad_rows) {
            for (std::uint32_t at = 0; at < file.field_count; ++at) {
                scratch_.emplace_back(file.schema.columns[at].type);
            }
        }
    }

    void run() {
        bool is_first = true;
        while (reader_.next_batch()) {
            rows_.check_cancelled();
            appender_.set_plain_ascii(reader_.is_plain_ascii());
            std::uint32_t first = 0;
            if (is_first && file_.has_header) {
                check_header();
                first = 1;
            }
            is_first = false;
            if (targets_.empty()) {
                count_batch(first);
            } else {
                add_batch(first);
            }
        }
        if (is_first && file_.has_header) {
            throw_changed("The file is empty now.");
        }
        if (skipped_ > 0) {
            rows_.add_warning(skipped_text());
        }
        rows_.add_source_bytes(opened_.source->source_bytes());
    }

  private:
    void add_target(std::size_t schema_index, ColumnBuilder* column) {
        if (schema_index < file_.field_count) {
            targets_.push_back({Origin::kField, static_cast<std::uint32_t>(schema_index), column});
            return;
        }
        const bool is_file_name =
            !options_.file_name_column.empty() && schema_index == file_.field_count;
        targets_.push_back({is_file_name ? Origin::kFileName : Origin::kLineNumber, 0, column});
    }

    [[noreturn]] void throw_changed(std::string detail) const {
        throw Exception(
            ErrorKind::kNoColumn, "the columns of file \"" + file_.path + "\" have changed",
            std::move(detail), "The table follows by itself in a moment; run the query again.");
    }

    void check_header() const {
        const std::vector<std::string> names =
            header_names(reader_.row(0), file_.dialect, file_.path);
        const auto name_of = [](bool is_there, const std::string& name) {
            return is_there ? std::string(1, '"').append(name).append(1, '"') : "missing";
        };
        for (std::size_t at = 0; at < std::max<std::size_t>(names.size(), file_.field_count);
             ++at) {
            const bool is_now = at < names.size();
            const bool was_then = at < file_.field_count;
            const std::string& then = file_.schema.columns[was_then ? at : 0].name;
            if (!is_now || !was_then || names[at] != then) {
                throw_changed("Column " + std::to_string(at + 1) + " of the header is " +
                              name_of(is_now, is_now ? names[at] : std::string()) +
                              " now and was " + name_of(was_then, then) + ".");
            }
        }
    }

    void count_batch(std::uint32_t first) {
        std::uint64_t count = 0;
        const std::uint32_t end = reader_.row_count();
        const bool is_shape_all = scratch_.empty() && reader_.is_free_of_strays();
        for (std::uint32_t at = first; at < end; ++at) {
            const bool is_plain_row = is_shape_all && reader_.field_count(at) == file_.field_count;
            if (is_plain_row || is_good(at)) {
                ++count;
            }
        }
        if (count > 0) {
            rows_.add_count(count);
        }
    }

    void add_batch(std::uint32_t first) {
        const std::uint32_t end = reader_.row_count();
        for (std::uint32_t at = first; at < end; ++at) {
            if (is_good(at)) {
                add_row(at);
            }
        }
    }

    /// Is this a row to deliver? Throws for a bad one, or counts it when such rows are skipped.
    bool is_good(std::uint32_t index) {
        const std::uint32_t fields = reader_.field_count(index);
        const bool has_stray = !reader_.is_free_of_strays() && reader_.has_stray(index);
        if (fields != file_.field_count || has_stray) {
            if (file_.field_count > 1 && reader_.is_trailing_blank(index)) {
                return false;
            }
            const bool is_padded = fields < file_.field_count && options_.pads_short_rows;
            if (!is_padded || has_stray) {
                const FieldPlace place = row_place(index);
                reject(has_stray ? stray_error(place)
                                 : shape_error(place, fields, file_.field_count));
                return false;
            }
        }
        return scratch_.empty() || are_values_good(index);
    }

    /// Only when bad rows are skipped: all fields, so that the number of rows does not depend on
    /// the columns that were asked for.
    bool are_values_good(std::uint32_t index) {
        const RecordRow row = reader_.row(index);
        for (std::uint32_t at = 0; at < row.field_count(); ++at) {
            ColumnBuilder& column = scratch_[at];
            if (column.row_count() >= kMaxScratchRows) {
                column.clear();
            }
            const Outcome outcome = appender_.append(row.field(at), column);
            if (outcome != Outcome::kGood) {
                reject(field_error(outcome, index, at, column.type()));
                return false;
            }
        }
        return true;
    }

    void add_row(std::uint32_t index) {
        const RecordRow row = reader_.row(index);
        for (const Target& target : targets_) {
            if (target.origin != Origin::kField) {
                add_extra(target, index);
                continue;
            }
            if (target.field >= row.field_count()) {
                target.column->append_null();
                continue;
            }
            const Outcome outcome = appender_.append(row.field(target.field), *target.column);
            if (outcome != Outcome::kGood) [[unlikely]] {
                throw Exception(field_error(outcome, index, target.field, target.column->type()));
            }
        }
        rows_.end_row();
    }

    void add_extra(const Target& target, std::uint32_t index) {
        if (target.origin == Origin::kFileName) {
            target.column->append_text(file_.path);
        } else {
            target.column->append_fixed(static_cast<std::int64_t>(reader_.line_of(index)));
        }
    }

    FieldPlace row_place(std::uint32_t index) {
        return {file_.path, reader_.line_of(index), 0, {}};
    }

    /// The line is that of the first byte to blame, also in a row of several lines.
    Error field_error(Outcome outcome, std::uint32_t index, std::uint32_t field, TypeId type) {
        const RecordRow row = reader_.row(index);
        const std::string_view raw = row.field(field);
        const char* const begin = row.field(0).begin();
        FieldPlace place = row_place(index);
        place.column = field + 1;
        place.name = file_.schema.columns[field].name;
        place.line += static_cast<std::uint64_t>(std::count(begin, raw.begin(), '\n'));
        if (outcome == Outcome::kBadValue) {
            std::string scratch;
            return value_error(place, content_of(raw, file_.dialect, scratch), type);
        }
        const std::string_view good = raw.substr(0, find_invalid_utf8(raw));
        place.line += static_cast<std::uint64_t>(std::count(good.begin(), good.end(), '\n'));
        return encoding_error(place, raw);
    }

    void reject(Error error) {
        if (!options_.skips_bad_rows) {
            throw Exception(std::move(error));
        }
        if (skipped_ == 0) {
            first_skipped_ = std::move(error);
        }
        ++skipped_;
    }

    [[nodiscard]] std::string skipped_text() const {
        return "skipped " + std::to_string(skipped_) + (skipped_ == 1 ? " row" : " rows") +
               " of file \"" + file_.path + "\"; the first: " + first_skipped_.message + " (" +
               first_skipped_.detail.substr(0, first_skipped_.detail.size() - 1) + ")";
    }

    const FileDescription& file_;
    const Options& options_;
    RowSink& rows_;
    OpenFile opened_;
    RecordReader reader_;
    FieldAppender appender_;
    std::vector<Target> targets_;
    std::vector<ColumnBuilder> scratch_; ///< one a field, when bad rows are skipped
    std::uint64_t skipped_ = 0;
    Error first_skipped_;
};

} // namespace

void FileTable::scan(const ScanRequest& /*request*/, RowSink& rows) {
    FileScan(description_, *options_, reader_options_, rows).run();
}

} // namespace penstock::csv
