#!/bin/bash
# A note about work to do names the issue it waits for, as in "TODO(#12)".
set -euo pipefail
here=$(basename "$0")
! git grep -nIwE 'TODO|FIXME|HACK' -- . ":!.ci/checks/$here" ':!.ci/README.md' ':!CONTRIBUTING.md' |
    grep -vE 'TODO\(#[0-9]+\)'
