#pragma once

#include "core/request.hpp"

#include "pg/table.hpp"

namespace penstock::fdw {

struct JoinScan;

/// The setting penstock.log_requests.
extern bool is_request_logged;

/// One line in the server's log for a request that is about to be sent; nothing unless
/// is_request_logged. `join`: null for a scan of the table.
void log_request(const pg::TableInfo* table, const core::RequestSpec* request,
                 const JoinScan* join);

} // namespace penstock::fdw
