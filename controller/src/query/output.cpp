#include "query/output.hpp"

#include "query/csv_writer.hpp"
#include "query/interrupt.hpp"
#include "query/json_writer.hpp"
#include "query/session.hpp"
#include "query/table_printer.hpp"

#include <stdio_ext.h>

#include <algorithm>
#include <cerrno>

namespace penstock::query {

const std::vector<std::string>& format_names() {
    static const std::vector<std::string> names{"table", "csv", "json", "ndjson", "line"};
    return names;
}

std::optional<Format> format_from_text(const std::string& text) {
    const std::vector<std::string>& names = format_names();
    const auto found = std::find(names.begin(), names.end(), text);
    if (found == names.end()) {
        return std::nullopt;
    }
    return static_cast<Format>(found - names.begin());
}

bool needs_types(Format format) {
    return format == Format::kJson || format == Format::kNdjson;
}

std::unique_ptr<ResultWriter> make_writer(const OutputOptions& options, const TypeNames& types,
                                          std::FILE* out) {
    switch (options.format) {
    case Format::kCsv:
        return std::make_unique<CsvWriter>(options.separator, options.has_header, out);
    case Format::kJson:
        return std::make_unique<JsonWriter>(types, out);
    case Format::kNdjson:
        return std::make_unique<NdjsonWriter>(types, out);
    case Format::kTable:
    case Format::kLine:
        break;
    }
    return std::make_unique<TablePrinter>(options, out);
}

void write_text(std::FILE* out, const std::string& text) {
    if (std::fwrite(text.data(), 1, text.size(), out) != text.size()) {
        give_up_output(out, errno);
    }
}

void flush(std::FILE* out) {
    if (std::fflush(out) != 0) {
        give_up_output(out, errno);
    }
}

void give_up_output(std::FILE* out, int error) {
    ::__fpurge(out);
    std::clearerr(out); // the next failure has a reason of its own
    if (is_interrupted()) {
        throw Interrupted{};
    }
    throw OutputClosed{error};
}

} // namespace penstock::query
