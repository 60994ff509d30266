package org.diffusionclassifier.model.text;

import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Graph;
import org.diffusionclassifier.device.Tensor;

/** Runs networks over any number of captions, {@link #SIZE} at a time. */
public final class CaptionBatches {

    /** Captions in a batch at most. */
    public static final int SIZE = 16;

    private CaptionBatches() {
    }

    /**
     * What a network makes of all captions. It is recorded once. In the last batch, entries beyond the captions are left
     * from the batch before, and what comes of them is ignored.
     *
     * @param inputs  [N, ..] each, persistent
     * @param network from [B, ..] each to [B, ..] each, B ≤ {@link #SIZE}
     * @return [N, ..] each, persistent: the caller's
     */
    public static List<Tensor> run(Device device, List<Tensor> inputs, UnaryOperator<List<Tensor>> network) {
        int captions = inputs.get(0).dim(0);
        int batch = Math.min(SIZE, captions);
        List<Tensor> some = inputs.stream().map(input -> like(device, input, batch)).toList();
        var recorded = new AtomicReference<List<Tensor>>();
        try (Graph graph = device.record(recorder -> {
            recorded.set(network.apply(some));
            recorded.get().forEach(recorder::keep);
        })) {
            List<Tensor> outputs = recorded.get().stream().map(output -> like(device, output, captions)).toList();
            for (int from = 0; from < captions; from += batch) {
                int count = Math.min(batch, captions - from);
                for (int i = 0; i < inputs.size(); i++) {
                    device.copy(inputs.get(i).slice(from, count), some.get(i).slice(0, count));
                }
                graph.run();
                for (int i = 0; i < outputs.size(); i++) {
                    device.copy(recorded.get().get(i).slice(0, count), outputs.get(i).slice(from, count));
                }
            }
            return outputs;
        } finally {
            some.forEach(device::release);
        }
    }

    private static Tensor like(Device device, Tensor tensor, int entries) {
        int[] shape = tensor.shape();
        shape[0] = entries;
        return device.tensor(tensor.type(), shape);
    }
}
