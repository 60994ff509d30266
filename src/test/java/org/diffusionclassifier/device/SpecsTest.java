package org.diffusionclassifier.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.diffusionclassifier.device.Conv2d.Fusion;
import org.diffusionclassifier.device.Conv2d.Padding;
import org.diffusionclassifier.tensor.DType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What operands a layer takes and the shape that it gives, which the specs say for all devices. */
@Tag("device")
class SpecsTest {

    private static Tensor tensor(DType type, int... shape) {
        return Tensor.over(Storage.planned(1 << 20), type, shape);
    }

    private static Tensor tensor(int... shape) {
        return tensor(DType.F32, shape);
    }

    private static void assertRefused(Executable operands) {
        assertThrows(IllegalArgumentException.class, operands);
    }

    @Test
    void aConvolutionHalvesOrDoublesAndAddsAResidualOrARowAnImage() {
        Conv2d.Spec spec = Conv2d.Spec.of(8, 16, 3);
        Tensor x = tensor(2, 6, 5, 8);
        assertArrayEquals(new int[] {2, 6, 5, 16}, spec.outputShape(x, null, null));
        assertArrayEquals(new int[] {2, 3, 3, 16}, spec.halving(Padding.SYMMETRIC).outputShape(x, null, null));
        assertArrayEquals(new int[] {2, 3, 2, 16}, spec.halving(Padding.BOTTOM_RIGHT).outputShape(x, null, null));
        assertArrayEquals(new int[] {2, 12, 10, 16}, spec.doubling().outputShape(x, null, null));
        assertArrayEquals(new int[] {2, 6, 5, 16}, spec.outputShape(x, null, tensor(2, 6, 5, 16)));
        Tensor rows = tensor(2, 24).columns(8, 16);
        assertArrayEquals(new int[] {2, 6, 5, 16}, spec.outputShape(x, null, rows));
        assertTrue(spec.isPerImage(rows));
        assertFalse(spec.isPerImage(tensor(2, 6, 5, 16)));
    }

    @Test
    void aConvolutionRefusesWhatDoesNotFit() {
        Conv2d.Spec spec = Conv2d.Spec.of(8, 16, 3);
        Tensor x = tensor(2, 6, 5, 8);
        assertRefused(() -> spec.outputShape(tensor(2, 6, 5, 7), null, null));
        assertRefused(() -> spec.outputShape(tensor(2, 6, 5, 16).columns(0, 8), null, null));
        assertRefused(() -> spec.outputShape(tensor(12, 5, 8), null, null));
        assertRefused(() -> spec.outputShape(x, x, null));
        assertRefused(() -> spec.outputShape(x, null, tensor(2, 6, 4, 16)));
        assertRefused(() -> spec.outputShape(x, null, tensor(3, 16)));
        assertRefused(() -> spec.halving(Padding.BOTTOM_RIGHT).outputShape(tensor(2, 1, 5, 8), null, null));
    }

    @Test
    void aPointwiseConvolutionTakesASecondInputAndPixelsInAnyArrangement() {
        Conv2d.Spec spec = Conv2d.Spec.of(8, 16, 1).withConcat(4);
        Tensor x = tensor(2, 30, 8);
        assertArrayEquals(new int[] {2, 30, 16}, spec.outputShape(x, tensor(2, 30, 4), tensor(2, 6, 5, 16)));
        assertRefused(() -> spec.outputShape(x, null, null));
        assertRefused(() -> spec.outputShape(x, tensor(2, 30, 5), null));
        assertRefused(() -> spec.outputShape(x, tensor(2, 29, 4), null));
        assertRefused(() -> spec.outputShape(x, tensor(2, 30, 4), tensor(2, 29, 16)));
    }

    @Test
    void onlyPlainConvolutionsDouble() {
        Conv2d.Spec doubling = Conv2d.Spec.of(4, 16, 3).doubling();
        assertArrayEquals(new int[] {2, 12, 10, 16}, doubling.outputShape(tensor(2, 6, 5, 4), null, null));
        assertRefused(() -> doubling.halving(Padding.SYMMETRIC));
        assertRefused(() -> Conv2d.Spec.of(4, 16, 1).doubling());
    }

    @Test
    void onlyPlainConvolutionsAreFused() {
        Conv2d.Spec spec = Conv2d.Spec.of(4, 16, 3);
        assertTrue(spec.measuredOutput().floatOutput());
        spec.noisedInput().requireLatent(tensor(6, 5, 4));
        assertRefused(() -> spec.noisedInput().requireLatent(tensor(6, 5, 3)));
        assertRefused(() -> Conv2d.Spec.of(4, 16, 1).noisedInput());
        assertRefused(() -> spec.doubling().noisedInput());
        assertRefused(() -> spec.halving(Padding.SYMMETRIC).measuredOutput());
        assertRefused(() -> new Conv2d.Spec(4, 0, 16, 3, 1, Padding.SYMMETRIC, false, true, false, Fusion.NOISED_INPUT));
    }

    @Test
    void aResidualConvolutionIsAPlainOneAndAShortcutOfOneSize() {
        Conv2d.Spec conv = Conv2d.Spec.of(4, 16, 3);
        Conv2d.Spec shortcut = Conv2d.Spec.of(8, 16, 1).withConcat(3);
        var spec = new ResidualConv2d.Spec(conv, shortcut);
        assertArrayEquals(new int[] {2, 6, 5, 16}, spec.outputShape(tensor(2, 6, 5, 4), tensor(2, 6, 5, 8),
                tensor(2, 6, 5, 3), tensor(2, 6, 5, 16)));
        assertRefused(() -> spec.outputShape(tensor(2, 6, 5, 4), tensor(2, 5, 6, 8), tensor(2, 5, 6, 3), null));
        for (Conv2d.Spec other : List.of(shortcut, conv.doubling(), conv.toFloat(), conv.noisedInput())) {
            assertRefused(() -> new ResidualConv2d.Spec(other, shortcut));
        }
        for (Conv2d.Spec other : List.of(conv, shortcut.toFloat(), shortcut.thenNormalized(),
                Conv2d.Spec.of(8, 15, 1))) {
            assertRefused(() -> new ResidualConv2d.Spec(conv, other));
        }
    }

    @Test
    void attentionTakesTokensOfItsWidthAndKeysForEachOrByEntry() {
        var spec = new Attention.Spec(2, 16, false);
        Tensor q = tensor(3, 7, 16);
        Tensor k = tensor(2, 5, 16);
        assertArrayEquals(new int[] {3, 7, 16}, spec.outputShape(q, k, k, tensor(DType.I32, 3)));
        assertArrayEquals(new int[] {3, 7, 16}, spec.outputShape(q, tensor(3, 5, 16), tensor(3, 5, 16), null));
        assertRefused(() -> spec.outputShape(q, k, k, null));
        assertRefused(() -> spec.outputShape(q, k, k, tensor(DType.I32, 2)));
        assertRefused(() -> spec.outputShape(q, k, k, tensor(3)));
        assertRefused(() -> spec.outputShape(q, k, tensor(2, 6, 16), tensor(DType.I32, 3)));
        assertRefused(() -> spec.outputShape(tensor(3, 7, 24), k, k, tensor(DType.I32, 3)));
    }

    @Test
    void normsTakeDenseRowsOfTheirChannels() {
        var groups = new GroupNorm.Spec(12, 3, 1e-5f, false);
        assertArrayEquals(new int[] {2, 5, 12}, groups.outputShape(tensor(2, 5, 8), tensor(2, 5, 4)));
        assertRefused(() -> groups.outputShape(tensor(2, 5, 8), null));
        assertRefused(() -> groups.outputShape(tensor(2, 5, 8), tensor(2, 4, 4)));
        assertRefused(() -> groups.outputShape(tensor(2, 5, 16).columns(0, 12), null));
        var rows = new LayerNorm.Spec(12, 1e-5f);
        assertArrayEquals(new int[] {2, 5, 12}, rows.outputShape(tensor(2, 5, 12)));
        assertRefused(() -> rows.outputShape(tensor(2, 5, 11)));
        assertRefused(() -> rows.outputShape(tensor(2, 5, 16).columns(0, 12)));
    }

    @Test
    void anEmbeddingTakesIdsOfNoMoreTokensThanItHasPositions() {
        var spec = new Embedding.Spec(100, 7, 12);
        assertArrayEquals(new int[] {2, 7, 12}, spec.outputShape(tensor(DType.I32, 2, 7)));
        assertRefused(() -> spec.outputShape(tensor(DType.I32, 2, 8)));
        assertRefused(() -> spec.outputShape(tensor(2, 7)));
    }
}
