package org.diffusionclassifier.checkpoint.adapter;

import java.util.List;

/**
 * DoRA (Liu et al. 2024, arXiv 2402.09353, equation 5): an adapter changes the direction of W, and a vector m gives the
 * magnitudes.
 *
 * <pre>
 *   W′ = m ⊙ (W + ΔW) / ‖W + ΔW‖          norms by output, or by input
 * </pre>
 *
 * By output is what the paper does, and PEFT ({@code lora_magnitude_vector}, [out] or of a convolution [1, out, 1, 1]).
 * LyCORIS's {@code dora_scale} is [out, 1, …] by output, since {@code wd_on_output}, and [1, in, …] by input before.
 */
final class DoraAdapter implements Adapter {

    static final String SCALE = "dora_scale";
    static final String MAGNITUDE = "lora_magnitude_vector";

    private final Adapter direction;
    private final LayerTensors layer;
    private final Target target;
    private final String magnitude;
    private final boolean byOutput;

    DoraAdapter(Adapter direction, LayerTensors layer, Target target) {
        this.direction = direction;
        this.layer = layer;
        this.target = target;
        this.magnitude = layer.has(SCALE) ? SCALE : MAGNITUDE;
        List<Integer> shape = layer.shape(magnitude);
        int elements = layer.elements(magnitude);
        this.byOutput = elements == target.out() && (magnitude.equals(MAGNITUDE) || shape.get(0) == target.out());
        boolean byInput = magnitude.equals(SCALE) && elements == target.in() && shape.get(0) == 1;
        if (!byOutput && !byInput) {
            throw layer.wrong(magnitude, "a number for each of " + target.out() + " outputs"
                    + (magnitude.equals(SCALE) ? " or " + target.in() + " inputs" : "") + " of " + target.name());
        }
    }

    @Override
    public void adapt(float[] weights) {
        direction.adapt(weights);
        float[] wanted = layer.values(magnitude);
        var squares = new double[wanted.length];
        for (int i = 0; i < weights.length; i++) {
            squares[index(i)] += (double) weights[i] * weights[i];
        }
        for (int i = 0; i < weights.length; i++) {
            double norm = Math.sqrt(squares[index(i)]);
            if (norm > 0) {
                weights[i] = (float) (weights[i] * (wanted[index(i)] / norm));
            }
        }
    }

    /** The output or the input of an element. */
    private int index(int element) {
        return byOutput ? element / target.row() : element % target.row() / target.pixels();
    }
}
