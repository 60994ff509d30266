package org.diffusionclassifier.device.cuda.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.tensor.DType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Where NVRTC is installed, every kernel compiles with it, without a GPU; where it is not, the error says so. To have it
 * compile here, put the directory with libnvrtc.so.12 and libnvrtc-builtins.so.12.x into LD_LIBRARY_PATH.
 */
@Tag("cuda")
class RuntimeCompilerTest {

    @TempDir
    private Path caches;

    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16"})
    void compilesEveryKernelOnceOrNamesWhatIsMissing(DType storage) throws IOException {
        RuntimeCompiler compiler;
        try {
            compiler = new RuntimeCompiler(80, KernelCatalog.packaged().of(80), storage, caches);
        } catch (DeviceException e) {
            assertEquals("NVRTC (libnvrtc.so.12) is not installed", e.getMessage());
            return;
        }
        List<byte[]> images = compiler.images();
        assertEquals(Driver.resourceLines("sources.txt").stream().filter(name -> name.endsWith(".cu")).count(),
                images.size());
        for (byte[] image : images) {
            String text = new String(image, StandardCharsets.ISO_8859_1);
            assertTrue(text.startsWith("\u007fELF") && text.contains(".text."), "an image of " + image.length + " bytes");
        }
        Path first;
        try (Stream<Path> files = Files.walk(caches)) {
            first = files.filter(file -> file.toString().endsWith(".cubin")).sorted().findFirst().orElseThrow();
        }
        Files.writeString(first, "from the cache");
        assertEquals("from the cache",
                new String(new RuntimeCompiler(80, KernelCatalog.packaged().of(80), storage, caches).images().get(0),
                        StandardCharsets.UTF_8));
    }

    @Test
    void namesACacheThatCannotBeWrittenTo() throws IOException {
        Path file = Files.createFile(caches.resolve("file"));
        String message = assertThrows(DeviceException.class, () -> RuntimeCompiler.directory(file, "0123")).getMessage();
        assertTrue(message.contains(file.toString()) && message.contains("XDG_CACHE_HOME"), message);
    }
}
