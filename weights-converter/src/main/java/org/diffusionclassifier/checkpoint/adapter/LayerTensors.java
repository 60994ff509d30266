package org.diffusionclassifier.checkpoint.adapter;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/** What a file of adapters has for one layer: tensors by what they are to the layer, such as {@code lora_up}. */
final class LayerTensors {

    static final String ALPHA = "alpha";

    /** More than any network's largest layer. */
    private static final int MAX_ELEMENTS = 1 << 28;

    private final Weights file;
    private final Map<String, String> tensors = new LinkedHashMap<>();
    private final Float commonAlpha;

    /** @param commonAlpha that of all layers which have none of their own, or null */
    LayerTensors(Weights file, Float commonAlpha) {
        this.file = file;
        this.commonAlpha = commonAlpha;
    }

    void put(String part, String tensor) {
        tensors.put(part, tensor);
    }

    boolean has(String part) {
        return tensors.containsKey(part);
    }

    /** Whether it has parts of one kind of adapter. */
    boolean hasAny(Pattern kind) {
        return tensors.keySet().stream().anyMatch(part -> kind.matcher(part).matches());
    }

    /** One tensor's name, by which messages name the layer. */
    String any() {
        return tensors.values().iterator().next();
    }

    /** @throws InputException if there is none */
    List<Integer> shape(String part) {
        return file.shape(tensor(part));
    }

    /** @throws InputException if there is none, or it is empty or too large */
    int elements(String part) {
        long elements = file.elements(tensor(part));
        if (elements < 1 || elements > MAX_ELEMENTS) {
            throw wrong(part, "1 to 2^28 elements");
        }
        return (int) elements;
    }

    /** One dimension of a part. @throws InputException if it has no such */
    int dim(String part, int axis) {
        if (shape(part).size() <= axis) {
            throw wrong(part, "more than " + axis + " dimensions");
        }
        return shape(part).get(axis);
    }

    /** @throws InputException unless a part has as many elements as this product */
    void requireElements(String part, String expected, long... dimensions) {
        long left = elements(part);
        for (long dimension : dimensions) {
            left = dimension < 1 || left % dimension != 0 ? 0 : left / dimension;
        }
        if (left != 1) {
            throw wrong(part, expected);
        }
    }

    /** All elements of a part. @throws InputException if it cannot be read */
    float[] values(String part) {
        elements(part);
        return file.floats(tensor(part), shape(part).stream().mapToInt(Integer::intValue).toArray());
    }

    /**
     * Tucker's core and the factor of the inputs, together.
     *
     * @throws InputException if they cannot be read, or are huge
     */
    float[] tucker(String core, String inputs, int rank, int pixels) {
        if ((long) elements(inputs) * pixels > MAX_ELEMENTS) {
            throw wrong(core, "a product with " + shape(inputs) + " of at most 2^28 elements");
        }
        return LowRankProduct.tucker(values(core), values(inputs), rank, pixels);
    }

    /** alpha / rank, by which a product of this rank is multiplied; 1 where the layer has no alpha. */
    float scale(int rank) {
        return has(ALPHA) ? alpha() / rank : commonAlpha != null ? commonAlpha / rank : 1;
    }

    /** The layer's own alpha, which trainers write as a float or as an integer. */
    float alpha() {
        String tensor = tensor(ALPHA);
        DType dtype = file.dtype(tensor);
        if (dtype != DType.I64 && dtype != DType.I32) {
            return values(ALPHA)[0];
        }
        elements(ALPHA);
        var first = ByteBuffer.allocate(dtype.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        file.readStored(tensor, 0, first);
        return dtype == DType.I64 ? first.getLong(0) : first.getInt(0);
    }

    InputException wrong(String part, String expected) {
        return new InputException(file.source() + ": tensor " + tensor(part) + ": expected " + expected
                + ", found shape " + shape(part));
    }

    /** The same of two parts that do not fit together. */
    InputException wrong(String part, String expected, String other) {
        return new InputException(file.source() + ": tensor " + tensor(part) + ": expected " + expected + ", found "
                + shape(part) + " and " + shape(other));
    }

    private String tensor(String part) {
        String tensor = tensors.get(part);
        if (tensor == null) {
            throw new InputException(file.source() + ": expected " + part + " beside " + any() + ", found none");
        }
        return tensor;
    }
}
