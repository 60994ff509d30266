package org.diffusionclassifier.spark;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Optional;
import org.diffusionclassifier.score.PairRange;
import org.diffusionclassifier.score.Round;
import org.diffusionclassifier.strategy.SharedRounds;

/** An image's rounds as a task finds them in {@link ErrorParts}, and the one that it leaves to other tasks. */
final class RoundsInParts implements SharedRounds {

    /**
     * A round that waits for tasks.
     *
     * @param ranges of pairs that are missing, one a task
     */
    record Left(Round round, ArrayList<PairRange> ranges) implements Serializable {
    }

    private final ErrorParts parts;
    private final Division division;
    private Left left;
    private long read;

    RoundsInParts(ErrorParts parts, Division division) {
        this.parts = parts;
        this.division = division;
    }

    @Override
    public Optional<float[][]> evaluated(Round round) {
        Optional<float[][]> errors = parts.read(round);
        read += errors.isPresent() ? round.pairs() : 0;
        return errors;
    }

    @Override
    public boolean isLeft(Round round) {
        if (round.pairs() == 0) {
            return false;
        }
        int batchSize = parts.batchSize();
        int batches = new PairRange(0, round.pairs()).batches(batchSize);
        long tasks = division.of(batches);
        if (tasks < 2) {
            return false;
        }
        var ranges = new ArrayList<PairRange>();
        for (PairRange missing : parts.missing(round)) {
            long share = (missing.batches(batchSize) * tasks + batches - 1) / batches;
            ranges.addAll(missing.divided(batchSize, (int) share));
        }
        left = new Left(round, ranges);
        return true;
    }

    /** Null if there is none. */
    Left left() {
        return left;
    }

    /** Pairs that others have evaluated. */
    long read() {
        return read;
    }
}
