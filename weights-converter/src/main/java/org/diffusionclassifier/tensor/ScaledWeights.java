package org.diffusionclassifier.tensor;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Weights some of which were divided by a scale before they were stored in 8 bits, multiplied by it again while they
 * are read. Beside a tensor {@code X.weight} of F8_E4M3 or F8_E5M2 stands its scale, in the naming of the tool that
 * wrote it:
 *
 * <pre>
 *   X.scale_weight       ComfyUI, whose files also have a tensor scaled_fp8 that says no more than the types do
 *   X.weight_scale       ComfyUI since 2025, compressed-tensors
 *   X.weight_scale_inv   DeepSeek, transformers' FineGrainedFP8; in spite of its name, it is multiplied by as well
 * </pre>
 *
 * A scale is one number, one for each output channel, or one for each block of 128 by 128 of a matrix (DeepSeek-V3,
 * {@code weight_block_size}). Scales of activations, which some files have too, are of use only where activations are
 * rounded to 8 bits.
 */
public final class ScaledWeights implements WeightsView {

    private static final int BLOCK = 128;
    private static final String WEIGHT = "weight";
    private static final List<String> SCALES = List.of("scale_weight", "weight_scale", "weight_scale_inv");

    /**
     * The scales of one tensor, row by row.
     *
     * @param row          elements of a row of the tensor
     * @param blockRows    how many rows share one
     * @param blockColumns how many elements of a row share one
     * @param columns      scales in a row
     */
    private record Scales(float[] values, long row, int blockRows, long blockColumns, int columns) {
    }

    private final Weights base;
    private final Map<String, String> scaleOf;
    private final Map<String, Scales> scales = new LinkedHashMap<>();
    private final Set<String> names;

    private ScaledWeights(Weights base, Map<String, String> scaleOf) {
        this.base = base;
        this.scaleOf = scaleOf;
        this.names = new LinkedHashSet<>(base.names());
        names.removeAll(scaleOf.values());
        scaleOf.forEach((weight, scale) -> scales.put(weight, scales(weight, scale)));
    }

    /**
     * Weights as their numbers are meant: {@code base} itself if it has no scales.
     *
     * @throws InputException if a scale does not fit its tensor
     */
    public static Weights of(Weights base) {
        var scaleOf = new LinkedHashMap<String, String>();
        for (String name : base.names()) {
            if (name.endsWith(WEIGHT) && isShort(base.dtype(name))) {
                String layer = name.substring(0, name.length() - WEIGHT.length());
                SCALES.stream().map(layer::concat).filter(base::has).findFirst()
                        .ifPresent(scale -> scaleOf.put(name, scale));
            }
        }
        return scaleOf.isEmpty() ? base : new ScaledWeights(base, scaleOf);
    }

    private static boolean isShort(DType dtype) {
        return dtype == DType.F8_E4M3 || dtype == DType.F8_E5M2;
    }

    private Scales scales(String weight, String scale) {
        List<Integer> shape = base.shape(weight);
        int rows = shape.isEmpty() ? 1 : shape.get(0);
        long row = Math.max(1, base.elements(weight) / Math.max(1, rows));
        List<Integer> found = base.shape(scale);
        long count = base.elements(scale);
        int blockRows;
        long blockColumns = row;
        int columns = 1;
        if (count == 1) {
            blockRows = rows;
        } else if (count == rows && found.get(0) == rows) {
            blockRows = 1;
        } else if (shape.size() == 2 && found.equals(List.of(blocks(rows), blocks(shape.get(1))))) {
            blockRows = BLOCK;
            blockColumns = BLOCK;
            columns = found.get(1);
        } else {
            throw new InputException(source() + ": tensor " + scale + ": expected one number, one for each row of "
                    + weight + " " + shape + " or one for each block of " + BLOCK + " by " + BLOCK + ", found shape "
                    + found);
        }
        return new Scales(base.floats(scale, found.stream().mapToInt(Integer::intValue).toArray()),
                row, Math.max(1, blockRows), blockColumns, columns);
    }

    private static int blocks(int length) {
        return (length + BLOCK - 1) / BLOCK;
    }

    @Override
    public Weights base() {
        return base;
    }

    /** Without the scales. */
    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(names);
    }

    @Override
    public boolean has(String name) {
        return names.contains(name);
    }

    /** F32 for what is scaled. */
    @Override
    public DType dtype(String name) {
        return scaleOf.containsKey(name) ? DType.F32 : base.dtype(name);
    }

    @Override
    public void readStored(String name, long first, ByteBuffer destination) {
        if (!scaleOf.containsKey(name)) {
            base.readStored(name, first, destination);
            return;
        }
        var values = new float[destination.remaining() / Float.BYTES];
        base.read(name, first, FloatBuffer.wrap(values));
        Scales scale = scales.get(name);
        for (int i = 0; i < values.length; i++) {
            long block = (first + i) / scale.row / scale.blockRows;
            long column = (first + i) % scale.row / scale.blockColumns;
            values[i] *= scale.values[(int) (block * scale.columns + column)];
        }
        WeightsView.store(values, destination);
    }

    @Override
    public void close() {
        base.close();
    }
}
