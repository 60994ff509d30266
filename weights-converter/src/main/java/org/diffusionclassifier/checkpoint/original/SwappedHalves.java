package org.diffusionclassifier.checkpoint.original;

import java.nio.ByteBuffer;
import java.util.Set;
import org.diffusionclassifier.tensor.Weights;
import org.diffusionclassifier.tensor.WeightsView;

/**
 * Weights of which some layers have the halves of their rows exchanged: of a modulation, shift and scale.
 *
 * @param base    closed with this
 * @param modules the layers, by their names
 */
record SwappedHalves(Weights base, Set<String> modules) implements WeightsView {

    @Override
    public void readStored(String tensor, long first, ByteBuffer destination) {
        int dot = tensor.lastIndexOf('.');
        if (dot < 0 || !modules.contains(tensor.substring(0, dot))) {
            base.readStored(tensor, first, destination);
            return;
        }
        long elements = elements(tensor);
        long half = elements / 2;
        int bytes = dtype(tensor).bytes();
        int end = destination.limit();
        for (long at = first; destination.hasRemaining(); ) {
            long inHalf = (at < half ? half : elements) - at;
            long count = Math.min(inHalf, (end - destination.position()) / bytes);
            destination.limit(destination.position() + Math.toIntExact(count * bytes));
            base.readStored(tensor, (at + half) % elements, destination);
            destination.limit(end);
            at += count;
        }
    }

    @Override
    public void close() {
        base.close();
    }
}
