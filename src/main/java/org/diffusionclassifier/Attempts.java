package org.diffusionclassifier;

import java.util.Optional;
import java.util.function.Function;
import org.diffusionclassifier.dataset.Example;
import org.diffusionclassifier.prompt.ClassMap;
import org.diffusionclassifier.result.Attempt;
import org.diffusionclassifier.result.FailedImage;
import org.diffusionclassifier.result.ImageResult;
import org.diffusionclassifier.tensor.InputException;

/**
 * What becomes of each image of an evaluation, whoever classifies it.
 *
 * @param classes which class of the prompts a class of the dataset is
 */
record Attempts(Evaluation evaluation, ClassMap classes) {

    /** @throws InputException if the image cannot be classified, failing fast */
    Attempt of(int index, Function<Example, Classification> how) {
        return asFarAs(index, example -> Optional.of(how.apply(example))).orElseThrow();
    }

    /** The same of a classification that may stop before it has an answer. @return empty then */
    Optional<Attempt> asFarAs(int index, Function<Example, Optional<Classification>> how) {
        String name = evaluation.dataset().name(index);
        int label = classes.classIndex(evaluation.dataset().label(index));
        try {
            var example = new Example(name, evaluation.dataset().image(index), label);
            return how.apply(example).map(answer -> Attempt.of(result(index, example, answer), answer.notices()));
        } catch (InputException e) {
            if (evaluation.failFast()) {
                throw e;
            }
            return Optional.of(Attempt.of(new FailedImage(index, name, label, e.getMessage())));
        }
    }

    private static ImageResult result(int index, Example example, Classification answer) {
        return new ImageResult(index, example.name(), answer.classIndex(), example.label(), answer.best().probability(),
                answer.isTie(), answer.prediction().ranking());
    }
}
