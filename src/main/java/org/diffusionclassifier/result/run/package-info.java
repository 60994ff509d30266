/**
 * The directory of a run, from which it goes on when it was killed: of pictures that are classified
 * ({@link org.diffusionclassifier.result.run.RunDirectory}), and of examples that are answered
 * ({@link org.diffusionclassifier.result.run.ExampleRun}). Both have settings, inputs and a lock
 * ({@link org.diffusionclassifier.result.run.RunFolder}), and a file that grows by whole lines
 * ({@link org.diffusionclassifier.result.run.LineFile}).
 */
package org.diffusionclassifier.result.run;
