package org.diffusionclassifier.testing;

import java.nio.ByteBuffer;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.diffusionclassifier.tensor.Weights;
import org.diffusionclassifier.tensor.WeightsView;

/**
 * Weights that note, once each, the tensors that are read from them.
 *
 * @param component what the names are noted under
 */
public record NotingWeights(Weights base, String component, List<String> asked, Set<String> seen) implements WeightsView {

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
    public void close() {
        base.close();
    }
}
