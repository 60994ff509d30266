package org.diffusionclassifier.strategy;

import java.util.List;
import java.util.stream.IntStream;
import org.diffusionclassifier.score.Scorer;

/**
 * Prompts that are one to the model, as captions of the same tokens are. Of such prompts one is evaluated, which
 * strategies see; the others are not alive to them, and share its errors and its fate. So no strategy spends a pair on
 * telling apart what nothing can, and two classes of such prompts are a tie.
 *
 * @param evaluated of each prompt, the one that is evaluated for it: of those that are one, that of the least handicap,
 *                  the first of several
 * @param handicaps of each prompt: see {@link Posterior#handicaps}
 * @param classes   of each prompt
 */
record Twins(List<Integer> evaluated, double[] handicaps, List<Integer> classes) {

    /** Of prompts that all differ. */
    static Twins none(double[] handicaps) {
        List<Integer> each = IntStream.range(0, handicaps.length).boxed().toList();
        return new Twins(each, handicaps.clone(), each);
    }

    static Twins of(Scorer scorer, double[] handicaps, List<Integer> classes) {
        var evaluated = new Integer[handicaps.length];
        for (int prompt = 0; prompt < evaluated.length; prompt++) {
            int first = scorer.first(prompt);
            evaluated[first] = first == prompt || handicaps[prompt] < handicaps[evaluated[first]] ? prompt
                    : evaluated[first];
        }
        List<Integer> ofEach = IntStream.range(0, evaluated.length)
                .mapToObj(prompt -> evaluated[scorer.first(prompt)]).toList();
        return new Twins(ofEach, handicaps.clone(), List.copyOf(classes));
    }

    /** Those that strategies see, ascending. */
    List<Integer> alive() {
        return evaluated.stream().distinct().sorted().toList();
    }

    /** Whether nothing tells a prompt from the one that is evaluated for it, and their classes are two. */
    boolean isTie(int prompt) {
        int other = evaluated.get(prompt);
        return handicaps[prompt] == handicaps[other] && !classes.get(prompt).equals(classes.get(other));
    }
}
