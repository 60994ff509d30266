/**
 * NVIDIA GPUs as a device, on the hand-written kernels of {@code kernels/} through JCuda's driver API; and the same on a
 * processor, behind an emulated driver. Leans on JCuda alone: no toolkit, no runtime library.
 *
 * <p>{@link org.diffusionclassifier.device.cuda.Driver} decides between the two once, when it is loaded; nothing else
 * here knows which one it talks to.
 */
package org.diffusionclassifier.device.cuda;
