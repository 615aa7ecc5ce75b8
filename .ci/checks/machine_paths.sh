#!/bin/bash
# Nothing in the tree names a folder of the machine it was written on.
set -euo pipefail
here=$(basename "$0")
! git grep -nIE '(^|[^[:alnum:]_.-])(/home/[a-z]+/|/Users/|/root/|/srv/|/mnt/)' -- . ":!.ci/checks/$here"
