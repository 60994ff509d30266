package org.diffusionclassifier.dataset;

import java.util.stream.IntStream;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.testing.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

class ShardTest {

    @Test
    void takesEveryNthImage() {
        assertArrayEquals(new int[] {1, 4, 7}, Shard.parse("2/3").indices(10).toArray());
        assertArrayEquals(new int[] {0, 1, 2}, Shard.parse("1/1").indices(3).toArray());
        assertArrayEquals(new int[0], Shard.parse("8/8").indices(3).toArray());
    }

    @Test
    void theShardsPartitionTheDataset() {
        var all = IntStream.rangeClosed(1, 7).flatMap(number -> new Shard(number, 7).indices(100)).sorted().toArray();
        assertArrayEquals(IntStream.range(0, 100).toArray(), all);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0/8", "9/8", "-1/8", "1/0", "1", "1/2/3", "/", "1/", "a/b", "1/99999999999", "", "1\n/2"})
    void refusesWhatIsNoShard(String text) {
        assertEquals("shard: expected NUMBER/OF with NUMBER from 1 to OF, as in 2/8, found "
                + InputException.quoted(text), Fixtures.inputError(() -> Shard.parse(text)));
    }
}
