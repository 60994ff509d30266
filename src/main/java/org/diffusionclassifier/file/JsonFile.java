package org.diffusionclassifier.file;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.nio.file.Path;

/** JSON files for people and programs, the same bytes for the same value on every machine. Uses Jackson. */
public final class JsonFile {

    /** Floats in the fewest digits that read back the same, which the Float.toString of Java 17 does not yet give. */
    public static final JsonFactory FACTORY = JsonFactory.builder()
            .enable(StreamWriteFeature.USE_FAST_DOUBLE_WRITER)
            .build();

    public static final ObjectMapper MAPPER = new ObjectMapper(FACTORY)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private static final ObjectWriter INDENTED = MAPPER.writer(
            new DefaultPrettyPrinter().withObjectIndenter(new DefaultIndenter("  ", "\n")));

    /** Reads a record, whose components must all be present. */
    public static ObjectReader reader(Class<?> type) {
        return MAPPER.readerFor(type).with(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES,
                DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES);
    }

    private JsonFile() {
    }

    /**
     * Writes {@code value} {@linkplain AtomicFile#write atomically}, indented, with a newline at the end: a record's
     * components in the order of its declaration, a map's entries in its own.
     *
     * @throws org.diffusionclassifier.tensor.InputException if {@code target} cannot be written
     */
    public static void write(Path target, Object value) {
        AtomicFile.write(target, out -> {
            out.write(INDENTED.writeValueAsBytes(value));
            out.write('\n');
        });
    }
}
