#!/bin/bash
# penstock.so shows the server only what it must: anything more may clash with other modules.
set -euo pipefail
module=${PENSTOCK_BUILD:-build}/lib/penstock/penstock.so
[[ -e $module ]] || { echo "no $module; build first"; exit 1; }
nm -D --defined-only --format=posix "$module" | cut -d' ' -f1 |
    { ! grep -vE '^(Pg_magic_func|_PG_init|pg_finfo_penstock_\w+|penstock_\w+)$'; }
