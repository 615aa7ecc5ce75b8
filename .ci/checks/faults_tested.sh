#!/bin/bash
# Every fault in tests/e2e/README.md names tests, and each of them is there.
set -euo pipefail
readme=tests/e2e/README.md
status=0
while IFS=$'\t' read -r script function; do
    if [[ $function == all ]]; then
        [[ -e tests/e2e/${script}_test.py ]] || { echo "$readme: no tests/e2e/${script}_test.py"; status=1; }
    elif ! grep -q "^def $function()\|^    def $function()" "tests/e2e/${script}_test.py"; then
        echo "$readme: no $function in tests/e2e/${script}_test.py"
        status=1
    fi
done < <(grep -E '^\| [AD][0-9]' "$readme" | grep -oE '`[a-z_]+`: (all|(`[a-z_]+`(, )?)+)' | tr -d '`,' |
    awk '{ sub(":", "", $1); for (i = 2; i <= NF; ++i) print $1 "\t" $i }')
for fault in A{1..16} D{1..10}; do
    grep -qE "^\| ([AD][0-9]+, )*$fault[ ,]" "$readme" || { echo "$readme: no test for fault $fault"; status=1; }
done
exit $status
