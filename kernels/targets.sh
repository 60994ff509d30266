# For build.sh: what a source file is compiled for.
#
#     native CAPABILITY...             prints the architectures for cards of these compute capabilities (8.9): for each the
#                                      latest whose code it runs, of the same major version and not newer than the card
#     targets FILE ARCHITECTURE...     prints nvcc's flags: code for each of the architectures that the file takes, and
#                                      PTX for newer cards where it may run on any
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

targets() {
    local file=$1 required architecture
    shift
    required=$(sed -n 's/^\/\/ Requires: sm_\([0-9]*a\{0,1\}\)$/\1/p' "$file")
    required=${required:-80}
    for architecture; do
        if [ "$required" = "${architecture}a" ]; then
            printf -- '-gencode arch=compute_%s,code=sm_%s ' "$required" "$required"
        elif [ "$required" = "${required%a}" ] && [ "$architecture" -ge "$required" ]; then
            printf -- '-gencode arch=compute_%s,code=sm_%s ' "$architecture" "$architecture"
        fi
    done
    [ "$required" != "${required%a}" ] || printf -- '-gencode arch=compute_%s,code=compute_%s' "$required" "$required"
}
