package org.diffusionclassifier.pytorch;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.diffusionclassifier.pytorch.PickleValue.Inert;
import org.diffusionclassifier.pytorch.PickleValue.Items;

/**
 * A matrix of numbers from 0 to 255 that NumPy pickled. Its state is (version, (rows, columns), dtype, whether columns
 * lie one after the other, elements).
 */
public final class Uint8Matrix extends PickleGlobals.Stateful {

    private static final Inert UINT8 = new Inert("dtype u1");

    private int rows;
    private int columns;
    private boolean byColumns;
    private String elements = "";

    /** An empty one. */
    Uint8Matrix() {
    }

    @Override
    void set(Object state) {
        if (!(state instanceof Items fields && fields.items.size() == 5
                && fields.items.get(1) instanceof Items shape && UINT8.equals(fields.items.get(2))
                && fields.items.get(3) instanceof Boolean ofFortran && fields.items.get(4) instanceof String bytes
                && isShape(shape.items, bytes.length()))) {
            throw new IllegalArgumentException("a matrix of uint8");
        }
        rows = ((Long) shape.items.get(0)).intValue();
        columns = ((Long) shape.items.get(1)).intValue();
        byColumns = ofFortran;
        elements = bytes;
    }

    private static boolean isShape(List<Object> shape, int elements) {
        return shape.size() == 2 && shape.get(0) instanceof Long rows && shape.get(1) instanceof Long columns
                && 0 <= rows && rows <= elements && 0 < columns && columns <= Integer.MAX_VALUE
                && rows * columns == elements;
    }

    public int rows() {
        return rows;
    }

    public int columns() {
        return columns;
    }

    /** The elements, row by row; a copy. */
    public byte[] elements() {
        byte[] stored = elements.getBytes(StandardCharsets.ISO_8859_1);
        if (!byColumns) {
            return stored;
        }
        var byRows = new byte[stored.length];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                byRows[row * columns + column] = stored[column * rows + row];
            }
        }
        return byRows;
    }

    @Override
    public String toString() {
        return "a matrix of " + rows + "×" + columns;
    }
}
