package org.diffusionclassifier.checkpoint;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Listed;
import org.diffusionclassifier.tensor.Weights;

/**
 * What textual inversion (Gal et al. 2022, arXiv 2208.01618) learned: vectors that stand for a new word in a text
 * encoder's table. Read from safetensors or PyTorch's pickles in any of the forms that are passed around:
 *
 * <pre>
 *   diffusers            TOKEN: [width] or [n, width]
 *   AUTOMATIC1111        string_to_param: {"*": [n, width]}, beside which the pickle has other things
 *   the same, today      emb_params: [n, width]
 * </pre>
 *
 * The last two do not name a token that could stand in a caption. It is then the file's name without its ending, as in
 * AUTOMATIC1111's program.
 *
 * @param file    where it was read
 * @param token   what stands for it in a caption
 * @param vectors [n][width], n ≥ 1
 */
record TextualInversion(Path file, String token, float[][] vectors) {

    private static final String PARAMETERS = "string_to_param.";

    /** Numbers and steps that the same pickles have beside it. */
    private static final String NUMBERS = "string_to_token.";

    private static final List<String> NAMELESS = List.of("*", PARAMETERS + "*", "emb_params");

    /** Far more than a caption has room for. */
    private static final int MOST_VECTORS = 1000;

    /**
     * Opens one.
     *
     * @param width of the text encoder's vectors
     * @throws InputException if the file cannot be read, has another form, or vectors of another width
     */
    static TextualInversion open(ModelSpec.EmbeddingSpec spec, int width) {
        Path file = spec.file();
        try (Weights tensors = WeightsFile.open(file)) {
            List<String> names = tensors.names().stream().filter(name -> !name.startsWith(NUMBERS)).toList();
            if (names.size() != 1) {
                throw new InputException(file + ": expected one tensor, named by the token that it stands for, found "
                        + (names.isEmpty() ? "none" : Listed.of(names)));
            }
            String name = names.get(0);
            return new TextualInversion(file, spec.token() != null ? spec.token() : token(file, name),
                    vectors(tensors, name, width));
        }
    }

    private static String token(Path file, String name) {
        if (NAMELESS.contains(name)) {
            return file.getFileName().toString().replaceFirst("\\.[^.]+$", "");
        }
        return name.startsWith(PARAMETERS) ? name.substring(PARAMETERS.length()) : name;
    }

    private static float[][] vectors(Weights tensors, String name, int width) {
        List<Integer> shape = tensors.shape(name);
        int count = shape.size() == 2 ? shape.get(0) : 1;
        boolean fits = (shape.size() == 1 || shape.size() == 2) && shape.get(shape.size() - 1) == width
                && count >= 1 && count <= MOST_VECTORS;
        if (!fits) {
            throw new InputException(tensors.source() + ": tensor " + name + ": expected [" + width + "] or [n, "
                    + width + "], as the model's text encoder has, found " + shape);
        }
        float[] values = tensors.floats(name, shape.stream().mapToInt(Integer::intValue).toArray());
        return IntStream.range(0, count).mapToObj(i -> Arrays.copyOfRange(values, i * width, (i + 1) * width))
                .toArray(float[][]::new);
    }

    /** The token of each vector: {@code X}, {@code X_1}, {@code X_2}, …, as diffusers calls them. */
    List<String> tokens() {
        return IntStream.range(0, vectors.length).mapToObj(i -> i == 0 ? token : token + "_" + i).toList();
    }

    String sha256() {
        return new SourceHash(new TreeMap<>(Map.of("", file))).await();
    }
}
