package org.diffusionclassifier.jmh;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Secondary results of what is not counted in FLOP, each a second. */
public final class Amounts {

    private Amounts() {
    }

    /** Pairs of a class and a trial. */
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    @State(Scope.Thread)
    public static class Pairs {

        public double pairs;

        @Setup(Level.Iteration)
        public void reset() {
            pairs = 0;
        }
    }

    /** 10⁶ bytes. */
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    @State(Scope.Thread)
    public static class Megabytes {

        public double MB;

        @Setup(Level.Iteration)
        public void reset() {
            MB = 0;
        }
    }
}
