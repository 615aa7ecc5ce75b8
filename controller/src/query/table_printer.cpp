#include "query/table_printer.hpp"

#include "query/interrupt.hpp"
#include "query/pager.hpp"

#include <cerrno>

// PostgreSQL's client headers last: their macros are not for other people's headers.
extern "C" {
#include <postgres_fe.h>

#include <fe_utils/print.h>
#include <mb/pg_wchar.h>
}

namespace penstock::query {

TablePrinter::TablePrinter(const OutputOptions& options, std::FILE* out)
    : options_(options), out_(out) {
    set_sigpipe_trap_state(true); // after a pager SIGPIPE is ignored again, as before it
}

void TablePrinter::begin(const pg_result& columns) {
    (void)columns;
}

void TablePrinter::rows(const pg_result& result) {
    printQueryOpt options{};
    options.topt.format = PRINT_ALIGNED;
    options.topt.expanded = options_.format == Format::kLine ? 1 : 0;
    options.topt.border = 1;
    options.topt.tuples_only = !options_.has_header;
    options.topt.start_table = true;
    options.topt.stop_table = true;
    options.topt.default_footer = true;
    options.topt.line_style = &pg_asciiformat;
    options.topt.encoding = PG_UTF8;
    options.topt.pager = options_.has_pager ? 1 : 0;
    const PagerGuard guard(options_.has_pager);
    errno = 0;
    printQuery(&result, &options, out_, false, nullptr); // reports nothing; the stream remembers
    const int error = errno;
    if (ferror(out_) != 0 || is_interrupted()) {
        give_up_output(out_, error);
    }
}

void TablePrinter::end() {
    flush(out_);
}

void TablePrinter::command(const std::string& tag) {
    write_text(out_, tag + "\n");
    end();
}

} // namespace penstock::query
