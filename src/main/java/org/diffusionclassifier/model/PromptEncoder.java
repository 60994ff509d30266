package org.diffusionclassifier.model;

import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Graph;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.text.ClipTokenizer;
import org.diffusionclassifier.weights.DType;
import org.diffusionclassifier.weights.InputException;
import org.diffusionclassifier.weights.ModelSource;
import org.diffusionclassifier.weights.TokenizerTables;
import org.diffusionclassifier.weights.Weights;

/** From captions to what the UNet attends to: tokenizer, text encoder, and each cross-attention's keys and values. */
final class PromptEncoder implements AutoCloseable {

    /** Captions encoded at once; the last batch is filled up by repeating its last caption. */
    private static final int BATCH = 16;

    private final Device device;
    private final ClipTokenizer tokenizer;
    private final ClipTextEncoder encoder;

    PromptEncoder(ModelSource model, Device device) {
        this.device = device;
        TokenizerTables tables = model.tokenizer();
        this.tokenizer = ClipTokenizer.read(tables, model.textEncoder().maxPositions());
        if (tokenizer.vocabularySize() > model.textEncoder().vocabSize()) {
            throw new InputException(tables.source() + ": expected at most " + model.textEncoder().vocabSize()
                    + " tokens, as the text encoder has, found " + tokenizer.vocabularySize());
        }
        try (Weights weights = model.textEncoderWeights()) {
            this.encoder = new ClipTextEncoder(model.textEncoder(), weights, device);
        }
    }

    /**
     * Encodes captions and projects them for every cross-attention of a UNet.
     *
     * @return persistent tensors [N, L, 2C], in the order of {@link UNet#projectContext}
     */
    List<Tensor> encode(List<String> captions, UNet unet) {
        int batch = Math.min(BATCH, captions.size());
        int length = tokenizer.length();
        Tensor ids = device.tensor(DType.I32, batch, length);
        var projected = new AtomicReference<List<Tensor>>();
        try (Graph graph = device.record(recorder -> {
            projected.set(unet.projectContext(encoder.forward(ids)));
            projected.get().forEach(recorder::keep);
        })) {
            List<Tensor> tables = projected.get().stream()
                    .map(part -> device.tensor(part.type(), captions.size(), length, part.width())).toList();
            for (int from = 0; from < captions.size(); from += batch) {
                int count = Math.min(batch, captions.size() - from);
                device.write(ids, tokens(captions.subList(from, from + count), batch));
                graph.run();
                for (int i = 0; i < tables.size(); i++) {
                    device.copy(projected.get().get(i).slice(0, count), tables.get(i).slice(from, count));
                }
            }
            return tables;
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
    }
}
