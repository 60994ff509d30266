package org.diffusionclassifier.checkpoint.adapter;

/**
 * The whole change of a tensor, as LyCORIS's "full" and training of norms write it: W′ = W + diff. Of a weight it is
 * {@code diff} or {@code w_norm}, of a bias {@code diff_b} or {@code b_norm}.
 */
final class FullAdapter implements Adapter {

    private final LayerTensors layer;
    private final String part;

    FullAdapter(LayerTensors layer, String part, Target target) {
        this.layer = layer;
        this.part = part;
        layer.requireElements(part, "as many elements as " + target.name() + " " + target.shape(), target.elements());
    }

    @Override
    public void adapt(float[] weights) {
        float[] change = layer.values(part);
        for (int i = 0; i < weights.length; i++) {
            weights[i] += change[i];
        }
    }
}
