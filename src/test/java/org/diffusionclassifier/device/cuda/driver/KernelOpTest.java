package org.diffusionclassifier.device.cuda.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cuda.CudaDevice;
import org.diffusionclassifier.tensor.DType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** A launch that does not fit its kernel is an exception that names kernel and parameter; no card sees it. */
@Tag("cuda")
class KernelOpTest {

    private final CudaDevice device = CudaDevice.openEmulated();
    private final Gpu gpu = device.gpu();
    private final Tensor x = device.tensor(DType.F16, 4, 8);
    private final Tensor y = device.tensor(DType.F16, 4, 8);
    private final Tensor floats = device.tensor(DType.F32, 4, 8);

    @AfterEach
    void close() {
        device.close();
    }

    private KernelOp silu() {
        KernelFacts kernel = gpu.kernel("silu");
        return new KernelOp(gpu, kernel, kernel.grid(1, 1), 0);
    }

    private static void assertRefused(String message, Executable launch) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, launch).getMessage());
    }

    @Test
    void takesArgumentsInTheOrderOfTheSignature() {
        KernelOp op = silu().in(x).out(y).with(32);
        op.bind();
        op.run();
        device.synchronize();
    }

    @Test
    void refusesATensorOfAnotherType() {
        assertRefused("kernel silu, parameter x: expected const half*, found a tensor to read, " + floats,
                () -> silu().in(floats));
        assertRefused("kernel silu, parameter y: expected half*, found a tensor to write, " + floats,
                () -> silu().in(x).out(floats));
    }

    @Test
    void refusesToReadWhatIsWrittenAndToWriteWhatIsRead() {
        assertRefused("kernel silu, parameter x: expected const half*, found a tensor to write, " + x, () -> silu().out(x));
        assertRefused("kernel silu, parameter y: expected half*, found a tensor to read, " + y, () -> silu().in(x).in(y));
    }

    @Test
    void refusesScalarsOfAnotherTypeAndTensorsInTheirPlace() {
        assertRefused("kernel silu, parameter n: expected int, found Float 32.0", () -> silu().in(x).out(y).with(32f));
        assertRefused("kernel silu, parameter n: expected int, found Long 32", () -> silu().in(x).out(y).with(32L));
        assertRefused("kernel silu, parameter n: expected int, found a tensor to read, " + x,
                () -> silu().in(x).out(y).in(x));
        assertRefused("kernel silu, parameter x: expected const half*, found Integer 32", () -> silu().with(32));
    }

    @Test
    void refusesTooManyAndTooFewArguments() {
        assertRefused("kernel silu, parameters: expected 3, found one more, Integer 1",
                () -> silu().in(x).out(y).with(32, 1));
        assertRefused("kernel silu, parameter n: expected int, found no argument", () -> silu().in(x).out(y).bind());
    }

    @Test
    void refusesBlocksThatTheKernelDoesNotHave() {
        KernelFacts silu = gpu.kernel("silu");
        assertRefused("kernel silu, threads of a block: expected 256, found 128",
                () -> new KernelOp(gpu, silu, new Geometry(1, 1, 1, 128, 0), 0));
        assertRefused("kernel silu, bytes of dynamic shared memory: expected 0, found 16",
                () -> new KernelOp(gpu, silu, new Geometry(1, 1, 1, 256, 16), 0));
        KernelFacts norm = gpu.kernel("groupnorm");
        assertRefused("kernel groupnorm, threads of a block: expected whole warps up to 640, found 48",
                () -> new KernelOp(gpu, norm, new Geometry(1, 1, 1, 48, 1024), 0));
        assertRefused("kernel groupnorm, threads of a block: expected whole warps up to 640, found 672",
                () -> new KernelOp(gpu, norm, new Geometry(1, 1, 1, 672, 1024), 0));
        int most = gpu.properties().sharedBytesOfBlock();
        assertRefused("kernel groupnorm, bytes of dynamic shared memory: expected 0 to " + most + ", found " + (most + 1),
                () -> new KernelOp(gpu, norm, new Geometry(1, 1, 1, 64, most + 1), 0));
    }

    @Test
    void namesAKernelThatTheCardLacks() {
        String message = assertThrows(DeviceException.class, () -> gpu.kernel("gemm_1x1")).getMessage();
        assertTrue(message.startsWith("simt: no kernel gemm_1x1 for "), message);
    }
}
