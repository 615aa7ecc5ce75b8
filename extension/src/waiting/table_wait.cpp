#include "waiting/table_wait.hpp"

#include <algorithm>

#include "pg/schema_cache.hpp"

namespace penstock::waiting {

namespace {

using pg::ConnectionState;
using pg::Offer;

/// For a controller that is being restarted.
constexpr int kRestartMs = 2'000;
constexpr int kRetryMs = 50;
/// Between two looks when the controller has nothing new to say: doubling up to this.
constexpr int kLongestRestMs = 1'000;
constexpr int kFirstRestMs = 10;

bool is_there(const Wanted* wanted, Oid schema, const char* name) {
    if (wanted->path == nullptr) {
        return OidIsValid(schema) && OidIsValid(get_relname_relid(name, schema));
    }
    for (int place = 0; place < wanted->path_count; ++place) {
        if (OidIsValid(get_relname_relid(name, wanted->path[place]))) {
            return true;
        }
    }
    return false;
}

void remember(Oid schema, const pg::ConnectionRow* row, std::uint64_t age) {
    const bool is_settled = row->state == ConnectionState::kReady && row->is_imported;
    if (OidIsValid(schema)) {
        pg::remember_schema(
            schema, is_settled ? pg::SchemaStanding::kSettled : pg::SchemaStanding::kUnsettled,
            age);
    }
}

/// Is there a reason to wait? Raises the connection's error when that is the answer.
bool must_wait(const char* connection, const Wanted* wanted, const pg::ConnectionRow* row) {
    if (wanted->is_vague && row->is_imported) {
        return false; // it may well be one of the tables that are there
    }
    switch (row->state) {
    case ConnectionState::kReady:
        return !row->is_imported && may_offer(wanted, row);
    case ConnectionState::kError:
        if (wanted->raises_error) {
            pg::raise_in_error(connection, row->error);
        }
        return false;
    case ConnectionState::kPending:
    case ConnectionState::kUpdating:
        return true;
    default:
        return false;
    }
}

/// What happened so far in one wait.
struct Progress {
    std::int64_t generation;
    int rest_ms;
    TimestampTz gone_since; ///< 0: the controller answers
};

/// One question to the controller, and a rest when it brought nothing. False: nobody is there.
bool ask_once(const pg::SchemaWait* wait, std::int64_t generation, Progress* progress) {
    if (pg::ask_controller(wait) == pg::Answer::kGone) {
        const TimestampTz now = GetCurrentTimestamp();
        if (progress->gone_since == 0) {
            progress->gone_since = now;
        } else if (TimestampDifferenceExceeds(progress->gone_since, now, kRestartMs)) {
            return false;
        }
        pg::rest_in_wait(wait, kRetryMs);
        return true;
    }
    progress->gone_since = 0;
    if (progress->generation == generation) {
        pg::rest_in_wait(wait, progress->rest_ms);
        progress->rest_ms = std::min(progress->rest_ms * 2, kLongestRestMs);
    } else {
        progress->rest_ms = kFirstRestMs;
    }
    progress->generation = generation;
    return true;
}

const char* look_and_wait(pg::SchemaWait* wait, const Wanted* wanted) {
    Progress progress = {-1, kFirstRestMs, 0};
    for (;;) {
        const std::uint64_t age = pg::schema_cache_age();
        pg::ConnectionRow row = {};
        if (are_there(wanted, wait->schema)) {
            return wait->state;
        }
        if (!pg::read_connection(wait->connection, &row)) {
            return nullptr;
        }
        wait->state = row.state_name;
        remember(wait->schema, &row, age);
        if (!must_wait(wait->connection, wanted, &row)) {
            return row.state_name;
        }
        pg::check_wait(wait);
        if (!ask_once(wait, row.generation, &progress)) {
            if (wanted->is_vague) {
                return row.state_name; // it may not even be a table
            }
            pg::raise_controller_gone(wait);
        }
        if (!OidIsValid(wait->schema)) {
            wait->schema = get_namespace_oid(wait->connection, true);
        }
    }
}

} // namespace

bool may_offer(const Wanted* wanted, const pg::ConnectionRow* row) {
    for (int index = 0; index < wanted->count; ++index) {
        if (pg::find_offer(row->schema_hash, wanted->names[index]) != Offer::kNo) {
            return true;
        }
    }
    return wanted->count == 0;
}

bool are_there(const Wanted* wanted, Oid schema) {
    for (int index = 0; index < wanted->count; ++index) {
        if (!is_there(wanted, schema, wanted->names[index])) {
            return false;
        }
    }
    return wanted->count > 0;
}

const char* wait_for_tables(const char* connection, Oid schema, const Wanted* wanted,
                            TimestampTz started, std::int64_t timeout_ms) {
    pg::SchemaWait wait = {connection, schema, nullptr, started, timeout_ms};
    pg::WaitContext context;
    pg::push_wait_context(&context, &wait);
    const char* state = look_and_wait(&wait, wanted);
    pg::pop_wait_context(&context);
    return state;
}

} // namespace penstock::waiting
