#!/bin/bash
# Every top folder and every plugin has a README.md of more than a headline.
set -euo pipefail
status=0
for folder in . .ci extension sql controller plugins tests plugins/sdk/include/penstock/protocol plugins/*/; do
    readme=${folder%/}/README.md
    [[ $folder != plugins/sdk/ ]] || continue # described in plugins/README.md and protocol/README.md
    if [[ ! -e $readme || $(wc -l < "$readme") -lt 5 ]]; then
        echo "$readme is missing or empty"
        status=1
    fi
done
exit $status
