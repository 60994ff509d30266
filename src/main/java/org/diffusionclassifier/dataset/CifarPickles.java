package org.diffusionclassifier.dataset;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.pytorch.PickleFile;
import org.diffusionclassifier.pytorch.Uint8Matrix;
import org.diffusionclassifier.tensor.InputException;

/**
 * CIFAR-10 and CIFAR-100 in their Python version, which torchvision unpacks (format: <a
 * href="https://www.cs.toronto.edu/~kriz/cifar.html">cs.toronto.edu/~kriz/cifar.html</a>): pickles of dicts.
 * <pre>
 *   cifar-10-batches-py/test_batch      {"data": uint8 [N,3072], "labels": [N integers], …}
 *   cifar-10-batches-py/batches.meta    {"label_names": [10 texts], …}
 *   cifar-100-python/test               {"data": uint8 [N,3072], "fine_labels": [N integers], …}
 *   cifar-100-python/meta               {"fine_label_names": [100 texts], …}
 * </pre>
 */
final class CifarPickles {

    private CifarPickles() {
    }

    /**
     * The pictures as CIFAR-10's binary version has them: a byte of label, then the row.
     *
     * @param key    of the labels
     * @param pixels bytes of a picture
     * @throws InputException if the file is not in this form
     */
    static byte[] records(Path file, String key, int pixels, int classes) {
        Map<?, ?> batch = read(file);
        if (!(batch.get("data") instanceof Uint8Matrix data && data.rows() > 0 && data.columns() == pixels)) {
            throw wrong(file, "data", "a matrix of uint8 with " + pixels + " columns", batch.get("data"));
        }
        if (!(batch.get(key) instanceof List<?> labels && labels.size() == data.rows())) {
            throw wrong(file, key, "a list of " + data.rows() + " labels", batch.get(key));
        }
        byte[] elements = data.elements();
        var records = new byte[Math.multiplyExact(data.rows(), pixels + 1)];
        for (int row = 0; row < data.rows(); row++) {
            if (!(labels.get(row) instanceof Long label && label >= 0 && label < classes)) {
                throw wrong(file, key + "[" + row + "]", "a label from 0 to " + (classes - 1), labels.get(row));
            }
            records[row * (pixels + 1)] = label.byteValue();
            System.arraycopy(elements, row * pixels, records, row * (pixels + 1) + 1, pixels);
        }
        return records;
    }

    /** The classes' names. @throws InputException if the file is not in this form */
    static List<String> names(Path file, String key, int classes) {
        Object found = read(file).get(key);
        if (!(found instanceof List<?> names && names.size() == classes
                && names.stream().allMatch(String.class::isInstance))) {
            throw wrong(file, key, "a list of " + classes + " names", found);
        }
        return names.stream().map(String.class::cast).toList();
    }

    private static Map<?, ?> read(Path file) {
        if (PickleFile.readMatrices(file) instanceof Map<?, ?> map) {
            return map;
        }
        throw InputException.at(file, "expected a pickle of a dict, as CIFAR's Python version has it, found "
                + "another value");
    }

    private static InputException wrong(Path file, String key, String expected, Object found) {
        String text = found instanceof List<?> list ? "a list of " + list.size() : String.valueOf(found);
        return InputException.at(file, key + ": expected " + expected + ", found "
                + (found == null ? "none" : text.length() <= 60 ? text : text.substring(0, 59) + "…"));
    }
}
