package org.diffusionclassifier.jmh;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Secondary results, each a second: runs of the operation, its FLOP and its fewest bytes in units of 10⁹, and the seconds
 * at which the card's datasheet bounds them: what part of the bound's speed is reached. The last is 0 on a CPU and on a
 * card that {@link org.diffusionclassifier.device.cuda.study.Card} does not know.
 */
@AuxCounters(AuxCounters.Type.OPERATIONS)
@State(Scope.Thread)
public class Rates {

    public double runs;
    public double GFLOP;
    public double GB;
    public double ofBound;

    @Setup(Level.Iteration)
    public void reset() {
        runs = 0;
        GFLOP = 0;
        GB = 0;
        ofBound = 0;
    }

    void add(int count, long flops, long bytes, double secondsAtBound) {
        runs += count;
        GFLOP += count * flops * 1e-9;
        GB += count * bytes * 1e-9;
        ofBound += count * secondsAtBound;
    }
}
