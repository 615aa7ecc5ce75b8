#!/bin/bash
# Every check is a program and has its paragraph in .ci/README.md, and no paragraph is left over.
set -euo pipefail
diff <(cd .ci/checks && find . -maxdepth 1 -name '*.sh' -perm -u+x -printf '%f\n' | sort) \
    <(sed -nE 's/^### `(.*\.sh)`$/\1/p' .ci/README.md | sort) ||
    { echo "left: executable scripts; right: paragraphs of .ci/README.md"; exit 1; }
diff <(cd .ci/checks && ls) <(cd .ci/checks && find . -maxdepth 1 -name '*.sh' -perm -u+x -printf '%f\n' | sort) ||
    { echo "left: files of .ci/checks; right: executable scripts"; exit 1; }
