package org.diffusionclassifier.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/**
 * The weights in the folder of a component of a diffusers directory: the plain ones, and variants such as {@code fp16},
 * {@code bf16} or {@code non_ema}, by the names that diffusers and transformers give or once gave to their files. With
 * the stem {@code model}:
 *
 * <pre>
 *     plain                            variant fp16
 *     model.safetensors                model.fp16.safetensors
 *     model.safetensors.index.json     model.safetensors.index.fp16.json      of shards
 *                                      model.safetensors.fp16.index.json
 *                                      model.fp16.safetensors.index.json
 * </pre>
 *
 * and likewise with {@code .bin}. Safetensors go before pickles, one file before shards.
 */
final class WeightsVariants {

    /** What no variant is called. */
    private static final String PLAIN = "";

    /** Not that of a shard, {@code model.fp16-00001-of-00002.safetensors}. */
    private static final String VARIANT = "\\.(?<variant>(?!\\S*-\\d{5}-of-\\d{5})" + ModelSpec.VARIANT_NAME + ")";

    private final Path folder;
    private final String plainNames;
    private final Map<String, Located> byVariant = new LinkedHashMap<>();

    /** A file or the index of shards. */
    record Located(WeightsFormat format, Path path) {

        /** @throws InputException if they are malformed */
        Weights open() {
            return format.openLocated(path);
        }

        /** The files that {@link #open} reads. */
        List<Path> files() {
            return format.files(path);
        }
    }

    /**
     * Looks for weights; there may be none, nor a folder.
     *
     * @param safetensorsStem what the names of safetensors begin with
     * @param pickleStem      what those of PyTorch's files begin with
     * @throws InputException if the folder cannot be read
     */
    WeightsVariants(Path folder, String safetensorsStem, String pickleStem) {
        this.folder = folder;
        this.plainNames = safetensorsStem + WeightsFormat.SAFETENSORS.suffix() + " or " + pickleStem
                + WeightsFormat.PYTORCH.suffix();
        Set<String> names = names(folder);
        locate(names, WeightsFormat.SAFETENSORS, safetensorsStem);
        locate(names, WeightsFormat.PYTORCH, pickleStem);
    }

    private static Set<String> names(Path folder) {
        if (!Files.isDirectory(folder)) {
            return Set.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).collect(TreeSet::new, Set::add, Set::addAll);
        } catch (IOException e) {
            throw InputException.unreadable(folder, e);
        }
    }

    private void locate(Set<String> names, WeightsFormat format, String stem) {
        String begin = Pattern.quote(stem);
        String end = Pattern.quote(format.suffix());
        for (String form : List.of(
                begin + "(" + VARIANT + ")?" + end,
                begin + end + "\\.index(" + VARIANT + ")?\\.json",
                begin + end + VARIANT + "\\.index\\.json",
                begin + VARIANT + end + "\\.index\\.json")) {
            Pattern pattern = Pattern.compile(form);
            for (String name : names) {
                Matcher matcher = pattern.matcher(name);
                if (matcher.matches()) {
                    String variant = matcher.group("variant");
                    byVariant.putIfAbsent(variant == null ? PLAIN : variant,
                            new Located(format, folder.resolve(name)));
                }
            }
        }
    }

    /** The names of the variants, without the plain weights. */
    Set<String> names() {
        var names = new TreeSet<>(byVariant.keySet());
        names.remove(PLAIN);
        return names;
    }

    /**
     * The weights to take: those of the variant, the plain ones where there is none of that name, the only variant
     * where none is asked for and there are no plain ones.
     *
     * @param asked a variant, or null
     * @throws InputException if there are none of these
     */
    Located choose(String asked) {
        String chosen = chosen(asked);
        if (chosen != null) {
            return byVariant.get(chosen);
        }
        throw names().isEmpty()
                ? new InputException(folder + ": no " + plainNames + ", nor a variant or an index of shards")
                : InputException.of("%s: expected one of %s for %s, which has no %s, found %s",
                        InputException.field("variant"), String.join(", ", names()), folder, plainNames,
                        asked == null ? "none" : asked);
    }

    private String chosen(String asked) {
        if (asked != null && byVariant.containsKey(asked)) {
            return asked;
        }
        if (byVariant.containsKey(PLAIN)) {
            return PLAIN;
        }
        return asked == null && byVariant.size() == 1 ? byVariant.keySet().iterator().next() : null;
    }

    /** What the user should know of the choice, if it is not what was asked for. */
    Optional<String> notice(String asked) {
        String chosen = chosen(asked);
        if (chosen == null || chosen.equals(asked) || asked == null && chosen.equals(PLAIN)) {
            return Optional.empty();
        }
        return Optional.of(asked == null
                ? folder + ": the weights are of the variant " + chosen + ", as there are no others"
                : folder + ": the plain weights are taken, as there are none of the variant " + asked);
    }
}
