package org.diffusionclassifier.device.cpu;

import static org.junit.jupiter.api.Assertions.assertThrows;

import org.diffusionclassifier.device.Embedding;
import org.diffusionclassifier.device.Graph;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;
import org.diffusionclassifier.testing.MapWeights;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Indices that point outside of a table: a GPU does not look, the CPU does. */
class CpuIndexTest {

    @ParameterizedTest
    @ValueSource(ints = {-1, 3, Integer.MAX_VALUE})
    void refusesToGatherWhatIsNotThere(int entry) {
        try (var device = new CpuDevice(DType.F32)) {
            Tensor x = device.tensor(DType.F32, 3, 4);
            Tensor index = device.tensor(DType.I32, 2);
            device.write(index, new int[] {0, entry});
            try (Graph graph = device.record(recorder -> recorder.keep(device.gather(x, index)))) {
                assertThrows(IndexOutOfBoundsException.class, graph::run);
            }
        }
    }

    @Test
    void refusesTokensWithoutAnEmbedding() {
        Weights tables = new MapWeights().with("token_embedding.weight", new float[30], 10, 3)
                .with("position_embedding.weight", new float[12], 4, 3);
        try (var device = new CpuDevice(DType.F32); Embedding embedding = device.embedding(new Embedding.Spec(10, 4, 3), tables)) {
            Tensor ids = device.tensor(DType.I32, 1, 2);
            device.write(ids, new int[] {9, 10});
            try (Graph graph = device.record(recorder -> recorder.keep(embedding.forward(ids)))) {
                assertThrows(IndexOutOfBoundsException.class, graph::run);
            }
        }
    }
}
