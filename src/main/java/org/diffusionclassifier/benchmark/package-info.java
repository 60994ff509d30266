/**
 * The published benchmarks that diffusion classifiers are measured by: which pictures, which classes and captions,
 * which settings, and which figures there are to compare with.
 * {@link org.diffusionclassifier.benchmark.Benchmarks} is the table of them.
 */
package org.diffusionclassifier.benchmark;
