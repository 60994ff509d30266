package org.diffusionclassifier.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.diffusionclassifier.config.UNetConfig;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Op;
import org.diffusionclassifier.device.WeightsBudget;
import org.diffusionclassifier.device.cpu.CpuDevice;
import org.diffusionclassifier.model.sd3.SyntheticMmdit;
import org.diffusionclassifier.model.stablediffusion.SyntheticUNet;
import org.diffusionclassifier.tensor.DType;
import org.junit.jupiter.api.Test;
import org.diffusionclassifier.config.MmditConfig;
import org.diffusionclassifier.config.PublishedUNets;

/** The multiplications and additions of a pair of Stable Diffusion 2-base, counted in recorded graphs; nothing is run. */
class SharedWorkTest {

    private static final UNetConfig CONFIG = PublishedUNets.of("sd-2-base");
    /** FLOP of a caption's keys and values: 77 tokens, 16 cross-attentions of these channels. */
    private static final long KEYS_AND_VALUES =
            2L * 77 * CONFIG.crossAttentionDim() * 2 * (5 * (320 + 640 + 1280) + 1280);
    /** Of convolutions of doubled maps, each output of which takes 4 products in the place of 9. */
    private static final long DOUBLED = savedOf(1280, 16) + savedOf(1280, 32) + savedOf(640, 64);

    /**
     * PyTorch's counter (torch.utils.flop_counter, on diffusers' UNet2DConditionModel) says 678 GFLOP: without attention's
     * own products, with every caption's keys and values, which here are made once a run, and with convolutions of
     * doubled maps as they are written.
     */
    @Test
    void anEvaluationHasThePublishedNetworksOperations() {
        assertEquals(678e9, count(1, 1).linear + KEYS_AND_VALUES + DOUBLED, 0.5e9);
    }

    /**
     * The first residual block, the first self-attention and what surrounds them are 5.2 % of an evaluation; what the last
     * residual block makes of the first convolution's output is another 1.0 %. With ten captions a trial nine tenths of
     * both are saved. An evaluation by itself is counted with its caption already projected, which is the stricter
     * measure, and with the projection, as it is without this program. PyTorch's count does not see self-attention's
     * products, half of what is saved.
     */
    @Test
    void pairsOfATrialShareWhatDependsOnTheTrialAlone() {
        Flops alone = count(1, 1);
        assertEquals(alone, count(3, 3), "pairs of a trial each");
        Flops shared = count(2, 20);
        assertAtMost(0.945, shared.all / alone.all);
        assertAtMost(0.94, shared.all / (alone.all + KEYS_AND_VALUES));
        assertAtMost(0.957, shared.linear / (alone.linear + KEYS_AND_VALUES));
    }

    /**
     * Published: 5.98 TFLOP at 1024², without attention's own products. A caption's keys and values, made once a run, are
     * 0.9 % of that. Of a trial little can be shared, as the embedding of the time depends on the caption: the first
     * convolution alone.
     */
    @Test
    void anEvaluationOfSdxlHasThePublishedNetworksOperations() {
        UNetConfig config = PublishedUNets.of("sdxl");
        double keysAndValues = 2.0 * 77 * config.crossAttentionDim() * 2 * (10 * 640 + 60 * 1280);
        Flops alone = count(config, 1, 1);
        assertEquals(5.98e12, alone.linear + keysAndValues + savedOf(1280, 64) + savedOf(640, 128), 0.01e12);
        assertEquals(0.009, keysAndValues / (alone.linear + keysAndValues), 0.0005);
        assertAtMost(1, count(config, 1, 2).all / alone.all);
    }

    /**
     * Of an evaluation of Stable Diffusion 3 a trial shares the patches' embedding, 2 · 4096 · 64 · 1536, and the first
     * product of the time's. A caption's embedding, of 333 tokens from 4096 to 1536 columns, is made once a run.
     */
    @Test
    void littleOfStableDiffusion3IsShared() {
        MmditConfig config = MmditConfig.published("sd3-medium");
        Flops alone = count(config, 1, 1);
        assertEquals(8.9e12, alone.all, 0.02e12);
        double ofTrial = 2.0 * 4096 * 64 * 1536 + 2.0 * 256 * 1536;
        assertEquals(ofTrial / 2, alone.all - count(config, 1, 2).all, 1);
        assertEquals(0.0001, ofTrial / alone.all, 0.00003);
        assertEquals(0.0005, 2.0 * 333 * 4096 * 1536 / alone.all, 0.00005);
    }

    private static Flops count(MmditConfig config, int trials, int pairs) {
        try (Device device = weightless(); var evaluation = SyntheticMmdit.evaluation(config, device, trials, pairs)) {
            return count(evaluation, pairs);
        }
    }

    private static long savedOf(int channels, int size) {
        return 2L * (9 - 4) * channels * channels * size * size;
    }

    private static void assertAtMost(double limit, double part) {
        assertTrue(part <= limit, part + " of an evaluation by itself, expected at most " + limit);
    }

    /**
     * FLOP a pair.
     *
     * @param linear those not in attention's own products
     */
    private record Flops(double all, double linear) {
    }

    private static Flops count(int trials, int pairs) {
        return count(CONFIG, trials, pairs);
    }

    private static Flops count(UNetConfig config, int trials, int pairs) {
        try (Device device = weightless(); var evaluation = SyntheticUNet.evaluation(config, device, trials, pairs)) {
            return count(evaluation, pairs);
        }
    }

    private static Flops count(SyntheticEvaluation evaluation, int pairs) {
        long linear = evaluation.graph().ops().stream().filter(op -> !op.name().startsWith("attention"))
                .mapToLong(Op::flops).sum();
        return new Flops((double) evaluation.graph().flops() / pairs, (double) linear / pairs);
    }

    /** A device that reads weights when it runs, and so none here. */
    private static Device weightless() {
        return new CpuDevice(DType.F32, WeightsBudget.of(0));
    }
}
