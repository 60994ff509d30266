package org.diffusionclassifier.model.text;

import java.util.List;
import java.util.stream.IntStream;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.config.ClipTextConfig;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.text.ClipTokenizer;

/** What a text encoder reads: the tokenizer that goes with it, and ids as a tensor. */
public final class TokenIds {

    private TokenIds() {
    }

    /** @throws InputException if it cannot be read, or has more tokens than the text encoder */
    public static ClipTokenizer tokenizer(Checkpoint checkpoint, String name, ClipTextConfig config) {
        TokenizerTables tables = checkpoint.tokenizer(name);
        var read = ClipTokenizer.read(tables, config.maxPositions());
        if (read.vocabularySize() > config.vocabSize()) {
            throw new InputException(tables.source() + ": expected at most " + config.vocabSize()
                    + " tokens, as the text encoder has, found " + read.vocabularySize());
        }
        return read;
    }

    /** Sequences of one length: [N, L] int32, persistent. */
    public static Tensor tensor(Device device, List<int[]> sequences) {
        Tensor ids = device.tensor(DType.I32, sequences.size(), sequences.get(0).length);
        device.write(ids, sequences.stream().flatMapToInt(IntStream::of).toArray());
        return ids;
    }
}
