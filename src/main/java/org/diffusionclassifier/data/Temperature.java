package org.diffusionclassifier.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.diffusionclassifier.weights.InputException;

/**
 * What {@code calibrate} writes, as JSON.
 *
 * @param temperature τ of {@link org.diffusionclassifier.classify.Posterior}
 * @param elements    D of the model's latent
 * @param images      labelled images it was fitted on
 * @param lossBefore  mean −ln p(label) at τ = 1
 * @param loss        the same at τ
 * @param errorBefore expected calibration error at τ = 1
 * @param error       at τ, each half of the images by the temperature of the other
 */
public record Temperature(double temperature, int elements, int images, double lossBefore, double loss,
        double errorBefore, double error) {

    private static final String BUNDLED = "/demo-model/calibration.json";

    private static final ObjectReader READER = JsonFile.MAPPER.readerFor(Temperature.class)
            .with(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES,
                    DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES);

    /** @throws InputException for a file that is no such JSON, or a temperature that is not above 0 */
    public static Temperature read(Path file) {
        try {
            Temperature read = READER.readValue(Files.readAllBytes(file));
            if (read == null || !(read.temperature > 0 && read.temperature < Double.POSITIVE_INFINITY)) {
                throw new InputException(file + ": temperature: expected a number above 0, found "
                        + (read == null ? "nothing" : read.temperature));
            }
            return read;
        } catch (JsonProcessingException e) {
            throw new InputException(file + ": expected JSON as calibrate writes it, found something else", e);
        } catch (IOException e) {
            throw Refusal.unreadable(file, e);
        }
    }

    /** That of the bundled model for its own prompts. */
    public static Temperature bundled() {
        try (InputStream in = Temperature.class.getResourceAsStream(BUNDLED)) {
            return READER.readValue(in);
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
