package org.diffusionclassifier.dataset;

import java.util.List;
import java.util.stream.Stream;

/** A data set of which the user should know more than it says itself. */
public record NotedDataset(Dataset base, List<String> added) implements DatasetView {

    /** The data set itself where there is nothing to add. */
    public static Dataset of(Dataset base, List<String> added) {
        return added.isEmpty() ? base : new NotedDataset(base, added);
    }

    @Override
    public List<String> notices() {
        return Stream.concat(added.stream(), base.notices().stream()).toList();
    }
}
