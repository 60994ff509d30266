package org.diffusionclassifier.model;

import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.diffusionclassifier.checkpoint.ModelSource;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Graph;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;
import org.diffusionclassifier.text.ClipTokenizer;

/** From captions to the states that cross-attention projects: tokenizer and text encoder. */
final class PromptEncoder implements AutoCloseable {

    /** Captions encoded at once; the last batch is filled up by repeating its last caption. */
    private static final int BATCH = 16;

    private final Device device;
    private final ClipTokenizer tokenizer;
    private final Weights weights;
    private final ClipTextEncoder encoder;

    PromptEncoder(ModelSource model, Device device) {
        this.device = device;
        TokenizerTables tables = model.tokenizer();
        this.tokenizer = ClipTokenizer.read(tables, model.textEncoder().maxPositions());
        if (tokenizer.vocabularySize() > model.textEncoder().vocabSize()) {
            throw new InputException(tables.source() + ": expected at most " + model.textEncoder().vocabSize()
                    + " tokens, as the text encoder has, found " + tokenizer.vocabularySize());
        }
        this.weights = model.textEncoderWeights();
        try {
            this.encoder = new ClipTextEncoder(model.textEncoder(), weights, device);
        } catch (RuntimeException e) {
            weights.close();
            throw e;
        }
    }

    /** The text encoder's last hidden states for each caption: a persistent tensor [N, L, width]. */
    Tensor encode(List<String> captions) {
        int batch = Math.min(BATCH, captions.size());
        int length = tokenizer.length();
        Tensor ids = device.tensor(DType.I32, batch, length);
        var encoded = new AtomicReference<Tensor>();
        try (Graph graph = device.record(recorder -> {
            encoded.set(encoder.forward(ids));
            recorder.keep(encoded.get());
        })) {
            Tensor states = device.tensor(encoded.get().type(), captions.size(), length, encoded.get().width());
            for (int from = 0; from < captions.size(); from += batch) {
                int count = Math.min(batch, captions.size() - from);
                device.write(ids, tokens(captions.subList(from, from + count), batch));
                graph.run();
                device.copy(encoded.get().slice(0, count), states.slice(from, count));
            }
            return states;
        } finally {
            device.release(ids);
        }
    }

    private int[] tokens(List<String> captions, int batch) {
        int length = tokenizer.length();
        int[] ids = new int[batch * length];
        for (int i = 0; i < batch; i++) {
            String caption = captions.get(Math.min(i, captions.size() - 1));
            System.arraycopy(tokenizer.encode(caption), 0, ids, i * length, length);
        }
        return ids;
    }

    @Override
    public void close() {
        encoder.close();
        weights.close();
    }
}
