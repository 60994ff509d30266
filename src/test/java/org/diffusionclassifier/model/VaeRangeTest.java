package org.diffusionclassifier.model;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import org.diffusionclassifier.checkpoint.SafetensorsWeights;
import org.diffusionclassifier.config.VaeConfig;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Graph;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cpu.CpuDevice;
import org.diffusionclassifier.safetensors.SafetensorsFile;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;
import org.diffusionclassifier.testing.Devices;
import org.diffusionclassifier.testing.Fixtures;
import org.diffusionclassifier.testing.Golden;
import org.diffusionclassifier.testing.MapWeights;
import org.diffusionclassifier.testing.Vectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** An autoencoder whose residual sums are beyond the largest float16, 65504, as SDXL's may be. */
@Tag("device")
class VaeRangeTest {

    private static final Path VAE = Golden.of("vae-tiny");

    /** What the first convolution's outputs, of about 1, are multiplied by. */
    private static final float LARGE = 1 << 17;

    @Test
    void sumsBeyondTheRangeOfHalvesAreEncoded() {
        float[] expected;
        try (Device device = new CpuDevice(DType.F32)) {
            expected = encode(device);
        }
        for (DType dtype : Devices.types()) {
            try (Device device = Devices.open(dtype)) {
                float[] actual = encode(device);
                for (float value : actual) {
                    assertTrue(Float.isFinite(value), dtype + " gives " + value);
                }
                Vectors.assertClose(dtype.toString(), expected, actual, dtype == DType.BF16 ? 2e-2 : 5e-3);
            }
        }
    }

    private static float[] encode(Device device) {
        try (Weights weights = SafetensorsWeights.open(VAE, "diffusion_pytorch_model");
                var io = SafetensorsFile.open(VAE.resolve("io.safetensors"));
                var vae = new VaeEncoder(VaeConfig.read(VAE.resolve("config.json")), large(weights), device)) {
            int[] shape = Vectors.shape(io, "image");
            Tensor image = device.tensor(device.dtype(), shape[0], shape[2], shape[3], shape[1]);
            device.write(image, Fixtures.channelsLast(io, "image"));
            var moments = new AtomicReference<Tensor>();
            try (Graph graph = device.record(recorder -> {
                moments.set(vae.forward(image));
                recorder.keep(moments.get());
            })) {
                graph.run();
                return device.read(moments.get());
            }
        }
    }

    private static Weights large(Weights weights) {
        var large = new MapWeights();
        for (String name : weights.names()) {
            int[] shape = weights.shape(name).stream().mapToInt(Integer::intValue).toArray();
            float[] values = weights.floats(name, shape);
            for (int i = 0; i < values.length && name.startsWith("encoder.conv_in."); i++) {
                values[i] *= LARGE;
            }
            large.with(name, values, shape);
        }
        return large;
    }
}
