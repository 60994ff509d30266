package org.diffusionclassifier.model;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Tensor;

/**
 * What a network is conditioned on, for some prompts: keys and values that it attends to, and vectors that enter the
 * embedding of the time. A family may lack either. Of N rows, each is for one prompt, or for several that are one to
 * the model, as captions of the same tokens are.
 *
 * @param device  of the tensors, which are persistent
 * @param rows    of each prompt, which of the N rows is its own
 * @param context [N, L, 2C] for each cross-attention, keys and values side by side, in the order of execution
 * @param vectors [N, V] for each embedding of the time: one, but for networks whose blocks have embeddings of their own
 * @param notices what the user should know of the prompts, a line each: captions that were cut, for instance
 */
public record Conditioning(Device device, List<Integer> rows, List<Tensor> context, List<Tensor> vectors,
                           List<String> notices) implements AutoCloseable {

    public Conditioning {
        rows = List.copyOf(rows);
        context = List.copyOf(context);
        vectors = List.copyOf(vectors);
        notices = List.copyOf(notices);
    }

    /** Of prompts that have a row each. */
    public Conditioning(Device device, int prompts, List<Tensor> context, List<Tensor> vectors) {
        this(device, IntStream.range(0, prompts).boxed().toList(), context, vectors, List.of());
    }

    /** The same tensors for prompts that share them. */
    public Conditioning of(List<Integer> rowOfPrompt, List<String> about) {
        return new Conditioning(device, rowOfPrompt, context, vectors, about);
    }

    /** How many there are, whether they share rows or not. */
    public int prompts() {
        return rows.size();
    }

    @Override
    public void close() {
        Stream.concat(context.stream(), vectors.stream()).forEach(device::release);
    }
}
