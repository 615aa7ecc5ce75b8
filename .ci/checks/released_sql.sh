#!/bin/bash
# SQL scripts of a release are installed somewhere: they never change. Compares with every tag.
set -euo pipefail
status=0
for tag in $(git tag --list 'v*'); do
    for file in $(git ls-tree -r --name-only "$tag" -- sql | grep -E '/penstock--[^/]*\.sql$' || true); do
        if ! git diff --quiet "$tag" -- "$file"; then
            echo "$file differs from release $tag; write the change into a new step"
            status=1
        fi
    done
done
exit $status
