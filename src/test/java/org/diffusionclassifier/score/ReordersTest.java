package org.diffusionclassifier.score;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.diffusionclassifier.config.UNetConfig.BlockKind;
import org.diffusionclassifier.config.UNetConfig;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.cpu.CpuDevice;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.model.stablediffusion.SyntheticUNet;
import org.diffusionclassifier.prompt.Prompt;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.strategy.TrialPlan;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.testing.Devices;
import org.diffusionclassifier.testing.LoadedModel;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What oneDNN copies from one layout or type to another, by its own log, in batches of a shape that it has met before:
 * nothing in float32; in bfloat16 elements are widened for group norms and narrowed behind these and attention, where
 * they stand. oneDNN logs to the process's output, so each case is one of its own.
 */
class ReordersTest {

    /** {@code …,exec,cpu,reorder,IMPLEMENTATION,undef,src:TYPE:…:LAYOUT:FLAGS dst:TYPE:…:LAYOUT:FLAGS,…}. */
    private static final Pattern REORDER = Pattern.compile(
            ".*,exec,cpu,reorder,[^,]*,[^,]*,src:(\\w+):\\w*:(\\S+) dst:(\\w+):\\w*:([^\\s,]+),.*");
    private static final String STEADY = "steady from here on";

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({"bundled,F32", "bundled,BF16", "large,F32", "large,BF16"})
    void onlyTypesAreConverted(String model, DType type) throws Exception {
        Devices.require(type);
        List<String> log = log(model, type);
        int steady = log.indexOf(STEADY);
        assertTrue(log.subList(0, steady).stream().map(REORDER::matcher)
                .anyMatch(reorder -> reorder.matches() && !reorder.group(2).equals(reorder.group(4))),
                "weights are given their layout at first");

        List<String> runs = log.subList(steady, log.size());
        assertTrue(runs.stream().anyMatch(line -> line.contains(",exec,cpu,convolution,")), "convolutions are logged");
        assertEquals(List.of(), runs.stream().filter(line -> line.contains(",exec,cpu,convolution,ref")).toList(),
                "convolutions by the reference implementation");
        Set<String> conversions = runs.stream().filter(line -> line.contains(",exec,cpu,reorder,"))
                .map(ReordersTest::conversion).collect(Collectors.toSet());
        assertEquals(type == DType.F32 ? Set.of() : Set.of("bf16 to f32", "f32 to bf16"), conversions);
    }

    /** From which type to which, of a reorder that changes nothing else. */
    private static String conversion(String line) {
        Matcher reorder = REORDER.matcher(line);
        assertTrue(reorder.matches(), line);
        assertEquals(reorder.group(2), reorder.group(4), () -> "layouts in " + line);
        return reorder.group(1) + " to " + reorder.group(3);
    }

    private List<String> log(String model, DType type) throws IOException, InterruptedException {
        Path log = folder.resolve("log");
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        var process = new ProcessBuilder(java, "-cp", System.getProperty("java.class.path"), Logged.class.getName(),
                model, type.name()).redirectError(ProcessBuilder.Redirect.INHERIT).redirectOutput(log.toFile());
        process.environment().put("ONEDNN_VERBOSE", "1");
        assertEquals(0, process.start().waitFor());
        return Files.readAllLines(log);
    }

    /** The process whose output is the log. */
    static final class Logged {

        public static void main(String[] args) {
            DType type = DType.valueOf(args[1]);
            try (Device device = new CpuDevice(type)) {
                if (args[0].equals("bundled")) {
                    classify(device);
                } else {
                    evaluate(device);
                }
            }
        }

        /** Whole rounds of two batch shapes. */
        private static void classify(Device device) {
            try (var bundled = BundledModel.open(); var model = LoadedModel.of(bundled.root(), device)) {
                var captions = PromptSet.read(bundled.prompts()).prompts().stream().map(Prompt::text).toList();
                var round = new Round(TrialPlan.of(1000, List.of(3), 1).stages().get(0),
                        IntStream.range(0, captions.size()).boxed().toList());
                try (var scorer = model.scorer(captions, new Noise.Seeded(0), Objective.L2, 20)) {
                    scorer.show(ImageDecoder.read(bundled.images().resolve("bag-0.png")));
                    scorer.errors(round);
                    sayThatItIsSteady();
                    scorer.errors(round);
                }
            }
        }

        /** Channels, heads and captions of Stable Diffusion 2, fewer levels and pixels. */
        private static void evaluate(Device device) {
            var config = new UNetConfig(24, 4, 4, List.of(320, 640), List.of(BlockKind.CROSS_ATTENTION, BlockKind.PLAIN),
                    List.of(BlockKind.PLAIN, BlockKind.CROSS_ATTENTION), List.of(1, 1), List.of(5, 10), List.of(1, 1),
                    1024, 32, 1e-5f, true, true, 0, false);
            try (var evaluation = SyntheticUNet.evaluation(config, device, 2, 3)) {
                evaluation.graph().run();
                sayThatItIsSteady();
                evaluation.graph().run();
            }
        }

        private static void sayThatItIsSteady() {
            System.out.println(STEADY);
            System.out.flush();
        }
    }
}
