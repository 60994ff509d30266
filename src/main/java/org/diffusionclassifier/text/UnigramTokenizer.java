package org.diffusionclassifier.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.config.AddedToken;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.tensor.InputException;

/**
 * A tokenizer of SentencePiece's unigram kind, as T5 has, read from {@code tokenizer.json}. It yields the ids of
 * Hugging Face's {@code T5TokenizerFast}: {@link AddedTokens} cut out, the rest normalised ({@link TextNormalizer}) and
 * cut into words ({@link Metaspace}), each word encoded by {@link UnigramModel}, a token at the end ({@link TextEnds}).
 */
public final class UnigramTokenizer implements Tokenizer {

    private final AddedTokens added;
    private final Metaspace metaspace;
    private final UnigramModel model;
    private final List<Integer> before;
    private final List<Integer> after;
    private final int padding;
    private final int length;
    private final int vocabularySize;

    /**
     * Reads a tokenizer.
     *
     * @param tables    {@code tokenizer.json}; {@code tokenizer_config.json} is used if it exists
     * @param maxLength ids in a sequence, or as many as the configuration's {@code model_max_length} if that is less
     * @throws InputException if the file is missing, malformed, or has something that changes ids and is not known here
     */
    public static UnigramTokenizer read(TokenizerTables tables, int maxLength) {
        return new UnigramTokenizer(tables, maxLength);
    }

    private UnigramTokenizer(TokenizerTables tables, int maxLength) {
        model = UnigramModel.read(tables);
        metaspace = Metaspace.read(tables);
        List<AddedToken> tokens = AddedTokens.read(tables, model::id, model.vocabularySize());
        added = new AddedTokens(tokens, TextNormalizer.read(tables));
        Map<String, Integer> ids = new HashMap<>();
        tokens.forEach(token -> ids.put(token.content(), token.id()));
        TextEnds ends = TextEnds.read(tables);
        before = ends.before().stream().map(token -> id(tables, ids, token)).toList();
        after = ends.after().stream().map(token -> id(tables, ids, token)).toList();
        JsonNode config = tables.jsonIfPresent(TokenizerTables.CONFIG);
        JsonNode pad = config.path("pad_token");
        padding = id(tables, ids, pad.path("content").asText(pad.asText("<pad>")));
        vocabularySize = Math.max(model.vocabularySize(),
                1 + tokens.stream().mapToInt(AddedToken::id).max().orElse(0));
        length = (int) Math.min(config.path("model_max_length").asDouble(maxLength), maxLength);
        if (length <= before.size() + after.size()) {
            throw new InputException(tables.label(TokenizerTables.CONFIG) + ": model_max_length is " + length
                    + ", expected more than the " + (before.size() + after.size()) + " tokens around a text");
        }
    }

    private int id(TokenizerTables tables, Map<String, Integer> added, String token) {
        Integer id = added.getOrDefault(token, model.id(token));
        if (id == null) {
            throw new InputException(tables.label(TokenizerTables.WHOLE) + ": lacks the special token "
                    + TextNode.valueOf(token));
        }
        return id;
    }

    @Override
    public TokenSequence tokenize(String text) {
        var ids = new ArrayList<Integer>();
        boolean first = true;
        for (AddedTokens.Piece piece : added.split(text)) {
            if (piece.isToken()) {
                ids.addAll(piece.ids());
            } else {
                metaspace.words(piece.text(), first).forEach(word -> model.encode(word, ids));
            }
            first = false;
        }
        return TokenSequence.of(before, ids, after, length, padding, true);
    }

    @Override
    public int length() {
        return length;
    }

    @Override
    public int vocabularySize() {
        return vocabularySize;
    }
}
