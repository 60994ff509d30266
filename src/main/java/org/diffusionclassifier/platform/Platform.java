package org.diffusionclassifier.platform;

import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * An operating system on a processor, by the names that natives have: {@code linux-x86_64}, {@code macosx-arm64}. Leans
 * on the system properties {@code os.name} and {@code os.arch} alone.
 *
 * @param os   {@code linux}, {@code macosx}, {@code windows}, or another in lower case
 * @param arch {@code x86_64}, {@code arm64}, or another as Java has it
 */
public record Platform(String os, String arch) {

    /** Those that oneDNN has natives for: where this program runs. */
    public static final List<Platform> KNOWN = List.of(new Platform("linux", "x86_64"), new Platform("linux", "arm64"),
            new Platform("macosx", "x86_64"), new Platform("macosx", "arm64"), new Platform("windows", "x86_64"));

    /** The one that this process runs on. */
    public static Platform ofSystem() {
        return of(System.getProperty("os.name"), System.getProperty("os.arch"));
    }

    /** As Java names them: {@code Mac OS X} on {@code aarch64}, {@code Windows 11} on {@code amd64}. */
    public static Platform of(String osName, String osArch) {
        String name = osName.toLowerCase(Locale.ROOT);
        String os = name.startsWith("mac") ? "macosx" : name.startsWith("windows") ? "windows" : name.replace(' ', '_');
        String arch = osArch.toLowerCase(Locale.ROOT);
        return new Platform(os, switch (arch) {
            case "amd64", "x86-64" -> "x86_64";
            case "aarch64" -> "arm64";
            default -> arch;
        });
    }

    public boolean isLinux() {
        return os.equals("linux");
    }

    public boolean isMac() {
        return os.equals("macosx");
    }

    public boolean isWindows() {
        return os.equals("windows");
    }

    /** The file of a native library here: {@code libNAME.so}, {@code libNAME.dylib}, {@code NAME.dll}. */
    public String libraryFile(String name) {
        return isWindows() ? name + ".dll" : "lib" + name + (isMac() ? ".dylib" : ".so");
    }

    /**
     * The platforms that the class path has a native library for.
     *
     * @param resource where that of a platform lies, from the root of the class path on
     */
    public static List<Platform> having(Function<Platform, String> resource) {
        return KNOWN.stream().filter(platform -> Platform.class.getResource("/" + resource.apply(platform)) != null)
                .toList();
    }

    /** {@code linux-x86_64, linux-arm64}; {@code none} for none. */
    public static String names(List<Platform> platforms) {
        return platforms.isEmpty() ? "none" : platforms.stream().map(Platform::toString).collect(Collectors.joining(", "));
    }

    /** {@code linux-x86_64} */
    @Override
    public String toString() {
        return os + "-" + arch;
    }
}
