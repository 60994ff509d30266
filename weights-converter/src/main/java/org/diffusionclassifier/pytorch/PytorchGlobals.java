package org.diffusionclassifier.pytorch;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.pytorch.PytorchTensor.Storage;
import org.diffusionclassifier.pytorch.PickleGlobals.Constructor;
import org.diffusionclassifier.pytorch.PickleValue.Dict;
import org.diffusionclassifier.pytorch.PickleValue.Inert;
import org.diffusionclassifier.pytorch.PickleValue.Items;
import org.diffusionclassifier.tensor.DType;

/**
 * The globals that mean something in a PyTorch checkpoint: tensors, their types and storages, and containers. Storages
 * are collected as the pickle refers to them. A tensor of which something is not known, such as a quantised one, is an
 * {@link Inert} like any other object.
 *
 * <p>A storage has a type of its own ({@code _rebuild_tensor_v2}), or is untyped and given one by each of its tensors
 * ({@code _rebuild_tensor_v3}, by which PyTorch since 2.1 writes the types that it has had since then, 8-bit floats
 * among them).
 */
final class PytorchGlobals implements PickleGlobals {

    private static final Map<String, DType> STORAGES = Map.ofEntries(
            Map.entry("torch.DoubleStorage", DType.F64), Map.entry("torch.FloatStorage", DType.F32),
            Map.entry("torch.HalfStorage", DType.F16), Map.entry("torch.BFloat16Storage", DType.BF16),
            Map.entry("torch.LongStorage", DType.I64), Map.entry("torch.IntStorage", DType.I32),
            Map.entry("torch.ShortStorage", DType.I16), Map.entry("torch.CharStorage", DType.I8),
            Map.entry("torch.ByteStorage", DType.U8), Map.entry("torch.BoolStorage", DType.BOOL),
            Map.entry("torch.ComplexFloatStorage", DType.C64), Map.entry("torch.storage.UntypedStorage", DType.U8),
            Map.entry("torch.UntypedStorage", DType.U8));

    private static final Map<String, DType> TYPES = Map.ofEntries(
            Map.entry("float64", DType.F64), Map.entry("float32", DType.F32), Map.entry("float16", DType.F16),
            Map.entry("bfloat16", DType.BF16), Map.entry("float8_e4m3fn", DType.F8_E4M3),
            Map.entry("float8_e5m2", DType.F8_E5M2), Map.entry("float8_e8m0fnu", DType.F8_E8M0),
            Map.entry("int64", DType.I64), Map.entry("int32", DType.I32), Map.entry("int16", DType.I16),
            Map.entry("int8", DType.I8), Map.entry("uint64", DType.U64), Map.entry("uint32", DType.U32),
            Map.entry("uint16", DType.U16), Map.entry("uint8", DType.U8), Map.entry("bool", DType.BOOL),
            Map.entry("complex64", DType.C64));

    /** Three more than a 3D convolution has. */
    private static final int MAX_RANK = 8;

    private static final Constructor FROM_TYPE = PytorchGlobals::fromType;
    private static final Map<String, Object> KNOWN = new HashMap<>(STORAGES);

    static {
        TYPES.forEach((name, type) -> KNOWN.put("torch." + name, type));
        KNOWN.put("torch._utils._rebuild_tensor_v2", (Constructor) PytorchGlobals::tensor);
        KNOWN.put("torch._utils._rebuild_tensor_v3", (Constructor) PytorchGlobals::tensorOfType);
        KNOWN.put("torch._utils._rebuild_parameter", (Constructor) PytorchGlobals::parameter);
        KNOWN.put("torch._utils._rebuild_parameter_with_state", (Constructor) PytorchGlobals::parameter);
        KNOWN.put("torch._tensor._rebuild_from_type_v2", FROM_TYPE);
        KNOWN.put("torch.Size", (Constructor) PytorchGlobals::size);
        KNOWN.put("collections.OrderedDict", (Constructor) PytorchGlobals::orderedDict);
        KNOWN.put("collections.defaultdict", (Constructor) arguments -> new Dict());
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
    public Object persistent(Object id) {
        if (id instanceof Items tuple && (tuple.items.size() == 5 || tuple.items.size() == 6
                        && tuple.items.get(5) == null)
                && "storage".equals(tuple.items.get(0)) && tuple.items.get(2) instanceof String key
                && tuple.items.get(4) instanceof Long elements) {
            if (tuple.items.get(1) instanceof Inert unknown) {
                return unknown;
            }
            if (tuple.items.get(1) instanceof DType dtype) {
                var storage = new Storage(key, dtype, elements);
                storages.putIfAbsent(key, storage);
                return storage;
            }
        }
        throw new IllegalArgumentException("a reference to a storage");
    }

    /** {@code (storage, offset, shape, strides, requires_grad, backward_hooks[, metadata])} */
    private static Object tensor(List<Object> arguments) {
        if (!arguments.isEmpty() && arguments.get(0) instanceof Inert unknown) {
            return unknown;
        }
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

    /** {@code (untyped storage, offset, shape, strides, requires_grad, backward_hooks, type[, metadata])} */
    private static Object tensorOfType(List<Object> arguments) {
        Object type = arguments.size() < 7 ? null : arguments.get(6);
        if (type instanceof Inert unknown) {
            return unknown;
        }
        if (type instanceof DType dtype && tensor(arguments) instanceof PytorchTensor bytes
                && bytes.storage().bytes() % dtype.bytes() == 0) {
            Storage untyped = bytes.storage();
            var typed = new Storage(untyped.key(), dtype, untyped.bytes() / dtype.bytes());
            return new PytorchTensor(typed, bytes.offset(), bytes.shape(), bytes.strides());
        }
        throw new IllegalArgumentException("an untyped storage of whole elements and their type");
    }

    /**
     * {@code (function, type, arguments, attributes)}: a tensor with attributes, or of a class that is not PyTorch's.
     * The function is never this one: arguments that contain themselves would have no end.
     */
    private static Object fromType(List<Object> arguments) {
        if (arguments.size() == 4 && arguments.get(2) instanceof Items inner) {
            if (arguments.get(0) instanceof Inert unknown) {
                return unknown;
            }
            if (arguments.get(0) instanceof Constructor constructor && constructor != FROM_TYPE) {
                return constructor.construct(inner.items);
            }
        }
        throw new IllegalArgumentException("a function, a type, its arguments and attributes");
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

    /** {@code (tensor, requires_grad, backward_hooks[, attributes])} */
    private static Object parameter(List<Object> arguments) {
        if (!arguments.isEmpty() && (arguments.get(0) instanceof PytorchTensor || arguments.get(0) instanceof Inert)) {
            return arguments.get(0);
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
