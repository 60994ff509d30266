package org.diffusionclassifier.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.TextFile;

/**
 * The files that a tokenizer is made from, as transformers writes them. They are in a folder or inside a model file.
 * CLIP's vocabulary and merges are in two files of their own or, as transformers writes them since version 5, in
 * {@link #WHOLE} alone.
 *
 * @param source what messages call the place
 * @param files  contents by name, of those {@link #NAMES} that exist
 */
public record TokenizerTables(String source, Map<String, byte[]> files) {

    public static final String VOCABULARY = "vocab.json";
    public static final String MERGES = "merges.txt";

    /** The file that has everything but lengths and padding in it, in the form of Hugging Face's tokenizers. */
    public static final String WHOLE = "tokenizer.json";

    /** Tokens that were added to the vocabulary, with their ids. */
    public static final String ADDED = "added_tokens.json";

    public static final String SPECIAL = "special_tokens_map.json";
    public static final String CONFIG = "tokenizer_config.json";

    /** All files that may be among these. */
    public static final List<String> NAMES = List.of(VOCABULARY, MERGES, WHOLE, ADDED, SPECIAL, CONFIG);

    /** Three times the size of the largest, T5's or CLIP's {@code tokenizer.json}. */
    public static final int MAX_BYTES = 16 << 20;

    /** Python writes NaN and Infinity. */
    private static final ObjectMapper JSON =
            JsonMapper.builder().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();

    /**
     * Reads a tokenizer's files.
     *
     * @param place their folder, or a {@code tokenizer.json}, beside which settings may stand
     * @throws InputException if there is no such place, or a file cannot be read
     */
    public static TokenizerTables read(Path place) {
        if (Files.isDirectory(place)) {
            return read(place, NAMES);
        }
        Path name = place.getFileName();
        if (Files.isRegularFile(place) && name != null && name.toString().equals(WHOLE)) {
            return read(place.toAbsolutePath().getParent(), List.of(WHOLE, ADDED, SPECIAL, CONFIG));
        }
        throw new InputException(place + ": expected the folder of a tokenizer's files, or a " + WHOLE + ", found "
                + (Files.exists(place) ? "another file" : "nothing"));
    }

    private static TokenizerTables read(Path folder, List<String> names) {
        var files = new LinkedHashMap<String, byte[]>();
        for (String name : names) {
            Path file = folder.resolve(name);
            try {
                if (!Files.exists(file)) {
                    continue;
                }
                if (Files.size(file) > MAX_BYTES) {
                    throw new InputException(file + ": expected at most " + MAX_BYTES + " bytes, found "
                            + Files.size(file));
                }
                files.put(name, Files.readAllBytes(file));
            } catch (IOException e) {
                throw InputException.unreadable(file, e);
            }
        }
        return new TokenizerTables(folder.toString(), files);
    }

    /** What messages call one of the files. */
    public String label(String name) {
        return source + "/" + name;
    }

    public boolean has(String name) {
        return files.containsKey(name);
    }

    /** Whether vocabulary and merges are in {@link #WHOLE} only. */
    public boolean isWhole() {
        return has(WHOLE) && !has(VOCABULARY) && !has(MERGES);
    }

    /** @throws InputException if there is none of that name */
    public byte[] get(String name) {
        if (!has(name)) {
            throw new InputException(label(name) + ": no such file");
        }
        return files.get(name);
    }

    /** A file as text, without a byte order mark. @throws InputException if there is none, or it is not UTF-8 */
    public String text(String name) {
        try {
            return TextFile.unmarked(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(get(name))).toString());
        } catch (CharacterCodingException e) {
            throw new InputException(label(name) + ": cannot be read as UTF-8 text", e);
        }
    }

    /** A file as a JSON object. @throws InputException if there is none, or it is not one JSON object */
    public JsonNode json(String name) {
        try {
            JsonNode json = JSON.readTree(get(name));
            if (!json.isObject()) {
                throw new InputException(label(name) + ": expected a JSON object");
            }
            return json;
        } catch (JsonProcessingException e) {
            if (TextFile.isGitPointer(new String(get(name), StandardCharsets.ISO_8859_1))) {
                throw new InputException(label(name) + ": expected JSON, found " + TextFile.GIT_POINTER, e);
            }
            throw new InputException("%s: malformed JSON: %s".formatted(
                    label(name), e.getOriginalMessage().replaceAll("\\s+", " ")), e);
        } catch (IOException e) {
            throw new InputException("%s: cannot be read: %s".formatted(label(name), e), e);
        }
    }

    /** As {@link #json}, and an empty object where there is none of that name. */
    public JsonNode jsonIfPresent(String name) {
        return has(name) ? json(name) : JSON.createObjectNode();
    }

    /** Whether there is such a token already, in the vocabulary or added. */
    public boolean hasToken(String token) {
        JsonNode vocabulary = isWhole() ? json(WHOLE).path("model").path("vocab") : json(VOCABULARY);
        return vocabulary.has(token)
                || AddedToken.read(this).stream().anyMatch(added -> added.content().equals(token));
    }

    /** These with more tokens in {@link #ADDED}. @param ids by token */
    public TokenizerTables with(Map<String, Integer> ids) {
        var added = (ObjectNode) jsonIfPresent(ADDED);
        ids.forEach(added::put);
        var more = new LinkedHashMap<>(files);
        more.put(ADDED, added.toString().getBytes(StandardCharsets.UTF_8));
        return new TokenizerTables(source, more);
    }

    /** These with another token that fills sequences up. @param token of the vocabulary */
    public TokenizerTables paddedWith(String token) {
        var special = (ObjectNode) jsonIfPresent(SPECIAL);
        special.put("pad_token", token);
        var more = new LinkedHashMap<>(files);
        more.put(SPECIAL, special.toString().getBytes(StandardCharsets.UTF_8));
        return new TokenizerTables(source, more);
    }

    /** Refuses what a JSON file has at a place: {@code FILE: WHERE = VALUE is not supported (expected …)}. */
    public InputException unsupported(String name, String where, JsonNode value, String expected) {
        return new InputException(label(name) + ": " + where + (value.isMissingNode() ? " is missing"
                : " = " + JsonConfig.excerpt(value) + " is not supported") + " (expected " + expected + ")");
    }
}
