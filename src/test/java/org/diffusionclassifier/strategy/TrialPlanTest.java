package org.diffusionclassifier.strategy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;
import org.diffusionclassifier.score.TimestepRange;
import org.diffusionclassifier.score.Trial;
import org.diffusionclassifier.tensor.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@link TrialPlan} against the timesteps that the algorithm of the paper's evaluation script picks, worked out once
 * with Python's range and slices and frozen here.
 */
class TrialPlanTest {

    private static List<List<Integer>> timesteps(int timesteps, Integer... nSamples) {
        return TrialPlan.of(timesteps, List.of(nSamples), 1).stages().stream()
                .map(stage -> stage.stream().map(Trial::timestep).toList()).toList();
    }

    @Test
    void picksTheTimestepsOfThePaper() {
        assertEquals(List.of(
                        List.of(125, 325, 525, 725, 925),
                        List.of(25, 75, 175, 225, 275, 375, 425, 475, 575, 625, 675, 775, 825, 875, 975)),
                timesteps(1000, 5, 20));
        assertEquals(List.of(
                        List.of(150, 450, 750),
                        List.of(50, 250, 350, 550, 650, 850, 950)),
                timesteps(1000, 3, 10));
        assertEquals(List.of(List.of(500)), timesteps(1000, 1));
    }

    @Test
    void divisionsThatLeaveARestStayAtTheLowerEnd() {
        assertEquals(List.of(
                        List.of(38, 114, 190, 266, 342, 418, 494),
                        List.of(570, 646, 722, 798, 874, 950)),
                timesteps(1000, 7, 13));
    }

    @Test
    void aStageMayBringNothingNew() {
        assertEquals(List.of(List.of(375, 875), List.of(125, 625), List.of()), timesteps(1000, 2, 3, 4));
    }

    @Test
    void takesEveryTimestepIfAskedFor() {
        assertEquals(List.of(IntStream.range(0, 10).boxed().toList()), timesteps(10, 10));
        assertEquals(List.of(List.of(0)), timesteps(1, 1));
    }

    /** Σ i·t, i from 1, stands for the order. */
    @ParameterizedTest
    @CsvSource({
        "'50,500', 0, 50, 11, 991, 25050, 847025",
        "'50,500', 1, 450, 1, 999, 224950, 67601475",
        "'20,50,100,500', 0, 20, 25, 975, 10000, 138250",
        "'20,50,100,500', 1, 50, 11, 991, 25050, 847025",
        "'20,50,100,500', 2, 80, 5, 995, 40000, 2153400",
        "'20,50,100,500', 3, 350, 1, 999, 174950, 40912375",
        "'300', 0, 300, 1, 898, 134850, 27044850",
        "'1000', 0, 1000, 0, 999, 499500, 333333000"})
    void picksTheLongStagesOfThePaper(String nSamples, int stage, int count, int first, int last, long sum,
                                      long weighted) {
        Integer[] samples = IntStream.of(numbers(nSamples)).boxed().toArray(Integer[]::new);
        List<Integer> picked = timesteps(1000, samples).get(stage);
        assertEquals(count, picked.size());
        assertEquals(first, picked.get(0));
        assertEquals(last, picked.get(count - 1));
        assertEquals(sum, picked.stream().mapToLong(t -> t).sum());
        assertEquals(weighted, IntStream.range(0, count).mapToLong(i -> (i + 1L) * picked.get(i)).sum());
    }

    private static int[] numbers(String list) {
        return List.of(list.split(",")).stream().mapToInt(Integer::parseInt).toArray();
    }

    @Test
    void theKthTimestepOfAllStagesHasTheKthNoise() {
        TrialPlan plan = TrialPlan.of(1000, List.of(3, 10), 1);
        assertEquals(List.of(new Trial(150, 0), new Trial(450, 1), new Trial(750, 2)), plan.stages().get(0));
        assertEquals(List.of(new Trial(50, 3), new Trial(250, 4), new Trial(350, 5), new Trial(550, 6),
                new Trial(650, 7), new Trial(850, 8), new Trial(950, 9)), plan.stages().get(1));
        assertEquals(10, plan.noises());
    }

    @Test
    void severalTrialsATimestepHaveNoisesInARow() {
        TrialPlan plan = TrialPlan.of(1000, List.of(1, 3), 2);
        assertEquals(List.of(
                        List.of(new Trial(499, 0), new Trial(499, 1)),
                        List.of(new Trial(166, 2), new Trial(166, 3), new Trial(832, 4), new Trial(832, 5))),
                plan.stages());
        assertEquals(6, plan.noises());
    }

    /** As of a model of 500 timesteps, each 300 later; noises are the same. */
    @Test
    void aRangeIsDrawnFromAsAllTimestepsAre() {
        TrialPlan plan = TrialPlan.of(new TimestepRange(300, 799), List.of(3, 10), 1);
        assertEquals(List.of(new Trial(375, 0), new Trial(525, 1), new Trial(675, 2)), plan.stages().get(0));
        assertEquals(List.of(325, 425, 475, 575, 625, 725, 775),
                plan.stages().get(1).stream().map(Trial::timestep).toList());
        assertEquals(IntStream.rangeClosed(300, 799).boxed().toList(),
                TrialPlan.of(new TimestepRange(300, 799), List.of(500), 1).stages().get(0).stream()
                        .map(Trial::timestep).toList());
        assertEquals(TrialPlan.of(1000, List.of(7, 50), 2), TrialPlan.of(TimestepRange.all(1000), List.of(7, 50), 2));
        assertEquals("nSamples 501: expected at most the 500 timesteps 300..799", assertThrows(InputException.class,
                () -> TrialPlan.of(new TimestepRange(300, 799), List.of(501), 1)).getMessage());
    }

    /** Every strategy draws from the range alone, and refuses one that is too short for it. */
    @Test
    void everyStrategyKeepsToTheRange() {
        var drawn = new TimestepRange(100, 199);
        assertEquals(IntStream.range(0, 50).map(i -> 101 + 2 * i).boxed().toList(),
                new Race(null, Race.AUTO, 50, null).trials(drawn, 1).stream().map(Trial::timestep).toList());
        assertEquals(25, new Interval(4).noises(drawn, 1));
        assertEquals(20 * 10 + 80 * 5, new Staged(List.of(20, 100), List.of(5, 1)).mostPairs(drawn, 1, 10));
        refused("maxTrials 101: expected at most the 100 timesteps 100..199",
                () -> new Race(null, Race.AUTO, 101, null).noises(drawn, 1));
        refused("interval 3: expected a divisor of the 100 timesteps 100..199", () -> new Interval(3).noises(drawn, 1));
    }

    private static void refused(String message, Executable asked) {
        assertEquals(message, assertThrows(InputException.class, asked).getMessage());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 50, 999, 1000})
    void noTimestepAndNoNoiseIsUsedTwice(int most) {
        for (int first = 1; first < most; first += 1 + most / 10) {
            var trials = new ArrayList<Trial>();
            TrialPlan.of(1000, List.of(first, most), 1).stages().forEach(trials::addAll);
            var timesteps = new HashSet<Integer>();
            for (int i = 0; i < trials.size(); i++) {
                assertTrue(timesteps.add(trials.get(i).timestep()), "timestep " + trials.get(i).timestep());
                assertTrue(trials.get(i).timestep() >= 0 && trials.get(i).timestep() < 1000);
                assertEquals(i, trials.get(i).noiseIndex());
            }
            assertEquals(most, trials.size());
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {
        "0; nSamples: expected ascending numbers from 1 on, found 0",
        "-3; nSamples: expected ascending numbers from 1 on, found -3",
        "5,5; nSamples: expected ascending numbers from 1 on, found 5 after 5",
        "5,20,10; nSamples: expected ascending numbers from 1 on, found 10 after 20",
        "5,1001; nSamples 1001: expected at most the 1000 timesteps 0..999"})
    void refusesNumbersThatDoNotAscendWithinTheTimesteps(String nSamples, String message) {
        List<Integer> samples = IntStream.of(numbers(nSamples)).boxed().toList();
        var refusal = assertThrows(InputException.class, () -> TrialPlan.of(1000, samples, 1));
        assertEquals(message, refusal.getMessage());
    }
}
