package org.diffusionclassifier.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.diffusionclassifier.weights.InputException;

/** Reads the JSON files of a tokenizer by Jackson, and says in one line what is wrong with them. */
final class JsonFile {

    private JsonFile() {
    }

    /**
     * @return an object node
     * @throws InputException if the file is missing or is not one JSON object
     */
    static JsonNode read(Path file) {
        if (!Files.exists(file)) {
            throw new InputException(file + ": no such file");
        }
        try {
            var json = new ObjectMapper().readTree(Files.readAllBytes(file));
            if (!json.isObject()) {
                throw new InputException(file + ": expected a JSON object");
            }
            return json;
        } catch (JsonProcessingException e) {
            throw new InputException("%s: malformed JSON: %s".formatted(
                    file, e.getOriginalMessage().replaceAll("\\s+", " ")), e);
        } catch (IOException e) {
            throw new InputException("%s: cannot be read: %s".formatted(file, e), e);
        }
    }
}
