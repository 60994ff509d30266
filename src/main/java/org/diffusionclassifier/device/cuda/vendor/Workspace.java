package org.diffusionclassifier.device.cuda.vendor;

import jcuda.Pointer;
import org.diffusionclassifier.device.RecordingDevice;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.DType;

/** Memory that a library may use during one operation: a part of the arena, aligned as cuBLAS demands. */
final class Workspace {

    private static final long ALIGNMENT = 256;

    private final long bytes;
    private final Tensor tensor;

    /** @param bytes at least 1 */
    Workspace(RecordingDevice device, long bytes) {
        this.bytes = bytes;
        this.tensor = device.activations(DType.U8, Math.toIntExact(bytes + ALIGNMENT - 1));
    }

    /** What the operation must name among its writes. */
    Tensor tensor() {
        return tensor;
    }

    long bytes() {
        return bytes;
    }

    /** Known once the graph is planned. */
    Pointer pointer() {
        return VendorLayers.at((tensor.address() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    }
}
