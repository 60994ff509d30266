#!/usr/bin/env bash
# Tests catalog.awk on sample.cu, and which architectures a file is compiled for. Quiet unless it fails.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
kernels=$(dirname "$here")
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
fail() { echo "catalog: $*" >&2; exit 1; }

echo "plain sm_90a 40 0 0 16" > "$folder/ptxas"
cat > "$folder/expected" <<'END'
[
  {"kernel": "product_128", "file": "sample", "family": "product", "bound": "flop", "requires": "sm_90a",
   "threads": 128, "block": "fixed", "residentBlocks": 2, "shared": 12288, "tile": [128, 64],
   "parameters": [{"name": "x", "type": "const half*"}, {"name": "ldx", "type": "int"}, {"name": "y", "type": "float*"}, {"name": "scale", "type": "float"}],
   "compiled": []},
  {"kernel": "product_64", "file": "sample", "family": "product", "bound": "flop", "requires": "sm_90a",
   "threads": 64, "block": "fixed", "residentBlocks": 2, "shared": 6144, "tile": [64, 32],
   "parameters": [{"name": "x", "type": "const half*"}, {"name": "ldx", "type": "int"}, {"name": "y", "type": "half*"}, {"name": "scale", "type": "float"}],
   "compiled": []},
  {"kernel": "plain", "file": "sample", "family": "others", "bound": "bytes", "requires": "sm_90a",
   "threads": 128, "block": "varying", "residentBlocks": 1, "shared": -1, "tile": [129, 2],
   "parameters": [{"name": "seed", "type": "const uint32_t*"}, {"name": "n", "type": "int"}],
   "compiled": [
     {"kernel": "plain", "arch": "sm_90a", "registers": 40, "stack": 0, "spills": 0, "shared": 16}]}
]
END
catalog() { awk -v ptxas="$folder/ptxas" -f "$kernels/catalog.awk" "$kernels/include/launch.cuh" "$here/sample.cuh" "$@"; }
catalog "$here/sample.cu" | diff "$folder/expected" - >&2 || fail "sample.cu gives another catalog"

refuses() {     # refuses MESSAGE SED-EXPRESSION: sample.cu changed so is an error
    sed "$2" "$here/sample.cu" > "$folder/sample.cu"
    ! catalog "$folder/sample.cu" > /dev/null 2> "$folder/error" || fail "no error: $1"
    grep -q "$1" "$folder/error" || fail "expected \"$1\", found: $(cat "$folder/error")"
}
refuses "kernel plain has no KERNEL_FACTS" '/^KERNEL_FACTS/d'
refuses "no value is known of Absent" 's/Threads + Width/Absent/'
refuses "which is no kernel here" 's/KERNEL_FACTS(plain/KERNEL_FACTS(other/'

source "$kernels/targets.sh"
takes() {       # takes REQUIREMENT EXPECTED: of a build for 8.0, 9.0 and 10.0
    echo "$1" > "$folder/file.cu"
    [ "$(codes "$folder/file.cu" 80 90 100 | sed 's/-gencode //g')" = "$2" ] \
        || fail "\"$1\" is compiled for $(codes "$folder/file.cu" 80 90 100)"
}
takes "// Any" "arch=compute_80,code=sm_80 arch=compute_80,code=sm_90 arch=compute_100,code=sm_100 "
takes "// Requires: sm_90" "arch=compute_90,code=sm_90 arch=compute_100,code=sm_100 "
takes "// Requires: sm_90a" "arch=compute_90a,code=sm_90a "
takes "// Requires: sm_120" ""
[ "$(virtual "$folder/file.cu")" = compute_120 ] || fail "the PTX of a file for 12.0 is $(virtual "$folder/file.cu")"

natively() {    # natively EXPECTED CAPABILITY...
    local expected=$1
    shift
    [ "$(native "$@")" = "$expected" ] || fail "for cards of $* are compiled: $(native "$@")"
}
natively ""
natively "" 7.5 11.0
natively "80" 8.0
natively "86 89 120" 12.1 8.9 8.7 8.9
natively "90 100" 10.3 9.0
