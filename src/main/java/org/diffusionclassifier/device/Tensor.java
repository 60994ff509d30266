package org.diffusionclassifier.device;

import java.util.Arrays;
import org.diffusionclassifier.tensor.DType;

/**
 * A view of device memory: rows of {@code width()} elements, {@code rowStride()} apart, the leading dimensions being
 * nothing but the numbering of the rows. So a channels-last feature map [B, H, W, C], its tokens [B, H·W, C] and a
 * range of its channels are views of the same storage.
 */
public final class Tensor {

    private final Storage storage;
    private final DType type;
    private final int[] shape;
    private final int rowStride;
    private final long offset;
    private final Tensor moments;

    private Tensor(Storage storage, DType type, int[] shape, int rowStride, long offset, Tensor moments) {
        this.storage = storage;
        this.type = type;
        this.shape = shape;
        this.rowStride = rowStride;
        this.offset = offset;
        this.moments = moments;
    }

    /** A dense tensor over the whole of {@code storage}. */
    public static Tensor over(Storage storage, DType type, int... shape) {
        if (shape.length == 0 || elements(shape) * type.bytes() > storage.bytes()) {
            throw new IllegalArgumentException(
                    type + Arrays.toString(shape) + " does not fit in " + storage.bytes() + " bytes");
        }
        return new Tensor(storage, type, shape.clone(), shape[shape.length - 1], 0, null);
    }

    private static long elements(int[] shape) {
        return Arrays.stream(shape).asLongStream().reduce(1, Math::multiplyExact);
    }

    public Storage storage() {
        return storage;
    }

    public DType type() {
        return type;
    }

    public int[] shape() {
        return shape.clone();
    }

    public int rank() {
        return shape.length;
    }

    /** Size of dimension {@code i}; counted from the end when negative, so that {@code dim(-1)} is the width. */
    public int dim(int i) {
        return shape[i < 0 ? shape.length + i : i];
    }

    /** Elements of a row: the last dimension. */
    public int width() {
        return dim(-1);
    }

    /** The product of all dimensions but the last. */
    public int rows() {
        return Math.toIntExact(elements() / width());
    }

    public long elements() {
        return elements(shape);
    }

    /** Elements between the starts of two consecutive rows. */
    public int rowStride() {
        return rowStride;
    }

    public boolean isDense() {
        return rowStride == width();
    }

    /** This feature map, with what the layer that writes it knows of its moments; views of it are without. */
    public Tensor withMoments(Tensor known) {
        return new Tensor(storage, type, shape, rowStride, offset, known);
    }

    /** In the device's own form, for the group norm that follows; null where they were not gathered. */
    public Tensor moments() {
        return moments;
    }

    /** Address of the first element in the device's memory. */
    public long address() {
        return storage.address() + offset;
    }

    /** The same rows, numbered otherwise; a change of the width needs a dense tensor. */
    public Tensor reshape(int... newShape) {
        int width = newShape[newShape.length - 1];
        if (elements(newShape) != elements() || (width != width() && !isDense())) {
            throw new IllegalArgumentException("cannot view " + this + " as " + Arrays.toString(newShape));
        }
        return new Tensor(storage, type, newShape.clone(), width == width() ? rowStride : width, offset, null);
    }

    /** Columns {@code from} to {@code from + count} of every row. */
    public Tensor columns(int from, int count) {
        if (from < 0 || count < 1 || from + count > width()) {
            throw new IllegalArgumentException("columns " + from + " + " + count + " of " + this);
        }
        int[] newShape = shape.clone();
        newShape[newShape.length - 1] = count;
        return new Tensor(storage, type, newShape, rowStride, offset + (long) from * type.bytes(), null);
    }

    /** Whether this and {@code other} are columns of the same rows, so that a copy of these is one of both. */
    public boolean sharesRowsWith(Tensor other) {
        long spanned = Math.abs(offset - other.offset) + (long) Math.max(width(), other.width()) * type.bytes();
        return storage == other.storage && rowStride == other.rowStride && type == other.type
                && rows() == other.rows() && spanned <= (long) rowStride * type.bytes();
    }

    /** Elements {@code from} to {@code from + count} of a dense tensor, as a vector of a type of the same size. */
    public Tensor vector(int from, int count, DType as) {
        if (!isDense() || as.bytes() != type.bytes() || from < 0 || count < 1 || from + count > elements()) {
            throw new IllegalArgumentException("elements " + from + " + " + count + " of " + this + " as " + as);
        }
        return new Tensor(storage, as, new int[] {count}, count, offset + (long) from * type.bytes(), null);
    }

    /** Entries {@code from} to {@code from + count} of the first dimension. */
    public Tensor slice(int from, int count) {
        if (rank() < 2 || from < 0 || count < 1 || from + count > shape[0]) {
            throw new IllegalArgumentException("entries " + from + " + " + count + " of " + this);
        }
        int[] newShape = shape.clone();
        newShape[0] = count;
        long skipped = (long) from * (rows() / shape[0]) * rowStride * type.bytes();
        return new Tensor(storage, type, newShape, rowStride, offset + skipped, null);
    }

    @Override
    public String toString() {
        return type + Arrays.toString(shape) + (isDense() ? "" : " of rows " + rowStride + " apart");
    }
}
