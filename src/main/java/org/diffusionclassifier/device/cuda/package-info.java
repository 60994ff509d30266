/**
 * NVIDIA GPUs as a device: the layers, on the hand-written kernels of {@code kernels/}. The driver below them, real or
 * emulated, is {@link org.diffusionclassifier.device.cuda.driver}.
 */
package org.diffusionclassifier.device.cuda;
