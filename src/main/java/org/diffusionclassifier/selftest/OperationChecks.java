package org.diffusionclassifier.selftest;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Attention;
import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.Diffusion;
import org.diffusionclassifier.device.Diffusion.Loss;
import org.diffusionclassifier.device.Diffusion.Measure;
import org.diffusionclassifier.device.Embedding;
import org.diffusionclassifier.device.GroupNorm;
import org.diffusionclassifier.device.LayerNorm;
import org.diffusionclassifier.device.RmsNorm;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cuda.CudaDevice;
import org.diffusionclassifier.device.cuda.driver.KernelFacts;
import org.diffusionclassifier.tensor.DType;

/** All that is no product: attention, norms, element-wise operations, noise and errors, at odd and published sizes. */
final class OperationChecks {

    private static final float EPSILON = 1e-5f;
    /** Of whole rows in a warp's registers, where the widest kernel takes any width. */
    private static final int WIDER_THAN_ANY = 2500;

    private OperationChecks() {
    }

    static List<Case> cases(boolean quick) {
        var cases = new ArrayList<Case>(norms());
        cases.addAll(elementwise());
        cases.addAll(diffusion());
        cases.add(new Case("attention d=40, each its keys", side -> attention(side, 2, 80, 3, 70, 77, false)));
        cases.add(new Case("attention d=12", side -> attention(side, 2, 24, 2, 20, 33, false)));
        cases.add(new Case("attention d=64, causal", side -> attention(side, 2, 128, 2, 77, 77, true)));
        cases.add(new Case("attention d=16, one query, 8192 keys", side -> attention(side, 1, 16, 1, 1, 8192, false)));
        cases.add(new Case("attention d=64, chosen keys", side -> side.layer(side.device().attention(
                new Attention.Spec(1, 64, false))).forward(side.normal(3, 20, 64), side.normal(2, 9, 64),
                side.normal(2, 9, 64), side.integers(1, 0, 1))));
        if (!quick) {
            cases.addAll(published());
        }
        return cases;
    }

    /** Attention of each width, and the row norms of each, that the card has kernels for. */
    static List<Case> kernels(CudaDevice device) {
        var cases = new ArrayList<Case>();
        for (KernelFacts kernel : device.gpu().kernels().kernels()) {
            String name = kernel.kernel();
            int width = switch (kernel.family()) {
                case "layernorm", "adaptive_norm" ->
                        kernel.tile(1) > WIDER_THAN_ANY ? 37 : kernel.tile(1) - 8;
                default -> 0;
            };
            if (name.startsWith("attention_d")) {
                int d = Integer.parseInt(name.substring("attention_d".length()));
                cases.add(new Case(name, side -> attention(side, 1, d, 1, 70, 77, false)));
            } else if (kernel.family().equals("layernorm")) {
                cases.add(new Case(name, side -> layerNorm(side, 5, width)));
            } else if (kernel.family().equals("adaptive_norm")) {
                cases.add(new Case(name, side -> side.device().adaptiveNorm(side.normal(2, 3, width),
                        side.normal(2, width), side.normal(2, width), EPSILON)));
            }
        }
        return cases;
    }

    private static List<Case> norms() {
        return List.of(
                new Case("group norm 2×8×8×64", side -> groupNorm(side, 32, null, 2, 8, 8, 64)),
                new Case("group norm 2×3×5×20, 4 groups", side -> groupNorm(side, 4, null, 2, 3, 5, 20)),
                new Case("group norm of two maps", side -> groupNorm(side, 32, side.normal(2, 8, 8, 32), 2, 8, 8, 64)),
                new Case("group norm 1×96×96×32", side -> groupNorm(side, 8, null, 1, 96, 96, 32)),
                new Case("gated sum 2×7×64", side -> side.device().gatedSum(side.normal(2, 7, 64), side.normal(2, 64),
                        side.normal(2, 7, 64))),
                new Case("RMS norm of 24 heads of 64", side -> rmsNorm(side, 64, side.normal(2, 5, 24 * 64))),
                new Case("RMS norm of columns", side -> rmsNorm(side, 16, side.normal(2, 3, 96).columns(32, 32))),
                new Case("RMS norm 5×4096", side -> rmsNorm(side, 4096, side.normal(1, 5, 4096))),
                new Case("RMS norm 3×17", side -> rmsNorm(side, 17, side.normal(1, 3, 17))),
                new Case("gated sum 2×3×17", side -> side.device().gatedSum(side.normal(2, 3, 17), side.normal(2, 17),
                        side.normal(2, 3, 17))));
    }

    private static List<Case> elementwise() {
        var cases = new ArrayList<Case>();
        for (Activation function : List.of(Activation.SILU, Activation.GELU, Activation.GELU_TANH,
                Activation.QUICK_GELU)) {
            cases.add(new Case(function.name().toLowerCase(Locale.ROOT) + " of 2051",
                    side -> side.device().activation(function, side.normal(1, 2051))));
        }
        cases.add(new Case("gather of 3 rows", side -> side.device().gather(side.normal(4, 5, 24),
                side.integers(3, 0, 3))));
        cases.add(new Case("product of 2051", side -> side.device().product(side.normal(1, 2051), side.normal(1, 2051))));
        cases.add(new Case("tokens joined", side -> side.device().joinTokens(side.normal(2, 5, 72).columns(24, 24),
                side.normal(2, 3, 24))));
        cases.add(new Case("tokens joined, 17 columns", side -> side.device().joinTokens(side.normal(2, 5, 17),
                side.normal(2, 3, 17))));
        cases.add(new Case("some tokens", side -> side.device().someTokens(side.normal(2, 9, 24), 4, 5)));
        cases.add(new Case("attention with a bias", side -> side.device().biasedAttention(side.normal(2, 33, 48),
                side.normal(2, 33, 48), side.normal(2, 33, 48), side.normal(DType.F32, 2, 33, 33))));
        cases.add(new Case("swap of axes", side -> side.device().swapAxes(side.normal(2, 3, 5, 7))));
        cases.add(new Case("swap of axes, f32", true, side -> side.device().swapAxes(side.normal(DType.F32, 2, 3, 5, 7))));
        cases.add(new Case("affine", true, side -> side.device().affine(side.normal(3, 17), 0.1, 3)));
        cases.add(new Case("affine, f32", true, side -> side.device().affine(side.normal(DType.F32, 3, 17), 0.1, 3)));
        cases.add(new Case("timesteps in 34 columns", side -> side.device().timestepEmbedding(
                side.numbers(0, 1, 500.5, 999), 34, true, 0)));
        cases.add(new Case("tokens of 9", side -> {
            Tensor ids = side.integers(8, 0, 3, 3, 1, 7);
            return side.layer(side.device().embedding(new Embedding.Spec(9, 5, 24), side.weights()))
                    .forward(ids.reshape(2, 3));
        }));
        return cases;
    }

    private static List<Case> diffusion() {
        var cases = new ArrayList<Case>();
        cases.add(new Case("x_t of 3 trials", side -> side.device().diffusion().addNoise(side.trials(5, 7, 4))));
        cases.add(new Case("x_t, then conv 3×3", side -> side.layer(side.device().conv2d(
                Conv2d.Spec.of(4, 24, 3).noisedInput(), side.weights())).forward(side.device().diffusion(),
                side.trials(9, 17, 4))));
        for (Loss loss : Loss.values()) {
            var measure = new Measure(loss, false);
            String name = loss.name().toLowerCase(Locale.ROOT);
            cases.add(new Case("error " + name, true, side -> side.device().diffusion().errors(
                    side.normal(DType.F32, 4, 5, 7, 4), side.trials(5, 7, 4), side.integers(0, 1, 1, 2), measure)
                    .mean()));
            cases.add(new Case("conv 3×3, then error " + name, true, side -> side.layer(side.device().conv2d(
                    Conv2d.Spec.of(24, 4, 3).measuredOutput(), side.weights())).errors(side.normal(4, 9, 17, 24),
                    side.device().diffusion(), side.trials(9, 17, 4), side.integers(0, 1, 1, 2), measure).mean()));
        }
        cases.add(new Case("error by place", true, side -> side.device().diffusion().errors(
                side.normal(DType.F32, 4, 5, 7, 4), side.trials(5, 7, 4), side.integers(0, 1, 1, 2),
                new Measure(Loss.L2, true)).map()));
        cases.add(new Case("variational bound", true, side -> side.device().diffusion().bound(
                side.normal(DType.F32, 4, 5, 7, 8), side.trials(5, 7, 4), new Diffusion.ReverseSteps(
                        side.integers(500, 3, 999), side.numbers(0.05, 0.2, 0.03), side.numbers(-4, -3, -4.5),
                        side.numbers(0.01, 0.2, 0.001)), side.integers(0, 1, 1, 2), true)));
        return cases;
    }

    private static List<Case> published() {
        return List.of(
                new Case("SD: attention 5 heads, 4096", side -> attention(side, 5, 320, 1, 4096, 4096, false)),
                new Case("SD: attention 5 heads, 77 keys", side -> attention(side, 5, 320, 2, 4096, 77, false)),
                new Case("SD: VAE's attention", side -> attention(side, 1, 512, 1, 4096, 4096, false)),
                new Case("DiT: attention 16 heads, 256", side -> attention(side, 16, 1152, 2, 256, 256, false)),
                new Case("SD: group norm 2×64×64×320", side -> groupNorm(side, 32, null, 2, 64, 64, 320)),
                new Case("SD: layer norm 8192×320", side -> layerNorm(side, 8192, 320)),
                new Case("DiT: adaptive norm 2×256×1152", side -> side.device().adaptiveNorm(side.normal(2, 256, 1152),
                        side.normal(2, 1152), side.normal(2, 1152), EPSILON)));
    }

    private static Tensor attention(Side side, int heads, int width, int batch, int queries, int keys, boolean causal) {
        return side.layer(side.device().attention(new Attention.Spec(heads, width, causal)))
                .forward(side.normal(batch, queries, width), side.normal(batch, keys, width),
                        side.normal(batch, keys, width));
    }

    private static Tensor rmsNorm(Side side, int channels, Tensor x) {
        return side.layer(side.device().rmsNorm(new RmsNorm.Spec(channels, EPSILON), side.weights())).forward(x);
    }

    private static Tensor layerNorm(Side side, int rows, int width) {
        return side.layer(side.device().layerNorm(new LayerNorm.Spec(width, EPSILON), side.weights()))
                .forward(side.normal(rows, width));
    }

    private static Tensor groupNorm(Side side, int groups, Tensor skip, int... shape) {
        int channels = shape[shape.length - 1] + (skip == null ? 0 : skip.width());
        return side.layer(side.device().groupNorm(new GroupNorm.Spec(channels, groups, EPSILON, true), side.weights()))
                .forward(side.normal(shape), skip);
    }
}
