#!/usr/bin/env bash
# What nvcc makes of the steps (and of ../gemm.cu, ../conv.cu, or the files named) for sm_80. Needs nvcc and cuobjdump of
# a CUDA toolkit, no GPU.
#
#   report.sh [FILE.cu ...]
#
# For each kernel registers and static shared memory; of its main loop, which is the loop with the largest share of mma,
# how many instructions it has, how many of them are mma (HMMA) and ldmatrix (LDSM), the longest run without an mma, and
# "serial": the clocks that the mma take on an A100's tensor core, 8 each, as a part of these and one clock for each
# other instruction. One warp that did nothing at the same time could not use more of a tensor core.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# -gt 0 ] || set -- "$here"/*.cu "$here"/../gemm.cu "$here"/../conv.cu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

printf '| kernel | registers | shared | instructions | mma | ldmatrix | longest gap | serial |\n'
printf '|---|---|---|---|---|---|---|---|\n'
for source; do
    nvcc -std=c++17 -O3 -Xptxas -v -arch=sm_80 -I "$here/../include" -cubin -o "$work/cubin" "$source" 2> "$work/ptxas"
    awk '/Compiling entry/ { split($0, part, "\047"); kernel = part[2] }
         /Used [0-9]+ registers/ {
             shared = match($0, /[0-9]+ bytes smem/) ? substr($0, RSTART) + 0 : 0
             for (i = 1; i < NF; i++) if ($i == "Used") print kernel, $(i + 1), shared
         }' "$work/ptxas" > "$work/registers"
    cuobjdump -sass "$work/cubin" | awk '
        FNR == NR { registers[$1] = $2 " | " $3; next }
        /Function :/ { finish(); kernel = $NF; n = 0 }
        $1 ~ /^\/\*[0-9a-f]+\*\/$/ {
            op = $2 ~ /^@/ ? $3 : $2
            sub(/[.;].*/, "", op)
            at[$1] = ++n
            ops[n] = op
            if (op == "BRA" && match($0, /0x[0-9a-f]+/)) {
                target = sprintf("%4s", substr($0, RSTART + 2, RLENGTH - 2))
                gsub(/ /, "0", target)
                from[n] = "/*" target "*/"
            }
        }
        function finish(   end, start, i, mma, ldsm, gap, run, count, best, text) {
            best = 0
            for (end in from) {
                start = at[from[end]]
                if (!start || start >= end + 0) continue
                mma = ldsm = gap = run = 0
                for (i = start; i <= end + 0; i++) {
                    if (ops[i] == "HMMA") { mma++; run = 0 } else { run++ }
                    if (run > gap) gap = run
                    ldsm += ops[i] == "LDSM"
                }
                count = end - start + 1
                if (mma / count > best) {
                    best = mma / count
                    text = sprintf("%d | %d | %d | %d | %.2f", count, mma, ldsm, gap, 8 * mma / (8 * mma + count - mma))
                }
            }
            if (kernel != "") printf "| `%s` | %s | %s |\n", kernel, registers[kernel], best ? text : "– | – | – | – | –"
            delete at; delete ops; delete from
        }
        END { finish() }' "$work/registers" - | sort
done
