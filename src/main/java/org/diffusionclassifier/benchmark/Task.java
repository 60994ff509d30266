package org.diffusionclassifier.benchmark;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.diffusionclassifier.dataset.Dataset;
import org.diffusionclassifier.dataset.MatchingExample;
import org.diffusionclassifier.dataset.published.CaptionChoice;
import org.diffusionclassifier.dataset.published.RefCoco;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.score.Objective;
import org.diffusionclassifier.strategy.Interval;
import org.diffusionclassifier.strategy.Staged;
import org.diffusionclassifier.strategy.StrategySpec;

/** What a benchmark asks. */
public sealed interface Task permits Task.ClassTask, Task.MatchTask, Task.ChoiceTask,
        Task.ReferTask {

    /** Opens labelled pictures in the folder or archive that {@link DataLayout#find} found. */
    @FunctionalInterface
    interface Opening {

        Dataset open(DataLayout layout, Path place, String split);
    }

    /**
     * To tell a picture's class.
     *
     * @param opening       of the pictures
     * @param keys          what the data set calls the classes, by index; labels of a data set that has no names for
     *                      its classes are indices
     * @param captions      of the classes
     * @param labels        the labels of ImageNet that the classes are, which a class-conditional model compares; null
     *                      where they are others
     * @param staged        how captions are compared
     * @param loss          likewise
     * @param limitPerClass how many pictures of each class the paper took; null for all
     */
    record ClassTask(Opening opening, List<String> keys, Supplier<PromptSet> captions, Supplier<PromptSet> labels,
            Staged staged, Objective loss, Integer limitPerClass) implements Task {

        /** Of the paper's runs of DiT: every fourth timestep. */
        private static final Interval OF_LABELS = new Interval(4);

        /** How so many prompts are compared. */
        public StrategySpec strategy(boolean byLabels, int prompts) {
            return byLabels ? OF_LABELS : staged.fitting(prompts);
        }

        /** What they are compared by. */
        public Objective loss(boolean byLabels) {
            return byLabels ? Objective.L2 : loss;
        }
    }

    /** To match two captions with two pictures, at so many timesteps. */
    record MatchTask(int nSamples) implements Task {

        /** The examples in the folder in which they begin. */
        public List<MatchingExample> read(Path place) {
            return MatchingExample.read(place.resolve("examples.jsonl"));
        }
    }

    /**
     * To choose between a picture's caption and one that does not fit, at so many timesteps.
     *
     * @param reader of the folder in which the data set begins
     */
    record ChoiceTask(Function<Path, List<CaptionChoice>> reader, int nSamples) implements Task {
    }

    /**
     * To find the box that an expression refers to.
     *
     * @param folder of its lists
     * @param by     whose splits they are
     */
    record ReferTask(String folder, String by, int nSamples) implements Task {

        private static final List<String> PICTURES = List.of("images/mscoco/images/train2014", "train2014",
                "coco/train2014");

        /** The examples of a split; the pictures are in one of the places where the refer API or COCO has them. */
        public RefCoco read(Path place, String split) {
            Path lists = place.resolve(folder);
            return RefCoco.read(lists, by, split, PICTURES.stream().map(place::resolve)
                    .filter(Files::isDirectory).findFirst().orElse(place.resolve(PICTURES.get(0))));
        }
    }
}
