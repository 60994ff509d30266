#!/usr/bin/env bash
# Runs the jar on this machine's processor and on an emulated arm64 (prepare.sh), with the bundled model in float32, and
# compares the errors of the same pairs: the largest difference relative to the error may be 1e-5.
#
#   compare.sh JAVA_OF_ARM64 JAR FOLDER
set -euo pipefail
emulated=$1
jar=$2
folder=$3
mkdir -p "$folder"

# Twenty pairs; an emulated processor needs a second or more for each.
classify() {
    "$1" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -jar "$jar" classify "$folder/sneaker-0.png" --device cpu --dtype f32 \
        --strategy exhaustive --n-samples 2 --json "$folder/$2.json" > "$folder/$2.txt"
}

# The trials' errors by class, a line each: their order in the file is that of the ranking.
errors() {
    tr -d ' \n' < "$folder/$1.json" | grep -oE '"className":"[^"]+","classidx":[0-9]+,"meanError"|"errors":\[[^]]*\]' \
        | sed -E 's/"className":"([^"]+)".*/\1/; s/"errors":\[(.*)\]/\1/' | paste - - | sort
}

unzip -qoj "$jar" demo-model/images/sneaker-0.png -d "$folder"
classify java x86
start=$SECONDS
classify "$emulated" arm64
seconds=$((SECONDS - start))

paste <(errors x86) <(errors arm64) | awk -v seconds=$seconds '
    function abs(x) { return x < 0 ? -x : x }
    {
        n = split($2, x86, ",")
        m = split($4, arm64, ",")
        if ($1 != $3 || n != m || n == 0) { print "arm64: other classes or trials: " $0; failed = 1; exit }
        for (i = 1; i <= n; i++) {
            difference = abs(arm64[i] - x86[i]) / x86[i]
            if (difference > most) most = difference
            pairs++
        }
    }
    END {
        printf "arm64: %d pairs in %d s, largest relative difference from x86-64 %.1e\n", pairs, seconds, most
        exit failed || pairs != 20 || most > 1e-5
    }'
