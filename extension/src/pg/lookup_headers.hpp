#pragma once

/// The server's headers that name lookups and waiting for schemas need, beside postgres.hpp.
#include "pg/postgres.hpp"

extern "C" {
#include "access/genam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "commands/comment.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "parser/analyze.h"
#include "parser/parse_enr.h"
#include "parser/parse_node.h"
#include "parser/parser.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timeout.h"
#include "utils/varlena.h"

#if PG_VERSION_NUM >= 160000
#include "utils/guc_hooks.h"
#endif
}
