package org.diffusionclassifier.config;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.TextFile;

/**
 * A JSON file of settings, read strictly: duplicate keys, trailing text and values of the wrong type are refused in one
 * line {@code FILE: KEY = VALUE is not supported (expected …)}. A getter with a default returns it where the key is
 * missing or null. Which keys were asked for is remembered, so that {@link #refuseOthers} can refuse the others.
 *
 * <p>Two liberties are taken with the format, as its writers take them: a byte order mark may stand before it, which
 * editors write, and numbers may be {@code NaN}, {@code Infinity} and {@code -Infinity}, as Python writes them. A
 * getter refuses these.
 */
public final class JsonConfig {

    /** Far above any real network's, and small enough that the multiples which networks take stay within an int. */
    private static final int MAX_INTEGER = 1_000_000;

    /** Each block of a network halves the image, so that no real one has more. */
    private static final int MAX_LIST = 16;

    private static final ObjectMapper STRICT = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .build();

    /** Characters of a file's beginning that show a byte order mark or a Git LFS pointer. */
    private static final int HEAD = 64;

    private final String file;
    private final ObjectNode root;
    private final Set<String> asked = new HashSet<>();

    private JsonConfig(String file, ObjectNode root) {
        this.file = file;
        this.root = root;
    }

    public static JsonConfig read(Path file) {
        try (BufferedReader text = Files.newBufferedReader(file)) {
            return read(file.toString(), text);
        } catch (IOException e) {
            throw InputException.unreadable(file, e);
        }
    }

    /** The settings in a text that messages call {@code source}. */
    public static JsonConfig parse(String source, String text) {
        try {
            return read(source, new BufferedReader(new StringReader(text)));
        } catch (IOException e) {
            throw new IllegalStateException(e);     // a string can always be read
        }
    }

    private static JsonConfig read(String source, BufferedReader text) throws IOException {
        var characters = new char[HEAD];
        text.mark(HEAD);
        String head = new String(characters, 0, Math.max(0, text.read(characters)));
        text.reset();
        if (TextFile.isGitPointer(head)) {
            throw new InputException(source + ": expected JSON, found " + TextFile.GIT_POINTER);
        }
        text.skip(head.length() - TextFile.unmarked(head).length());
        return new JsonConfig(source, parse(source, text));
    }

    /** Settings that are known already, as a JSON file would have them. */
    public static JsonConfig of(String source, Map<String, ?> settings) {
        return new JsonConfig(source, STRICT.valueToTree(settings));
    }

    /** Parses {@code text}, found in {@code file}, as one JSON object. */
    public static ObjectNode parse(String file, Reader text) throws IOException {
        try {
            JsonNode node = STRICT.readTree(text);
            if (node instanceof ObjectNode object) {
                return object;
            }
            throw new InputException(file + ": expected a JSON object, found " + excerpt(node));
        } catch (JsonProcessingException e) {
            JsonLocation at = e.getLocation();
            String where = at == null ? "" : " at line " + at.getLineNr() + ", column " + at.getColumnNr();
            throw new InputException(file + ": not valid JSON" + where + " (" + e.getOriginalMessage() + ")", e);
        }
    }

    /** The JSON text of a value, cut where it is too long for a message. */
    public static String excerpt(JsonNode node) {
        String text = node.isMissingNode() ? "nothing" : node.toString();
        return text.length() <= 80 ? text : text.substring(0, 80) + "…";
    }

    /** What messages call it: the file, and where it is one of several in it, the part. */
    public String source() {
        return file;
    }

    /** All settings as they stand. */
    public JsonNode settings() {
        return root.deepCopy();
    }

    /** The same with another value under a key. */
    public JsonConfig with(String key, int value) {
        return new JsonConfig(file, root.deepCopy().put(key, value));
    }

    /** The keys of all settings that are objects. */
    public List<String> parts() {
        return root.properties().stream().filter(entry -> entry.getValue().isObject()).map(Map.Entry::getKey).toList();
    }

    /**
     * Refuses two networks that do not fit each other.
     *
     * @param value what this has under the key
     * @param other what {@code others} has under its key
     * @throws InputException unless both are the same
     */
    public void requireSame(String key, int value, JsonConfig others, String otherKey, int other) {
        if (value != other) {
            throw new InputException(file + ": expected " + key + " = " + other + " as " + otherKey + " in " + others.file
                    + ", found " + value);
        }
    }

    /** {@code FILE: KEY = VALUE is not supported (expected …)} */
    public InputException unsupported(String key, String expected) {
        return new InputException(file + ": " + key + (root.has(key)
                ? " = " + excerpt(root.get(key)) + " is not supported (expected " + expected + ")"
                : " is missing (expected " + expected + ")"));
    }

    /** The settings that are one object among these. */
    public JsonConfig part(String key) {
        if (get(key) instanceof ObjectNode object) {
            return new JsonConfig(file + ": " + key, object);
        }
        throw unsupported(key, "an object");
    }

    /** What a map of choices has a value under. */
    public static <E> String nameOf(E value, Map<String, E> choices) {
        return choices.entrySet().stream().filter(choice -> choice.getValue() == value).findFirst().orElseThrow()
                .getKey();
    }

    /** The value as it stands; a missing node where there is none. */
    public JsonNode get(String key) {
        asked.add(key);
        return root.path(key);
    }

    /** An integer from 1 to a million. */
    public int integer(String key) {
        JsonNode value = get(key);
        if (!isInteger(value)) {
            throw unsupported(key, "an integer from 1 to " + MAX_INTEGER);
        }
        return value.intValue();
    }

    public int integer(String key, int fallback) {
        return isMissing(key) ? fallback : integer(key);
    }

    List<Integer> integers(String key, List<Integer> fallback) {
        return isMissing(key) ? fallback
                : list(key, JsonConfig::isInteger, JsonNode::intValue, "an integer from 1 to " + MAX_INTEGER);
    }

    /** A list with one integer for each of {@code blocks}, which the file may also give as one integer for all. */
    List<Integer> integerPerBlock(String key, int fallback, int blocks) {
        if (!get(key).isArray()) {
            return Collections.nCopies(blocks, integer(key, fallback));
        }
        List<Integer> integers = integers(key, List.of());
        if (integers.size() != blocks) {
            throw unsupported(key, "an integer, or a list of " + blocks + " as block_out_channels has");
        }
        return integers;
    }

    double number(String key, double fallback) {
        JsonNode value = get(key);
        if (!isMissing(key) && !(value.isNumber() && Double.isFinite(value.doubleValue()))) {
            throw unsupported(key, "a number");
        }
        return value.asDouble(fallback);        // null gives it, too
    }

    /** A list of one finite number or more. */
    List<Double> numbers(String key) {
        JsonNode value = get(key);
        if (!value.isArray() || value.isEmpty() || value.size() > MAX_INTEGER
                || !value.valueStream().allMatch(each -> each.isNumber() && Double.isFinite(each.doubleValue()))) {
            throw unsupported(key, "a list of numbers");
        }
        return value.valueStream().map(JsonNode::doubleValue).toList();
    }

    public double positiveNumber(String key, double fallback) {
        double value = number(key, fallback);
        if (value <= 0) {
            throw unsupported(key, "a number above 0");
        }
        return value;
    }

    boolean flag(String key, boolean fallback) {
        JsonNode value = get(key);
        if (!isMissing(key) && !value.isBoolean()) {
            throw unsupported(key, "true or false");
        }
        return value.asBoolean(fallback);       // null gives it, too
    }

    /** What {@code choices} has under the text in the file. */
    public <E> E choice(String key, Map<String, E> choices, E fallback) {
        if (isMissing(key)) {
            return fallback;
        }
        E choice = choices.get(get(key).asText());
        if (choice == null || !get(key).isTextual()) {
            throw unsupported(key, String.join(" or ", new TreeSet<>(choices.keySet())));
        }
        return choice;
    }

    /** As {@link #choice}, for each text of a list. */
    <E> List<E> choices(String key, Map<String, E> choices, List<E> fallback) {
        return isMissing(key) ? fallback
                : list(key, value -> value.isTextual() && choices.containsKey(value.textValue()),
                        value -> choices.get(value.textValue()),
                        String.join(" or ", new TreeSet<>(choices.keySet())));
    }

    /** Refuses any other text than {@code expected}, and the key's absence. */
    void require(String key, String expected) {
        if (!expected.equals(get(key).textValue())) {
            throw unsupported(key, expected);
        }
    }

    /** Refuses any other text than these, unless the key is missing or null. */
    public void expect(String key, String... expected) {
        if (!isMissing(key) && !Arrays.asList(expected).contains(get(key).textValue())) {
            throw unsupported(key, String.join(" or ", expected));
        }
    }

    /** Refuses any other number than {@code expected}, unless the key is missing or null. */
    public void expect(String key, int expected) {
        if (!isMissing(key) && !(get(key).isNumber() && get(key).doubleValue() == expected)) {
            throw unsupported(key, Integer.toString(expected));
        }
    }

    /**
     * Refuses every key that was not asked for, unless it {@link #isOff}, begins with an underscore (a note of the
     * library that wrote the file) or is one of {@code irrelevant}.
     */
    void refuseOthers(String... irrelevant) {
        asked.addAll(List.of(irrelevant));
        for (Map.Entry<String, JsonNode> entry : root.properties()) {
            String key = entry.getKey();
            if (!asked.contains(key) && !key.startsWith("_") && !isOff(entry.getValue())) {
                throw unsupported(key, "null or false");
            }
        }
    }

    /** Whether the value of an option says that it is not in use: null or false, or a list of these. */
    public static boolean isOff(JsonNode value) {
        return value.isMissingNode() || value.isNull() || value.isBoolean() && !value.booleanValue()
                || value.isArray() && value.valueStream().allMatch(JsonConfig::isOff);
    }

    private boolean isMissing(String key) {
        return get(key).isMissingNode() || get(key).isNull();
    }

    private static boolean isInteger(JsonNode value) {
        return value.isIntegralNumber() && value.canConvertToInt()
                && value.intValue() >= 1 && value.intValue() <= MAX_INTEGER;
    }

    private <E> List<E> list(String key, Predicate<JsonNode> valid, Function<JsonNode, E> convert, String expected) {
        JsonNode value = get(key);
        List<JsonNode> elements = value.isArray() ? value.valueStream().toList() : List.of();
        if (elements.isEmpty() || elements.size() > MAX_LIST || !elements.stream().allMatch(valid)) {
            throw unsupported(key, "a list of 1 to " + MAX_LIST + ", each " + expected);
        }
        return elements.stream().map(convert).toList();
    }
}
