/**
 * What the kernels of a recorded network do: their launches, the bounds of each by a card's datasheet, what the emulated
 * card counts of them and what they take on a real one.
 */
package org.diffusionclassifier.device.cuda.study;
