#!/usr/bin/env bash
# Compiles the kernels into OUT/compiled: NAME.fatbin, NAME.ptx and NAME.bf16.ptx for each NAME.cu where there is an nvcc,
# the emulated driver and its kernels by simt/build.sh where there is a g++. Fails on any spill or stack, and if a compiler
# that is there fails.
#
#   build.sh OUT [ARCHITECTURES] [SKIP_SIMT]
#
# ARCHITECTURES is "80 90" and the like, "all" for every one that the kernels are kept fast on, or "native" for the cards
# of this machine: none if it has none. A file whose head has a line "// Requires: sm_90" is compiled for 9.0 and later
# only, one with sm_90a for 9.0 alone, which has instructions of its own under that name.
#
# The PTX is for the oldest card that a file may run on, and names the version of PTX that drivers for CUDA 12.0 know
# (R525), not the compiler's own: drivers older than the compiler, and cards newer than it, take it where they refuse the
# fatbin. What a text has beyond that version, or would spill, is found by PtxTest, which has an assembler of that age.
# For bf16, which few models need, there is PTX alone: fatbins would take the build as long again.
#
# OUT/compiled/modules.txt lists the fatbins and OUT/compiled/ptx.txt the texts, OUT/compiled/sources.txt what a machine
# needs to compile them itself.
# OUT/compiled/kernels.json, by catalog.awk, says of every kernel what a launch must know; and where there is an nvcc, for
# every architecture how many registers, bytes of stack, of spills and of static shared memory ptxas gave it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$1
skip_simt=${3:-false}
compiled=$out/compiled
reports=$out/ptxas
mkdir -p "$compiled" "$reports"

# shellcheck source=targets.sh
source "$here/targets.sh"

there=" $(cat "$out/architectures.txt" 2> /dev/null || true) "
case "${2:-all}" in
    all) architectures=("${all_architectures[@]}") ;;
    native)
        cards=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2> /dev/null | grep -xE '[0-9]+\.[0-9]+' || true)
        read -ra architectures <<< "$(native $cards)"
        covered=true
        for architecture in "${architectures[@]}"; do
            [[ $there == *" $architecture "* ]] || covered=false
        done
        [ "$covered" = false ] || read -ra architectures <<< "$there"      # keeps what a build for all has compiled
        ;;
    *) read -ra architectures <<< "$2" ;;
esac
if [ " ${architectures[*]} " != "$there" ]; then
    rm -f "$compiled"/*.fatbin "$compiled"/*.ptx
    echo "${architectures[*]}" > "$out/architectures.txt"
fi

nvcc=$(command -v nvcc || true)
for home in "${CUDA_HOME:-}" /usr/local/cuda*; do
    [ -n "$nvcc" ] || { [ -x "$home/bin/nvcc" ] && nvcc=$home/bin/nvcc; } || true
done

compile() {
    local name=$1 codes option text
    local source=$here/$name.cu translate=("$nvcc" -std=c++17 -O3 -I "$here/include")
    local fatbin=$compiled/$name.fatbin
    read -ra codes <<< "$(codes "$source" "${architectures[@]}")"
    if [ "$fatbin" -nt "$source" ] \
        && [ -z "$(find "$here/include" "$here/build.sh" "$here/targets.sh" -newer "$fatbin" -type f -print -quit)" ]; then
        return
    fi
    for option in "" -DBFLOAT16; do
        text=$compiled/$name${option:+.bf16}.ptx
        "${translate[@]}" $option -ptx -arch="$(virtual "$source")" -o "$text.part" "$source"
        sed -E 's/^\.version .*/.version 8.0/' "$text.part" > "$text"
        rm "$text.part"
    done
    if [ ${#codes[@]} -eq 0 ]; then
        rm -f "$fatbin" "$reports/$name.txt"
        return
    fi
    if ! "${translate[@]}" -Xptxas -v "${codes[@]}" -fatbin -o "$fatbin.part" "$source" 2> "$reports/$name.txt"; then
        cat "$reports/$name.txt" >&2
        return 1
    fi
    mv "$fatbin.part" "$fatbin"
}

# One line a kernel and architecture: name architecture registers stack spills shared.
summary() {
    awk '
        /Compiling entry function/ { split($0, part, "\047"); kernel = part[2]; arch = part[4] }
        /bytes stack frame/ { stack = $1; spills = $5 + $9 }
        /Used [0-9]+ registers/ {
            shared = match($0, /[0-9]+ bytes smem/) ? substr($0, RSTART) + 0 : 0
            for (i = 1; i < NF; i++) if ($i == "Used") registers = $(i + 1)
            print kernel, arch, registers, stack, spills, shared
        }' "$@"
}

if [ -z "$nvcc" ] || [ ${#architectures[@]} -eq 0 ]; then
    [ -n "$nvcc" ] || echo "kernels: no nvcc on PATH, in CUDA_HOME or /usr/local/cuda*: the jar gets no compiled GPU" \
        "kernels, and leaves that to NVRTC where it runs" >&2
    rm -f "$compiled"/*.fatbin "$compiled"/*.ptx "$compiled"/{modules,ptx}.txt "$out/ptxas.txt"
else
    running=0
    for source in "$here"/*.cu; do
        compile "$(basename "$source" .cu)" &
        running=$((running + 1))
        if [ "$running" -ge "$(nproc)" ]; then
            wait -n
            running=$((running - 1))
        fi
    done
    while [ "$running" -gt 0 ]; do
        wait -n
        running=$((running - 1))
    done
    (cd "$compiled" && ls -- *.fatbin) > "$compiled/modules.txt"
    (cd "$compiled" && ls -- *.ptx) > "$compiled/ptx.txt"
    summary "$reports"/*.txt > "$out/ptxas.txt"
    if awk '$4 + $5 > 0 { print "kernels: " $1 " spills " $5 " bytes and has a stack of " $4 " on " $2; found = 1 }
            END { exit !found }' \
        "$out/ptxas.txt" >&2; then
        exit 1
    fi
fi

ptxas=
[ ! -e "$out/ptxas.txt" ] || ptxas=$out/ptxas.txt
awk -v ptxas="$ptxas" -f "$here/catalog.awk" "$here"/include/*.cuh "$here"/*.cu > "$out/kernels.json"
mv "$out/kernels.json" "$compiled"

(cd "$here" && ls -- *.cu include/* nvrtc/*) > "$compiled/sources.txt"

if [ "$skip_simt" = true ]; then
    echo "kernels: the emulated driver is skipped (-DskipSimt)" >&2
elif ! command -v g++ > /dev/null; then
    echo "kernels: no g++: the jar gets no emulated driver, and tests on it will fail (or be skipped by -DskipSimt)" >&2
else
    bash "$here/simt/build.sh" "$out/simt" > "$out/simt.log" 2>&1 || { cat "$out/simt.log" >&2; exit 1; }
    cp -u "$out"/simt/lib*.so.* "$out"/simt/simt-kernels*.so "$compiled"
    echo simt-kernels.so > "$compiled/simt-modules.txt"
    echo simt-kernels-checked.so > "$compiled/simt-modules-checked.txt"
    echo simt-kernels-bf16.so > "$compiled/simt-modules-bf16.txt"
fi
