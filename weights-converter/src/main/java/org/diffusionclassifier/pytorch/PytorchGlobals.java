package org.diffusionclassifier.pytorch;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.pytorch.PytorchTensor.Storage;
import org.diffusionclassifier.pytorch.Unpickler.Constructor;
import org.diffusionclassifier.pytorch.Unpickler.Dict;
import org.diffusionclassifier.pytorch.Unpickler.Items;
import org.diffusionclassifier.tensor.DType;

/**
 * The globals that a PyTorch checkpoint may name: tensors, their storages, plain containers, and a few objects that
 * published checkpoints contain beside their weights, which stay opaque. Storages are collected as the pickle refers to
 * them.
 */
final class PytorchGlobals implements Unpickler.Globals {

    private static final Map<String, DType> STORAGES = Map.of(
            "torch.DoubleStorage", DType.F64, "torch.FloatStorage", DType.F32, "torch.HalfStorage", DType.F16,
            "torch.BFloat16Storage", DType.BF16, "torch.LongStorage", DType.I64, "torch.IntStorage", DType.I32,
            "torch.ShortStorage", DType.I16, "torch.CharStorage", DType.I8, "torch.ByteStorage", DType.U8,
            "torch.BoolStorage", DType.BOOL);

    /** Three more than a 3D convolution has. */
    private static final int MAX_RANK = 8;

    private static final Map<String, Object> KNOWN = new HashMap<>(STORAGES);

    static {
        KNOWN.put("torch._utils._rebuild_tensor_v2", (Constructor) PytorchGlobals::tensor);
        KNOWN.put("torch._utils._rebuild_parameter", (Constructor) PytorchGlobals::parameter);
        KNOWN.put("torch.Size", (Constructor) PytorchGlobals::size);
        KNOWN.put("collections.OrderedDict", (Constructor) PytorchGlobals::orderedDict);
        for (String opaque : List.of("torch.device", "__builtin__.set", "builtins.set", "_codecs.encode",
                "numpy.dtype", "numpy.core.multiarray.scalar")) {
            KNOWN.put(opaque, (Constructor) arguments -> Unpickler.OPAQUE);
        }
        for (String dtype : List.of("float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8",
                "uint8", "bool")) {
            KNOWN.put("torch." + dtype, Unpickler.OPAQUE);
        }
        // Stable Diffusion 1's checkpoints have this class for a key among their callbacks.
        KNOWN.put("pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint", Unpickler.OPAQUE);
    }

    private final Map<String, Storage> storages = new LinkedHashMap<>();

    /** The storages that the pickle referred to, by key. */
    Map<String, Storage> storages() {
        return storages;
    }

    @Override
    public Object find(String name) {
        return KNOWN.get(name);
    }

    /**
     * A storage, which pickles refer to by {@code ("storage", type, key, device, elements)}. Legacy ones add a view of
     * another storage, which has been None ever since tensors carry their own offsets (PyTorch 0.4).
     */
    @Override
    public Storage persistent(Object id) {
        if (id instanceof Items tuple && (tuple.items.size() == 5 || tuple.items.size() == 6
                        && tuple.items.get(5) == null)
                && "storage".equals(tuple.items.get(0)) && tuple.items.get(1) instanceof DType dtype
                && tuple.items.get(2) instanceof String key
                && tuple.items.get(4) instanceof Long elements) {
            var storage = new Storage(key, dtype, elements);
            storages.putIfAbsent(key, storage);
            return storage;
        }
        throw new IllegalArgumentException("a reference to a storage");
    }

    /** {@code (storage, offset, shape, strides, requires_grad, backward_hooks[, metadata])} */
    private static PytorchTensor tensor(List<Object> arguments) {
        if (arguments.size() >= 6 && arguments.get(0) instanceof Storage storage
                && arguments.get(1) instanceof Long offset && offset >= 0
                && arguments.get(2) instanceof Items shape && arguments.get(3) instanceof Items strides
                && shape.items.size() <= MAX_RANK && strides.items.size() == shape.items.size()) {
            return new PytorchTensor(storage, offset,
                    numbers(shape, Integer.MAX_VALUE).stream().map(Long::intValue).toList(),
                    numbers(strides, Long.MAX_VALUE));
        }
        throw new IllegalArgumentException("a storage, an offset, a shape of up to " + MAX_RANK
                + " dimensions and as many strides");
    }

    private static List<Long> numbers(Items tuple, long max) {
        var numbers = new ArrayList<Long>(tuple.items.size());
        for (Object item : tuple.items) {
            if (!(item instanceof Long number && number >= 0 && number <= max)) {
                throw new IllegalArgumentException("dimensions from 0 to 2^31 - 1 and strides from 0 to 2^63 - 1");
            }
            numbers.add(number);
        }
        return numbers;
    }

    /** {@code (tensor, requires_grad, backward_hooks)} */
    private static PytorchTensor parameter(List<Object> arguments) {
        if (!arguments.isEmpty() && arguments.get(0) instanceof PytorchTensor tensor) {
            return tensor;
        }
        throw new IllegalArgumentException("a tensor");
    }

    /** {@code (tuple)} */
    private static Items size(List<Object> arguments) {
        if (arguments.size() == 1 && arguments.get(0) instanceof Items tuple) {
            return tuple;
        }
        throw new IllegalArgumentException("a tuple of dimensions");
    }

    /** {@code ()}: its items are added afterwards. */
    private static Dict orderedDict(List<Object> arguments) {
        if (arguments.isEmpty()) {
            return new Dict();
        }
        throw new IllegalArgumentException("an OrderedDict that is made empty");
    }
}
