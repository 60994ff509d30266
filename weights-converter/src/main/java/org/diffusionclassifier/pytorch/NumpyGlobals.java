package org.diffusionclassifier.pytorch;

import java.util.List;
import org.diffusionclassifier.pytorch.PickleGlobals.Constructor;
import org.diffusionclassifier.pytorch.PickleValue.Inert;

/**
 * What a pickle of NumPy's arrays names (numpy/core/src/multiarray/methods.c, array_reduce): an array is made empty by
 * {@code _reconstruct(ndarray, (0,), b"b")} and then given its state. Every other global is refused.
 */
final class NumpyGlobals implements PickleGlobals {

    @Override
    public Object find(String name) {
        return switch (name) {
            case "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct" ->
                    (Constructor) arguments -> new Uint8Matrix();
            case "numpy.ndarray" -> new Inert(name);
            case "numpy.dtype" -> (Constructor) NumpyGlobals::dtype;
            default -> throw new IllegalArgumentException("only plain data and NumPy's arrays");
        };
    }

    /** An element type, whose own state says nothing of bytes. */
    private static Inert dtype(List<Object> arguments) {
        return new Inert("dtype " + (arguments.isEmpty() ? "" : PickleValue.describe(arguments.get(0))));
    }

    @Override
    public Object persistent(Object id) {
        throw new IllegalArgumentException("only plain data and NumPy's arrays");
    }
}
