package org.diffusionclassifier.checkpoint.original;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.diffusionclassifier.tensor.Weights;

/**
 * Something else than a whole model that is passed around as one file.
 *
 * @param what   for people
 * @param tensor what only its tensors are called
 */
record OtherFile(String what, Pattern tensor) {

    private static final List<OtherFile> ALL = List.of(
            new OtherFile("a LoRA", Pattern.compile("lora[_.](up|down|A|B)\\b|\\.(hada_|lokr_|oft_blocks)")),
            new OtherFile("a ControlNet", Pattern.compile("^control_model\\.|input_hint_block|controlnet_cond_embedding")),
            new OtherFile("weights quantised to 8 or 4 bits for other programs; take the model in 16 bits",
                    Pattern.compile("\\.(absmax|quant_map|quant_state\\..*|SCB|qweight|qzeros)$")),
            new OtherFile("SDXL's refiner, which continues what another model began; take the base model",
                    Pattern.compile("^conditioner\\.embedders\\.0\\.model\\.")),
            new OtherFile("a model of videos; take one of pictures",
                    Pattern.compile("\\.(time_stack|time_mixer|temopral_conv|motion_modules)\\.")),
            new OtherFile("Flux; take Stable Diffusion", Pattern.compile("(^|\\.)(double|single)_blocks\\.")),
            new OtherFile("one part in diffusers' form, whose directory is wanted",
                    Pattern.compile("^(encoder\\.|decoder\\.)?(down|up)_blocks\\.")),
            new OtherFile("a diffusion transformer that is no DiT", Pattern.compile("^(ema\\.)?(x|y)_embedder\\.")),
            new OtherFile("a VAE alone", Pattern.compile("^(encoder|decoder)\\.(down|up|mid)\\.")));

    /** What a file is, with the tensor that shows it, if it is one of these. */
    static Optional<String> of(Weights file) {
        for (OtherFile other : ALL) {
            for (String name : file.names()) {
                if (other.tensor.matcher(name).find()) {
                    return Optional.of(other.what + " (tensor " + name + ")");
                }
            }
        }
        return Optional.empty();
    }
}
