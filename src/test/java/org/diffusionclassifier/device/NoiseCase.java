package org.diffusionclassifier.device;

import java.util.Arrays;
import org.diffusionclassifier.tensor.DType;

/** Numbers of three trials as a noise process gives them, for tests of {@link Diffusion}. */
enum NoiseCase {
    /** The network predicts ε. */
    EPSILON(new float[] {0.9f, 0.1f, 0.5f}, new float[] {0.43588989f, 0.99498744f, 0.8660254f}, new float[] {1, 1, 1},
            new float[3], new float[] {1, 1, 1}),
    /** The network predicts v = signal · ε − level · x₀. */
    V(EPSILON.signal, EPSILON.level, EPSILON.signal, EPSILON.level, EPSILON.errorScale),
    /** Flow matching, the error measured in ε. */
    FLOW(new float[] {0.75f, 0.5f, 0.125f}, new float[] {0.25f, 0.5f, 0.875f}, new float[] {0.75f, 0.5f, 0.125f},
            new float[] {1, 1, 1}, new float[] {1, 1, 1}),
    /** Flow matching, the error measured in the velocity ε − x₀. */
    VELOCITY(FLOW.signal, FLOW.level, FLOW.outputScale, FLOW.inputScale, new float[] {1 / 0.75f, 2, 8}),
    /** No process in particular: signs, and trials with and without x_t in one batch. */
    ARBITRARY(new float[] {0.7f, 1.3f, -0.2f}, new float[] {0.4f, 0.9f, 2}, new float[] {-0.5f, 2, 0.3f},
            new float[] {0.3f, 0, -1.2f}, new float[] {0.1f, 3, 1});

    final float[] signal;
    final float[] level;
    final float[] outputScale;
    final float[] inputScale;
    final float[] errorScale;

    NoiseCase(float[] signal, float[] level, float[] outputScale, float[] inputScale, float[] errorScale) {
        this.signal = signal;
        this.level = level;
        this.outputScale = outputScale;
        this.inputScale = inputScale;
        this.errorScale = errorScale;
    }

    /** The output that is right for trial m, from what the network predicts where that has a name. */
    double truth(int m, double x0, double epsilon) {
        return switch (this) {
            case EPSILON -> epsilon;
            case V -> signal[m] * epsilon - level[m] * x0;
            case FLOW, VELOCITY -> epsilon - x0;
            case ARBITRARY -> (epsilon - inputScale[m] * (signal[m] * x0 + level[m] * epsilon)) / outputScale[m];
        };
    }

    /**
     * The first trials.
     *
     * @param noiseIndex [at least count]
     */
    Diffusion.Trials trials(DeviceFixture on, long seed, int[] noiseIndex, int count, float[] x0, int h, int w, int c) {
        return new Diffusion.Trials(on.input(DType.F32, x0, h, w, c), on.input(Philox.key(seed), 2),
                on.input(Arrays.copyOf(noiseIndex, count), count), input(on, signal, count), input(on, level, count),
                input(on, outputScale, count), input(on, inputScale, count), input(on, errorScale, count));
    }

    private static Tensor input(DeviceFixture on, float[] values, int count) {
        return on.input(DType.F32, Arrays.copyOf(values, count), count);
    }
}
