package org.diffusionclassifier.device.cpu;

import java.util.HashMap;
import java.util.Map;
import org.diffusionclassifier.device.Attention;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.DType;

/** Attention: one {@link BlockedAttention} a call, and the masks that causal ones need. */
final class CpuAttention implements Attention {

    private final CpuDevice device;
    private final Spec spec;
    private final Map<Integer, Tensor> causalMasks = new HashMap<>();

    CpuAttention(CpuDevice device, Spec spec) {
        this.device = device;
        this.spec = spec;
    }

    @Override
    public Tensor forward(Tensor q, Tensor k, Tensor v, Tensor entry) {
        Tensor y = device.activations(spec.outputShape(q, k, v, entry));
        Tensor mask = spec.causal() ? causalMasks.computeIfAbsent(k.dim(1), this::causalMask) : null;
        device.add(new BlockedAttention(device, spec, q, k, v, entry, y, mask));
        return y;
    }

    /** [tokens, tokens] float32: 0 where query i sees key j, −∞ where j comes after it. */
    private Tensor causalMask(int tokens) {
        float[] mask = new float[tokens * tokens];
        for (int i = 0; i < tokens; i++) {
            for (int j = i + 1; j < tokens; j++) {
                mask[i * tokens + j] = Float.NEGATIVE_INFINITY;
            }
        }
        Tensor tensor = device.tensor(DType.F32, tokens, tokens);
        device.write(tensor, mask);
        return tensor;
    }

    @Override
    public void close() {
        causalMasks.values().forEach(device::release);
    }
}
