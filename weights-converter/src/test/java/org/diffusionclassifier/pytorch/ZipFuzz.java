package org.diffusionclassifier.pytorch;

import org.diffusionclassifier.tensor.DataFile;
import org.diffusionclassifier.tensor.InputException;

/** Any bytes as a zip file: its entries lie within the file, or it is refused. */
public final class ZipFuzz {

    private ZipFuzz() {
    }

    /** Called by Jazzer; what it throws is a finding. */
    public static void fuzzerTestOneInput(byte[] input) {
        try {
            StoredZip zip = DataFile.open(FuzzFile.of(input, ".zip"), file -> {
                try (file) {
                    return StoredZip.read(file, new HeapBudget(file));
                }
            });
            zip.entries().forEach((name, entry) -> {
                if (entry.offset() < 0 || entry.bytes() < 0 || entry.offset() + entry.bytes() > input.length) {
                    throw new AssertionError(name + " is outside of the file: " + entry);
                }
            });
        } catch (InputException refused) {
            FuzzFile.requireOneLine(refused);
        }
    }
}
