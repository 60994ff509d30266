#!/usr/bin/env bash
# Runs Jazzer on each fuzz target of the tests, from the kept corpus on; fails at the first finding, which it names.
#
#   fuzz.sh -cp CLASSPATH CORPUS SECONDS
#
# New inputs that reach new code are put into CORPUS/TARGET.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
classpath=$2
corpus=$3
seconds=$4

for target in safetensors.SafetensorsFuzz:safetensors pytorch.PytorchFuzz:pytorch pytorch.ZipFuzz:zip; do
    class=org.diffusionclassifier.${target%:*}
    found=$corpus/${target#*:}
    mkdir -p "$found"
    (cd "$found/.." && java -Xmx512m -cp "$classpath" com.code_intelligence.jazzer.Jazzer --target_class="$class" \
        --instrumentation_includes='org.diffusionclassifier.**' --disabled_hooks='com.code_intelligence.**' \
        -max_total_time="$seconds" -max_len=16384 -timeout=10 -rss_limit_mb=4096 \
        "$found" "$here/src/test/resources/fuzz/${target#*:}")
done
