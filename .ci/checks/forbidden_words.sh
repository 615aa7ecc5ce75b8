#!/bin/bash
# Words that may stand in certain folders only. Each line: a pattern, where it is looked for, and the
# paths that may have it.
set -euo pipefail
status=0
while IFS=$'\t' read -r pattern folders allowed reason; do
    # shellcheck disable=SC2086
    if found=$(grep -rnE --include='*.?pp' --include='*.py' -- "$pattern" $folders |
        grep -vE "^($allowed)"); then
        echo "$pattern: $reason"
        echo "$found"
        status=1
    fi
done < <(sed 's/ | /\t/g' << 'TABLE'
\b(ereport|elog)\((ERROR|FATAL|PANIC) | extension | extension/src/pg/ | errors are raised in pg/ only (B4)
\b(PG_TRY|PG_CATCH|sigsetjmp)\b | extension | extension/src/pg/ | jumps are caught in pg/ only (B3)
include "postgres\.h" | extension controller plugins tests | extension/src/(pg/|fdw/|module\.cpp) | the server's headers stay in pg/ and fdw/ (B12)
spdlog | extension plugins controller | controller/src/(hosting/|service/|main\.cpp) | logging is the controller's, and in no public header
std::(cout|cerr)\b | plugins/sdk | plugins/sdk/src/plugin/(by_hand|manual|command_line|serve)\w*\.cpp | a plugin's output is its protocol
nlohmann | extension controller plugins | controller/src/(config|catalog|query|cli)/ | JSON stays where it is parsed
pqxx | extension controller plugins | controller/src/catalog/ | libpqxx stays in catalog/
\bstd::(format|expected|views)\b | extension controller plugins tests | none | g++ 12 and clang 14 lack it
this_thread::sleep|\busleep\(|\bnanosleep\(|\btime\.sleep\( | tests | none | tests wait for events, not for time
TABLE
)
exit $status
