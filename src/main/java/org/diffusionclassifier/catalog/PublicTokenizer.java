package org.diffusionclassifier.catalog;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.ModelSpec;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.hub.HubCache;
import org.diffusionclassifier.hub.HubName;
import org.diffusionclassifier.hub.HubSettings;
import org.diffusionclassifier.tensor.InputException;

/**
 * A tokenizer on the Hub that serves all models of a kind, for those that come as one file without it. Both have the
 * same tokens; they differ in what captions are padded with.
 *
 * @param textWidth of the text encoder ({@code hidden_size}), which tells the kinds apart
 * @param folder    in the repository; empty for its root
 */
public record PublicTokenizer(int textWidth, HubName name, String folder) {

    private static final List<PublicTokenizer> ALL = List.of(
            // Stable Diffusion 1 has CLIP ViT-L/14's text encoder with its own tokenizer: padded with <|endoftext|>.
            new PublicTokenizer(768, HubName.of("openai/clip-vit-large-patch14"), ""),
            // Stable Diffusion 2 has OpenCLIP ViT-H/14's: padded with "!", token 0.
            new PublicTokenizer(1024, HubName.of("stabilityai/stable-diffusion-2-base"), "tokenizer"));

    /** The one for a text encoder of that width; empty if none is known. */
    public static Optional<PublicTokenizer> of(int textWidth) {
        return ALL.stream().filter(tokenizer -> tokenizer.textWidth == textWidth).findFirst();
    }

    /**
     * The one that a file needs, whether it is here or not; empty for a model that has its own, or has no captions.
     *
     * @throws InputException if it is no model, or needs one that is not known
     */
    public static Optional<PublicTokenizer> neededBy(Path model) {
        var widths = new ArrayList<Integer>();
        Checkpoint.open(ModelSpec.of(model), width -> {
            widths.add(width);
            return Optional.empty();
        }).close();
        return widths.stream().findFirst().map(width -> of(width).orElseThrow(() -> new InputException(model
                + ": no public tokenizer is known for a text encoder of width " + width + ", only for "
                + String.join(" and ", ALL.stream().map(known -> Integer.toString(known.textWidth)).toList()))));
    }

    /** Where it is in the Hub's cache; empty if it is not there. */
    public Optional<Path> find(HubSettings settings) {
        return new HubCache(settings).snapshot(name.repository(), name.revision()).map(root -> root.resolve(folder))
                .filter(place -> Files.exists(place.resolve(TokenizerTables.WHOLE))
                        || Files.exists(place.resolve(TokenizerTables.VOCABULARY))
                                && Files.exists(place.resolve(TokenizerTables.MERGES)));
    }
}
