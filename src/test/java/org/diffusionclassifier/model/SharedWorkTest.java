package org.diffusionclassifier.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Op;
import org.diffusionclassifier.device.WeightsBudget;
import org.diffusionclassifier.device.cpu.CpuDevice;
import org.diffusionclassifier.weights.DType;
import org.diffusionclassifier.weights.UNetConfig;
import org.junit.jupiter.api.Test;

/** The multiplications and additions of a pair of Stable Diffusion 2-base, counted in recorded graphs; nothing is run. */
class SharedWorkTest {

    private static final UNetConfig CONFIG = UNetConfig.stableDiffusion2Base();

    /**
     * PyTorch's counter (torch.utils.flop_counter, on diffusers' UNet2DConditionModel) says 678 GFLOP: without attention's
     * own products, and with every caption's keys and values, which here are made once a run.
     */
    @Test
    void anEvaluationHasThePublishedNetworksOperations() {
        int tokens = 77;
        int attendingChannels = 5 * (320 + 640 + 1280) + 1280;
        long keysAndValues = 2L * tokens * CONFIG.crossAttentionDim() * 2 * attendingChannels;
        try (Device device = weightless(); var evaluation = new SyntheticEvaluation(CONFIG, device, 1)) {
            long products = evaluation.graph().ops().stream().filter(op -> !op.name().startsWith("attention"))
                    .mapToLong(Op::flops).sum();
            assertEquals(678e9, products + keysAndValues, 0.5e9);
        }
    }

    /** The first residual block, the first self-attention and what surrounds them: 5.2 % of an evaluation. */
    @Test
    void pairsOfATrialShareWhatComesBeforeTheirCaptions() {
        double alone = flopsAPair(1, 1);
        assertEquals(alone, flopsAPair(3, 3), "pairs of a trial each");
        double shared = flopsAPair(2, 20) / alone;
        assertTrue(shared <= 0.954, "with ten captions a trial " + shared);
    }

    private static double flopsAPair(int trials, int pairs) {
        try (Device device = weightless(); var evaluation = new SyntheticEvaluation(CONFIG, device, trials, pairs)) {
            return (double) evaluation.graph().flops() / pairs;
        }
    }

    /** A device that reads weights when it runs, and so none here. */
    private static Device weightless() {
        return new CpuDevice(DType.F32, WeightsBudget.of(0));
    }
}
