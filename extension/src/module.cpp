#include "fdw/callbacks.hpp"
#include "fdw/eager.hpp"
#include "fdw/estimates.hpp"
#include "fdw/grouping.hpp"
#include "fdw/join.hpp"
#include "fdw/key_batch.hpp"
#include "fdw/request_log.hpp"
#include "fdw/scan_request.hpp"
#include "fdw/sort_paths.hpp"
#include "penstock/protocol/quiet.hpp"
#include "pg/scan_history.hpp"
#include "pg/schema_wait.hpp"
#include "pg/table_statistics.hpp"
#include "pg/wait.hpp"
#include "waiting/hooks.hpp"

extern "C" {
PG_MODULE_MAGIC;
// The server says what its name is.
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming)
void _PG_init(void);
}

namespace {

void schema_wait_timeout_changed(int /*value*/, void* /*unused*/) {
    penstock::waiting::timeout_changed();
}

struct IntegerSetting {
    const char* name;
    const char* description;
    int* variable;
    int initial;
    int least;
    int most;
    int flags;
    GucIntAssignHook on_change;
    GucContext context = PGC_USERSET;
};

/// Every setting that is a number, in alphabetical order.
const IntegerSetting kSettings[] = {
    {"penstock.connect_timeout",
     "Longest wait for a plugin that does not answer, for example because it is restarted.",
     &penstock::pg::connect_timeout_ms, 10'000, 1, 3'600'000, GUC_UNIT_MS, nullptr},
    {"penstock.scan_history", "Number of this session's last scans that penstock.scan shows.",
     &penstock::pg::scan_history, 100, 0, 10'000, 0, nullptr},
    {"penstock.schema_wait_timeout",
     "Longest wait of a query for the tables of a connection that are not there yet; 0: none.",
     &penstock::pg::schema_wait_timeout_ms, 30'000, 0, 3'600'000, GUC_UNIT_MS,
     schema_wait_timeout_changed},
    {"penstock.stat_table_max", "Number of tables that penstock.stat_table has room for.",
     &penstock::pg::stat_table_max, 5000, 16, 100'000, 0, nullptr, PGC_POSTMASTER},
};

struct BooleanSetting {
    const char* name;
    const char* description;
    bool* variable;
    bool initial = true;
    GucContext context = PGC_USERSET;
};

/// Those that are on or off, in alphabetical order.
const BooleanSetting kSwitches[] = {
    {"penstock.aggregate_pushdown",
     "Let plugins group and aggregate their rows where that gives the server's own result.",
     &penstock::fdw::is_aggregate_pushdown},
    {"penstock.sort_pushdown",
     "Let plugins keep or make the order of rows, and send only the first rows of one.",
     &penstock::fdw::is_sort_pushdown},
    {"penstock.cache", "Take rows from plugins' caches, where those are configured.",
     &penstock::fdw::is_cache_allowed},
    {"penstock.eager_start",
     "Ask all plugins of a query at its start, not when the executor comes to their tables.",
     &penstock::fdw::is_eager_start},
    {"penstock.enable_key_batch_join",
     "Let joins ask a plugin for many keys at once, where it offers that.",
     &penstock::fdw::is_key_batch_join},
    {"penstock.join_pushdown", "Let a plugin join its tables, where it offers that.",
     &penstock::fdw::is_join_pushdown},
    {"penstock.log_requests", "Write each request to a plugin into the server's log.",
     &penstock::fdw::is_request_logged, false, PGC_SUSET},
};

} // namespace

void _PG_init(void) {
    penstock::silence_protobuf(); // a hostile plugin must not fill the server's log
    for (const IntegerSetting& setting : kSettings) {
        // About memory that only a preloaded library has; elsewhere known, and without effect.
        const bool is_too_late =
            setting.context == PGC_POSTMASTER && !process_shared_preload_libraries_in_progress;
        DefineCustomIntVariable(setting.name, setting.description, nullptr, setting.variable,
                                setting.initial, setting.least, setting.most,
                                is_too_late ? PGC_SIGHUP : setting.context, setting.flags, nullptr,
                                setting.on_change, nullptr);
    }
    for (const BooleanSetting& setting : kSwitches) {
        DefineCustomBoolVariable(setting.name, setting.description, nullptr, setting.variable,
                                 setting.initial, setting.context, 0, nullptr, nullptr, nullptr);
    }
    penstock::pg::install_table_statistics();
    penstock::fdw::install_estimates();
    penstock::fdw::install_key_batch_join();
    penstock::pg::reserve_setting_prefix("penstock");
    penstock::waiting::install_hooks();
}
