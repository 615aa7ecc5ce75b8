#pragma once

#include "request_log.hpp"

namespace spy {

/// The table `faults`: misbehaves as its key column says.
///
///     select n from spy.faults where act = 'rows=100 at=50 crash=segv'
///
/// `act` is a list of NAME=VALUE; `select * from spy.acts` lists the names. `rows` rows are sent
/// (10), numbered from 0; what is to happen happens before row `at` (0).
std::shared_ptr<penstock::Table> make_faults_table(std::shared_ptr<RequestLog> log);

/// The table `acts`: what may stand in `act`, with its meaning.
std::shared_ptr<penstock::Table> make_acts_table();

/// Carries out what may also happen outside a scan: `crash`, `hang`, `error`, `stderr`, `memory`,
/// `processes`, `delay_ms`. Used for connections that fail while they are made.
void act_out(const std::string& act);

} // namespace spy
