package org.diffusionclassifier.prompt;

/**
 * A caption that stands for a class. Several may stand for the same one.
 *
 * @param text       what the model is conditioned on, as in "a photo of a sandal."
 * @param className  the class's name for people
 * @param classIndex the class's index, from 0, as the dataset's labels count
 */
public record Prompt(String text, String className, int classIndex) {
}
