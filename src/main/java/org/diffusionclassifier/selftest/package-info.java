/**
 * What a device's owner runs once: every kernel against the CPU in float32, the bundled model, and on a card what each
 * kernel takes beside its bound. Begins at {@link org.diffusionclassifier.selftest.SelfTest}.
 */
package org.diffusionclassifier.selftest;
