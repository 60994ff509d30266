package org.diffusionclassifier.checkpoint;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.TextFile;

/** A text file with the names of a model's labels, one a line, with or without a byte order mark before the first. */
final class LabelNames {

    private LabelNames() {
    }

    /**
     * @param count labels of the model
     * @throws InputException if the file cannot be read, or has another number of lines or an empty one
     */
    static List<String> read(Path file, int count) {
        List<String> lines;
        try {
            lines = TextFile.lines(file);
        } catch (IOException e) {
            throw InputException.unreadable(file, e);
        }
        if (lines.size() != count) {
            throw new InputException(file + ": expected " + count + " lines, a name for each of the model's labels, "
                    + "found " + lines.size());
        }
        for (int i = 0; i < count; i++) {
            if (lines.get(i).isBlank()) {
                throw new InputException(file + ":" + (i + 1) + ": expected the name of label " + i + ", found nothing");
            }
        }
        return lines.stream().map(String::strip).toList();
    }
}
