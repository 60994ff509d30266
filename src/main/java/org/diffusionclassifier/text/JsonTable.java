package org.diffusionclassifier.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.tensor.InputException;

/**
 * Reads a tokenizer's JSON tables with Jackson, which skips a byte order mark. Its messages say in one line what is
 * wrong with them.
 */
final class JsonTable {

    /** Python writes NaN and Infinity. */
    private static final ObjectMapper MAPPER =
            JsonMapper.builder().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();

    private JsonTable() {
    }

    /**
     * @return an object node
     * @throws InputException if the table is missing or is not one JSON object
     */
    static JsonNode read(TokenizerTables tables, String name) {
        try {
            var json = MAPPER.readTree(tables.get(name));
            if (!json.isObject()) {
                throw new InputException(tables.label(name) + ": expected a JSON object");
            }
            return json;
        } catch (JsonProcessingException e) {
            throw new InputException("%s: malformed JSON: %s".formatted(
                    tables.label(name), e.getOriginalMessage().replaceAll("\\s+", " ")), e);
        } catch (IOException e) {
            throw new InputException("%s: cannot be read: %s".formatted(tables.label(name), e), e);
        }
    }
}
