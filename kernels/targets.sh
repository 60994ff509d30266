# For build.sh: what a source file is compiled for.
#
#     native CAPABILITY...             prints the architectures for cards of these compute capabilities (8.9): for each the
#                                      latest whose code it runs, of the same major version and not newer than the card
#     virtual FILE                     prints the architecture of its PTX: compute_80, or what the file requires
#     codes FILE ARCHITECTURE...       prints nvcc's flags for code for each of the architectures that the file takes. Up to
#                                      9.0 it is assembled from one PTX, which saves half of the time; later ones have
#                                      their own, since two kernels would spill
#
# A file whose head has a line "// Requires: sm_90" takes 9.0 and later, one with sm_90a takes 9.0 alone, which has
# instructions of its own under that name; all others take 8.0 and later.
all_architectures=(80 86 89 90 100 120)         # that the kernels are kept fast on

native() {
    local card architecture latest found=()
    for card in "$@"; do
        card=${card/./}
        latest=
        for architecture in "${all_architectures[@]}"; do
            [ $((architecture / 10)) -ne $((card / 10)) ] || [ "$architecture" -gt "$card" ] || latest=$architecture
        done
        found+=($latest)
    done
    printf '%s\n' "${found[@]}" | sort -nu | xargs
}

virtual() {
    local required
    required=$(sed -n 's/^\/\/ Requires: sm_\([0-9]*a\{0,1\}\)$/\1/p' "$1")
    echo "compute_${required:-80}"
}

codes() {
    local required architecture from
    required=$(virtual "$1")
    required=${required#compute_}
    shift
    for architecture; do
        if [ "$required" = "${architecture}a" ]; then
            printf -- '-gencode arch=compute_%s,code=sm_%s ' "$required" "$required"
        elif [ "$required" = "${required%a}" ] && [ "$architecture" -ge "$required" ]; then
            from=$architecture
            [ "$architecture" -gt 90 ] || from=$required
            printf -- '-gencode arch=compute_%s,code=sm_%s ' "$from" "$architecture"
        fi
    done
}
