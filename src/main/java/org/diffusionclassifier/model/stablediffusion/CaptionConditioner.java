package org.diffusionclassifier.model.stablediffusion;

import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.config.ClipTextConfig;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Graph;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.model.Conditioner;
import org.diffusionclassifier.model.Conditioning;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.text.ClipTokenizer;
import org.diffusionclassifier.text.TokenizedCaptions;
import org.diffusionclassifier.text.Tokenizer;

/**
 * From captions to the keys and values of every cross-attention: tokenizer, text encoder, the UNet's projections.
 *
 * <p>The text encoder is released after the first call, as most models are asked for one list of captions and need the
 * memory for the UNet. From the second call on it is kept.
 */
final class CaptionConditioner implements Conditioner, AutoCloseable {

    /** Captions encoded at once; the last batch is filled up by repeating its last caption. */
    private static final int BATCH = 16;

    private final Checkpoint checkpoint;
    private final ClipTextConfig config;
    private final Supplier<UNet> unet;
    private final Device device;
    private Tokenizer tokenizer;
    private ClipTextEncoder encoder;
    private boolean calledBefore;

    /** @param unet gives the network whose cross-attentions project the encoded captions */
    CaptionConditioner(Checkpoint checkpoint, ClipTextConfig config, Supplier<UNet> unet, Device device) {
        this.checkpoint = checkpoint;
        this.config = config;
        this.unet = unet;
        this.device = device;
    }

    @Override
    public Conditioning encode(List<String> captions) {
        if (tokenizer == null) {
            tokenizer = tokenizer();
        }
        var tokenized = new TokenizedCaptions(tokenizer, captions);
        Tensor states = states(tokenized.distinct());
        try {
            return project(states).of(tokenized.rows(), tokenized.notices(checkpoint.embeddedTokens()));
        } finally {
            device.release(states);
        }
    }

    /** The text encoder's last hidden states for each sequence of ids: a persistent tensor [N, L, width]. */
    private Tensor states(List<int[]> captions) {
        if (encoder == null) {
            encoder = new ClipTextEncoder(config, checkpoint.component(StableDiffusionConfig.TEXT_ENCODER).weights(),
                    device);
        }
        try {
            return encoded(captions);
        } finally {
            if (!calledBefore) {
                close();
            }
            calledBefore = true;
        }
    }

    private Tokenizer tokenizer() {
        TokenizerTables tables = checkpoint.tokenizer(StableDiffusionConfig.TOKENIZER);
        var read = ClipTokenizer.read(tables, config.maxPositions());
        if (read.vocabularySize() > config.vocabSize()) {
            throw new InputException(tables.source() + ": expected at most " + config.vocabSize()
                    + " tokens, as the text encoder has, found " + read.vocabularySize());
        }
        return read;
    }

    private Tensor encoded(List<int[]> captions) {
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

    private int[] tokens(List<int[]> captions, int batch) {
        int length = tokenizer.length();
        int[] ids = new int[batch * length];
        for (int i = 0; i < batch; i++) {
            System.arraycopy(captions.get(Math.min(i, captions.size() - 1)), 0, ids, i * length, length);
        }
        return ids;
    }

    /** Every cross-attention's keys and values of states [N, L, D]; the last run's surplus is ignored. */
    private Conditioning project(Tensor states) {
        int captions = states.dim(0);
        int batch = Math.min(BATCH, captions);
        UNet network = unet.get();
        Tensor some = device.tensor(states.type(), batch, states.dim(1), states.width());
        var projected = new AtomicReference<List<Tensor>>();
        try (Graph graph = device.record(recorder -> {
            projected.set(network.projectContext(some));
            projected.get().forEach(recorder::keep);
        })) {
            List<Tensor> tables = projected.get().stream()
                    .map(part -> device.tensor(part.type(), captions, part.dim(1), part.width())).toList();
            for (int from = 0; from < captions; from += batch) {
                int count = Math.min(batch, captions - from);
                device.copy(states.slice(from, count), some.slice(0, count));
                graph.run();
                for (int i = 0; i < tables.size(); i++) {
                    device.copy(projected.get().get(i).slice(0, count), tables.get(i).slice(from, count));
                }
            }
            return new Conditioning(device, captions, tables, List.of());
        } finally {
            device.release(some);
        }
    }

    /** Releases the text encoder. */
    @Override
    public void close() {
        if (encoder != null) {
            encoder.close();
            encoder = null;
        }
    }
}
