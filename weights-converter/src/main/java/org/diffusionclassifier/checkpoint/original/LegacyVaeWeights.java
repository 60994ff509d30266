package org.diffusionclassifier.checkpoint.original;

import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;

/**
 * VAE weights under the names and shapes of today's diffusers. Older files, those of Stable Diffusion 1.5 among them,
 * call an attention's projections query, key, value and proj_attn rather than to_q, to_k, to_v and to_out.0, and some
 * keep them as 1×1 convolutions [C, C, 1, 1] rather than [C, C]. Files of today pass unchanged.
 */
public final class LegacyVaeWeights implements Weights {

    private static final Map<String, String> PROJECTIONS =
            Map.of("query", "to_q", "key", "to_k", "value", "to_v", "proj_attn", "to_out.0");
    private static final Pattern OLD =
            Pattern.compile("(.*\\.attentions\\.\\d+\\.)(query|key|value|proj_attn)(\\.weight|\\.bias)");
    private static final Pattern PROJECTION_WEIGHT =
            Pattern.compile(".*\\.attentions\\.\\d+\\.(to_q|to_k|to_v|to_out\\.0)\\.weight");

    private final Weights base;
    private final Map<String, String> stored = new LinkedHashMap<>();   // today's name → name in the file

    /** Closing this closes {@code base}. */
    public LegacyVaeWeights(Weights base) {
        this.base = base;
        for (String name : base.names()) {
            Matcher old = OLD.matcher(name);
            String today = old.matches() ? old.group(1) + PROJECTIONS.get(old.group(2)) + old.group(3) : name;
            if (today.equals(name) || !base.has(today)) {
                stored.put(today, name);
            }
        }
    }

    @Override
    public String source() {
        return base.source();
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(stored.keySet());
    }

    @Override
    public List<Integer> shape(String name) {
        List<Integer> shape = base.shape(storedName(name));
        boolean convolution = shape.size() == 4 && shape.get(2) == 1 && shape.get(3) == 1;
        return convolution && PROJECTION_WEIGHT.matcher(name).matches() ? shape.subList(0, 2) : shape;
    }

    /** As the base says it, under the file's own name, unless the shape here is another. */
    @Override
    public void require(String name, int... shape) {
        if (PROJECTION_WEIGHT.matcher(name).matches()) {
            Weights.super.require(name, shape);
        } else {
            base.require(storedName(name), shape);
        }
    }

    @Override
    public DType dtype(String name) {
        return base.dtype(storedName(name));
    }

    @Override
    public void readStored(String name, long first, ByteBuffer destination) {
        base.readStored(storedName(name), first, destination);
    }

    private String storedName(String name) {
        return stored.getOrDefault(name, name);
    }

    @Override
    public void close() {
        base.close();
    }
}
