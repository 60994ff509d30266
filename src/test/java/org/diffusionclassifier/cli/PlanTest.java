package org.diffusionclassifier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.diffusionclassifier.EvaluationPlan;
import org.diffusionclassifier.model.BundledModel;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Plans against figures reckoned by hand. */
class PlanTest {

    @TempDir
    private Path folder;

    @BeforeEach
    void layOut() throws IOException {
        try (var bundled = BundledModel.open()) {
            for (String name : List.of("coat", "bag", "sneaker")) {
                Path of = Files.createDirectories(folder.resolve("data").resolve(name));
                Files.copy(bundled.images().resolve(name + "-0.png"), of.resolve("a.png"));
            }
        }
    }

    /** Li et al. (2023), appendix: ImageNet's validation set by a DiT, every fourth timestep of a thousand. */
    @Test
    void imagenetByTheProtocolOfTheDit() {
        var plan = new EvaluationPlan(50_000, 1000 * 250, false, 1000, 8);
        assertEquals(12_500_000_000L, plan.pairs());
        assertEquals(12_500_000_000.0 / 1000 / 3600 / 8, plan.hours(), 1e-9);
        assertEquals(3472.2 * 2.5, plan.cost(2.5), 1);
    }

    /** Three images of ten prompts, 50 timesteps for all and 450 more for five of them: 3 × (500 + 2250). */
    @Test
    void stagesAreCountedAndNothingRuns() {
        CommandLineRun plan = evaluate("--n-samples", "50,500", "--pairs-per-second", "5", "--planned-devices", "4",
                "--price-per-hour", "2").succeeded();
        assertTrue(plan.out().contains("3 images, 2,750 pairs each: 8,250 pairs"), plan.out());
        assertTrue(plan.out().contains("0.115 hours on 4"), plan.out());      // 8250 / 5 / 3600 / 4
        assertTrue(plan.out().contains("cost: 0.917 at 2.0"), plan.out());    // 8250 / 5 / 3600 × 2
        assertFalse(Files.exists(folder.resolve("run")));
    }

    /** 1000 captions and a limit of the paper's protocol for Stable Diffusion: the default race may stop earlier. */
    @Test
    void aRaceMayTakeFewer() throws IOException {
        Path classes = Files.writeString(folder.resolve("classes.csv"), "prompt,classname,classidx\n"
                + IntStream.range(0, 1000).mapToObj(i -> "a photo of a thing " + i + ","
                + List.of("bag", "coat", "sneaker").get(i % 3) + "," + i % 3 + "\n").collect(Collectors.joining()));
        CommandLineRun plan = evaluate("--prompts", classes, "--pairs-per-second", "100").succeeded();
        assertTrue(plan.out().contains("3 images, at most 100,000 pairs each: at most 300,000 pairs"), plan.out());
    }

    @Test
    void speedIsMeasured() {
        Matcher measured = Pattern.compile("([0-9.]+) pairs a second of one device, measured")
                .matcher(evaluate("--n-samples", "1", "--to-keep", "1").succeeded().out());
        assertTrue(measured.find());
        assertTrue(Double.parseDouble(measured.group(1)) > 0);
    }

    @Test
    void refusals() {
        evaluate("--pairs-per-second", "0").refused("--pairs-per-second", "above 0");
        evaluate("--pairs-per-second", "1", "--planned-devices", "0").refused("--planned-devices", "at least 1");
        evaluate("--pairs-per-second", "1", "--price-per-hour", "-1").refused("--price-per-hour", "from 0 on");
        CommandLineRun.of("evaluate", "--dataset", "folder:" + folder.resolve("data"), "--out", folder.resolve("run"),
                "--price-per-hour", "1").refused("--plan");
    }

    private CommandLineRun evaluate(Object... more) {
        var args = new ArrayList<Object>(List.of("evaluate", "--dataset", "folder:" + folder.resolve("data"), "--out",
                folder.resolve("run"), "--device", "cpu", "--dtype", "f32", "--plan"));
        args.addAll(List.of(more));
        return CommandLineRun.of(args.toArray());
    }
}
