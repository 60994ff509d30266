package org.diffusionclassifier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.diffusionclassifier.model.BundledModel;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Where the program runs: another locale than UTF-8, as containers have, and folders that cannot be written to. Each test
 * starts a process of its own, by the launcher or as a jar, which here refers to the classes under test.
 */
class LauncherTest {

    private static final List<String> QUICK = List.of("--n-samples", "2", "--to-keep", "1", "--dtype", "f32");

    @TempDir
    private Path folder;
    private Path jar;

    @BeforeEach
    void install() throws IOException {
        for (String sources : List.of("src", "weights-converter", "kernels")) {
            Files.createDirectory(folder.resolve(sources));
        }
        Files.createFile(folder.resolve("pom.xml"));
        Path launcher = folder.resolve("diffusion-classifier");
        Files.copy(Path.of("..", "diffusion-classifier"), launcher);
        assertTrue(launcher.toFile().setExecutable(true));
        jar = Files.createDirectory(folder.resolve("target")).resolve("diffusion-classifier.jar");
        var manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().put(Attributes.Name.MAIN_CLASS, Main.class.getName());
        manifest.getMainAttributes().put(Attributes.Name.CLASS_PATH, Arrays
                .stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(entry -> Path.of(entry).toUri().toString()).collect(Collectors.joining(" ")));
        new JarOutputStream(Files.newOutputStream(jar), manifest).close();
    }

    /** The captions, the picture's name and the output hold letters that ASCII, the encoding of locale C, lacks. */
    @Test
    void aPosixLocaleReadsUtf8() throws Exception {
        Path picture = picture("été/chaussure n°1.png");
        Path here = folder.resolve("here.json");
        Path there = folder.resolve("là.json");
        List<String> command = command(picture, "--classes", "café,crème brûlée");
        var expected = CommandLineRun.of(with(command, "--json", here.toString()).toArray()).succeeded();
        var run = launch(Map.of("LC_ALL", "C"), with(command, "--json", there.toString()));
        assertEquals(0, run.exitCode(), run.err());
        assertEquals("", run.err());
        var json = new ObjectMapper();
        assertEquals("crème brûlée", json.readTree(there.toFile()).at("/0/ranking/1/className").textValue());
        assertEquals(json.readTree(here.toFile()), json.readTree(there.toFile()));
        assertTrue(run.out().contains("crème brûlée") && run.out().contains("été/chaussure n°1.png"), run.out());
        assertEquals(lines(expected.out()), lines(run.out()));
    }

    /** The spark-submit here prints what it is given. */
    @Test
    void aMasterIsSparksToStart() throws Exception {
        Files.createFile(folder.resolve("target/diffusion-classifier-spark.jar"));
        Path submit = Files.createDirectories(folder.resolve("spark/bin")).resolve("spark-submit");
        Files.writeString(submit, "#!/bin/sh\nprintf '%s|' \"$@\"\n");
        assertTrue(submit.toFile().setExecutable(true));
        var found = launch(Map.of("SPARK_HOME", folder.resolve("spark").toString()),
                List.of("evaluate", "--out", "a b", "--master", "spark://head:7077"));
        assertEquals(0, found.exitCode(), found.err());
        assertTrue(found.out().endsWith("|evaluate|--out|a b|--master|spark://head:7077|"), found.out());
        assertTrue(found.out().startsWith("--master|spark://head:7077|"), found.out());
        launch(Map.of("SPARK_HOME", ""), List.of("evaluate", "--master=local[2]")).refused("--master", "SPARK_HOME");
        launch(Map.of(), List.of("evaluate", "--master", "head:7077")).refused("--master", "spark://", "head:7077");
    }

    @Test
    void aMasterIsRefusedWithoutSpark() {
        CommandLineRun.of("evaluate", "--dataset", "idx:x", "--out", folder.resolve("run"), "--master", "local[2]")
                .refused("--master", "spark-submit");
        CommandLineRun.of("evaluate", "--dataset", "idx:x", "--out", folder.resolve("run"), "--ranges", "4")
                .refused("--ranges: expected --master beside it");
        CommandLineRun.of("evaluate", "--dataset", "idx:s3a://bucket/x", "--out", folder.resolve("run"))
                .refused("s3a://bucket/x", "other file systems");
    }

    /** It starts itself anew. */
    @Test
    void aJarInAPosixLocaleReadsUtf8() throws Exception {
        var run = start(Map.of("LC_ALL", "C"), with(List.of(java(), "-jar", jar.toString()),
                command(picture("été/chaussure n°1.png"), "--classes", "café,crème brûlée")));
        assertEquals(0, run.exitCode(), run.err());
        assertEquals("", run.err());
        assertTrue(run.out().contains("crème brûlée") && run.out().contains("été/chaussure n°1.png"), run.out());
    }

    /** Without JNA's library it cannot. */
    @Test
    void aJarThatCannotStartAnewRefusesWhatItCannotRead() throws Exception {
        Path picture = picture("shoe.png");
        List<String> start = List.of(java(), "-Djna.nounpack=true", "-jar", jar.toString());
        start(Map.of("LC_ALL", "C"), with(start, command(picture, "--classes", "café,crème brûlée")))
                .refused("encoding", "LC_ALL=C.UTF-8");
        var ascii = start(Map.of("LC_ALL", "C"), with(start, command(picture, "--classes", "coffee,sneaker")));
        assertEquals(0, ascii.exitCode(), ascii.err());
        assertTrue(ascii.err().lines().count() == 1 && ascii.err().contains("note: names of files"), ascii.err());
    }

    @Test
    void noFolderForNativeLibraries() throws Exception {
        Path home = folder.resolve("pom.xml").resolve("home");
        Path temporary = folder.resolve("pom.xml").resolve("tmp");
        var run = start(Map.of("LC_ALL", "C.UTF-8"), with(List.of(java(), "-Duser.home=" + home,
                "-Djava.io.tmpdir=" + temporary, "-jar", jar.toString()), command(picture("shoe.png"))));
        assertEquals(3, run.exitCode(), run.err());
        assertEquals(1, run.err().lines().count(), run.err());
        for (String part : List.of(home.toString(), temporary.toString(), "TMPDIR")) {
            assertTrue(run.err().contains(part), run.err());
        }
    }

    @Test
    void theTemporaryFolderIsWhereTmpdirSays() throws Exception {
        Path temporary = Files.createDirectory(folder.resolve("temporary"));
        var run = launch(Map.of("LC_ALL", "C.UTF-8", "TMPDIR", temporary.toString(), "JAVA_TOOL_OPTIONS",
                "-Duser.home=" + folder.resolve("pom.xml").resolve("home")), command(picture("shoe.png")));
        assertEquals(0, run.exitCode(), run.err());
        try (Stream<Path> unpacked = Files.walk(temporary)) {
            assertTrue(unpacked.anyMatch(file -> file.toString().contains("dnnl")), "nothing of oneDNN in " + temporary);
        }
    }

    /** An archive of a release has the jar beside the launcher, and no sources. */
    @Test
    void withoutSourcesNothingIsBuilt() throws Exception {
        Files.delete(folder.resolve("pom.xml"));
        Files.move(jar, folder.resolve("diffusion-classifier.jar"));
        var run = launch(Map.of("LC_ALL", "C.UTF-8"), List.of("--version"));
        assertEquals("diffusion-classifier 0.1.0", run.out().strip(), run.err());
    }

    /** Windows' launcher has not been run; it is what cmd.exe can read, and starts the same files. */
    @Test
    void windowsLauncher() throws IOException {
        String script = Files.readString(Path.of("..", "diffusion-classifier.cmd"), StandardCharsets.US_ASCII);
        assertEquals(script.chars().filter(letter -> letter == '\n').count(), script.split("\r\n", -1).length - 1);
        for (String part : List.of("%~dp0diffusion-classifier.jar\"", "%~dp0target\\diffusion-classifier.jar\"",
                "-jar \"%jar%\" %*", "exit /b %errorlevel%")) {
            assertTrue(script.contains(part), part);
        }
    }

    private Path picture(String name) throws IOException {
        Path picture = folder.resolve(name);
        Files.createDirectories(picture.getParent());
        try (var bundled = BundledModel.open()) {
            Files.copy(bundled.images().resolve("sneaker-0.png"), picture);
        }
        return picture;
    }

    private static List<String> command(Path picture, String... more) {
        return with(with(List.of("classify", picture.toString()), QUICK), more);
    }

    private static List<String> with(List<String> some, String... more) {
        return with(some, List.of(more));
    }

    private static List<String> with(List<String> some, List<String> more) {
        return Stream.concat(some.stream(), more.stream()).toList();
    }

    private static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    private CommandLineRun launch(Map<String, String> environment, List<String> args) throws Exception {
        return start(environment, with(List.of("sh", folder.resolve("diffusion-classifier").toString()), args));
    }

    private CommandLineRun start(Map<String, String> environment, List<String> command) throws Exception {
        Path out = Files.createTempFile(folder, "out", "");
        Path err = Files.createTempFile(folder, "err", "");
        var process = new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
        process.environment().put("JAVA_HOME", System.getProperty("java.home"));
        process.environment().putAll(environment);
        int exitCode = process.start().waitFor();
        return new CommandLineRun(exitCode, Files.readString(out, StandardCharsets.UTF_8),
                Files.readString(err, StandardCharsets.UTF_8));
    }

    /** Without the last, which says how long it took. */
    private static List<String> lines(String text) {
        List<String> lines = text.lines().filter(line -> !line.isBlank()).toList();
        return lines.subList(0, lines.size() - 1);
    }
}
