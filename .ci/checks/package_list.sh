#!/bin/bash
# .ci/packages: known groups, sorted within each, no package twice.
set -euo pipefail
status=0
awk '!/^#/ && NF && (NF != 2 || $1 !~ /^(run|build|test|lint)$/) {
         print FILENAME ":" FNR ": expected \"<group> <package>\", group run, build, test or lint"
         bad = 1 }
     END { exit bad }' .ci/packages || status=1
for group in run build test lint; do
    awk -v group=$group '$1 == group { print $2 }' .ci/packages | LC_ALL=C sort --check || status=1
done
twice=$(awk '!/^#/ && NF { print $2 }' .ci/packages | sort | uniq --repeated)
[[ -z $twice ]] || { echo "listed twice: $twice"; status=1; }
exit $status
