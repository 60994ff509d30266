package org.diffusionclassifier.result;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.safetensors.SafetensorsFile;
import org.diffusionclassifier.safetensors.SafetensorsWriter;
import org.diffusionclassifier.score.PromptErrors;
import org.diffusionclassifier.score.TimestepRange;
import org.diffusionclassifier.score.Trial;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;

/**
 * The error of every prompt on every trial for many labelled images: what any strategy can be replayed over without a
 * model. Errors are those that were compared, after the loss and the weights of timesteps that settings name. As a
 * file it is one of safetensors:
 *
 * <pre>
 *     errors     F32 [images, prompts, trials]
 *     images     I64 [images]      their indices in the dataset, ascending
 *     labels     I64 [images]      class indices
 *     classes    I64 [prompts]     class index of each
 *     timesteps  I64 [trials]
 *     noise      I64 [trials]      noise index of each
 *     __metadata__  settings (JSON, what the errors depend on), elements (of the latent), timesteps (T of the model)
 * </pre>
 *
 * @param errors    [images][prompts][trials]
 * @param images    their indices in the dataset, ascending
 * @param labels    class index of each image
 * @param classes   class index of each prompt
 * @param trials    in the order of evaluation
 * @param elements  D, of the latent that an error is the mean over
 * @param timesteps T of the model
 * @param settings  what the errors depend on, by name
 */
public record ErrorRecording(float[][][] errors, List<Integer> images, List<Integer> labels, List<Integer> classes,
        List<Trial> trials, int elements, int timesteps, SortedMap<String, String> settings) {

    private static final String SETTINGS = "settings";
    private static final String ELEMENTS = "elements";
    private static final String TIMESTEPS = "timesteps";

    /**
     * Of a run in which every prompt saw every trial.
     *
     * @param results   at least one, in any order
     * @param classes   class index of each prompt
     * @param elements  D
     * @param timesteps T
     */
    public static ErrorRecording of(List<ImageResult> results, List<Integer> classes, int elements, int timesteps,
            SortedMap<String, String> settings) {
        List<ImageResult> sorted = results.stream().sorted((a, b) -> Integer.compare(a.index(), b.index())).toList();
        List<Trial> trials = sorted.get(0).prompts().get(0).trials();
        var errors = new float[sorted.size()][classes.size()][];
        for (int i = 0; i < errors.length; i++) {
            for (PromptErrors prompt : sorted.get(i).prompts()) {
                if (!prompt.trials().equals(trials)) {
                    throw new IllegalArgumentException("image " + sorted.get(i).index() + ": other trials");
                }
                errors[i][prompt.prompt()] = prompt.errors();
            }
        }
        return new ErrorRecording(errors, sorted.stream().map(ImageResult::index).toList(),
                sorted.stream().map(ImageResult::label).toList(), List.copyOf(classes), trials, elements, timesteps,
                settings);
    }

    /** Noises a timestep. */
    public int nTrials() {
        return trials.size() / (int) trials.stream().mapToInt(Trial::timestep).distinct().count();
    }

    /** The timesteps that trials were drawn from. @throws InputException for settings that no run has */
    public TimestepRange drawnFrom() {
        String range = settings.get(TimestepRange.SETTING);
        return range == null ? TimestepRange.all(timesteps) : TimestepRange.parse(range).within(timesteps);
    }

    /** Every {@code step}-th image from {@code from} on. */
    ErrorRecording every(int step, int from) {
        int[] kept = IntStream.iterate(from, image -> image < images.size(), image -> image + step).toArray();
        return new ErrorRecording(Arrays.stream(kept).mapToObj(image -> errors[image]).toArray(float[][][]::new),
                Arrays.stream(kept).mapToObj(images::get).toList(), Arrays.stream(kept).mapToObj(labels::get).toList(),
                classes, trials, elements, timesteps, settings);
    }

    /** @throws InputException if it cannot be written */
    public void write(Path file) {
        int all = images.size() * classes.size() * trials.size();
        new SafetensorsWriter()
                .metadata(SETTINGS, json(settings))
                .metadata(ELEMENTS, String.valueOf(elements))
                .metadata(TIMESTEPS, String.valueOf(timesteps))
                .longs("images", List.of(images.size()), longs(images))
                .longs("labels", List.of(labels.size()), longs(labels))
                .longs("classes", List.of(classes.size()), longs(classes))
                .longs("timesteps", List.of(trials.size()), longs(trials.stream().map(Trial::timestep).toList()))
                .longs("noise", List.of(trials.size()), longs(trials.stream().map(Trial::noiseIndex).toList()))
                .floats("errors", DType.F32, List.of(images.size(), classes.size(), trials.size()), () -> {
                    var values = FloatBuffer.allocate(all);
                    Arrays.stream(errors).flatMap(Arrays::stream).forEach(values::put);
                    return values.flip();
                })
                .write(file);
    }

    /** @throws InputException for a file that is none of these, or cannot be read */
    public static ErrorRecording read(Path file) {
        try (var in = SafetensorsFile.open(file)) {
            List<Integer> shape = in.shape("errors");
            if (shape.size() != 3 || shape.contains(0) || in.dtype("errors") != DType.F32) {
                throw new InputException(file + ": tensor errors: expected F32 [images, prompts, trials], found "
                        + in.dtype("errors") + " " + shape);
            }
            List<Integer> images = integers(in, "images", shape.get(0));
            List<Integer> timesteps = integers(in, "timesteps", shape.get(2));
            List<Integer> noise = integers(in, "noise", shape.get(2));
            return new ErrorRecording(errors(in, shape), images, integers(in, "labels", shape.get(0)),
                    integers(in, "classes", shape.get(1)),
                    IntStream.range(0, shape.get(2)).mapToObj(i -> new Trial(timesteps.get(i), noise.get(i))).toList(),
                    number(in, ELEMENTS), number(in, TIMESTEPS), settings(in));
        }
    }

    private static float[][][] errors(SafetensorsFile in, List<Integer> shape) {
        var errors = new float[shape.get(0)][shape.get(1)][shape.get(2)];
        float[] values = in.floats("errors", shape.get(0), shape.get(1), shape.get(2));
        int at = 0;
        for (float[][] image : errors) {
            for (float[] prompt : image) {
                System.arraycopy(values, at, prompt, 0, prompt.length);
                at += prompt.length;
            }
        }
        for (float value : values) {
            if (!Float.isFinite(value)) {
                throw new InputException(in.source() + ": tensor errors: expected numbers, found " + value);
            }
        }
        return errors;
    }

    private static List<Integer> integers(SafetensorsFile in, String name, int count) {
        long[] values = in.readLongs(name);
        if (values.length != count) {
            throw new InputException(in.source() + ": tensor " + name + ": expected " + count + " numbers as errors has, "
                    + "found " + values.length);
        }
        var integers = new ArrayList<Integer>();
        for (long value : values) {
            if (value < 0 || value > Integer.MAX_VALUE) {
                throw new InputException(in.source() + ": tensor " + name + ": expected integers from 0, found " + value);
            }
            integers.add((int) value);
        }
        return List.copyOf(integers);
    }

    private static int number(SafetensorsFile in, String key) {
        String text = in.metadata().getOrDefault(key, "nothing");
        try {
            int number = Integer.parseInt(text);
            if (number > 0) {
                return number;
            }
        } catch (NumberFormatException e) {
            // refused below
        }
        throw new InputException(in.source() + ": " + key + " in __metadata__: expected a number above 0, found " + text);
    }

    private static SortedMap<String, String> settings(SafetensorsFile in) {
        try {
            return JsonFile.MAPPER.readValue(in.metadata().getOrDefault(SETTINGS, "{}"),
                    new TypeReference<TreeMap<String, String>>() { });
        } catch (JsonProcessingException e) {
            throw new InputException(in.source() + ": settings in __metadata__: expected a JSON object of texts", e);
        }
    }

    private static String json(Map<String, String> settings) {
        try {
            return JsonFile.MAPPER.writeValueAsString(new LinkedHashMap<>(settings));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static long[] longs(List<Integer> values) {
        return values.stream().mapToLong(Integer::longValue).toArray();
    }
}
