/**
 * Linear and convolution layers by NVIDIA's cuBLAS and cuDNN in the place of our kernels: to compare with, and as a
 * second opinion in tests. JCublas and JCudnn bind to the installed libraries, or to the emulated ones that travel in
 * the jar with the emulated driver; so far they have met the latter only.
 *
 * <p>Nothing here knows {@code device.cuda}: what the variants ask of the device is
 * {@link org.diffusionclassifier.device.cuda.vendor.VendorDevice}.
 */
package org.diffusionclassifier.device.cuda.vendor;
