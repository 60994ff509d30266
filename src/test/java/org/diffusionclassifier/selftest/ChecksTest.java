package org.diffusionclassifier.selftest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cpu.CpuDevice;
import org.diffusionclassifier.selftest.Check.Outcome;
import org.diffusionclassifier.tensor.DType;
import org.junit.jupiter.api.Test;

/** What a check is, and that one can fail. */
class ChecksTest {

    @Test
    void aMissBeyondWhatIsAllowedFails() {
        assertTrue(new Check("g", "n", 0.5, () -> 0.5).run().passed());
        assertFalse(new Check("g", "n", 0.5, () -> 0.6).run().passed());
        assertFalse(new Check("g", "n", 0.5, () -> Double.NaN).run().passed());
        Outcome failed = new Check("g", "n", 0.5, () -> {
            throw new IllegalStateException("lost\nthe card");
        }).run();
        assertNull(failed.miss());
        assertEquals("lost the card", failed.failure());
    }

    @Test
    void oneElementOfMillionsShows() {
        float[] reference = new float[1 << 20];
        for (int i = 0; i < reference.length; i++) {
            reference[i] = (float) Math.sin(i);
        }
        float[] found = reference.clone();
        assertEquals(0, TwoDevices.miss(found, reference));
        found[4711] = reference[4712];
        assertTrue(TwoDevices.miss(found, reference) > 0.1);
        found[4711] = Float.NaN;
        assertTrue(Double.isNaN(TwoDevices.miss(found, reference)));
    }

    /** A device that computes SiLU where GELU is asked for is found out, and what leans on its memory's content, too. */
    @Test
    void anotherFunctionShows() {
        try (var tested = new CpuDevice(DType.F32); var devices = new TwoDevices(tested)) {
            Function<Side, Tensor> wrong = side -> side.device().activation(
                    side.device() == tested ? Activation.SILU : Activation.GELU, side.normal(3, 17));
            assertTrue(devices.miss(wrong) > 0.01);
            assertTrue(devices.miss(side -> side.device().activation(Activation.SILU, side.normal(3, 17))) < 1e-6);
        }
    }

    @Test
    void aTableFitsATerminalAndMarksWhatFailed() {
        var result = new SelfTestResult("0123456789", "cuda:0", "a card of a long name ".repeat(8), CardState.parse(
                "550.54.15, 1980 MHz, 1980 MHz, 2619 MHz, 700.00 W, 41").orElseThrow(), false, List.of(
                        new Outcome("products, by kernel", "gemm_256x160 ".repeat(9), 4e-3, 1e-3, null, 0.1),
                        new Outcome("products, by kernel", "gemm_64x64", 4e-3, 0.7, "outside its tolerance", 0.1),
                        new Outcome("bundled model", "two threads", 0, null, "out of memory ".repeat(9), 0.1)),
                List.of(new Speed.OfKernel("conv3x3_moments_256x160", 22, 1e-3, 8e-4, 6e-4, 1e-3, 9e-4),
                        new Speed.OfKernel("silu", 1, 1e-6, 1e-6, 5e-7, null, null)),
                List.of(new Speed.Evaluations("Stable Diffusion 2's UNet", 8, 123.4)), List.of("a note ".repeat(30)));
        String text = result.render(false);
        text.lines().forEach(line -> assertTrue(line.length() <= 80, line));
        assertFalse(result.passed());
        assertTrue(text.contains("✗ gemm_64x64: 7.0e-01 of 4.0e-03"),
                text);
        assertTrue(text.contains("2 of 3 checks FAILED"), text);
        assertTrue(text.contains("60%") && text.contains("0.90"), text);
        assertTrue(result.render(true).contains("✓ gemm_256x160"), result.render(true));
    }

    @Test
    void whatIsNoStateIsNone() {
        assertEquals(Optional.empty(), CardState.parse("No devices were found"));
    }
}
