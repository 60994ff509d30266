package org.diffusionclassifier.result;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.strategy.TemperatureScaling.Labelled;
import org.diffusionclassifier.strategy.TemperatureScaling;
import org.diffusionclassifier.tensor.InputException;

/**
 * The temperature that turns errors into probabilities, and how well it does, with what races can go by: what
 * {@code calibrate} writes, as JSON.
 *
 * @param temperature τ of {@link org.diffusionclassifier.strategy.Posterior}
 * @param elements    D of the model's latent
 * @param images      labelled images it was fitted on
 * @param lossBefore  mean −ln p(label) at τ = 1
 * @param loss        the same at τ
 * @param errorBefore expected calibration error at τ = 1
 * @param error       at τ, each half of the images by the temperature of the other
 * @param covariance  of the trials; null if too little was recorded to learn it from
 */
public record Calibration(double temperature, int elements, int images, double lossBefore, double loss,
        double errorBefore, double error, CovarianceCalibration covariance) {

    private static final String COVARIANCE = "covariance";
    private static final String BUNDLED = "/demo-model/calibration.json";

    private static final ObjectReader READER = JsonFile.reader(Calibration.class);

    /**
     * Fits it to labelled images.
     *
     * @throws InputException if fewer than two have a label that a prompt stands for
     */
    public static Calibration fit(ErrorRecording recording) {
        List<Integer> classes = recording.classes().stream().distinct().toList();
        var images = new ArrayList<Labelled>();
        for (int image = 0; image < recording.images().size(); image++) {
            int label = classes.indexOf(recording.labels().get(image));
            if (label >= 0) {
                images.add(new Labelled(scores(recording, image, classes), label));
            }
        }
        if (images.size() < 2) {
            throw new InputException("calibration: expected at least two images of the prompts' classes, found "
                    + images.size());
        }
        double temperature = TemperatureScaling.fit(images);
        List<Labelled> even = every(images, 0);
        List<Labelled> odd = every(images, 1);
        var heldOut = new ArrayList<>(outcomes(even, TemperatureScaling.fit(odd)));
        heldOut.addAll(outcomes(odd, TemperatureScaling.fit(even)));
        return new Calibration(temperature, recording.elements(), images.size(), TemperatureScaling.loss(images, 1),
                TemperatureScaling.loss(images, temperature), Reliability.of(outcomes(images, 1)).error(),
                Reliability.of(heldOut).error(),
                CovarianceCalibration.lack(recording).isEmpty() ? CovarianceCalibration.learn(recording) : null);
    }

    /** −D ē of each class's best prompt. */
    private static double[] scores(ErrorRecording recording, int image, List<Integer> classes) {
        double[] means = Replay.meanErrors(recording, image);
        var scores = new double[classes.size()];
        Arrays.fill(scores, Double.NEGATIVE_INFINITY);
        for (int prompt = 0; prompt < means.length; prompt++) {
            int at = classes.indexOf(recording.classes().get(prompt));
            scores[at] = Math.max(scores[at], -recording.elements() * means[prompt]);
        }
        return scores;
    }

    private static List<Labelled> every(List<Labelled> images, int from) {
        return IntStream.range(0, images.size()).filter(i -> i % 2 == from).mapToObj(images::get).toList();
    }

    private static List<Outcome> outcomes(List<Labelled> images, double temperature) {
        return images.stream().map(image -> {
            double[] probabilities = image.probabilities(temperature);
            int best = IntStream.range(0, probabilities.length).boxed()
                    .max(Comparator.comparingDouble(i -> probabilities[i])).orElseThrow();
            return new Outcome(0, image.label(), best, 1, probabilities[best], false);
        }).toList();
    }

    /** @throws InputException for a file that is no such JSON, or a temperature that is not above 0 */
    public static Calibration read(Path file) {
        try {
            Calibration read = parse(Files.readAllBytes(file));
            if (read == null || !(read.temperature > 0 && read.temperature < Double.POSITIVE_INFINITY)) {
                throw new InputException(file + ": temperature: expected a number above 0, found "
                        + (read == null ? "nothing" : read.temperature));
            }
            if (read.covariance != null) {
                read.covariance.check(file);
            }
            return read;
        } catch (JsonProcessingException e) {
            throw new InputException(file + ": expected JSON as calibrate writes it, found something else", e);
        } catch (IOException e) {
            throw InputException.unreadable(file, e);
        }
    }

    /** Without a covariance, too: files of temperatures alone are older than that. */
    private static Calibration parse(byte[] json) throws IOException {
        JsonNode read = JsonFile.MAPPER.readTree(json);
        if (read instanceof ObjectNode fields && !fields.has(COVARIANCE)) {
            fields.putNull(COVARIANCE);
        }
        return READER.readValue(read);
    }

    /** That of the bundled model for its own prompts. */
    public static Calibration bundled() {
        try (InputStream in = Calibration.class.getResourceAsStream(BUNDLED)) {
            return parse(in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * The temperature, for a latent of so many elements.
     *
     * @throws InputException if it was fitted on another
     */
    public double of(int elements, Path file) {
        if (elements != this.elements) {
            throw new InputException(file + ": expected a calibration for latents of " + elements + " numbers, found "
                    + "one for " + this.elements);
        }
        return temperature;
    }
}
