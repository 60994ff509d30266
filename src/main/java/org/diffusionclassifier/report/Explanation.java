package org.diffusionclassifier.report;

import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.score.Evidence;

/**
 * Why a picture was taken for one class and not for another.
 *
 * @param seen     the square of the picture that the model saw
 * @param evidence the winner's error less the runner-up's
 * @param winner   name of the class
 * @param runnerUp name of the best class but this
 */
public record Explanation(RgbImage seen, Evidence evidence, String winner, String runnerUp) {
}
