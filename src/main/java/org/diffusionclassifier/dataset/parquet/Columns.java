package org.diffusionclassifier.dataset.parquet;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.tensor.InputException;

/**
 * Which columns of a file hold pictures and classes. The library {@code datasets} notes it as JSON under the key
 * {@code huggingface} of the file's metadata:
 * <pre>
 *   {"info": {"features": {"image": {"_type": "Image"}, "label": {"names": ["cat", …], "_type": "ClassLabel"}}}}
 * </pre>
 * An Image is a structure of {@code bytes} and {@code path}. Without the note, the columns are {@code image} and
 * {@code label}. Of several labels, {@code label} counts, or {@code fine_label}, as in CIFAR-100.
 *
 * @param classNames by label; empty without the note
 */
record Columns(String image, String label, List<String> classNames) {

    /** @throws InputException if there are no such columns */
    static Columns of(MessageType schema, Map<String, String> metadata, String where) {
        JsonNode features = features(metadata.get("huggingface"), where);
        String image = chosen(features, "Image", "image", "img");
        String label = chosen(features, "ClassLabel", "label", "fine_label");
        boolean hasImage = image != null && schema.containsField(image) && !schema.getType(image).isPrimitive()
                && schema.getType(image).asGroupType().containsField("bytes")
                && isA(schema.getType(image).asGroupType().getType("bytes"), PrimitiveTypeName.BINARY);
        boolean hasLabel = label != null && schema.containsField(label)
                && isA(schema.getType(label), PrimitiveTypeName.INT64);
        if (!hasImage || !hasLabel) {
            var found = new ArrayList<String>();
            schema.getFields().forEach(field -> found.add(field.getName()));
            throw new InputException(where + ": expected " + (hasImage ? "a column of classes (label: int64)"
                    : "a column of pictures (image: a structure of bytes and path)") + ", found the columns "
                    + InputException.quoted(String.join(", ", found)));
        }
        var names = new ArrayList<String>();
        features.path(label).path("names").forEach(name -> names.add(name.asText()));
        return new Columns(image, label, List.copyOf(names));
    }

    private static boolean isA(Type type, PrimitiveTypeName name) {
        return type.isPrimitive() && type.asPrimitiveType().getPrimitiveTypeName() == name;
    }

    private static JsonNode features(String note, String where) {
        try {
            return JsonFile.MAPPER.readTree(note == null ? "{}" : note).path("info").path("features");
        } catch (JsonProcessingException e) {
            throw new InputException(where + ": expected JSON under the key huggingface, found something else", e);
        }
    }

    /** The only column of that type, or the first of the usual names; by these alone where there is no note. */
    private static String chosen(JsonNode features, String type, String... usual) {
        var ofType = new ArrayList<String>();
        features.fields().forEachRemaining(feature -> {
            if (feature.getValue().path("_type").asText().equals(type)) {
                ofType.add(feature.getKey());
            }
        });
        if (ofType.size() == 1) {
            return ofType.get(0);
        }
        for (String name : usual) {
            if (ofType.contains(name)) {
                return name;
            }
        }
        return ofType.isEmpty() ? usual[0] : null;
    }
}
