package org.diffusionclassifier.device.cuda.vendor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import jcuda.driver.CUstream;
import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Conv2d.Padding;
import org.diffusionclassifier.device.Conv2d.Spec;
import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.device.Graph;
import org.diffusionclassifier.device.Layer;
import org.diffusionclassifier.device.Linear;
import org.diffusionclassifier.device.Op;
import org.diffusionclassifier.device.RecordingDevice;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cuda.Kernels;
import org.diffusionclassifier.testing.Devices;
import org.diffusionclassifier.testing.MapWeights;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the vendor variants record: which steps beside the libraries' own, and what memory. */
@Tag("cuda")
@Tag("vendor")
class VendorLayersTest {

    private static final long CUBLAS_WORKSPACE = 4 << 20;

    @Test
    void aProductAloneNeedsNoKernelOfOurs() {
        assertSteps("cublasGemmEx", linear(Linear.Spec.of(24, 16).withoutBias(), false));
        assertSteps("cublasGemmEx finish_none", linear(Linear.Spec.of(24, 16).withoutBias(), true));
        assertSteps("cublasGemmEx finish_none", linear(Linear.Spec.of(24, 16), false));
        assertSteps("cublasGemmEx finish_geglu", linear(Linear.Spec.of(24, 16).then(Activation.GEGLU), false));
    }

    @Test
    void cudnnDoesBiasAndResidual() {
        assertSteps("cuDNN", conv2d(Spec.of(16, 8, 3), 0));
        assertSteps("cuDNN", conv2d(Spec.of(16, 8, 3).halving(Padding.SYMMETRIC), 4));
        assertSteps("cuDNN", conv2d(Spec.of(16, 8, 1), 4));
    }

    @Test
    void operandsAreMadeWhereCudnnCannot() {
        assertSteps("arrange cuDNN", conv2d(Spec.of(3, 8, 3), 0));
        assertSteps("arrange cuDNN", conv2d(Spec.of(16, 8, 3).halving(Padding.BOTTOM_RIGHT), 0));
        assertSteps("spread arrange cuDNN", conv2d(Spec.of(16, 8, 3).doubling(), 2));
        assertSteps("spread_float arrange_float cuDNN", conv2d(Spec.of(16, 8, 3).toFloat(), 4));
    }

    /** Of the arena, so that it is counted and nothing else lies there meanwhile. */
    @Test
    void theWorkspaceIsPartOfTheArena() {
        try (Device device = Devices.openCuda(Kernels.VENDOR);
                Linear linear = device.linear(Linear.Spec.of(24, 16), weights(16, 24))) {
            Tensor x = device.tensor(device.dtype(), 5, 24);
            try (Graph graph = device.record(recorder -> recorder.keep(linear.forward(x)))) {
                Op product = graph.ops().get(0);
                assertTrue(product.writes().stream().anyMatch(t -> t.storage().bytes() >= CUBLAS_WORKSPACE));
                assertTrue(graph.arenaBytes() >= CUBLAS_WORKSPACE, graph.arenaBytes() + " bytes");
                assertEquals(2 * 5 * 24 * 16, graph.flops());
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"libcublas.so.12,cuBLAS 12", "libcudnn.so.9,cuDNN 9"})
    void aMissingLibraryIsOneLineThatSaysWhatToDo(String missing, String library) {
        var failure = assertThrows(DeviceException.class, () -> new VendorLayers(new DeviceWithout(missing)));
        String message = failure.getMessage();
        assertTrue(message.startsWith("cuda: " + library + " (" + missing + ") cannot be loaded: install it"), message);
        assertTrue(message.endsWith("or use kernels native"), message);
        assertEquals(1, message.lines().count());
    }

    private static void assertSteps(String expected, List<String> names) {
        assertEquals(expected, String.join(" ", names.stream().map(name -> name.split(" ")[0]).toList()));
    }

    private static List<String> linear(Linear.Spec spec, boolean residual) {
        int rows = spec.activation() == Activation.GEGLU ? 2 * spec.out() : spec.out();
        return record(device -> device.linear(spec, weights(rows, spec.in())),
                (device, layer) -> layer.forward(device.tensor(device.dtype(), 5, spec.in()),
                        residual ? device.tensor(device.dtype(), 5, spec.out()) : null));
    }

    /** @param addendRank 4 for a residual, 2 for one row an image, 0 for none */
    private static List<String> conv2d(Conv2d.Spec spec, int addendRank) {
        int size = spec.outputSize(6);
        return record(device -> device.conv2d(spec, weights(spec.out(), spec.in(), spec.kernel(), spec.kernel())),
                (device, layer) -> layer.forward(device.tensor(device.dtype(), 2, 6, 6, spec.in()),
                        addendRank == 0 ? null : addendRank == 2 ? device.tensor(device.dtype(), 2, spec.out())
                                : device.tensor(device.dtype(), 2, size, size, spec.out())));
    }

    private interface Forward<L> {
        Tensor of(Device device, L layer);
    }

    private static <L extends Layer> List<String> record(Function<Device, L> make, Forward<L> forward) {
        var names = new ArrayList<String>();
        try (Device device = Devices.openCuda(Kernels.VENDOR); L layer = make.apply(device);
                Graph graph = device.record(recorder -> recorder.keep(forward.of(device, layer)))) {
            graph.ops().forEach(op -> names.add(op.name()));
        }
        return names;
    }

    private static MapWeights weights(int out, int... rest) {
        int[] shape = new int[rest.length + 1];
        shape[0] = out;
        int elements = out;
        for (int i = 0; i < rest.length; i++) {
            shape[i + 1] = rest[i];
            elements *= rest[i];
        }
        return new MapWeights().with("weight", new float[elements], shape).with("bias", new float[out], out);
    }

    /** Where one library is missing; the other is never asked for its entry points. */
    private record DeviceWithout(String missing) implements VendorDevice {

        @Override
        public void enter() {
        }

        @Override
        public String name() {
            return "cuda";
        }

        @Override
        public int computeCapability() {
            return 80;
        }

        @Override
        public CUstream stream() {
            return new CUstream();
        }

        @Override
        public RecordingDevice recording() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void bind(String library, Runnable firstUse) {
            if (library.equals(missing)) {
                throw new UnsatisfiedLinkError(library + ": cannot open shared object file: No such file or directory");
            }
        }

        @Override
        public void launch(String kernel, long threads, Tensor output, Object... arguments) {
            throw new UnsupportedOperationException();
        }
    }
}
