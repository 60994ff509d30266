/**
 * What a network is built from, on any device: {@link org.diffusionclassifier.device.Device} makes the layers,
 * a layer's {@code forward} records an operation, and the recorded {@link org.diffusionclassifier.device.Graph} runs as
 * often as one likes. Leans on {@code weights} alone; nothing above this package knows which device it runs on.
 *
 * <p>Recording once and running often is what keeps the steady state free of allocation: the shapes are known, every
 * kernel is chosen, and the memory of all activations is planned ({@link org.diffusionclassifier.device.ArenaPlan})
 * before the first run.
 *
 * <p>Shapes in comments: B images, pairs or trials, H × W pixels of a feature map, L tokens, C channels. Activations
 * are channels-last.
 */
package org.diffusionclassifier.device;
