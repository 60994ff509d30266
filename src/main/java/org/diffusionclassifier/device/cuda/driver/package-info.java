/**
 * The CUDA driver through JCuda, real or emulated: cards, their memory and copies, kernels and their launches. Leans on
 * JCuda alone: no toolkit, no runtime library.
 *
 * <p>{@link org.diffusionclassifier.device.cuda.driver.Driver} decides between the two drivers once, when it is loaded;
 * nothing else knows which one it talks to. What a launch must know of a kernel is in
 * {@link org.diffusionclassifier.device.cuda.driver.KernelCatalog}.
 */
package org.diffusionclassifier.device.cuda.driver;
