package org.diffusionclassifier.safetensors;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.diffusionclassifier.checkpoint.ConvertedFile;
import org.diffusionclassifier.checkpoint.Opened;
import org.diffusionclassifier.convert.Inspection;
import org.diffusionclassifier.pytorch.FuzzFile;
import org.diffusionclassifier.tensor.InputException;

/** Any bytes as a safetensors file, and as a model file where they say that they are one: read, or refused. */
public final class SafetensorsFuzz {

    private SafetensorsFuzz() {
    }

    /** Called by Jazzer; what it throws is a finding. */
    public static void fuzzerTestOneInput(byte[] input) {
        Path file = FuzzFile.of(input, ".safetensors");
        try (var tensors = SafetensorsFile.open(file)) {
            for (TensorInfo tensor : tensors.tensors().values()) {
                tensors.readStored(tensor.name(), 0, ByteBuffer.allocate((int) tensor.bytes()));
            }
            if (ConvertedFile.isOne(tensors)) {
                try (var model = Opened.of(file)) {
                    model.layout().tokenizers().forEach(model.checkpoint()::tokenizer);
                }
                Inspection.of(file, Opened::layout);
            }
        } catch (InputException refused) {
            FuzzFile.requireOneLine(refused);
        }
    }
}
