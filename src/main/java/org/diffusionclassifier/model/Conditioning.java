package org.diffusionclassifier.model;

import java.util.List;
import java.util.stream.Stream;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Tensor;

/**
 * What a network is conditioned on, for N prompts: keys and values that it attends to, and vectors that enter the
 * embedding of the time. A family may lack either.
 *
 * @param device  of the tensors, which are persistent
 * @param prompts N
 * @param context [N, L, 2C] for each cross-attention, keys and values side by side, in the order of execution
 * @param vectors [N, V] for each embedding of the time: one, but for networks whose blocks have embeddings of their own
 */
public record Conditioning(Device device, int prompts, List<Tensor> context, List<Tensor> vectors)
        implements AutoCloseable {

    public Conditioning {
        context = List.copyOf(context);
        vectors = List.copyOf(vectors);
    }

    @Override
    public void close() {
        Stream.concat(context.stream(), vectors.stream()).forEach(device::release);
    }
}
