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
    void getsEveryNthCard() {
        assertArrayEquals(new int[] {1, 4, 7}, IntStream.range(0, 10).filter(Shard.parse("2/3")::has).toArray());
        assertArrayEquals(new int[] {0, 1, 2}, IntStream.range(0, 3).filter(Shard.parse("1/1")::has).toArray());
    }

    @ParameterizedTest
    @ValueSource(strings = {"0/8", "9/8", "-1/8", "1/0", "1", "1/2/3", "/", "1/", "a/b", "1/99999999999", "", "1\n/2"})
    void refusesWhatIsNoShard(String text) {
        assertEquals("shard: expected NUMBER/OF with NUMBER from 1 to OF, as in 2/8, found "
                + InputException.quoted(text), Fixtures.inputError(() -> Shard.parse(text)));
    }
}
