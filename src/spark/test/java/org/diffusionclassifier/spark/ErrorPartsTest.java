package org.diffusionclassifier.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.diffusionclassifier.score.PairRange;
import org.diffusionclassifier.score.Round;
import org.diffusionclassifier.score.Trial;
import org.diffusionclassifier.tensor.InputException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rounds that are cut into files and put together, and what tasks find missing of them. */
class ErrorPartsTest {

    private static final int BATCH = 8;

    @TempDir
    private Path folder;
    private Parts parts;

    @BeforeEach
    void begin() {
        parts = new Parts(folder.resolve("parts"));
    }

    private static Round round(int trials, int prompts) {
        return new Round(IntStream.range(0, trials).mapToObj(i -> new Trial(7 * i, i)).toList(),
                IntStream.range(0, prompts).boxed().toList());
    }

    private static float[][] randomErrors(Round round) {
        var random = new Random(3);
        var errors = new float[round.trials().size()][round.prompts().size()];
        for (float[] ofTrial : errors) {
            for (int i = 0; i < ofTrial.length; i++) {
                ofTrial[i] = Float.intBitsToFloat(random.nextInt(0x7f000000));
            }
        }
        return errors;
    }

    private void write(int image, Round round, float[][] errors, PairRange range) {
        var some = new float[range.pairs()];
        for (int i = 0; i < some.length; i++) {
            some[i] = errors[(range.from() + i) / round.prompts().size()][(range.from() + i) % round.prompts().size()];
        }
        parts.errors(image, BATCH).write(round, range, some);
    }

    /** To the bit, in any order, although a range was written twice and another overlaps. */
    @Test
    void aRoundIsWholeOnceFilesCoverIt() {
        Round round = round(9, 13);
        float[][] errors = randomErrors(round);
        var ranges = new ArrayList<>(new PairRange(0, 117).divided(BATCH, 5));
        PairRange last = ranges.remove(2);
        ranges.add(ranges.get(0));
        ranges.add(new PairRange(0, 16));
        Collections.shuffle(ranges, new Random(1));
        for (PairRange range : ranges) {
            assertTrue(parts.errors(4, BATCH).read(round).isEmpty());
            write(4, round, errors, range);
        }
        assertEquals(List.of(last), parts.errors(4, BATCH).missing(round));
        write(4, round, errors, last);
        float[][] read = parts.errors(4, BATCH).read(round).orElseThrow();
        for (int i = 0; i < errors.length; i++) {
            assertArrayEquals(errors[i], read[i]);
        }
    }

    /** They are known by image, trials, prompts and batches, not by when they came. */
    @Test
    void otherRoundsHaveOtherFiles() {
        Round round = round(3, 5);
        write(4, round, randomErrors(round), new PairRange(0, 15));
        assertTrue(parts.errors(4, BATCH).read(round(3, 5)).isPresent());
        assertTrue(parts.errors(5, BATCH).read(round).isEmpty());
        assertTrue(parts.errors(4, BATCH / 2).read(round).isEmpty());
        assertTrue(parts.errors(4, BATCH).read(round(5, 3)).isEmpty());
        assertTrue(parts.errors(4, BATCH).read(new Round(round.trials(), List.of(0, 1, 2, 3, 5))).isEmpty());
        assertTrue(parts.errors(4, BATCH).read(new Round(List.of(new Trial(0, 0), new Trial(7, 1), new Trial(14, 3)),
                round.prompts())).isEmpty());
    }

    @Test
    void filesAreNamedWhenTheyAreWhole() throws IOException {
        Round round = round(3, 5);
        write(4, round, randomErrors(round), new PairRange(0, 15));
        Path image = parts.folder().resolve("image-00000004");
        try (Stream<Path> files = Files.list(image)) {
            Path file = files.reduce((one, two) -> {
                throw new AssertionError(one + " and " + two);
            }).orElseThrow();
            assertEquals(15 * 4, Files.size(file));
            Files.write(file, new byte[59]);
            String message = assertThrows(InputException.class, () -> parts.errors(4, BATCH).read(round)).getMessage();
            assertTrue(message.startsWith(file.toString()), message);
        }
        parts.deleteErrors(4);
        assertFalse(Files.exists(image));
        write(5, round, randomErrors(round), new PairRange(0, 15));
        parts.delete();
        assertFalse(Files.exists(parts.folder()));
    }

    /** Of ten batches: as many ranges as are wanted, of no fewer batches than they should have. */
    @Test
    void tasksShareWhatIsWorthIt() {
        Round round = round(8, 10);
        for (int[] expected : new int[][] {{1, 1, 0}, {2, 1, 2}, {3, 1, 3}, {64, 1, 10}, {64, 4, 2}, {64, 6, 0}}) {
            var rounds = new RoundsInParts(parts.errors(4, BATCH), new Division(expected[0], expected[1]));
            assertEquals(expected[2] > 0, rounds.isLeft(round));
            assertEquals(expected[2], rounds.left() == null ? 0 : rounds.left().ranges().size());
        }
        assertFalse(new RoundsInParts(parts.errors(4, BATCH), new Division(4, 1)).isLeft(round(0, 10)));
    }

    /** What an interrupted run has is not evaluated again, however it was divided. */
    @Test
    void tasksShareWhatIsMissing() {
        Round round = round(8, 10);
        write(4, round, randomErrors(round), new PairRange(16, 40));
        var rounds = new RoundsInParts(parts.errors(4, BATCH), new Division(5, 1));
        assertTrue(rounds.isLeft(round));
        assertEquals(round, rounds.left().round());
        assertEquals(List.of(new PairRange(0, 16), new PairRange(40, 48), new PairRange(48, 64),
                new PairRange(64, 80)), rounds.left().ranges());
        for (PairRange range : rounds.left().ranges()) {
            write(4, round, randomErrors(round), range);
        }
        var later = new RoundsInParts(parts.errors(4, BATCH), new Division(5, 1));
        assertTrue(later.evaluated(round).isPresent());
        assertEquals(80, later.read());
    }
}
