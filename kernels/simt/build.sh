#!/usr/bin/env bash
# Builds the CPU harness with g++ alone:
#
#   build.sh OUTDIR          libcuda.so.1 (the emulated driver), libcublas.so.12 and libcudnn.so.9 (what is called of
#                            them, on its device), simt-kernels.so (../*.cu, for speed) and simt-kernels-checked.so
#                            (the same with every load and store checked), simt-kernels-bf16.so (for bf16, not checked:
#                            its loads and stores are the checked one's); run_kernel, which runs one of them
#   build.sh OUTDIR test     also builds test/ and runs it, and ../steps, whose programs check them against double loops
#                            and print what was counted; fails if a test fails
#
# An object is compiled again only if its source or any header is newer. Paths in the outputs are relative to kernels/.
set -euo pipefail

[ $# -ge 1 ] || { sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 2; }
fail() { echo "simt: $*" >&2; exit 1; }
command -v g++ >/dev/null || fail "g++ not found; the CPU harness is built with it (Debian: apt install g++)"
[ "$(uname -m)" = x86_64 ] || fail "the CPU harness needs x86-64, this is $(uname -m)"

simt=$(cd "$(dirname "$0")" && pwd)
kernels=$(dirname "$simt")
mkdir -p "$1/obj"
out=$(cd "$1" && pwd)
export simt kernels out

common="-std=c++17 -fPIC -fvisibility=hidden -march=x86-64-v3 -fdebug-prefix-map=$kernels=. -Wall -Wextra"
kernel="$common -fstack-clash-protection -D__SIMT__ -ffp-contract=fast -fno-math-errno -fno-exceptions"
kernel="$kernel -Wno-unknown-pragmas -Wno-unused-function -Wno-unused-parameter -include simt/simt.h -Iinclude -Isimt"
export runtime_flags="$common -O3 -g1"
export runner_flags="$common -O1 -g -Isimt"
export plain_flags="$kernel -O3 -fno-trapping-math"
export bf16_flags="$plain_flags -DBFLOAT16"
export checked_flags="$kernel -O1 -g -fsanitize=thread -fno-tree-sra -DSIMT_CHECKED=true"

# One object: compile KIND SOURCE OBJECT, with SOURCE relative to kernels/. A .cu file is compiled inside an unnamed
# namespace, so that two files may use one name for different things as under nvcc, and followed by its kernels' list and
# by assertions of the facts that ../catalog.awk has worked out.
compile() {
    local source=$2 object=$3 flags=$1_flags
    cd "$kernels"
    if [ -e "$object" ] && [ -z "$(find . -newer "$object" \
            \( -path "./$source" -o -name '*.cuh' -o -name '*.h' -o -name build.sh -o -name catalog.awk \) -print -quit)" ]; then
        return
    fi
    if [[ $source == *.cu ]]; then
        printf 'namespace {\n#include "%s"\n}\n#include "simt_image.h"\n' "$source"
        printf '#include "%s"\n' "$source" | g++ ${!flags} -x c++ -E -P -DSIMT_LIST_KERNELS - | tr '\n' ' ' \
            | { grep -o '__global__[^@(;]*\(@[^@]*@\)\?[^@(;]*(' || true; } \
            | sed -E -e 's/.*@(.*)@.*[ *](\w+) *\($/SIMT_KERNEL(\2, \1)/' -e 's/^_.*[ *](\w+) *\($/SIMT_KERNEL(\1)/'
        [[ $source == */* ]] || awk -v checks=1 -f catalog.awk include/*.cuh "$source"
    else
        printf '#include "%s"\n' "$source"
    fi | g++ ${!flags} -x c++ -c - -o "$object.part"
    mv "$object.part" "$object"
}
export -f compile

# compile_all KIND OBJECT-PREFIX SOURCE...: in parallel, the objects' names into the array objects.
compile_all() {
    local kind=$1 prefix=$2 source
    shift 2
    objects=()
    for source; do objects+=("$out/obj/$prefix-$(basename "${source%.*}").o"); done
    paste -d '\n' <(printf '%s\n' "$@") <(printf '%s\n' "${objects[@]}") \
        | xargs -P "$(nproc)" -n 2 bash -c 'set -euo pipefail; compile "$0" "$1" "$2"' "$kind"
}

image() {       # image KIND NAME SOURCE...: a kernel image from .cu files
    local kind=$1 name=$2
    shift 2
    compile_all "$kind" "$name" "$@"
    local table="$out/obj/$name-table.o" define=
    [ "$kind" != checked ] || define=-DSIMT_CHECKED=true
    g++ $common -O2 $define -c "$simt/simt_image.cpp" -o "$table"
    g++ -shared -static-libstdc++ -static-libgcc -o "$out/$name.so.part" "${objects[@]}" "$table" \
        -Wl,-z,defs -Wl,--as-needed "$out/libcuda.so.1" -lm
    mv "$out/$name.so.part" "$out/$name.so"
    echo "$name.so: $(kilobytes "$out/$name.so"), $# files of kernels"
}

# The driver: what runtime/ does not implement of the symbols that JCuda imports becomes a stub that says so.
cd "$kernels"
compile_all runtime runtime simt/runtime/*.cpp
stubs=$out/obj/stubs.cpp
comm -23 <(sort "$simt/driver-symbols.txt") \
         <(nm -g --defined-only "${objects[@]}" | awk '$2 == "T" {print $3}' | sort -u) >"$out/obj/missing.txt"
{
    cat <<'END'
#include <stdio.h>
#define STUB(NAME)                                                              \
    extern "C" __attribute__((visibility("default"))) int NAME() {              \
        fprintf(stderr, "simt: " #NAME " is not implemented\n");                \
        return 801;                                                             \
    }
END
    sed 's/.*/STUB(&)/' "$out/obj/missing.txt"
} >"$stubs"
g++ -fPIC -O1 -c "$stubs" -o "$out/obj/stubs.o"
g++ -shared -static-libstdc++ -static-libgcc -Wl,-soname,libcuda.so.1 -Wl,--exclude-libs,ALL -Wl,-z,defs \
    -o "$out/libcuda.so.1.part" "${objects[@]}" "$out/obj/stubs.o" -ldl -lpthread
mv "$out/libcuda.so.1.part" "$out/libcuda.so.1"
kilobytes() { echo "$(($(stat -c %s "$1") / 1024)) KB"; }
lines() { wc -l <"$1"; }
echo "libcuda.so.1: $(kilobytes "$out/libcuda.so.1"), $(lines "$out/obj/missing.txt") of" \
    "$(lines "$simt/driver-symbols.txt") driver symbols are stubs"

# A library of the device: its symbols carry the SONAME as their version, as the real one's do.
vendor() {      # vendor SONAME SOURCE
    local object=$out/obj/vendor-$(basename "$2" .cpp).o version=$out/obj/$1.map
    compile runtime "$2" "$object"
    echo "$1 { global: *; };" >"$version"
    g++ -shared -static-libstdc++ -static-libgcc -Wl,-soname,"$1" -Wl,--version-script="$version" \
        -Wl,--exclude-libs,ALL -Wl,-z,defs -Wl,--as-needed -o "$out/$1.part" "$object" "$out/libcuda.so.1"
    mv "$out/$1.part" "$out/$1"
    echo "$1: $(kilobytes "$out/$1")"
}
vendor libcublas.so.12 simt/vendor/cublas.cpp
vendor libcudnn.so.9 simt/vendor/cudnn.cpp

sources=(*.cu)
if [ -e "${sources[0]}" ]; then
    image plain simt-kernels "${sources[@]}"
    image checked simt-kernels-checked "${sources[@]}"
    image bf16 simt-kernels-bf16 "${sources[@]}"
    compile runner simt/run_kernel.cpp "$out/obj/run_kernel.o"
    g++ -o "$out/run_kernel" "$out/obj/run_kernel.o" "$out/libcuda.so.1" -Wl,-rpath,'$ORIGIN'
fi

if [ "${2:-}" = test ]; then
    image plain test-kernels simt/test/*.cu
    image checked test-kernels-checked simt/test/*.cu
    compile_all runtime test simt/test/*.cpp
    g++ -o "$out/run_tests" "$out"/obj/test-{run_tests,test_kernels,test_streams}.o -ldl
    "$out/run_tests" "$out" "$simt/test"
    compile runtime simt/vendor/test/run_vendor_tests.cpp "$out/obj/run_vendor_tests.o"
    g++ -o "$out/run_vendor_tests" "$out/obj/run_vendor_tests.o" "$out"/lib*.so.* -Wl,-rpath,'$ORIGIN'
    "$out/run_vendor_tests" "$out"
    "$out/run_kernel" "$out/simt-kernels-checked.so" gemm_128x128 70 24 16
    "$out/run_kernel" "$out/simt-kernels-checked.so" layernorm 5 40
    image checked simt-steps steps/*.cu
    for program in steps/*.cpp; do
        name=$(basename "$program" .cpp)
        compile runner "$program" "$out/obj/$name.o"
        g++ -o "$out/$name" "$out/obj/$name.o" "$out/libcuda.so.1" -Wl,-rpath,'$ORIGIN'
        SIMT_SITES=1 "$out/$name" "$out/simt-steps.so" "$out/simt-kernels-checked.so"
    done
fi
