#!/bin/bash
# A file holds one idea: source files of more than 500 lines are split.
set -euo pipefail
git ls-files -z --cached --others --exclude-standard -- '*.cpp' '*.hpp' '*.py' '*.sh' '*.proto' |
    xargs -0 --no-run-if-empty ls -d 2> /dev/null | tr '\n' '\0' |
    xargs -0 --no-run-if-empty -n 1 wc -l |
    awk '$1 > 500 { print $2 ": " $1 " lines, at most 500"; bad = 1 } END { exit bad }'
