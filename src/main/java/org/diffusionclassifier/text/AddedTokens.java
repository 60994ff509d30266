package org.diffusionclassifier.text;

import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.diffusionclassifier.config.AddedToken;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.tensor.InputException;

/**
 * Cuts added tokens out of a text, as Hugging Face's tokenizers do ({@code AddedVocabulary::extract_and_normalize}):
 * first those that are looked for in the text as it is; what is between them is normalised, and the others are cut out
 * of that. Of several that begin at one place, the longest counts.
 *
 * <p>Textual inversion with several vectors has a token for each, {@code X}, {@code X_1}, {@code X_2}, …, and {@code X}
 * in a text stands for all of them (diffusers' {@code TextualInversionLoaderMixin.maybe_convert_prompt}).
 */
final class AddedTokens {

    private static final Pattern WORD_BEFORE = Pattern.compile("\\w\\z", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern WORD_BEHIND = Pattern.compile("\\A\\w", Pattern.UNICODE_CHARACTER_CLASS);

    private final UnaryOperator<String> normalizer;
    private final Map<String, AddedToken> asIs = new HashMap<>();
    private final Map<String, AddedToken> normalized = new HashMap<>();
    private final Pattern anyAsIs;
    private final Pattern anyNormalized;
    private final Map<Integer, List<Integer>> vectors = new HashMap<>();

    /** A piece of a text: one of its tokens, or normalised text between them. */
    record Piece(String text, List<Integer> ids) {

        boolean isToken() {
            return text == null;
        }
    }

    AddedTokens(Collection<AddedToken> tokens, UnaryOperator<String> normalizer) {
        this.normalizer = normalizer;
        for (AddedToken token : tokens) {
            (token.normalized() ? normalized : asIs).putIfAbsent(
                    token.normalized() ? normalizer.apply(token.content()) : token.content(), token);
        }
        normalized.remove("");
        anyAsIs = any(asIs);
        anyNormalized = any(normalized);
        Map<String, Integer> ids = tokens.stream().collect(Collectors.toMap(AddedToken::content, AddedToken::id));
        ids.forEach((content, id) -> {
            var all = new ArrayList<>(List.of(id));
            for (int i = 1; ids.containsKey(content + "_" + i); i++) {
                all.add(ids.get(content + "_" + i));
            }
            vectors.put(id, List.copyOf(all));
        });
    }

    /**
     * The added tokens that a tokenizer's files list.
     *
     * @param vocabulary the id that a token has there, null if it lacks the token
     * @param size       of the vocabulary
     * @throws InputException if a token has another id than in the vocabulary, or the id of another token there
     */
    static List<AddedToken> read(TokenizerTables tables, Function<String, Integer> vocabulary, int size) {
        List<AddedToken> tokens = AddedToken.read(tables);
        for (AddedToken token : tokens) {
            Integer id = vocabulary.apply(token.content());
            if (id == null ? token.id() < size : token.id() != id) {
                throw new InputException("%s: added token %s has id %d, expected %s".formatted(tables.source(),
                        TextNode.valueOf(token.content()), token.id(), id == null
                                ? "one that the vocabulary does not have" : id + " as the vocabulary has"));
            }
        }
        return tokens;
    }

    /** Matches the longest that begins at a place; null for none. */
    private static Pattern any(Map<String, AddedToken> tokens) {
        return tokens.isEmpty() ? null : Pattern.compile(tokens.keySet().stream()
                .sorted(Comparator.comparingInt(String::length).reversed()).map(Pattern::quote)
                .collect(Collectors.joining("|")));
    }

    /** Letters of the longest token; 0 for none. */
    int longest() {
        return vectors.isEmpty() ? 0 : Math.max(longest(asIs), longest(normalized));
    }

    private static int longest(Map<String, AddedToken> tokens) {
        return tokens.keySet().stream().mapToInt(String::length).max().orElse(0);
    }

    /** The pieces of a text in their order, none of them empty text. */
    List<Piece> split(String text) {
        var pieces = new ArrayList<Piece>();
        for (Piece piece : cut(text, anyAsIs, asIs)) {
            if (piece.isToken()) {
                pieces.add(piece);
            } else {
                pieces.addAll(cut(normalizer.apply(piece.text), anyNormalized, normalized));
            }
        }
        return pieces;
    }

    private List<Piece> cut(String text, Pattern any, Map<String, AddedToken> tokens) {
        var pieces = new ArrayList<Piece>();
        int from = 0;
        if (any != null) {
            Matcher found = any.matcher(text);
            while (found.find()) {
                AddedToken token = tokens.get(found.group());
                int start = Math.max(from, token.lstrip() ? blankFrom(text, found.start()) : found.start());
                int end = token.rstrip() ? blankTo(text, found.end()) : found.end();
                if (found.start() < from || token.singleWord() && isInWord(text, found)) {
                    continue;
                }
                addText(pieces, text.substring(from, start));
                pieces.add(new Piece(null, vectors.get(token.id())));
                from = end;
            }
        }
        addText(pieces, text.substring(from));
        return pieces;
    }

    private static void addText(List<Piece> pieces, String text) {
        if (!text.isEmpty()) {
            pieces.add(new Piece(text, List.of()));
        }
    }

    private static boolean isInWord(String text, Matcher found) {
        return WORD_BEFORE.matcher(text).region(0, found.start()).find()
                || WORD_BEHIND.matcher(text).region(found.end(), text.length()).find();
    }

    private static int blankFrom(String text, int end) {
        int start = end;
        while (start > 0 && WhiteSpace.is(text.charAt(start - 1))) {
            start--;
        }
        return start;
    }

    private static int blankTo(String text, int start) {
        int end = start;
        while (end < text.length() && WhiteSpace.is(text.charAt(end))) {
            end++;
        }
        return end;
    }
}
