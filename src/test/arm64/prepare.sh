#!/usr/bin/env bash
# Makes FOLDER/bin/java, Debian's Java 17 for arm64 under QEMU's user-mode emulation, on a Debian or Ubuntu of another
# processor. Packages are downloaded once and unpacked below FOLDER; nothing is installed, and no right is needed.
#
#   prepare.sh FOLDER
set -euo pipefail
mkdir -p "$1"
folder=$(cd "$1" && pwd)
java=$folder/bin/java
[ ! -x "$java" ] || exit 0

root=$folder/root
packages=$folder/packages
mkdir -p "$packages/lists/partial" "$packages/archives/partial" "$folder/bin"

# Lists and archives of our own, so that the system's stay without a second architecture.
apt=(apt-get -qq -o "APT::Architectures=$(dpkg --print-architecture),arm64" -o "Dir::State::lists=$packages/lists"
    -o "Dir::Cache=$packages" -o APT::Sandbox::User=root)
"${apt[@]}" update
(
    cd "$packages/archives"
    # What the JRE's libraries for images and colours are linked to, too.
    "${apt[@]}" download qemu-user-static openjdk-17-jre-headless:arm64 libc6:arm64 libgcc-s1:arm64 libstdc++6:arm64 \
        zlib1g:arm64 libjpeg62-turbo:arm64 liblcms2-2:arm64 libfreetype6:arm64 libpng16-16:arm64 libbrotli1:arm64
    dpkg-deb -x qemu-user-static_*.deb "$folder/qemu"
    for package in *_arm64.deb; do
        dpkg-deb -x "$package" "$root"
    done
)

# Debian's JRE links to its configuration by absolute paths, which would be this system's.
find "$root" -type l -lname '/*' | while read -r link; do
    ln -sfr "$root$(readlink "$link")" "$link"
done

home=$(echo "$root"/usr/lib/jvm/java-17-openjdk-*)
# A processor with every extension that QEMU knows, SVE and SME among them, which the program has to keep oneDNN from.
cat > "$java.part" << END
#!/bin/sh
export QEMU_CPU="\${QEMU_CPU:-max}"
exec "$folder/qemu/usr/bin/qemu-aarch64-static" -L "$root" "$home/bin/java" "\$@"
END
chmod +x "$java.part"
mv "$java.part" "$java"
