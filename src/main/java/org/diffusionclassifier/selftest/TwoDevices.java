package org.diffusionclassifier.selftest;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Op;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cpu.CpuDevice;
import org.diffusionclassifier.device.cuda.driver.KernelOp;
import org.diffusionclassifier.tensor.DType;

/**
 * The device under test beside the CPU in float32. A result's miss is that of its worst element, |y − r| / (|r| + ρ) with
 * ρ the root mean square of r: a few units of the narrower type's rounding where all is well, and about 1 if a single
 * element is another's.
 */
final class TwoDevices implements AutoCloseable {

    private final Device tested;
    private final Device reference = new CpuDevice(DType.F32);
    private final Set<String> launched = new TreeSet<>();

    /** @param tested stays the caller's */
    TwoDevices(Device tested) {
        this.tested = tested;
    }

    Device tested() {
        return tested;
    }

    /** How much a forward pass differs. */
    double miss(Function<Side, Tensor> pass) {
        try (var mine = new Side(tested, tested.dtype()); var other = new Side(reference, tested.dtype())) {
            return miss(mine.run(pass, this::note), other.run(pass, ops -> null));
        }
    }

    private Void note(List<Op> ops) {
        ops.stream().filter(KernelOp.class::isInstance).map(KernelOp.class::cast)
                .forEach(launch -> launched.add(launch.kernel().kernel()));
        return null;
    }

    static double miss(float[] found, float[] reference) {
        if (found.length != reference.length) {
            throw new IllegalStateException(found.length + " elements for " + reference.length);
        }
        double squares = 0;
        for (float value : reference) {
            squares += (double) value * value;
        }
        double rms = Math.sqrt(squares / reference.length);
        double worst = 0;
        for (int i = 0; i < found.length; i++) {
            double miss = found[i] == reference[i] ? 0
                    : Math.abs(found[i] - (double) reference[i]) / (Math.abs(reference[i]) + rms);
            if (!(miss <= worst)) {
                worst = miss;
            }
            if (Double.isNaN(worst)) {
                break;
            }
        }
        return worst;
    }

    /** The kernels that passes have launched so far. */
    Set<String> launched() {
        return launched;
    }

    @Override
    public void close() {
        reference.close();
    }
}
