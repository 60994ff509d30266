package org.diffusionclassifier.model.text;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.config.ClipTextConfig;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Tensor;

/**
 * CLIP's ViT-L/14 and OpenCLIP's ViT-bigG/14 as one text encoder, as SDXL and Stable Diffusion 3 have them. (Podell et al.,
 * 2023, arXiv 2307.01952, section 2.1; Esser et al., 2024, arXiv 2403.03206, section 4; diffusers' {@code encode_prompt}.)
 *
 * <pre>
 *     context   last hidden states but one, side by side                                  [L, A + B]
 *     vector    projected end tokens of those encoders that project them, side by side    [V]
 * </pre>
 */
public final class ClipPair implements AutoCloseable {

    public static final String FIRST = "text_encoder";
    public static final String SECOND = "text_encoder_2";

    private final Device device;
    private final TokenizerPair tokenizers;
    private final List<ClipTextEncoder> encoders = new ArrayList<>();

    /**
     * What they make of N captions, persistent.
     *
     * @param context [N, L, width], zeros behind A + B columns where it is wider
     * @param vectors [N, V]
     */
    public record Encoded(Tensor context, Tensor vectors) {
    }

    /** @throws org.diffusionclassifier.tensor.InputException if weights are missing or have the wrong shape */
    public ClipPair(Checkpoint checkpoint, ClipTextConfig first, ClipTextConfig second, TokenizerPair tokenizers,
                    Device device) {
        this.device = device;
        this.tokenizers = tokenizers;
        try {
            encoders.add(new ClipTextEncoder(first, checkpoint.component(FIRST).weights(), device));
            encoders.add(new ClipTextEncoder(second, checkpoint.component(SECOND).weights(), device));
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /**
     * Encodes captions.
     *
     * @param captions as the tokenizers have them
     * @param zeros    rows of zeros behind theirs
     * @param width    of the context, at least A + B
     * @return the caller's
     */
    public Encoded encode(List<int[]> captions, int zeros, int width) {
        var parts = new ArrayList<List<Tensor>>();
        try {
            parts.add(encode(encoders.get(0), captions.stream().map(tokenizers::ofFirst).toList(),
                    tokenizers.first().end()));
            parts.add(encode(encoders.get(1), captions.stream().map(tokenizers::ofSecond).toList(),
                    tokenizers.second().end()));
            List<Tensor> vectors = parts.stream().filter(part -> part.size() > 1).map(part -> part.get(1)).toList();
            return new Encoded(sideBySide(List.of(parts.get(0).get(0), parts.get(1).get(0)), zeros, width),
                    sideBySide(vectors, zeros, vectors.stream().mapToInt(Tensor::width).sum()));
        } finally {
            parts.forEach(part -> part.forEach(device::release));
        }
    }

    /** The last hidden states but one, [N, L, C], and, of an encoder that projects them, the end tokens, [N, V]. */
    private List<Tensor> encode(ClipTextEncoder encoder, List<int[]> sequences, int end) {
        Tensor ids = TokenIds.tensor(device, sequences);
        Tensor ends = TokenIds.tensor(device, IntStream.range(0, sequences.size()).mapToObj(i -> new int[] {
            i % CaptionBatches.SIZE * tokenizers.length() + first(sequences.get(i), end)}).toList());
        try {
            return CaptionBatches.run(device, List.of(ids, ends), some -> {
                Tensor penultimate = encoder.penultimate(some.get(0));
                return encoder.config().projection() == 0 ? List.of(penultimate)
                        : List.of(penultimate, encoder.projected(encoder.last(penultimate), some.get(1)));
            });
        } finally {
            List.of(ids, ends).forEach(device::release);
        }
    }

    private static int first(int[] ids, int end) {
        return IntStream.range(0, ids.length).filter(i -> ids[i] == end).findFirst().orElseThrow();
    }

    /** The rows of all, one behind the other, zeros up to the width: by way of the host, once a caption. */
    private Tensor sideBySide(List<Tensor> parts, int zeros, int width) {
        int[] shape = parts.get(0).shape();
        int captions = shape[0];
        shape[0] += zeros;
        shape[shape.length - 1] = width;
        Tensor all = device.tensor(parts.get(0).type(), shape);
        for (int caption = 0; caption < captions; caption++) {
            Tensor destination = all.slice(caption, 1);
            var values = new float[Math.toIntExact(destination.elements())];
            int column = 0;
            for (Tensor part : parts) {
                float[] own = device.read(part.slice(caption, 1));
                for (int row = 0; row < destination.rows(); row++) {
                    System.arraycopy(own, row * part.width(), values, row * width + column, part.width());
                }
                column += part.width();
            }
            device.write(destination, values);
        }
        return all;
    }

    @Override
    public void close() {
        encoders.forEach(ClipTextEncoder::close);
        encoders.clear();
    }
}
