package org.diffusionclassifier.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import org.junit.jupiter.api.Test;

/** What is set where; JarIT shows that OpenMP reads it. */
class OpenMpVariablesTest {

    @Test
    void eachRuntimeHasItsOwn() {
        assertEquals(Map.of("OMP_NUM_THREADS", "8", "OMP_WAIT_POLICY", "passive", "GOMP_SPINCOUNT", "3000"),
                OpenMpVariables.open(Platform.of("Linux", "aarch64"), 8, Map.of()));
        assertEquals(Map.of("OMP_NUM_THREADS", "8", "KMP_BLOCKTIME", "1"),
                OpenMpVariables.open(Platform.of("Mac OS X", "aarch64"), 8, Map.of()));
        assertEquals(Map.of(), OpenMpVariables.open(Platform.of("Windows 11", "amd64"), 8, Map.of()));
    }

    @Test
    void whatTheUserSetStays() {
        Platform linux = Platform.of("Linux", "amd64");
        assertEquals(Map.of("OMP_NUM_THREADS", "2", "GOMP_SPINCOUNT", "3000"),
                OpenMpVariables.open(linux, 2, Map.of("OMP_WAIT_POLICY", "active", "PATH", "/bin")));
        assertEquals(Map.of(), OpenMpVariables.open(linux, 2,
                Map.of("OMP_WAIT_POLICY", "active", "OMP_NUM_THREADS", "1", "GOMP_SPINCOUNT", "0")));
    }
}
