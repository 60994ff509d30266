package org.diffusionclassifier.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.tensor.InputException;

/**
 * A token that is cut out of a text before the rest is encoded: a special one, or one that was added to a vocabulary,
 * as textual inversion does. The flags are those of Hugging Face's {@code AddedToken}. Three files of
 * {@link TokenizerTables} may list such tokens.
 *
 * @param content    what stands for it in a text, not empty
 * @param id         its row in the text encoder's table
 * @param normalized whether it is looked for in the normalised text, normalised itself, or else in the text as it is
 * @param singleWord whether it counts only where no letter, digit or underscore adjoins
 * @param lstrip     whether it takes the white space before it
 * @param rstrip     whether it takes the white space behind it
 */
public record AddedToken(String content, int id, boolean normalized, boolean singleWord, boolean lstrip,
                         boolean rstrip) {

    private static final String DECODER = "added_tokens_decoder";
    private static final String LIST = "added_tokens";

    /** Beyond any table of embeddings. */
    private static final int MAX_ID = 1_000_000;

    /** As transformers adds a token unless it is told otherwise. */
    public static AddedToken of(String content, int id) {
        return new AddedToken(content, id, true, false, false, false);
    }

    /**
     * A token's flags as JSON has them.
     *
     * @param flags   an object
     * @param special whether it is special where the object does not say so; a special token is not normalised unless
     *                the object says so
     */
    public static AddedToken of(String content, int id, JsonNode flags, boolean special) {
        boolean isSpecial = flags.path("special").asBoolean(special);
        return new AddedToken(content, id, flags.path("normalized").asBoolean(!isSpecial),
                flags.path("single_word").asBoolean(false), flags.path("lstrip").asBoolean(false),
                flags.path("rstrip").asBoolean(false));
    }

    /**
     * All that the files list. Of one that several list, the flags are the first's: {@code tokenizer_config.json}'s,
     * {@code tokenizer.json}'s, those of {@code added_tokens.json}, which has ids alone.
     *
     * @throws InputException for an entry without content or id, or a token of two ids
     */
    public static List<AddedToken> read(TokenizerTables tables) {
        Map<String, AddedToken> found = new LinkedHashMap<>();
        for (var entry : tables.jsonIfPresent(TokenizerTables.CONFIG).path(DECODER).properties()) {
            JsonNode token = entry.getValue();
            int id = entry.getKey().matches("\\d{1,7}") ? Integer.parseInt(entry.getKey()) : -1;
            put(found, tables, TokenizerTables.CONFIG, token.path("content"), id, token);
        }
        for (JsonNode token : tables.jsonIfPresent(TokenizerTables.WHOLE).path(LIST)) {
            put(found, tables, TokenizerTables.WHOLE, token.path("content"), id(token.path("id")), token);
        }
        for (var entry : tables.jsonIfPresent(TokenizerTables.ADDED).properties()) {
            put(found, tables, TokenizerTables.ADDED, TextNode.valueOf(entry.getKey()), id(entry.getValue()),
                    MissingNode.getInstance());         // no flags: transformers' defaults
        }
        return new ArrayList<>(found.values());
    }

    private static int id(JsonNode value) {
        return value.isInt() ? value.intValue() : -1;
    }

    private static void put(Map<String, AddedToken> found, TokenizerTables tables, String file, JsonNode content,
                            int id, JsonNode flags) {
        if (!content.isTextual() || content.textValue().isEmpty() || id < 0 || id > MAX_ID) {
            throw new InputException(tables.label(file) + ": expected added tokens with a content and an id from 0 to "
                    + MAX_ID + ", found " + JsonConfig.excerpt(content) + " with " + (id < 0 ? "none" : id));
        }
        AddedToken token = of(content.textValue(), id, flags, false);
        AddedToken before = found.putIfAbsent(token.content, token);
        if (before != null && before.id != id) {
            throw new InputException(tables.label(file) + ": token " + content + " has id " + id + ", expected "
                    + before.id + " as another file beside it has");
        }
    }
}
