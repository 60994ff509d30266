package org.diffusionclassifier.checkpoint.original;

import java.util.List;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/**
 * How an original implementation names the tensors of its models, from which all namings of diffusers and all
 * configurations follow. {@link #ALL} lists those that are known.
 */
public interface OriginalNaming {

    /** The first that recognises a file reads it. */
    List<OriginalNaming> ALL = List.of(new DitNaming(), new Sd3Naming(), new LdmNaming());

    /**
     * What no tensor shows.
     *
     * @param imageSize height and width of the images that the model was trained on
     * @param ema       whether to take the weights averaged over training, which files for further training have beside
     *                  the last ones
     * @param textElsewhere whether text encoders that the file has not come from elsewhere
     */
    record Settings(int imageSize, boolean ema, boolean textElsewhere) {
    }

    /** The naming that a file is in. @throws InputException if that is none */
    static OriginalNaming of(Weights file) {
        return ALL.stream().filter(naming -> naming.recognises(file)).findFirst()
                .orElseThrow(() -> new InputException(file.source() + ": expected Stable Diffusion 1, 2 or 3, SDXL or a DiT "
                        + "in the original naming, found " + OtherFile.of(file).orElse("none of their tensors")));
    }

    /** Whether a file is one in any of them. */
    static boolean isOne(Weights file) {
        return ALL.stream().anyMatch(naming -> naming.recognises(file));
    }

    /** Whether a file is meant to be in this naming, by tensors that files in others do not have. */
    boolean recognises(Weights file);

    /** Whether models in this naming differ by {@link Settings}, or are the same in all of these. */
    boolean takesSettings();

    /** Height and width of the images that a file's model was trained on unless something else is said. */
    default int imageSize(Weights file) {
        return 512;
    }

    /**
     * Infers the configurations; weights stay unread.
     *
     * @param file all tensors; has to stay open as long as those of the result are read
     * @throws InputException if a part is missing or arranged otherwise
     */
    OriginalModel read(Weights file, Settings settings);
}
