#include "query/table_printer.hpp"

#include <cerrno>

// PostgreSQL's client headers last: their macros are not for other people's headers.
extern "C" {
#include <postgres_fe.h>

#include <fe_utils/print.h>
#include <mb/pg_wchar.h>
}

namespace penstock::query {

TablePrinter::TablePrinter(bool is_expanded, bool has_header, std::FILE* out)
    : is_expanded_(is_expanded), has_header_(has_header), out_(out) {}

void TablePrinter::begin(const pg_result& columns) {
    (void)columns;
}

void TablePrinter::rows(const pg_result& result) {
    printQueryOpt options{};
    options.topt.format = PRINT_ALIGNED;
    options.topt.expanded = is_expanded_ ? 1 : 0;
    options.topt.border = 1;
    options.topt.tuples_only = !has_header_;
    options.topt.start_table = true;
    options.topt.stop_table = true;
    options.topt.default_footer = true;
    options.topt.line_style = &pg_asciiformat;
    options.topt.encoding = PG_UTF8;
    errno = 0;
    printQuery(&result, &options, out_, false, nullptr); // reports nothing; the stream remembers
    error_ = errno;
}

void TablePrinter::end() {
    flush(out_);
    if (ferror(out_) != 0) {
        throw OutputClosed{error_};
    }
}

void TablePrinter::command(const std::string& tag) {
    write_text(out_, tag + "\n");
    end();
}

} // namespace penstock::query
