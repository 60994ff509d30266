package org.diffusionclassifier.safetensors;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.diffusionclassifier.checkpoint.DitFile;
import org.diffusionclassifier.checkpoint.ModelFile;
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
            if (DitFile.isOne(file)) {
                DitFile.open(file).vaeWeights().close();
                Inspection.of(file);
            } else if (ModelFile.isOne(file)) {
                ModelFile.open(file).tokenizer();
                Inspection.of(file);
            }
        } catch (InputException refused) {
            FuzzFile.requireOneLine(refused);
        }
    }
}
