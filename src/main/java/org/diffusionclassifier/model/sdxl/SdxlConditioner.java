package org.diffusionclassifier.model.sdxl;

import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.model.Conditioning;
import org.diffusionclassifier.model.stablediffusion.UNet;
import org.diffusionclassifier.model.text.CaptionBatches;
import org.diffusionclassifier.model.text.ClipPair;
import org.diffusionclassifier.model.text.TextEncoding;
import org.diffusionclassifier.model.text.TokenizerPair;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.text.TokenizedCaptions;

/**
 * From captions to what SDXL's UNet is conditioned on: of a {@link ClipPair}, of which the second encoder alone projects
 * its end token, the context gives keys and values, and the vector enters the embedding of the time. (Podell et al., 2023,
 * section 2.1; diffusers' {@code StableDiffusionXLPipeline.encode_prompt}.)
 *
 * <p>The sizes that enter the embedding of the time are those of a training image of the model's own size that was not
 * cropped. All of it depends on the caption alone and is computed once. The text encoders are released after the first
 * call, and kept from the second on.
 */
final class SdxlConditioner implements TextEncoding {

    /** Among captions: none, encoded as zeros. No text has it. */
    static final String ZEROS = "\0";

    private final Checkpoint checkpoint;
    private final SdxlConfig config;
    private final Supplier<UNet> unet;
    private final Device device;
    private ClipPair encoders;
    private TokenizerPair tokenizers;
    private boolean calledBefore;

    /** @param unet gives the network that the encoded captions condition */
    SdxlConditioner(Checkpoint checkpoint, SdxlConfig config, Supplier<UNet> unet, Device device) {
        this.checkpoint = checkpoint;
        this.config = config;
        this.unet = unet;
        this.device = device;
    }

    @Override
    public Conditioning encode(List<String> captions) {
        TokenizedCaptions tokenized = tokenized(captions.stream().map(caption -> caption.equals(ZEROS) ? "" : caption)
                .toList());
        ClipPair.Encoded encoded = encoded(tokenized.distinct(), captions.contains(ZEROS) ? 1 : 0);
        Tensor sizes = sizes(encoded.vectors().dim(0));
        try {
            UNet network = unet.get();
            List<Tensor> keysAndValues = CaptionBatches.run(device, List.of(encoded.context()),
                    some -> network.projectContext(some.get(0)));
            List<Tensor> vectors = CaptionBatches.run(device, List.of(encoded.vectors(), sizes),
                    some -> List.of(network.embedAdded(some.get(0), some.get(1))));
            List<Integer> rows = IntStream.range(0, captions.size()).mapToObj(i -> captions.get(i).equals(ZEROS)
                    ? tokenized.distinct().size() : tokenized.rows().get(i)).toList();
            return new Conditioning(device, sizes.dim(0), keysAndValues, vectors)
                    .of(rows, tokenized.notices(checkpoint.embeddedTokens()));
        } finally {
            List.of(encoded.context(), encoded.vectors(), sizes).forEach(device::release);
        }
    }

    TokenizedCaptions tokenized(List<String> captions) {
        if (tokenizers == null) {
            tokenizers = TokenizerPair.read(checkpoint, config.textEncoder(), config.textEncoder2(), "SDXL");
        }
        return new TokenizedCaptions(tokenizers, captions);
    }

    /**
     * What the text encoders make of captions.
     *
     * @param captions as {@link #tokenized} has them
     * @param zeros    rows of zeros behind them
     */
    ClipPair.Encoded encoded(List<int[]> captions, int zeros) {
        if (encoders == null) {
            encoders = new ClipPair(checkpoint, config.textEncoder(), config.textEncoder2(), tokenizers, device);
        }
        try {
            return encoders.encode(captions, zeros, config.textEncoder().width() + config.textEncoder2().width());
        } finally {
            if (!calledBefore) {
                close();
            }
            calledBefore = true;
        }
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
        if (encoders != null) {
            encoders.close();
            encoders = null;
        }
    }
}
