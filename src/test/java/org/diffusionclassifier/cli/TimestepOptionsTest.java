package org.diffusionclassifier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.diffusionclassifier.file.JsonFile;
import org.diffusionclassifier.result.ErrorRecording;
import org.diffusionclassifier.score.TimestepRange;
import org.diffusionclassifier.score.Trial;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code --timesteps} and {@code --timestep-weights} of the commands that draw trials, with the bundled model. */
class TimestepOptionsTest {

    private static final int IMAGES = 3;

    @TempDir
    private Path folder;
    private BundledPictures pictures;

    @BeforeEach
    void copyPictures() throws IOException {
        pictures = BundledPictures.copied(folder, IMAGES, 6);
    }

    private CommandLineRun run(String command, Object... options) {
        var words = new ArrayList<Object>(List.of(command, "--device", "cpu", "--dtype", "f32"));
        words.addAll(List.of(options));
        return CommandLineRun.of(words.toArray());
    }

    /** The ranking of the first picture. */
    private JsonNode classified(Object... options) throws IOException {
        Path json = folder.resolve("answer.json");
        var words = new ArrayList<Object>(List.of(pictures.files().get(0), "--json", json));
        words.addAll(List.of(options));
        run("classify", words.toArray()).succeeded();
        return JsonFile.MAPPER.readTree(json.toFile()).get(0).get("ranking");
    }

    private CommandLineRun evaluate(String out, Object... options) {
        var words = new ArrayList<Object>(List.of("--dataset", "csv:" + pictures.labels(), "--out", folder.resolve(out),
                "--exhaustive", "--n-samples", 10));
        words.addAll(List.of(options));
        return run("evaluate", words.toArray());
    }

    private ErrorRecording recorded(String name, Object... options) {
        Path file = folder.resolve(name + ".bin");
        var words = new ArrayList<Object>(List.of("--record", file));
        words.addAll(List.of(options));
        evaluate(name, words.toArray()).succeeded();
        return ErrorRecording.read(file);
    }

    private Path file(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    @Test
    void whatIsTheDefaultChangesNoBit() throws IOException {
        JsonNode byDefault = classified();
        assertEquals(byDefault, classified("--timestep-weights", "uniform", "--timesteps", "0..999"));
        assertNotEquals(byDefault, classified("--timesteps", "0..998"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "--exhaustive --n-samples 4 | 250,350,450,550", "--max-trials 4 | 250,350,450,550", "--interval 200 | 300,500",
        "--n-samples 1,4 --to-keep 2,1 | 250,350,450,550"})
    void everyStrategyDrawsFromTheRange(String strategy, String timesteps) throws IOException {
        var options = new ArrayList<Object>(List.of("--timesteps", "200..599"));
        options.addAll(List.of(strategy.split(" ")));
        var drawn = new ArrayList<Integer>();
        classified(options.toArray()).get(0).get("timesteps").forEach(timestep -> drawn.add(timestep.intValue()));
        List<Integer> allowed = List.of(timesteps.split(",")).stream().map(Integer::valueOf).toList();
        assertTrue(allowed.containsAll(drawn) && !drawn.isEmpty(), drawn + " of " + allowed);
    }

    /** Errors recorded with weights are those without, times the file's weights over their mean of all timesteps. */
    @Test
    void recordedErrorsAreWeighted() throws IOException {
        Path weights = file("weights.txt", IntStream.range(0, 1000).mapToObj(t -> String.valueOf(t % 100 < 60 ? 1 : 3))
                .collect(Collectors.joining("\n")));
        ErrorRecording plain = recorded("plain");
        ErrorRecording weighted = recorded("weighted", "--timestep-weights", weights);
        assertEquals(plain.trials(), weighted.trials());
        for (int image = 0; image < IMAGES; image++) {
            for (int prompt = 0; prompt < 10; prompt++) {
                for (int i = 0; i < 10; i++) {
                    double expected = plain.errors()[image][prompt][i]
                            * (plain.trials().get(i).timestep() % 100 < 60 ? 1 : 3) / 1.8;
                    assertEquals(expected, weighted.errors()[image][prompt][i], 1e-6 * expected);
                }
            }
        }
        assertTrue(weighted.settings().get("timestep-weights").startsWith("weights.txt, SHA-256 "));
    }

    @Test
    void recordingsOfARangeAreComparedAndCalibrated() throws IOException {
        ErrorRecording upper = recorded("upper", "--timesteps", "500..999", "--timestep-weights", "snr");
        assertEquals(new TimestepRange(500, 999), upper.drawnFrom());
        assertEquals(List.of(525, 575, 625, 675, 725, 775, 825, 875, 925, 975),
                upper.trials().stream().map(Trial::timestep).toList());
        assertEquals("snr", upper.settings().get("timestep-weights"));
        String out = CommandLineRun.of("compare", "--errors", folder.resolve("upper.bin")).succeeded().out();
        assertTrue(out.contains("exhaustive:10") && out.contains("100.0 %"), out);
        Path calibration = folder.resolve("calibration.json");
        CommandLineRun.of("calibrate", "--errors", folder.resolve("upper.bin"), "--out", calibration).succeeded();
        assertTrue(JsonFile.MAPPER.readTree(calibration.toFile()).get("temperature").doubleValue() > 0);
    }

    /** The bundled calibration is of all timesteps alike: races of others say that they do without, or refuse to. */
    @Test
    void theBundledCalibrationIsNotTakenForOthers() {
        Object picture = pictures.files().get(0);
        assertEquals("", run("classify", picture).succeeded().err());
        String range = run("classify", picture, "--timesteps", "100..899").succeeded().err();
        assertTrue(range.contains("learned with timesteps not set, and here it is \"100..899\": races use paired-t"),
                range);
        String snr = run("classify", picture, "--timestep-weights", "snr").succeeded().err();
        assertTrue(snr.contains("learned with timestep-weights not set, and here it is \"snr\": races use paired-t")
                && snr.contains("a few timesteps count for nearly all the others"), snr);
        run("classify", picture, "--timestep-weights", "snr", "--bound", "covariance")
                .refused("--bound covariance: expected a calibration", "timestep-weights not set");
    }

    @Test
    void resumingRefusesOthers() throws IOException {
        Path weights = file("weights.csv", "step,weight\n0,1\n999,2\n");
        evaluate("run", "--timestep-weights", weights, "--timesteps", "0..899").succeeded();
        evaluate("run", "--timestep-weights", weights, "--timesteps", "0..899").succeeded();
        evaluate("run", "--timestep-weights", weights, "--timesteps", "0..898")
                .refused("timesteps was 0..899 and is now 0..898");
        evaluate("run", "--timestep-weights", "snr", "--timesteps", "0..899")
                .refused("timestep-weights was weights.csv", "and is now snr");
        file("weights.csv", "step,weight\n0,1\n999,2.5\n");
        evaluate("run", "--timestep-weights", weights, "--timesteps", "0..899")
                .refused("timestep-weights was weights.csv");
    }

    @Test
    void matchAndReferTakeThemToo() throws IOException {
        Path json = folder.resolve("match.json");
        run("match", "--demo", "--n-samples", 1, "--timesteps", "100..499", "--timestep-weights", "snr", "--json", json)
                .succeeded();
        JsonNode settings = JsonFile.MAPPER.readTree(json.toFile()).get("settings");
        assertEquals("100..499", settings.get("timesteps").textValue());
        assertEquals("snr", settings.get("timestep-weights").textValue());
        run("refer", pictures.files().get(0), "--expression", "a bag", "--boxes",
                file("boxes.json", "[[0, 0, 14, 28], [14, 0, 14, 28]]"), "--n-samples", 2, "--timesteps", "0..0")
                .refused("--n-samples 2: expected at most the 1 timesteps 0..0");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "--timesteps 9           | --timesteps: expected FROM..TO, as 0..499, found \"9\"",
        "--timesteps 5..1000     | --timesteps: expected some of the model's 0..999, found 5..1000",
        "--timesteps 0..49       | --max-trials 100: expected at most the 50 timesteps 0..49",
        "--timestep-weights snrr | snrr: cannot be read (no such file)"})
    void whatCannotBeIsRefused(String options, String message) {
        var words = new ArrayList<Object>(List.of(pictures.files().get(0)));
        words.addAll(List.of(options.split(" ")));
        run("classify", words.toArray()).refused(message);
    }

    @Test
    void filesOfWeightsAreRefusedInALine() throws IOException {
        Path weights = file("weights.txt", "1\n-1\n");
        run("classify", pictures.files().get(0), "--timestep-weights", weights)
                .refused(weights + ":2: weight: expected a finite number from 0 on, found \"-1\"");
        run("match", pictures.files().get(0), "--captions", "a bag,a coat", "--timestep-weights", weights)
                .refused(weights + ":2: weight:");
    }
}
