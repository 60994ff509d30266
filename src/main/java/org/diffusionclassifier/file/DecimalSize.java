package org.diffusionclassifier.file;

import java.util.Locale;

/** Sizes for people: {@code 2.58 GB}, {@code 12.3 MB}, {@code 640 bytes}. Prefixes are decimal, as disks have them. */
public final class DecimalSize {

    private DecimalSize() {
    }

    /** @param bytes at least 0 */
    public static String of(long bytes) {
        if (bytes < 1000) {
            return bytes + " bytes";
        }
        return bytes < 1_000_000 ? String.format(Locale.ROOT, "%.1f kB", bytes * 1e-3)
                : bytes < 1_000_000_000 ? String.format(Locale.ROOT, "%.1f MB", bytes * 1e-6)
                : String.format(Locale.ROOT, "%.2f GB", bytes * 1e-9);
    }
}
