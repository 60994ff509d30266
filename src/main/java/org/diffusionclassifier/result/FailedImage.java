package org.diffusionclassifier.result;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectReader;
import java.nio.charset.StandardCharsets;
import org.diffusionclassifier.file.JsonFile;

/**
 * An image that could not be classified, because its file is broken, and its form as a line of {@code results.jsonl}:
 * <pre>{"index":1,"name":"coat/b.png","label":4,"failed":"coat/b.png: broken image: the file ends early"}</pre>
 *
 * @param index  which image of the dataset, from 0
 * @param name   the image's name in the dataset
 * @param label  the index of its class
 * @param failed why, in one line
 */
public record FailedImage(int index, String name, int label, String failed) {

    private static final ObjectReader LINE = JsonFile.reader(FailedImage.class);

    /** Null for another line than {@link #toJsonLine} writes. */
    public static FailedImage parse(String line) {
        try {
            return LINE.readValue(line);
        } catch (JsonProcessingException e) {
            return null;
        }
    }

    /** One line of JSON in UTF-8, its newline included. */
    public byte[] toJsonLine() {
        try {
            return (JsonFile.MAPPER.writeValueAsString(this) + "\n").getBytes(StandardCharsets.UTF_8);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
