package org.diffusionclassifier.model.sdxl;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.model.Conditioning;
import org.diffusionclassifier.model.stablediffusion.CaptionBatches;
import org.diffusionclassifier.model.stablediffusion.ClipTextEncoder;
import org.diffusionclassifier.model.stablediffusion.TextEncoding;
import org.diffusionclassifier.model.stablediffusion.TokenIds;
import org.diffusionclassifier.model.stablediffusion.UNet;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.text.TokenizedCaptions;

/**
 * From captions to what SDXL's UNet is conditioned on. (Podell et al., 2023, section 2.1; diffusers'
 * {@code StableDiffusionXLPipeline.encode_prompt}.)
 *
 * <pre>
 *     context   both encoders' last hidden states but one, side by side    [L, 768 + 1280]   keys and values
 *     vector    the second encoder's projected end token                   [1280]            embedding of the time
 * </pre>
 *
 * The sizes that enter the embedding of the time are those of a training image of the model's own size that was not
 * cropped. All of it depends on the caption alone and is computed once. The text encoders are released after the first
 * call, and kept from the second on.
 */
final class SdxlConditioner implements TextEncoding {

    private final Checkpoint checkpoint;
    private final SdxlConfig config;
    private final Supplier<UNet> unet;
    private final Device device;
    private final List<ClipTextEncoder> encoders = new ArrayList<>();
    private TokenizerPair tokenizers;
    private boolean calledBefore;

    /** What the text encoders make of N captions: [N, L, C] and [N, V], persistent. */
    record Encoded(Tensor context, Tensor vectors) {
    }

    /** @param unet gives the network that the encoded captions condition */
    SdxlConditioner(Checkpoint checkpoint, SdxlConfig config, Supplier<UNet> unet, Device device) {
        this.checkpoint = checkpoint;
        this.config = config;
        this.unet = unet;
        this.device = device;
    }

    @Override
    public Conditioning encode(List<String> captions) {
        TokenizedCaptions tokenized = tokenized(captions);
        Encoded encoded = encoded(tokenized.distinct());
        Tensor sizes = sizes(encoded.vectors.dim(0));
        try {
            UNet network = unet.get();
            List<Tensor> keysAndValues = CaptionBatches.run(device, List.of(encoded.context),
                    some -> network.projectContext(some.get(0)));
            List<Tensor> vectors = CaptionBatches.run(device, List.of(encoded.vectors, sizes),
                    some -> List.of(network.embedAdded(some.get(0), some.get(1))));
            return new Conditioning(device, sizes.dim(0), keysAndValues, vectors)
                    .of(tokenized.rows(), tokenized.notices(checkpoint.embeddedTokens()));
        } finally {
            List.of(encoded.context, encoded.vectors, sizes).forEach(device::release);
        }
    }

    TokenizedCaptions tokenized(List<String> captions) {
        if (tokenizers == null) {
            tokenizers = TokenizerPair.read(checkpoint, config);
        }
        return new TokenizedCaptions(tokenizers, captions);
    }

    /** @param captions as {@link #tokenized} has them */
    Encoded encoded(List<int[]> captions) {
        if (encoders.isEmpty()) {
            encoders.add(new ClipTextEncoder(config.textEncoder(),
                    checkpoint.component(SdxlConfig.TEXT_ENCODER).weights(), device));
            encoders.add(new ClipTextEncoder(config.textEncoder2(),
                    checkpoint.component(SdxlConfig.TEXT_ENCODER_2).weights(), device));
        }
        Tensor ids = TokenIds.tensor(device, captions.stream().map(tokenizers::ofFirst).toList());
        Tensor ids2 = TokenIds.tensor(device, captions.stream().map(tokenizers::ofSecond).toList());
        Tensor ends = ends(captions);
        var states = new ArrayList<Tensor>();
        try {
            states.addAll(CaptionBatches.run(device, List.of(ids),
                    some -> List.of(encoders.get(0).penultimate(some.get(0)))));
            states.addAll(CaptionBatches.run(device, List.of(ids2, ends), some -> {
                ClipTextEncoder encoder = encoders.get(1);
                Tensor penultimate = encoder.penultimate(some.get(0));
                return List.of(penultimate, encoder.projected(encoder.last(penultimate), some.get(1)));
            }));
            return new Encoded(sideBySide(states.get(0), states.get(1)), states.get(2));
        } finally {
            List.of(ids, ids2, ends).forEach(device::release);
            states.stream().limit(2).forEach(device::release);
            if (!calledBefore) {
                close();
            }
            calledBefore = true;
        }
    }

    /** Where each caption's end token is among the states of its batch, [N, 1]. */
    private Tensor ends(List<int[]> captions) {
        return TokenIds.tensor(device, IntStream.range(0, captions.size()).mapToObj(i -> new int[] {
            i % CaptionBatches.SIZE * tokenizers.length() + tokenizers.end(captions.get(i))}).toList());
    }

    /** [N, L, A] and [N, L, B] → [N, L, A + B], by way of the host, once a caption. */
    private Tensor sideBySide(Tensor a, Tensor b) {
        Tensor both = device.tensor(a.type(), a.dim(0), a.dim(1), a.width() + b.width());
        for (int caption = 0; caption < a.dim(0); caption++) {
            float[] left = device.read(a.slice(caption, 1));
            float[] right = device.read(b.slice(caption, 1));
            var rows = new float[left.length + right.length];
            for (int token = 0; token < a.dim(1); token++) {
                System.arraycopy(left, token * a.width(), rows, token * both.width(), a.width());
                System.arraycopy(right, token * b.width(), rows, token * both.width() + a.width(), b.width());
            }
            device.write(both.slice(caption, 1), rows);
        }
        return both;
    }

    /** Original height and width, top and left of the crop, target height and width: [N, 6]. */
    private Tensor sizes(int captions) {
        int pixels = config.parts().unet().sampleSize() * config.parts().vae().downscale();
        float[] each = {pixels, pixels, 0, 0, pixels, pixels};
        var all = new float[captions * each.length];
        for (int i = 0; i < all.length; i++) {
            all[i] = each[i % each.length];
        }
        Tensor sizes = device.tensor(DType.F32, captions, each.length);
        device.write(sizes, all);
        return sizes;
    }

    /** Releases the text encoders. */
    @Override
    public void close() {
        encoders.forEach(ClipTextEncoder::close);
        encoders.clear();
    }
}
