package org.diffusionclassifier.report;

import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.score.Evidence;

/**
 * Where in a picture the evidence for one class against another lies.
 *
 * @param seen     the square of the picture that the model saw
 * @param evidence the winner's error less the runner-up's
 * @param winner   name of the class
 * @param runnerUp name of the best other class
 */
public record Explanation(RgbImage seen, Evidence evidence, String winner, String runnerUp) {
}
