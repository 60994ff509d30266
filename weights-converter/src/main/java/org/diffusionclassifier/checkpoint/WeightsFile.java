package org.diffusionclassifier.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import org.diffusionclassifier.pytorch.PytorchWeights;
import org.diffusionclassifier.safetensors.SafetensorsFile;
import org.diffusionclassifier.tensor.DataFile;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.ScaledWeights;
import org.diffusionclassifier.tensor.Weights;

/**
 * A file of weights, opened as what it holds, whatever it is called: {@code .safetensors}, {@code .sft}, {@code .ckpt},
 * {@code .pt}, {@code .bin}, in capitals, or nothing at all. One name says nothing: both forms have been published
 * under each. A file of neither form is refused with what {@link ForeignFile} knows of it.
 */
public final class WeightsFile {

    private static final int ZIP = 0x04034b50;
    private static final int PICKLE = 0x80;             // the opcode PROTO, with which pickles begin

    private WeightsFile() {
    }

    /**
     * Opens a file; numbers that were stored with a scale are as they are meant.
     *
     * @throws InputException if it cannot be read, holds no weights, or is malformed
     */
    public static Weights open(Path file) {
        return scaled(openStored(file));
    }

    /** As {@link #open}, but every tensor as it is stored, scales among them. */
    public static Weights openStored(Path file) {
        ByteBuffer head;
        long size;
        try (DataFile opened = DataFile.open(file, it -> it)) {
            size = opened.size();
            head = opened.read(0, ByteBuffer.allocate((int) Math.min(size, ForeignFile.HEAD)))
                    .order(ByteOrder.LITTLE_ENDIAN);
        }
        if (isSafetensors(head, size)) {
            return SafetensorsFile.open(file);
        }
        String name = file.getFileName().toString();
        Optional<ForeignFile> foreign = ForeignFile.of(name, head.array());
        if (foreign.isPresent()) {
            throw new InputException(file + ": expected weights, found " + foreign.get().description());
        }
        if (size >= Integer.BYTES && (head.getInt(0) == ZIP || (head.get(0) & 0xff) == PICKLE)) {
            return PytorchWeights.open(file);
        }
        if (name.toLowerCase(Locale.ROOT).endsWith(".safetensors")) {
            return SafetensorsFile.open(file);          // which says what is wrong with the header
        }
        throw new InputException(file + ": expected weights as safetensors or as a PyTorch checkpoint, found neither");
    }

    /** Weights as their numbers are meant; closed if that fails. */
    static Weights scaled(Weights stored) {
        try {
            return ScaledWeights.of(stored);
        } catch (RuntimeException e) {
            stored.close();
            throw e;
        }
    }

    /** A header's length that the file can have, and the brace with which a header begins. */
    private static boolean isSafetensors(ByteBuffer head, long size) {
        return size > Long.BYTES && Long.compareUnsigned(head.getLong(0), size) < 0 && head.get(Long.BYTES) == '{';
    }
}
