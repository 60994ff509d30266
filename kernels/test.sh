#!/usr/bin/env bash
# Tests the reading of the sources, then builds and runs the harness's tests in OUT; quiet unless one fails.
#
#   test.sh OUT [SKIPS]      SKIPS: nothing is done if it holds "true"
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[[ ${2:-} != *true* ]] || exit 0
bash "$here/test/catalog_test.sh"
log=$1/harness-tests.log
if ! bash "$here/simt/build.sh" "$1/simt" test > "$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi
