package org.diffusionclassifier.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.text.Normalizer;
import java.util.Base64;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.tensor.InputException;

/**
 * What {@code tokenizer.json} does to a text before it is cut into words: its {@code normalizer}, a step or a sequence
 * of them, as Hugging Face's tokenizers have them.
 */
final class TextNormalizer {

    private static final String KEY = "normalizer";

    /** The patterns that published files have; others could take any time on a hostile text. */
    private static final Map<String, Pattern> PATTERNS = Map.of(" {2,}", Pattern.compile(" {2,}"),
            "\\s+", WhiteSpace.RUN);

    /** {@code Nmt}: SentencePiece's rules for machine translation drop these … */
    private static final Pattern DROPPED = Pattern.compile("[\\x01-\\x08\\x0B\\x0E-\\x1F\\x7F\\x8F\\x9F]");

    /** … and make spaces of these. */
    private static final Pattern SPACED = Pattern.compile(
            "[\\t\\n\\f\\r\\x{1680}\\x{200B}-\\x{200F}\\x{2028}\\x{2029}\\x{2581}\\x{FEFF}\\x{FFFD}]");

    private final TokenizerTables tables;

    private TextNormalizer(TokenizerTables tables) {
        this.tables = tables;
    }

    /** @throws InputException for a step that is none of those that SentencePiece's models have */
    static UnaryOperator<String> read(TokenizerTables tables) {
        JsonNode step = tables.json(TokenizerTables.WHOLE).path(KEY);
        return step.isNull() || step.isMissingNode() ? text -> text : new TextNormalizer(tables).step(step);
    }

    private UnaryOperator<String> step(JsonNode step) {
        return switch (step.path("type").asText()) {
            case "Sequence" -> sequence(step.path("normalizers"));
            case "Precompiled" -> precompiled(step.path("precompiled_charsmap"));
            case "Replace" -> replace(step);
            case "Strip" -> strip(step.path("strip_left").asBoolean(), step.path("strip_right").asBoolean());
            case "Nmt" -> text -> SPACED.matcher(DROPPED.matcher(text).replaceAll("")).replaceAll(" ");
            case "NFC" -> text -> Normalizer.normalize(text, Normalizer.Form.NFC);
            case "NFKC" -> text -> Normalizer.normalize(text, Normalizer.Form.NFKC);
            case "Lowercase" -> TextNormalizer::lowerCase;
            default -> throw unsupported(step);
        };
    }

    private UnaryOperator<String> sequence(JsonNode steps) {
        var all = steps.valueStream().map(this::step).collect(Collectors.toList());
        return text -> {
            String normalized = text;
            for (UnaryOperator<String> each : all) {
                normalized = each.apply(normalized);
            }
            return normalized;
        };
    }

    private UnaryOperator<String> precompiled(JsonNode table) {
        try {
            return new PrecompiledCharsMap(Base64.getDecoder().decode(table.asText()));
        } catch (IllegalArgumentException e) {
            throw tables.unsupported(TokenizerTables.WHOLE, KEY + ".precompiled_charsmap", table,
                    "a trie and its replacements in base 64");
        }
    }

    private UnaryOperator<String> replace(JsonNode step) {
        String content = step.path("content").asText();
        JsonNode plain = step.path("pattern").path("String");
        Pattern pattern = PATTERNS.get(step.path("pattern").path("Regex").asText());
        if (plain.isTextual() && !plain.textValue().isEmpty()) {
            return text -> text.replace(plain.textValue(), content);
        }
        if (pattern == null) {
            throw unsupported(step);
        }
        return text -> pattern.matcher(text).replaceAll(Matcher.quoteReplacement(content));
    }

    private static UnaryOperator<String> strip(boolean left, boolean right) {
        return text -> {
            int from = 0;
            int to = text.length();
            while (left && from < to && WhiteSpace.is(text.charAt(from))) {
                from++;
            }
            while (right && to > from && WhiteSpace.is(text.charAt(to - 1))) {
                to--;
            }
            return text.substring(from, to);
        };
    }

    /** Each code point on its own, so that a sigma at the end of a word stays σ. */
    static String lowerCase(String text) {
        var lower = new StringBuilder(text.length());
        text.codePoints().forEach(c -> lower.append(Character.toString(c).toLowerCase(Locale.ROOT)));
        return lower.toString();
    }

    private InputException unsupported(JsonNode step) {
        return tables.unsupported(TokenizerTables.WHOLE, KEY, step,
                "Precompiled, Replace, Strip, Nmt, NFC, NFKC or Lowercase");
    }
}
