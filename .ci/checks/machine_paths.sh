#!/bin/bash
# Nothing in the tree names a folder of the machine it was written on.
set -euo pipefail
here=$(basename "$0")
! git grep -nIE '(^|[^[:alnum:]_.-])(/work/(main|shared)|/home/[a-z]+/|/tmp/ps/|/Users/)' -- . ":!.ci/checks/$here"
