package org.diffusionclassifier.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.tensor.InputException;

/**
 * The files that a CLIP tokenizer is made from, as transformers writes them. They are in a folder or inside a model
 * file.
 *
 * @param source what messages call the place
 * @param files  contents by name, of those {@link #NAMES} that exist
 */
public record TokenizerTables(String source, Map<String, byte[]> files) {

    /** The vocabulary, the merges, and two optional files. */
    public static final List<String> NAMES =
            List.of("vocab.json", "merges.txt", "special_tokens_map.json", "tokenizer_config.json");

    /** Ten times the size of CLIP's largest. */
    public static final int MAX_BYTES = 16 << 20;

    /** @throws InputException if there is no such folder, or a file cannot be read */
    public static TokenizerTables read(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new InputException(folder + ": expected the folder of a tokenizer's files, found "
                    + (Files.exists(folder) ? "a file" : "nothing"));
        }
        var files = new LinkedHashMap<String, byte[]>();
        for (String name : NAMES) {
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

    /** @throws InputException if there is none of that name */
    public byte[] get(String name) {
        if (!has(name)) {
            throw new InputException(label(name) + ": no such file");
        }
        return files.get(name);
    }
}
