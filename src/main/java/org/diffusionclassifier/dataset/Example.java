package org.diffusionclassifier.dataset;

import org.diffusionclassifier.image.RgbImage;

/**
 * One labelled image of a dataset.
 *
 * @param name  where it comes from: a path below the dataset's, or FILE#INDEX within a file that holds many
 * @param image as stored, of any size
 * @param label the index of its class, from 0
 */
public record Example(String name, RgbImage image, int label) {
}
