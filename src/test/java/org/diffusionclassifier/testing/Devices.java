package org.diffusionclassifier.testing;

import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.cpu.CpuDevice;
import org.diffusionclassifier.weights.DType;

/** The device under test: {@code -Ddevice=cpu}, the default. */
public final class Devices {

    private Devices() {
    }

    public static Device open(DType dtype) {
        String name = System.getProperty("device", "cpu");
        if (!name.equals("cpu")) {
            throw new IllegalArgumentException("-Ddevice=" + name + ": expected cpu");
        }
        return new CpuDevice(dtype);
    }
}
