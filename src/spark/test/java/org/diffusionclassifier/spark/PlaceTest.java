package org.diffusionclassifier.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The device that a task takes, by what Spark gave it and what the user asked for. */
class PlaceTest {

    @ParameterizedTest
    @CsvSource({
            "auto,    3, ,  cpu:1x3",
            "all,     1, ,  cpu:1x1",
            "cpu,     4, ,  cpu:1x4",
            "cpu:1x2, 4, ,  cpu:1x2",
            "cuda:1,  4, ,  cuda:1",
            "simt,    4, ,  simt",
            "auto,    1, 7, cuda:7",
            "all,     1, 7, cuda:7",
            "cuda,    1, 7, cuda:7",
            "cpu,     2, 7, cpu:1x2",
            "simt,    2, 7, simt"})
    void device(String asked, int cpus, String gpu, String expected) {
        assertEquals(expected, new Place("host/0", cpus, gpu).device(asked));
    }
}
