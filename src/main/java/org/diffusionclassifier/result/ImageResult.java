package org.diffusionclassifier.result;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.score.PromptErrors;
import org.diffusionclassifier.score.Trial;

/**
 * Everything that {@code evaluate} found out about one image, and its form as a line of {@code results.jsonl}.
 *
 * @param index       which image of the dataset, from 0
 * @param name        the image's name in the dataset
 * @param prediction  the index of the class predicted
 * @param label       the index of its class
 * @param probability of the class predicted, given the errors
 * @param tie         whether the strategy ended without a decision
 * @param prompts     every prompt's errors, in the order of the ranking
 */
public record ImageResult(int index, String name, int prediction, int label, double probability, boolean tie,
        List<PromptErrors> prompts) {

    private static final ObjectReader LINE = JsonFile.reader(Line.class)
            .without(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    private static final ObjectReader ERRORS = LINE.forType(Errors.class);
    private static final String EVALUATED = "evaluated";

    public ImageResult {
        prompts = List.copyOf(prompts);
    }

    private record Line(int index, String name, int prediction, int label, double probability, boolean tie,
            List<JsonNode> errors) {
    }

    private record Errors(int prompt, List<Integer> timesteps, List<Integer> noise, float[] errors) {

        /** @param other the prompt that was evaluated, missing where it is this one */
        PromptErrors asEvaluated(JsonNode other) {
            return new PromptErrors(prompt, other.asInt(prompt), IntStream.range(0, errors.length)
                    .mapToObj(i -> new Trial(timesteps.get(i), noise.get(i))).toList(), errors);
        }
    }

    /** Reads a line as {@link #toJsonLine} writes it. @throws IOException for another */
    public static ImageResult parse(String line) throws IOException {
        Line read = LINE.readValue(line);
        var prompts = new ArrayList<PromptErrors>();
        for (JsonNode prompt : read.errors) {
            prompts.add(ERRORS.<Errors>readValue(prompt).asEvaluated(prompt.path(EVALUATED)));
        }
        return new ImageResult(read.index, read.name, read.prediction, read.label, read.probability, read.tie, prompts);
    }

    public Outcome outcome() {
        return new Outcome(index, label, prediction,
                prompts.stream().mapToLong(PromptErrors::pairs).sum(), probability, tie);
    }

    /**
     * One line of JSON in UTF-8, its newline included, the same bytes for the same result:
     * <pre>{"index":0,"name":"t10k-images#0","prediction":9,"label":9,"correct":true,"pairs":220,
     * "probability":0.97,"tie":false,"errors":[{"prompt":9,"timesteps":[…],"noise":[…],"errors":[…]},…]}</pre>
     * One object a prompt in the order of the ranking; its three arrays run over its trials: the timestep, the index of
     * the noise, the error. A prompt that is the same to the model as another has the other's, and names it as
     * {@code "evaluated"}.
     */
    public byte[] toJsonLine() {
        var bytes = new ByteArrayOutputStream();
        try (var json = JsonFile.FACTORY.createGenerator(bytes)) {
            json.writeStartObject();
            json.writeNumberField("index", index);
            json.writeStringField("name", name);
            json.writeNumberField("prediction", prediction);
            json.writeNumberField("label", label);
            json.writeBooleanField("correct", outcome().correct());
            json.writeNumberField("pairs", outcome().pairs());
            json.writeNumberField("probability", probability);
            json.writeBooleanField("tie", tie);
            json.writeArrayFieldStart("errors");
            for (var prompt : prompts) {
                json.writeStartObject();
                json.writeNumberField("prompt", prompt.prompt());
                if (prompt.evaluated() != prompt.prompt()) {
                    json.writeNumberField(EVALUATED, prompt.evaluated());
                }
                json.writeFieldName("timesteps");
                var trials = prompt.trials();
                json.writeArray(trials.stream().mapToInt(Trial::timestep).toArray(), 0, trials.size());
                json.writeFieldName("noise");
                json.writeArray(trials.stream().mapToInt(Trial::noiseIndex).toArray(), 0, trials.size());
                json.writeArrayFieldStart("errors");
                for (float error : prompt.errors()) {
                    json.writeNumber(error);
                }
                json.writeEndArray();
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory", e);
        }
        bytes.write('\n');
        return bytes.toByteArray();
    }
}
