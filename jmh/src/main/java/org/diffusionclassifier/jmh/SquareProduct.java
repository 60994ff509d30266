package org.diffusionclassifier.jmh;

import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Graph;
import org.diffusionclassifier.device.Linear;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.SyntheticWeights;

/** A matrix product of 2048³ in a device's type: the rate that its processor can be asked for. */
final class SquareProduct implements AutoCloseable {

    private static final int SIDE = 2048;
    private static final int RUNS = 8;

    private final Device device;
    private final Tensor x;
    private final Linear layer;
    private final Graph graph;
    private long shortest = Long.MAX_VALUE;

    SquareProduct(Device device) {
        this.device = device;
        x = device.tensor(device.dtype(), SIDE, SIDE);
        layer = device.linear(Linear.Spec.of(SIDE, SIDE).withoutBias(), new SyntheticWeights());
        graph = device.record(recorder -> recorder.keep(layer.forward(x)));
    }

    /** Runs it several times; the first only warms up. */
    void measure() {
        graph.run();
        device.synchronize();
        for (int i = 0; i < RUNS; i++) {
            long start = System.nanoTime();
            graph.run();
            device.synchronize();
            shortest = Math.min(shortest, System.nanoTime() - start);
        }
    }

    /** By the shortest run so far: whatever disturbed the others must not make the rest look good beside it. */
    double flopsASecond() {
        return graph.flops() / (shortest * 1e-9);
    }

    @Override
    public void close() {
        graph.close();
        layer.close();
        device.release(x);
    }
}
