package org.diffusionclassifier;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.diffusionclassifier.CaptionTrials.Errors;
import org.diffusionclassifier.file.Sha256;
import org.diffusionclassifier.image.ImageSize;
import org.diffusionclassifier.result.run.ExampleRun;
import org.diffusionclassifier.result.run.ExampleRun.Answered;
import org.diffusionclassifier.tensor.InputException;

/**
 * How examples are answered one after the other: what matching and referring share. Those with a picture that cannot be
 * decoded are left out. Answers may be kept in a directory ({@link ExampleRun}), from which an interrupted run goes on.
 *
 * @param failFast whether the first picture that cannot be decoded is to stop all others
 * @param out      the directory; null to keep nothing
 * @param verify   whether files are known by their contents, rather than by size and time, when a run goes on
 */
record ExampleSequence(boolean failFast, Path out, boolean verify) {

    static final ExampleSequence DEFAULT = new ExampleSequence(false, null, false);

    /**
     * A kind of examples.
     *
     * @param <E> an example, whose text says all of it
     * @param <P> its pictures
     * @param <A> its answer, as a directory keeps it
     */
    interface Kind<E, P, A> {

        Class<A> type();

        List<Path> files(E example);

        /** All that {@link #answer} asks for. */
        List<String> captions(E example);

        /** @throws InputException for an example that is wrong, given the sizes of its pictures */
        default void check(E example, List<ImageSize> sizes) {
        }

        /** @throws InputException if one cannot be decoded */
        P read(E example);

        A answer(E example, P pictures, Errors errors);
    }

    /**
     * Examples with their answers, by their indices among those asked.
     *
     * @param failed why others have none, a line each
     */
    record Outcome<E, A>(List<E> examples, List<A> answers, List<String> failed) {
    }

    ExampleSequence withFailFast(boolean stops) {
        return new ExampleSequence(stops, out, verify);
    }

    ExampleSequence keptIn(Path directory, boolean byContent) {
        return new ExampleSequence(failFast, directory, byContent);
    }

    /**
     * Answers examples, in their order.
     *
     * @param seen gets the pictures of each example with its answer, also with one that is there from an earlier run
     * @throws InputException if no example has whole pictures, or, failing fast, one has not; if one is wrong; for a
     *                        directory of another run
     */
    <E, P, A> Answer<Outcome<E, A>> answer(CaptionTrials each, List<E> asked, Kind<E, P, A> kind,
            BiConsumer<P, A> seen) {
        each.check();
        var failures = new Failures(failFast);
        SortedMap<Integer, E> whole = whole(each, asked, kind, failures);
        List<String> captions = whole.values().stream().flatMap(example -> kind.captions(example).stream()).toList();
        var kept = new Kept();
        Answer<Outcome<E, A>> answer = each.run(captions, (errors, settings) -> {
            try (ExampleRun<A> run = out == null ? null : ExampleRun.open(out, settings, kind.type())) {
                if (run != null) {
                    checkKept(run, whole, kind, each.inputs());
                    kept.repaired = run.repairedBytes();
                }
                var examples = new ArrayList<E>();
                var answers = new ArrayList<A>();
                whole.forEach((index, example) -> failures.attempt(() -> kind.read(example)).ifPresent(pictures -> {
                    Answered<A> before = run == null ? null : run.answered().get(index);
                    if (before == null) {
                        long pairs = errors.pairs();
                        A made = kind.answer(example, pictures, errors);
                        before = new Answered<>(digest(example), errors.pairs() - pairs, made);
                        if (run != null) {
                            run.append(index, before);
                        }
                    } else {
                        kept.examples++;
                        kept.pairs += before.pairs();
                    }
                    examples.add(example);
                    answers.add(before.answer());
                    seen.accept(pictures, before.answer());
                }));
                failures.requireSome(answers);
                return new Outcome<>(examples, answers, failures.reasons());
            }
        });
        return answer.after(kept.pairs, kept.notices(asked.size()));
    }

    /** What an earlier run had done. */
    private static final class Kept {

        private int examples;
        private long pairs;
        private long repaired;

        List<String> notices(int asked) {
            var notices = new ArrayList<String>();
            if (repaired > 0) {
                notices.add("cut off an unfinished last line of " + repaired + " bytes of the earlier run");
            }
            if (examples > 0) {
                notices.add("went on with " + examples + " of " + asked + " examples done");
            }
            return notices;
        }
    }

    /** Examples whose pictures look whole, by index: before anything is loaded, and hours are spent on the others. */
    private static <E, P, A> SortedMap<Integer, E> whole(CaptionTrials each, List<E> asked, Kind<E, P, A> kind,
            Failures failures) {
        var whole = new TreeMap<Integer, E>();
        for (int index = 0; index < asked.size(); index++) {
            E example = asked.get(index);
            var sizes = failures.attempt(() -> kind.files(example).stream().map(each::size).toList());
            if (sizes.isPresent()) {
                kind.check(example, sizes.get());
                whole.put(index, example);
            }
        }
        failures.requireSome(whole.values());
        return whole;
    }

    /** Refuses a directory whose answers are to other examples, or come from files that were changed since. */
    private <E, P, A> void checkKept(ExampleRun<A> run, SortedMap<Integer, E> whole, Kind<E, P, A> kind,
            Collection<Path> model) {
        var used = new LinkedHashSet<Path>();
        var all = new LinkedHashSet<>(model);
        whole.forEach((index, example) -> {
            all.addAll(kind.files(example));
            Answered<A> before = run.answered().get(index);
            if (before != null) {
                if (!Objects.equals(before.example(), digest(example))) {
                    throw InputException.of("%s: expected answers to the same examples, found one to another example "
                            + "with index %d: use another %s", out, index, InputException.field("out"));
                }
                used.addAll(model);
                used.addAll(kind.files(example));
            }
        });
        run.checkInputs(used, all, verify);
    }

    private static String digest(Object example) {
        var digest = new Sha256();
        digest.add(example);
        return digest.hex();
    }
}
