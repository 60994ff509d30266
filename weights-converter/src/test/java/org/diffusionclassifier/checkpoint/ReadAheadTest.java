package org.diffusionclassifier.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What was read ahead is what the file holds, in whichever order it is asked for. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ReadAheadTest {

    @TempDir
    Path temp;

    private Opened model;

    @BeforeEach
    void makeModel() throws IOException {
        model = Opened.of(new SmallModel(false).directory(temp.resolve("m"), DType.F16));
    }

    /** Room for nothing, for about a tensor, for some, for all of them. */
    @ParameterizedTest
    @ValueSource(longs = {0, 100, 5000, 32 << 20})
    void givesWhatTheFileHolds(long window) {
        for (long seed = 0; seed < 4; seed++) {
            model = Opened.of(temp.resolve("m"));
            try (var arriving = new Opened(new ReadAhead(model.checkpoint(), model.layout(), window))) {
                check(arriving.weights("text_encoder"), model.weights("text_encoder"), seed);
                check(arriving.weights("vae"), model.weights("vae"), seed);
                check(arriving.weights("unet"), model.weights("unet"), seed);
                check(arriving.weights("unet"), model.weights("unet"), seed);      // again: streamed layers do that
            }
        }
    }

    /** In the file's order for seed 0, else shuffled; by a view of a part, as networks do. */
    private static void check(Weights arriving, Weights file, long seed) {
        try (file) {
            List<String> names = new ArrayList<>(file.names());
            assertEquals(names, new ArrayList<>(arriving.names()));
            if (seed > 0) {
                Collections.shuffle(names, new Random(seed));
            }
            for (String name : names) {
                int dot = name.indexOf('.');
                float[] found = new float[(int) file.elements(name)];
                arriving.at(name.substring(0, dot)).read(name.substring(dot + 1), FloatBuffer.wrap(found));
                float[] expected = new float[found.length];
                file.read(name, FloatBuffer.wrap(expected));
                assertArrayEquals(expected, found, name);
            }
        }
    }

    @Test
    void canBeClosedWhileItWaitsForRoom() {
        for (int i = 0; i < 20; i++) {
            Opened opened = Opened.of(temp.resolve("m"));
            new ReadAhead(opened.checkpoint(), opened.layout(), 1000).close();
        }
    }
}
