package org.diffusionclassifier.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class TemporaryFolderTest {

    private static final Platform LINUX = Platform.of("Linux", "amd64");

    @Test
    void linuxTakesTheVariable() {
        assertEquals("/scratch", TemporaryFolder.of(LINUX, "/tmp", "/scratch"));
        assertEquals("/tmp", TemporaryFolder.of(LINUX, "/tmp", null));
        assertEquals("/tmp", TemporaryFolder.of(LINUX, "/tmp", " "));
    }

    @Test
    void aPropertyOfTheCommandLineWins() {
        assertEquals("/given", TemporaryFolder.of(LINUX, "/given", "/scratch"));
    }

    @Test
    void othersHaveFoldersOfTheirOwn() {
        assertEquals("/tmp", TemporaryFolder.of(Platform.of("Mac OS X", "aarch64"), "/tmp", "/scratch"));
        assertEquals("C:\\Temp", TemporaryFolder.of(Platform.of("Windows 11", "amd64"), "C:\\Temp", "D:\\scratch"));
    }
}
