package org.diffusionclassifier.checkpoint;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/**
 * What a family of models takes of a checkpoint: all that a converted file holds, and nothing else.
 *
 * @param configurations of each component and of the noise process ({@code scheduler}), checked, in diffusers' words, and
 *                       names of labels where there are some
 * @param parts          components in the order in which they are loaded
 * @param tokenizers     names of the tokenizers
 */
public record Layout(Map<String, Object> configurations, List<Part> parts, List<String> tokenizers) {

    /** Where the configurations have the noise process. */
    public static final String SCHEDULER = "scheduler";

    /** Where the configurations have the labels' names by their numbers. */
    public static final String LABELS = "id2label";

    /**
     * A component.
     *
     * @param tensors in the order in which the network asks for them
     */
    public record Part(String component, List<TensorSpec> tensors) {

        public Part {
            tensors = List.copyOf(tensors);
        }

        /** The name of one of its tensors in a converted file. */
        public String full(TensorSpec tensor) {
            return component + "." + tensor.name();
        }

        /** @throws InputException unless all tensors are there, have their shapes and hold floats; reads no values */
        public void require(Weights weights) {
            for (TensorSpec tensor : tensors) {
                List<Integer> shape = weights.channelsLast() ? tensor.channelsLast() : tensor.shape();
                weights.require(tensor.name(), shape.stream().mapToInt(Integer::intValue).toArray());
                weights.requireFloats(tensor.name());
            }
        }
    }

    public Layout {
        configurations = Collections.unmodifiableMap(new LinkedHashMap<>(configurations));
        parts = List.copyOf(parts);
        tokenizers = List.copyOf(tokenizers);
    }

    /** Names of labels as the configurations have them. */
    public static Map<String, String> labels(List<String> names) {
        var id2label = new LinkedHashMap<String, String>();
        names.forEach(name -> id2label.put(Integer.toString(id2label.size()), name));
        return id2label;
    }

    /** Numbers in all tensors. */
    public long parameters() {
        return parts.stream().flatMap(part -> part.tensors.stream()).mapToLong(TensorSpec::elements).sum();
    }

    /** Elements of the largest tensor of a layer: what has to pass through a device's memory at once. */
    public long largestLayer() {
        return parts.stream().flatMap(part -> part.tensors.stream()).filter(tensor -> !tensor.table())
                .mapToLong(TensorSpec::elements).max().orElse(0);
    }
}
