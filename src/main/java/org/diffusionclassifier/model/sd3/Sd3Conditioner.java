package org.diffusionclassifier.model.sd3;

import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.model.Conditioning;
import org.diffusionclassifier.model.text.CaptionBatches;
import org.diffusionclassifier.model.text.ClipPair;
import org.diffusionclassifier.model.text.T5Encoder;
import org.diffusionclassifier.model.text.TextEncoding;
import org.diffusionclassifier.model.text.TokenIds;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.text.TokenizedCaptions;

/**
 * From captions to what Stable Diffusion 3's transformer is conditioned on. (Esser et al., 2024, section 4; diffusers'
 * {@code StableDiffusion3Pipeline.encode_prompt}.)
 *
 * <pre>
 *     context   CLIP's states, zeros up to T5's width    [77, 4096]  ─┐
 *               T5's states, or zeros where it is not    [256, 4096] ─┴─ context embedder ─ [333, C]
 *     vector    both of CLIP's projected end tokens      [2048]        ─ text embedder ──── [C]
 * </pre>
 *
 * All of it depends on the caption alone and is computed once. One encoder after the other is loaded, and released after
 * the first call; from the second call on they are kept.
 */
final class Sd3Conditioner implements TextEncoding {

    private final Checkpoint checkpoint;
    private final Sd3Config config;
    private final Device device;
    private Sd3Tokenizer tokenizer;
    private ClipPair clip;
    private T5Encoder t5;
    private CaptionEmbedding embedding;
    private boolean calledBefore;

    Sd3Conditioner(Checkpoint checkpoint, Sd3Config config, Device device) {
        this.checkpoint = checkpoint;
        this.config = config;
        this.device = device;
    }

    @Override
    public Conditioning encode(List<String> captions) {
        TokenizedCaptions tokenized = tokenized(captions);
        List<int[]> distinct = tokenized.distinct();
        var made = new ArrayList<Tensor>();
        try {
            ClipPair.Encoded encoded = encodedByClip(distinct);
            made.addAll(List.of(encoded.context(), encoded.vectors()));
            Tensor ofT5 = config.t5() == null ? withoutT5() : embeddedByT5(distinct);
            made.add(ofT5);
            Tensor ofClip = CaptionBatches.run(device, List.of(encoded.context()),
                    some -> List.of(embedding().context(some.get(0)))).get(0);
            made.add(ofClip);
            Tensor vector = CaptionBatches.run(device, List.of(encoded.vectors()),
                    some -> List.of(embedding().vector(some.get(0)))).get(0);
            return new Conditioning(device, distinct.size(), List.of(joined(ofClip, ofT5)), List.of(vector))
                    .of(tokenized.rows(), tokenized.notices(checkpoint.embeddedTokens()));
        } finally {
            made.forEach(device::release);
            if (!calledBefore) {
                close();
            }
            calledBefore = true;
        }
    }

    TokenizedCaptions tokenized(List<String> captions) {
        if (tokenizer == null) {
            tokenizer = Sd3Tokenizer.read(checkpoint, config, checkpoint.spec().textEncoders().t5Tokens());
        }
        return new TokenizedCaptions(tokenizer, captions);
    }

    /** [N, 77, contextWidth] and [N, vectorWidth]. @param captions as {@link #tokenized} has them */
    ClipPair.Encoded encodedByClip(List<int[]> captions) {
        if (clip == null) {
            clip = new ClipPair(checkpoint, config.textEncoder(), config.textEncoder2(), tokenizer.clip(), device);
        }
        try {
            return clip.encode(captions.stream().map(tokenizer::ofClip).toList(), 0,
                    config.transformer().contextWidth());
        } finally {
            if (!calledBefore) {
                closeClip();
            }
        }
    }

    /** [N, 256, C]: the embedding follows at once, as the states are wide. */
    private Tensor embeddedByT5(List<int[]> captions) {
        if (t5 == null) {
            t5 = new T5Encoder(config.t5(), checkpoint.component(Sd3Config.TEXT_ENCODER_3).weights(), device);
        }
        Tensor ids = TokenIds.tensor(device, captions.stream().map(tokenizer::ofT5).toList());
        try {
            return CaptionBatches.run(device, List.of(ids),
                    some -> List.of(embedding().context(t5.forward(some.get(0))))).get(0);
        } finally {
            device.release(ids);
        }
    }

    /** [1, 256, C]: what the embedding makes of zeros. */
    private Tensor withoutT5() {
        Tensor zeros = device.tensor(device.dtype(), 1, checkpoint.spec().textEncoders().t5Tokens(),
                config.transformer().contextWidth());
        try {
            return CaptionBatches.run(device, List.of(zeros), some -> List.of(embedding().context(some.get(0)))).get(0);
        } finally {
            device.release(zeros);
        }
    }

    /** [N, 77, C] and [N, 256, C], or [1, 256, C] for all, → [N, 333, C]. */
    private Tensor joined(Tensor ofClip, Tensor ofT5) {
        if (ofT5.dim(0) == ofClip.dim(0)) {
            return CaptionBatches.run(device, List.of(ofClip, ofT5),
                    some -> List.of(device.joinTokens(some.get(0), some.get(1)))).get(0);
        }
        Tensor first = device.tensor(DType.I32, CaptionBatches.SIZE);
        try {
            return CaptionBatches.run(device, List.of(ofClip), some -> List.of(device.joinTokens(some.get(0),
                    device.gather(ofT5, first.vector(0, some.get(0).dim(0), DType.I32))))).get(0);
        } finally {
            device.release(first);
        }
    }

    private CaptionEmbedding embedding() {
        if (embedding == null) {
            embedding = new CaptionEmbedding(config.transformer(), checkpoint.component(Sd3Config.TRANSFORMER).weights(),
                    device);
        }
        return embedding;
    }

    private void closeClip() {
        if (clip != null) {
            clip.close();
            clip = null;
        }
    }

    /** Releases the text encoders and the embedding. */
    @Override
    public void close() {
        closeClip();
        if (t5 != null) {
            t5.close();
            t5 = null;
        }
        if (embedding != null) {
            embedding.close();
            embedding = null;
        }
    }
}
