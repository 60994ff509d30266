package org.diffusionclassifier.model.stablediffusion;

import java.util.List;
import java.util.function.Supplier;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.config.ClipTextConfig;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.model.Conditioning;
import org.diffusionclassifier.model.text.CaptionBatches;
import org.diffusionclassifier.model.text.ClipTextEncoder;
import org.diffusionclassifier.model.text.TextEncoding;
import org.diffusionclassifier.model.text.TokenIds;
import org.diffusionclassifier.text.TokenizedCaptions;
import org.diffusionclassifier.text.Tokenizer;

/**
 * From captions to the keys and values of every cross-attention: tokenizer, text encoder, the UNet's projections.
 *
 * <p>The text encoder is released after the first call, as most models are asked for one list of captions and need the
 * memory for the UNet. From the second call on it is kept.
 */
final class CaptionConditioner implements TextEncoding {

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
            tokenizer = TokenIds.tokenizer(checkpoint, StableDiffusionConfig.TOKENIZER, config);
        }
        var tokenized = new TokenizedCaptions(tokenizer, captions);
        Tensor states = states(tokenized.distinct());
        try {
            UNet network = unet.get();
            List<Tensor> keysAndValues = CaptionBatches.run(device, List.of(states),
                    some -> network.projectContext(some.get(0)));
            return new Conditioning(device, states.dim(0), keysAndValues, List.of())
                    .of(tokenized.rows(), tokenized.notices(checkpoint.embeddedTokens()));
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
        Tensor ids = TokenIds.tensor(device, captions);
        try {
            return CaptionBatches.run(device, List.of(ids), some -> List.of(encoder.forward(some.get(0)))).get(0);
        } finally {
            device.release(ids);
            if (!calledBefore) {
                close();
            }
            calledBefore = true;
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
