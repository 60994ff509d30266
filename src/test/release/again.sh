#!/usr/bin/env bash
# Builds the release anew, into another folder, and compares its archives byte by byte with those that are there. Checks
# first that an archive has what it should have, and runs by itself.
#
#   again.sh TARGET [MAVEN'S OPTIONS, the same as for the first build]
set -euo pipefail
target=$1
shift
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."

again=$target/again
rm -rf "$again"
mkdir -p "$again/unpacked"

tar -xzf "$target"/diffusion-classifier-*.tar.gz -C "$again/unpacked"
cd "$again"/unpacked/*/
for file in diffusion-classifier diffusion-classifier.cmd diffusion-classifier.jar LICENSE third-party/THIRD-PARTY.txt \
    third-party/bom.json third-party/licences/jna/META-INF/LICENSE; do
    [ -s "$file" ] || { echo "release: $file is not in the archive" >&2; exit 1; }
done
grep -q '"bomFormat" : "CycloneDX"' third-party/bom.json
./diffusion-classifier --version | grep -q '^diffusion-classifier '
cd - > /dev/null

mvn -q -Prelease -DskipTests "-Dbuild.root=$again" "$@" -pl src -am package
for archive in "$target"/diffusion-classifier-*.tar.gz "$target"/diffusion-classifier-*.zip; do
    cmp "$archive" "$again/$(basename "$archive")"
    sha256sum "$archive"
done
rm -rf "$again"
