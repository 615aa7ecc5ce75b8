#pragma once

#include "pg/postgres.hpp"

/// The key batch join: a nested loop that asks for many keys at once.
///
/// It reads up to N rows of the outer side, asks the foreign table on its inner side for all their
/// keys by one IN condition, and joins what comes back by a hash table over those outer rows. A
/// plugin that takes 50 ms a call answers 1,000 keys in 50 ms instead of 50 s. Only for columns
/// whose plugin declares it (option "batch"); inner, left, semi and anti joins.
///
/// Rejected: an ordinary parameter for the list of keys. The server lets only its own nodes pass
/// parameters down; so the join hands the list to the scan below it directly.
namespace penstock::fdw {

/// What planning hands to execution: positions in CustomScan.custom_private.
enum BatchItem {
    kBatchNumbers, ///< integer list, indexed by BatchNumber
    kBatchOids,    ///< OID list, indexed by BatchOid
};
enum BatchNumber {
    kBatchJoinType,   ///< JoinType
    kBatchSize,       ///< keys in one request at most
    kBatchFirst,      ///< keys in the first request; it doubles from there
    kBatchOuterWidth, ///< columns of custom_scan_tlist that come from the outer side, the first
                      ///< ones
};
enum BatchOid {
    kBatchOuterHash, ///< function
    kBatchInnerHash, ///< function; hashes equal keys of the other type alike
    kBatchCollation,
    kBatchKeyType, ///< of the outer key
};
/// Positions in CustomScan.custom_exprs.
enum BatchExpr {
    kBatchOuterKey,
    kBatchInnerKey,
    kBatchFirstClause, ///< from here on: the join's conditions, that of the key included
};

/// Installs the planner hook and the node.
void install_key_batch_join();

/// Makes the execution state of the node. Declared for the table of methods.
Node* create_key_batch_state(CustomScan* plan);

/// Setting penstock.enable_key_batch_join.
extern bool is_key_batch_join;

} // namespace penstock::fdw
