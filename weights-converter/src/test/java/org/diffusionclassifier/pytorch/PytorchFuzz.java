package org.diffusionclassifier.pytorch;

import java.nio.ByteBuffer;
import org.diffusionclassifier.tensor.InputException;

/** Any bytes as a checkpoint of PyTorch's, zip or legacy: read, or refused. */
public final class PytorchFuzz {

    /** A view may repeat its elements without end; reading so many proves nothing more. */
    private static final long MOST = 1 << 16;

    private PytorchFuzz() {
    }

    /** Called by Jazzer; what it throws is a finding. */
    public static void fuzzerTestOneInput(byte[] input) {
        try (var weights = PytorchWeights.open(FuzzFile.of(input, ".ckpt"))) {
            for (String name : weights.names()) {
                long elements = weights.elements(name);
                if (elements <= MOST) {
                    weights.readStored(name, 0, ByteBuffer.allocate((int) elements * weights.dtype(name).bytes()));
                }
            }
        } catch (InputException refused) {
            FuzzFile.requireOneLine(refused);
        }
    }
}
