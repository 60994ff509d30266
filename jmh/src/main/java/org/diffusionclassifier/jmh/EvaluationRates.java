package org.diffusionclassifier.jmh;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Secondary results of whole evaluations, each a second: pairs; FLOP in units of 10⁹, all of them and those outside
 * attention's own products (which is what PyTorch's counter counts); the FLOP that the plain matrix product would have
 * made of the same time; and what part of these the evaluation's are, by either count.
 */
@AuxCounters(AuxCounters.Type.OPERATIONS)
@State(Scope.Thread)
public class EvaluationRates {

    public double pairs;
    public double GFLOP;
    public double linearGFLOP;
    public double gemmGFLOP;
    public double efficiency;
    public double linearEfficiency;

    @Setup(Level.Iteration)
    public void reset() {
        pairs = 0;
        GFLOP = 0;
        linearGFLOP = 0;
        gemmGFLOP = 0;
        efficiency = 0;
        linearEfficiency = 0;
    }

    void add(int count, long flops, long linearFlops, double gemmFlopsASecond, double seconds) {
        pairs += count;
        GFLOP += flops * 1e-9;
        linearGFLOP += linearFlops * 1e-9;
        gemmGFLOP += gemmFlopsASecond * seconds * 1e-9;
        efficiency += flops / gemmFlopsASecond;
        linearEfficiency += linearFlops / gemmFlopsASecond;
    }
}
