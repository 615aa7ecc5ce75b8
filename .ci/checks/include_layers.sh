#!/bin/bash
# One-way dependencies: which of our own headers the files of a folder may include. A folder shows
# its headers to those above it through one include path, so the compiler alone cannot tell.
set -euo pipefail
status=0
while read -r folder allowed; do
    [[ -d $folder ]] || continue
    if found=$(find "$folder" -maxdepth 1 -name '*.?pp' -exec grep -nHE '^ *# *include "' {} + |
        grep -E 'include "(penstock|core|pg|fdw|waiting|config|reconcile|catalog|hosting|cluster|query|cli|service)/[^"]*\.hpp"' |
        grep -vE "include \"($allowed)/"); then
        echo "$folder may include $allowed:"
        echo "$found"
        status=1
    fi
done << 'TABLE'
plugins/sdk/include/penstock/types penstock/types
plugins/sdk/include/penstock/protocol penstock/(types|protocol)
plugins/sdk/include/penstock/plugin penstock/(types|protocol|plugin)
plugins/sdk/src/types penstock/types
plugins/sdk/src/protocol penstock/(types|protocol)
plugins/sdk/src/plugin penstock/(types|protocol|plugin)
plugins/example penstock/(types|protocol|plugin)
plugins/csv penstock/(types|protocol|plugin)
plugins/system penstock/(types|protocol|plugin)
extension/src/core penstock/(types|protocol)|core
extension/src/pg penstock/(types|protocol)|pg
extension/src/fdw penstock/(types|protocol)|core|pg|fdw
extension/src/waiting penstock/(types|protocol)|core|pg|waiting
extension/src penstock/(types|protocol)|core|pg|fdw|waiting
controller/src/config penstock/types|config
controller/src/reconcile penstock/types|reconcile
controller/src/catalog penstock/types|reconcile|catalog
controller/src/hosting penstock/(types|protocol)|hosting
controller/src/cluster penstock/types|cluster
controller/src/query penstock/types|reconcile|query
controller/src/cli penstock/types|reconcile|cluster|query|cli
controller/src/service penstock/(types|protocol)|config|reconcile|catalog|hosting|cluster|service
TABLE
if grep -rnE --include='*.?pp' '^ *# *include "[^"]*\.\./' extension controller plugins tests; then
    echo "includes start at an include path, never with .."
    status=1
fi
exit $status
