package org.diffusionclassifier.testing;

import java.nio.ByteBuffer;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.diffusionclassifier.weights.DType;
import org.diffusionclassifier.weights.Weights;

/**
 * Weights that note, once each, the tensors that are read from them.
 *
 * @param component what the names are noted under
 */
public record NotingWeights(Weights base, String component, List<String> asked, Set<String> seen) implements Weights {

    public NotingWeights(Weights base, String component, List<String> asked) {
        this(base, component, asked, new LinkedHashSet<>());
    }

    @Override
    public void readStored(String name, long first, ByteBuffer destination) {
        if (seen.add(name)) {
            asked.add(component + "." + name);
        }
        base.readStored(name, first, destination);
    }

    @Override
    public String source() {
        return base.source();
    }

    @Override
    public Set<String> names() {
        return base.names();
    }

    @Override
    public List<Integer> shape(String name) {
        return base.shape(name);
    }

    @Override
    public DType dtype(String name) {
        return base.dtype(name);
    }

    @Override
    public boolean channelsLast() {
        return base.channelsLast();
    }

    @Override
    public void close() {
        base.close();
    }
}
