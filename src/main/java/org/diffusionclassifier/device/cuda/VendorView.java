package org.diffusionclassifier.device.cuda;

import jcuda.driver.CUstream;
import org.diffusionclassifier.device.RecordingDevice;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cuda.driver.Geometry;
import org.diffusionclassifier.device.cuda.driver.KernelFacts;
import org.diffusionclassifier.device.cuda.vendor.VendorDevice;

/** The device as the vendor variants see it. */
final class VendorView implements VendorDevice {

    private final CudaDevice device;

    VendorView(CudaDevice device) {
        this.device = device;
    }

    @Override
    public String name() {
        return device.gpu().driver().deviceName();
    }

    @Override
    public int computeCapability() {
        return device.gpu().properties().computeCapability();
    }

    @Override
    public void enter() {
        device.gpu().enter();
    }

    @Override
    public CUstream stream() {
        return device.gpu().stream();
    }

    @Override
    public RecordingDevice recording() {
        return device;
    }

    @Override
    public void bind(String library, Runnable firstUse) {
        device.gpu().driver().bind(library, firstUse);
    }

    @Override
    public void launch(String kernel, long threads, Tensor output, Object... arguments) {
        KernelFacts facts = device.gpu().kernel(kernel);
        int blocks = Math.toIntExact(Geometry.ceilDiv(threads, facts.threads()));
        var op = device.launch(facts, facts.grid(blocks, 1));
        for (Object argument : arguments) {
            if (argument == output) {
                op.out(output);
            } else if (argument == null || argument instanceof Tensor) {
                op.in((Tensor) argument);
            } else {
                op.with((Number) argument);
            }
        }
        device.add(op);
    }
}
