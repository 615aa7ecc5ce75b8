#pragma once

#include "fdw/join_scan.hpp"

/// The conditions of a join as people read them: in penstock.scan and in the server's log.
namespace penstock::fdw {

/// `a.k = 3`, `a.k = b.k`: those of its tables first, then those of its steps; at most `most`.
/// Values are cut off after `value_bytes`. Of the last request.
List* join_condition_texts(const JoinScan* join, int value_bytes, int most);

} // namespace penstock::fdw
