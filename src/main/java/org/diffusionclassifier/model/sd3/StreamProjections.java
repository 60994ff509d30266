package org.diffusionclassifier.model.sd3;

import java.util.List;
import org.diffusionclassifier.config.MmditConfig;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Linear;
import org.diffusionclassifier.device.RmsNorm;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.model.Layers;
import org.diffusionclassifier.tensor.Weights;

/**
 * A stream's queries, keys and values, by one product; queries and keys RMS-normalised head by head where the model says
 * so, which keeps scores within range. (Esser et al., 2024, section 5.3.2.)
 */
final class StreamProjections {

    private static final float NORM_EPSILON = 1e-6f;

    private final int width;
    private final boolean asks;
    private final Linear product;
    /** Null for none, as is the keys'. */
    private final RmsNorm queryNorm;
    private final RmsNorm keyNorm;

    /**
     * What attention takes of a stream.
     *
     * @param queries [P, L, C]; null for a stream that is only attended to
     * @param keys    [P, L, C]
     * @param values  [P, L, C]
     * @param whole   all of these as columns of one tensor, where they are
     */
    record Projected(Tensor queries, Tensor keys, Tensor values, Tensor whole) {

        /** Those of both streams, this one's tokens first; queries of this alone if the other asks nothing. */
        Projected joinedWith(Projected other, Device device) {
            if (whole != null && other.whole != null) {
                int width = keys.width();
                int of = other.whole.width();
                Tensor both = device.joinTokens(whole.columns(whole.width() - of, of), other.whole);
                return new Projected(of == whole.width() ? both.columns(0, width) : queries,
                        both.columns(of - 2 * width, width), both.columns(of - width, width), both);
            }
            return new Projected(other.queries == null ? queries : device.joinTokens(queries, other.queries),
                    device.joinTokens(keys, other.keys), device.joinTokens(values, other.values), null);
        }
    }

    private StreamProjections(int width, Linear product, boolean asks, RmsNorm queryNorm, RmsNorm keyNorm) {
        this.width = width;
        this.product = product;
        this.asks = asks;
        this.queryNorm = queryNorm;
        this.keyNorm = keyNorm;
    }

    /** Of the image's tokens, in a joint attention or one of their own. */
    static StreamProjections ofImage(MmditConfig config, Weights attention, Layers layers) {
        return of(config, List.of("to_q", "to_k", "to_v"), "norm_q", "norm_k", attention, layers);
    }

    /** Of the caption's. @param asks whether they attend, and are not only attended to */
    static StreamProjections ofCaption(MmditConfig config, boolean asks, Weights attention, Layers layers) {
        return of(config, asks ? List.of("add_q_proj", "add_k_proj", "add_v_proj") : List.of("add_k_proj", "add_v_proj"),
                "norm_added_q", "norm_added_k", attention, layers);
    }

    private static StreamProjections of(MmditConfig config, List<String> parts, String queryNorm, String keyNorm,
                                        Weights attention, Layers layers) {
        int width = config.width();
        boolean asks = parts.size() == 3;
        Linear product = layers.linear(Linear.Spec.of(width, parts.size() * width),
                parts.stream().map(attention::at).toArray(Weights[]::new));
        if (!config.normalised()) {
            return new StreamProjections(width, product, asks, null, null);
        }
        return new StreamProjections(width, product, asks,
                asks ? layers.rmsNorm(config.headWidth(), NORM_EPSILON, attention.at(queryNorm)) : null,
                layers.rmsNorm(config.headWidth(), NORM_EPSILON, attention.at(keyNorm)));
    }

    /** @param x [P, L, C] */
    Projected forward(Tensor x) {
        Tensor all = product.forward(x);                                        // [P, L, 3C] or [P, L, 2C]
        Tensor queries = asks ? all.columns(0, width) : null;
        Tensor keys = all.columns(all.width() - 2 * width, width);
        Tensor values = all.columns(all.width() - width, width);
        if (keyNorm == null) {
            return new Projected(queries, keys, values, all);
        }
        return new Projected(asks ? queryNorm.forward(queries) : null, keyNorm.forward(keys), values, null);
    }
}
