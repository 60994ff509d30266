package org.diffusionclassifier.device.cuda.driver;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.DType;

/**
 * What a launch must know of a kernel, as its source says it: {@code KERNEL_FACTS} of {@code kernels/include/launch.cuh},
 * the kernel's signature and its launch bounds.
 *
 * @param kernel         its name
 * @param file           the source file's name without its ending
 * @param family         by which launches are classified
 * @param bound          what bounds it on large operands
 * @param requires       {@code sm_80} for compute capability 8.0 and later, {@code sm_90a} for 9.0 alone
 * @param threads        of a block; the most of them where {@code block} is varying
 * @param block          whether every launch has so many threads
 * @param residentBlocks blocks that a multiprocessor holds at least, as far as registers go
 * @param sharedBytes    dynamic shared memory of a block; {@link #BY_LAUNCH} where it depends on the launch
 * @param tile           what a block computes, as the family counts it
 * @param parameters     in the order of the signature
 * @param compiled       what the compiler made of it, by architecture; empty if the jar was built without nvcc
 */
public record KernelFacts(String kernel, String file, String family, Bound bound, String requires, int threads,
                          Block block, int residentBlocks, @JsonProperty("shared") int sharedBytes, List<Integer> tile,
                          List<Parameter> parameters, List<CompiledKernel> compiled) {

    /** Shared memory that only the launch knows. */
    public static final int BY_LAUNCH = -1;

    private static final int WARP = 32;

    /** What bounds a kernel. */
    public enum Bound {
        @JsonProperty("bytes") BYTES,
        @JsonProperty("flop") FLOP
    }

    /** How many threads a block has. */
    public enum Block {
        /** So many. */
        @JsonProperty("fixed") FIXED,
        /** Any number of whole warps up to these. */
        @JsonProperty("varying") VARYING
    }

    /**
     * A parameter of the signature.
     *
     * @param type as C++ writes it: {@code const half*}, {@code int}
     */
    public record Parameter(String name, String type) {

        private static final Map<String, Class<? extends Number>> SCALARS =
                Map.of("int", Integer.class, "float", Float.class, "double", Double.class);

        /** @throws IllegalArgumentException for a type that no launch can pass */
        public Parameter {
            if (!SCALARS.containsKey(type)) {
                pointee(type);
            }
        }

        /** What tensors it takes; a half is what the modules were compiled for, F16 or BF16, which is the device's type. */
        private static Set<DType> pointee(String type) {
            return switch (type.replace("const ", "")) {
                case "half*" -> Set.of(DType.F16, DType.BF16);
                case "float*", "Moments*" -> Set.of(DType.F32);
                case "int*", "uint32_t*" -> Set.of(DType.I32);
                default -> throw new IllegalArgumentException("a kernel's parameter of type " + type);
            };
        }

        /** Whether the type takes a tensor that is only read, or null for none. */
        private boolean takes(Tensor tensor, boolean written) {
            return type.endsWith("*") && written != type.startsWith("const ")
                    && (tensor == null || pointee(type).contains(tensor.type()));
        }

        private boolean takes(Number scalar) {
            return scalar.getClass() == SCALARS.get(type);
        }
    }

    public KernelFacts {
        tile = List.copyOf(tile);
        parameters = List.copyOf(parameters);
        compiled = List.copyOf(compiled);
    }

    /** Whether cards of a compute capability have it. */
    public boolean runsOn(int computeCapability) {
        boolean specific = requires.endsWith("a");
        int least = Integer.parseInt(requires.substring("sm_".length(), requires.length() - (specific ? 1 : 0)));
        return specific ? computeCapability == least : computeCapability >= least;
    }

    /** A dimension of the tile. */
    public int tile(int dimension) {
        return tile.get(dimension);
    }

    /** Blocks that cover so many of what the tile's first dimension counts. */
    public int blocks(long size) {
        return blocks(0, size);
    }

    /** Blocks that cover so many of what a dimension of the tile counts. */
    public int blocks(int dimension, long size) {
        return Math.toIntExact(Geometry.ceilDiv(size, tile.get(dimension)));
    }

    /** A launch of its threads and shared memory, which are those of every launch. */
    public Geometry grid(int x, int y, int z) {
        return new Geometry(x, y, z, threads, sharedBytes);
    }

    /** As {@link #grid(int, int, int)}, without a third dimension. */
    public Geometry grid(int x, int y) {
        return grid(x, y, 1);
    }

    /** @throws IllegalArgumentException unless the kernel can be launched so */
    void require(Geometry geometry, GpuProperties card) {
        int found = geometry.block();
        boolean fits = block == Block.FIXED ? found == threads : found > 0 && found <= threads && found % WARP == 0;
        if (!fits) {
            throw refusal("threads of a block", (block == Block.FIXED ? "" : "whole warps up to ") + threads, found);
        }
        if (sharedBytes != BY_LAUNCH && geometry.sharedBytes() != sharedBytes) {
            throw refusal("bytes of dynamic shared memory", sharedBytes, geometry.sharedBytes());
        }
        if (geometry.sharedBytes() < 0 || geometry.sharedBytes() > card.sharedBytesOfBlock()) {
            throw refusal("bytes of dynamic shared memory", "0 to " + card.sharedBytesOfBlock(), geometry.sharedBytes());
        }
    }

    /**
     * Checks an argument that is a tensor.
     *
     * @param tensor  null for none
     * @param written whether the kernel writes it
     * @throws IllegalArgumentException unless the parameter takes it
     */
    void require(int index, Tensor tensor, boolean written) {
        Parameter parameter = parameter(index, tensor);
        if (!parameter.takes(tensor, written)) {
            throw refusal("parameter " + parameter.name(), parameter.type(),
                    (written ? "a tensor to write, " : "a tensor to read, ") + described(tensor));
        }
    }

    /** @throws IllegalArgumentException unless the parameter takes the scalar */
    void require(int index, Number scalar) {
        Parameter parameter = parameter(index, scalar);
        if (!parameter.takes(scalar)) {
            throw refusal("parameter " + parameter.name(), parameter.type(), described(scalar));
        }
    }

    private Parameter parameter(int index, Object argument) {
        if (index >= parameters.size()) {
            throw refusal("parameters", parameters.size(), "one more, " + described(argument));
        }
        return parameters.get(index);
    }

    /** @throws IllegalArgumentException unless that is the number of parameters */
    void requireArguments(int count) {
        if (count < parameters.size()) {
            throw refusal("parameter " + parameters.get(count).name(), parameters.get(count).type(), "no argument");
        }
    }

    private static String described(Object argument) {
        return argument instanceof Number ? argument.getClass().getSimpleName() + " " + argument : String.valueOf(argument);
    }

    private IllegalArgumentException refusal(String what, Object expected, Object found) {
        return new IllegalArgumentException("kernel " + kernel + ", " + what + ": expected " + expected + ", found "
                + found);
    }
}
