package org.diffusionclassifier.server;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.file.JsonLine;
import org.diffusionclassifier.server.http.HttpRefusal;
import org.diffusionclassifier.server.http.Multipart;
import org.diffusionclassifier.server.http.Received;
import org.diffusionclassifier.tensor.InputException;

/**
 * The fields of a request's body by name, whether it is JSON with pictures in Base64 or {@code multipart/form-data} with
 * pictures as files. In a form every value is text; a field that is there several times, or has several lines, is a list.
 */
final class RequestFields {

    private static final ObjectReader JSON = JsonFile.MAPPER.reader().with(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);
    private static final int LONGEST_TEXT = 2000;
    private static final String NAME = "name";

    private final ObjectNode fields;
    private final List<Upload> pictures = new ArrayList<>();

    /**
     * @param known    the fields that the request may have
     * @param pictures the field that has pictures, of which JSON has one or a list
     * @param mostParts of a form
     * @throws HttpRefusal for another body, or a field that is not known
     */
    static RequestFields of(Received request, Set<String> known, String pictures, int mostParts) {
        return new RequestFields(request, known, pictures, mostParts);
    }

    private RequestFields(Received request, Set<String> known, String pictureField, int mostParts) {
        if (!request.method().equals("POST")) {
            throw new IllegalArgumentException(request.method());
        }
        fields = Multipart.isOne(request) ? form(Multipart.of(request, mostParts), pictureField) : json(request);
        fields.fieldNames().forEachRemaining(name -> {
            if (!known.contains(name) && !name.equals(pictureField) && !name.equals(NAME)) {
                throw new HttpRefusal(400, InputException.quoted(name) + ": no such field; expected "
                        + String.join(", ", known.stream().sorted().toList()));
            }
        });
        JsonNode sent = fields.remove(pictureField);
        if (sent != null) {
            for (JsonNode one : sent.isArray() ? sent : List.of(sent)) {
                pictures.add(Upload.of(fields.path(NAME).textValue(), decoded(one, pictureField)));
            }
        }
    }

    private static ObjectNode json(Received request) {
        if (!request.header("Content-Type").matches("(?i)application/json\\s*(;.*)?")) {
            throw new HttpRefusal(415, "the header Content-Type: expected application/json or multipart/form-data");
        }
        try {
            if (JSON.readTree(request.body()) instanceof ObjectNode object) {
                return object;
            }
        } catch (JsonProcessingException e) {
            throw new HttpRefusal(400, "expected a JSON object, found what is no JSON: "
                    + e.getOriginalMessage().lines().findFirst().orElse(""));
        } catch (IOException e) {
            throw new HttpRefusal(400, "expected a JSON object in UTF-8");
        }
        throw new HttpRefusal(400, "expected a JSON object, found another value");
    }

    private ObjectNode form(List<Multipart.Part> parts, String pictureField) {
        ObjectNode object = JsonFile.MAPPER.createObjectNode();
        for (Multipart.Part part : parts) {
            if (part.name().equals(pictureField)) {
                pictures.add(Upload.of(part.fileName(), part.content()));
            } else {
                ArrayNode values = object.get(part.name()) instanceof ArrayNode there ? there
                        : object.putArray(part.name());
                values.add(part.text());
            }
        }
        return object;
    }

    private static byte[] decoded(JsonNode base64, String field) {
        if (base64.isTextual()) {
            try {
                return Base64.getDecoder().decode(base64.textValue());
            } catch (IllegalArgumentException e) {
                // refused below
            }
        }
        throw new HttpRefusal(400, field + ": expected an image file in Base64");
    }

    /** @throws HttpRefusal for another number of pictures */
    List<Upload> pictures(String field, int least, int most) {
        if (pictures.size() < least || pictures.size() > most) {
            throw new HttpRefusal(400, least == most ? "%s: expected %d, found %d".formatted(field, least,
                    pictures.size()) : "%s: expected %d to %d, found %d".formatted(field, least, most, pictures.size()));
        }
        return pictures;
    }

    boolean has(String name) {
        return fields.has(name);
    }

    /** The only value of a field; null without one. */
    private JsonNode value(String name) {
        JsonNode value = fields.get(name);
        return value != null && value.isArray() && value.size() == 1 ? value.get(0) : value;
    }

    /** Null where it is missing. */
    String text(String name) {
        JsonNode value = value(name);
        return value == null ? null : text(value, name);
    }

    private static String text(JsonNode value, String name) {
        if (!value.isTextual() || value.textValue().length() > LONGEST_TEXT) {
            throw new HttpRefusal(400, "%s: expected text of at most %d characters, found %s".formatted(name,
                    LONGEST_TEXT, JsonLine.abridged(value)));
        }
        return value.textValue();
    }

    /** Null where it is missing. */
    Double real(String name) {
        JsonNode value = value(name);
        if (value == null) {
            return null;
        }
        try {
            double number = value.isTextual() ? Double.parseDouble(value.textValue().strip()) : value.doubleValue();
            if ((value.isTextual() || value.isNumber()) && Double.isFinite(number)) {
                return number;
            }
        } catch (NumberFormatException e) {
            // refused below
        }
        throw new HttpRefusal(400, name + ": expected a number, found " + JsonLine.abridged(value));
    }

    /** Null where it is missing. */
    Long whole(String name) {
        JsonNode value = value(name);
        return value == null ? null : whole(value, name);
    }

    private static long whole(JsonNode value, String name) {
        try {
            if (value.isTextual()) {
                return Long.parseLong(value.textValue().strip());
            }
            if (value.isIntegralNumber() && value.canConvertToLong()) {
                return value.longValue();
            }
        } catch (NumberFormatException e) {
            // refused below
        }
        throw new HttpRefusal(400, name + ": expected a whole number, found " + JsonLine.abridged(value));
    }

    /** Null where it is missing. */
    Integer integer(String name) {
        Long value = whole(name);
        return value == null ? null : integer(value, name);
    }

    private static int integer(long value, String name) {
        if (value != (int) value) {
            throw new HttpRefusal(400, name + ": expected a smaller number, found " + value);
        }
        return (int) value;
    }

    /** False where it is missing. */
    boolean flag(String name) {
        JsonNode value = value(name);
        if (value != null && !value.isBoolean() && !(value.isTextual() && value.textValue().matches("true|false"))) {
            throw new HttpRefusal(400, name + ": expected true or false, found " + JsonLine.abridged(value));
        }
        return value != null && value.asBoolean();
    }

    /** Whole numbers; null where it is missing. In a form they may stand on one line, separated by commas. */
    List<Integer> integers(String name) {
        JsonNode value = fields.get(name);
        if (value == null) {
            return null;
        }
        var numbers = new ArrayList<Integer>();
        for (JsonNode one : value.isArray() ? value : List.of(value)) {
            if (one.isTextual()) {
                for (String part : one.textValue().split(",")) {
                    numbers.add(integer(whole(JsonFile.MAPPER.getNodeFactory().textNode(part), name), name));
                }
            } else {
                numbers.add(integer(whole(one, name), name));
            }
        }
        return numbers;
    }

    /** The elements of a list, in a form the lines; null where it is missing. @throws HttpRefusal for more */
    List<JsonNode> list(String name, int most) {
        JsonNode value = fields.get(name);
        if (value == null) {
            return null;
        }
        var elements = new ArrayList<JsonNode>();
        for (JsonNode one : value.isArray() ? value : List.of(value)) {
            if (one.isTextual() && one.textValue().indexOf('\n') >= 0) {
                one.textValue().lines().filter(line -> !line.isBlank())
                        .forEach(line -> elements.add(JsonFile.MAPPER.getNodeFactory().textNode(line.strip())));
            } else {
                elements.add(one);
            }
            if (elements.size() > most) {
                throw new HttpRefusal(413, name + ": expected at most " + most + ", found more");
            }
        }
        return elements;
    }

    /** The same of texts. */
    List<String> texts(String name, int most) {
        List<JsonNode> elements = list(name, most);
        return elements == null ? null : elements.stream().map(one -> text(one, name)).toList();
    }
}
