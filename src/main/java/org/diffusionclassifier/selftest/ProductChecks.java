package org.diffusionclassifier.selftest;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.diffusionclassifier.device.Activation;
import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.GroupNorm;
import org.diffusionclassifier.device.Linear;
import org.diffusionclassifier.device.ResidualConv2d;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cuda.CudaDevice;
import org.diffusionclassifier.device.cuda.driver.KernelFacts;

/**
 * Matrix products and convolutions: by each kernel that the card has for them, whatever this card would choose, and with
 * each of the inputs that a layer can have, at sizes that no tile divides.
 */
final class ProductChecks {

    /** The family's part of a kernel's name, what the kernel is for, and its tile. */
    private static final Pattern KERNEL =
            Pattern.compile("(gemm|conv3x3)(_geglu|_activated|_f32out|_moments|_partial)?_(\\d+x\\d+|any)");
    /** Parts of a split sum; of 9 tiles of depth, which they do not share evenly. */
    private static final int PARTS = 2;

    private ProductChecks() {
    }

    /** Layers as a network has them, by the kernels that the device chooses. */
    static List<Case> layers() {
        return List.of(
                new Case("linear 5×1024→72, SiLU", side -> linear(side, Linear.Spec.of(1024, 72).then(Activation.SILU),
                        5, 1024)),
                new Case("linear 17×40→24, residual", side -> side.layer(side.device().linear(
                        Linear.Spec.of(40, 24).withoutBias(), side.weights())).forward(side.normal(17, 40),
                        side.normal(17, 24))),
                new Case("linear 9×48→70, QuickGELU", side -> linear(side,
                        Linear.Spec.of(48, 70).then(Activation.QUICK_GELU), 9, 48)),
                new Case("linear 65×72→64, GELU", side -> linear(side, Linear.Spec.of(72, 64).then(Activation.GELU),
                        65, 72)),
                new Case("linear 65×72→64, GELU by tanh", side -> linear(side,
                        Linear.Spec.of(72, 64).then(Activation.GELU_TANH), 65, 72)),
                new Case("linear 1×1→1", side -> linear(side, Linear.Spec.of(1, 1), 1, 1)),
                new Case("conv 1×1 of two maps", side -> side.layer(side.device().conv2d(
                        Conv2d.Spec.of(24, 40, 1).withConcat(16), side.weights())).forward(side.normal(2, 5, 7, 24),
                        side.normal(2, 5, 7, 16), null)),
                new Case("conv 3×3, residual", side -> conv(side, Conv2d.Spec.of(16, 24, 3), side.normal(2, 9, 7, 24),
                        2, 9, 7)),
                new Case("conv 3×3, a row an image", side -> conv(side, Conv2d.Spec.of(16, 24, 3),
                        side.normal(2, 32).columns(8, 24), 2, 9, 7)),
                new Case("conv 3×3 and a shortcut of two maps", ProductChecks::residual),
                new Case("conv 3×3 of one pixel", side -> conv(side, Conv2d.Spec.of(16, 24, 3), null, 1, 1, 1)),
                new Case("conv 3×3, doubling", side -> conv(side, Conv2d.Spec.of(16, 24, 3).doubling(), null, 2, 5, 7)),
                new Case("conv 3×3, halving", side -> conv(side,
                        Conv2d.Spec.of(16, 24, 3).halving(Conv2d.Padding.SYMMETRIC), null, 2, 9, 14)),
                new Case("conv 3×3, halving as the VAE", side -> conv(side,
                        Conv2d.Spec.of(16, 24, 3).halving(Conv2d.Padding.BOTTOM_RIGHT), null, 1, 12, 7)));
    }

    /** Layers of Stable Diffusion 2 and DiT-XL/2 at their sizes. */
    static List<Case> published() {
        return List.of(
                new Case("SD: linear 8192×320→320", side -> linear(side, Linear.Spec.of(320, 320), 8192, 320)),
                new Case("SD: GEGLU 2048×640→2560", side -> linear(side,
                        Linear.Spec.of(640, 2560).then(Activation.GEGLU), 2048, 640)),
                new Case("SD: conv 2×64×64×320", side -> conv(side, Conv2d.Spec.of(320, 320, 3), null, 2, 64, 64)),
                new Case("SD: conv 2×8×8×1280", side -> conv(side, Conv2d.Spec.of(1280, 1280, 3), null, 2, 8, 8)),
                new Case("SD: conv 2×16×16×1280, doubling", side -> conv(side,
                        Conv2d.Spec.of(1280, 1280, 3).doubling(), null, 2, 16, 16)),
                new Case("DiT: linear 512×1152→3456", side -> linear(side, Linear.Spec.of(1152, 3456), 512, 1152)),
                new Case("DiT: linear 512×4608→1152", side -> linear(side, Linear.Spec.of(4608, 1152), 512, 4608)));
    }

    /** One check for each kernel of the card that multiplies matrices. */
    static List<Case> kernels(CudaDevice device) {
        var cases = new ArrayList<Case>();
        for (KernelFacts kernel : device.gpu().kernels().kernels()) {
            Matcher name = KERNEL.matcher(kernel.kernel());
            if (name.matches()) {
                String kind = name.group(2) == null ? "" : name.group(2).substring(1);
                String tile = name.group(3);
                Function<Side, Tensor> pass = name.group(1).equals("gemm") ? product(kind, tile.equals("any"))
                        : convolution(kind, tile.equals("any"));
                cases.add(new Case(kernel.kernel(), kind.equals("f32out"), side -> by(tile, kind, side, pass)));
            }
        }
        return cases;
    }

    /** Has a device of kernels record a pass with a tile. */
    private static Tensor by(String tile, String kind, Side side, Function<Side, Tensor> pass) {
        if (!(side.device() instanceof CudaDevice card)) {
            return pass.apply(side);
        }
        card.useTile(tile, kind.equals("partial") ? PARTS : 1);
        try {
            return pass.apply(side);
        } finally {
            card.useTile(null, 1);
        }
    }

    /** @param any whether rows are to be no multiples of 8, which one kernel alone takes */
    private static Function<Side, Tensor> product(String kind, boolean any) {
        int in = any ? 37 : 264;
        return switch (kind) {
            case "geglu" -> side -> linear(side, Linear.Spec.of(in, 132).then(Activation.GEGLU), 135, in);
            case "activated" -> side -> linear(side, Linear.Spec.of(in, 136).then(Activation.SILU), 135, in);
            case "f32out" -> side -> conv(side, Conv2d.Spec.of(in, 70, 1).toFloat(), null, 1, 5, 13);
            case "moments" -> side -> thenNorm(side, Conv2d.Spec.of(16, 176, 1).thenNormalized());
            default -> side -> linear(side, Linear.Spec.of(in, 170), 263, in);
        };
    }

    private static Function<Side, Tensor> convolution(String kind, boolean any) {
        int in = any ? 5 : 16;
        return switch (kind) {
            case "f32out" -> side -> conv(side, Conv2d.Spec.of(in, 20, 3).toFloat(), null, 2, 9, 11);
            case "moments" -> side -> thenNorm(side, Conv2d.Spec.of(8, 176, 3).thenNormalized());
            case "partial" -> side -> conv(side, Conv2d.Spec.of(32, 170, 3), side.normal(2, 170), 2, 9, 11);
            default -> side -> conv(side, Conv2d.Spec.of(in, 170, 3), side.normal(2, 9, 15, 170), 2, 9, 15);
        };
    }

    private static Tensor residual(Side side) {
        var spec = new ResidualConv2d.Spec(Conv2d.Spec.of(24, 40, 3), Conv2d.Spec.of(48, 40, 1).withConcat(16));
        return side.layer(side.device().residualConv2d(spec, side.weights(), side.weights())).forward(
                side.normal(2, 9, 7, 24), side.normal(2, 9, 7, 48), side.normal(2, 9, 7, 16), null);
    }

    /** The norm behind it takes the moments that the layer has gathered. */
    private static Tensor thenNorm(Side side, Conv2d.Spec spec) {
        Tensor map = conv(side, spec, null, 1, 32, 32);
        return side.layer(side.device().groupNorm(new GroupNorm.Spec(spec.out(), 11, 1e-5f, true), side.weights()))
                .forward(map);
    }

    private static Tensor linear(Side side, Linear.Spec spec, int rows, int in) {
        return side.layer(side.device().linear(spec, side.weights())).forward(side.normal(rows, in));
    }

    private static Tensor conv(Side side, Conv2d.Spec spec, Tensor addend, int batch, int h, int w) {
        return side.layer(side.device().conv2d(spec, side.weights())).forward(side.normal(batch, h, w, spec.in()), addend);
    }
}
