package org.diffusionclassifier.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.bytedeco.javacpp.Loader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Platforms by the values of os.name and os.arch that JDKs have. */
class PlatformTest {

    @ParameterizedTest
    @CsvSource({
        "Linux, amd64, linux-x86_64, libx.so",
        "Linux, aarch64, linux-arm64, libx.so",
        "Mac OS X, x86_64, macosx-x86_64, libx.dylib",
        "Mac OS X, aarch64, macosx-arm64, libx.dylib",
        "Windows 11, amd64, windows-x86_64, x.dll",
        "Windows Server 2022, amd64, windows-x86_64, x.dll"})
    void wherePeopleAre(String osName, String osArch, String name, String library) {
        Platform platform = Platform.of(osName, osArch);
        assertEquals(name, platform.toString());
        assertEquals(library, platform.libraryFile("x"));
        assertTrue(Platform.KNOWN.contains(platform));
    }

    @ParameterizedTest
    @CsvSource({"Linux, ppc64le, linux-ppc64le", "Windows 11, aarch64, windows-arm64", "FreeBSD, amd64, freebsd-x86_64"})
    void wherePeopleAreToo(String osName, String osArch, String name) {
        Platform platform = Platform.of(osName, osArch);
        assertEquals(name, platform.toString());
        assertFalse(Platform.KNOWN.contains(platform));
    }

    /** JavaCPP unpacks natives by a name of its own. */
    @Test
    void javaCppNamesThisPlatformAlike() {
        assertEquals(Loader.Detector.getPlatform(), Platform.ofSystem().toString());
    }

    @Test
    void theNamesOfNoPlatforms() {
        assertEquals("none", Platform.names(Platform.having(platform -> "nothing/" + platform)));
    }
}
