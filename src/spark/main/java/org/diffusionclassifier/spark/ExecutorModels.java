package org.diffusionclassifier.spark;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import org.diffusionclassifier.tensor.InputException;

/**
 * The models of an executor: open for as long as it lives, one for each task that it runs at once, as a model does one
 * image at a time. A task takes one that is free and fits the place that Spark gave it. One whose device failed is
 * closed, so that the next task opens the device anew.
 */
final class ExecutorModels {

    private record Key(Opener opener, int cpus, String gpu) {
    }

    private static final Map<Key, Deque<Opener.Opened>> FREE = new HashMap<>();

    private ExecutorModels() {
    }

    static <T> T with(Opener opener, Place place, Function<Opener.Opened, T> work) {
        var key = new Key(opener, place.cpus(), place.gpu());
        Opener.Opened taken = take(key);
        Opener.Opened model = taken != null ? taken : opener.open(place);
        try {
            T done = work.apply(model);
            giveBack(key, model);
            return done;
        } catch (InputException e) {
            giveBack(key, model);
            throw e;
        } catch (RuntimeException | Error e) {
            try (model) {
                throw e;
            }
        }
    }

    private static synchronized Opener.Opened take(Key key) {
        return FREE.computeIfAbsent(key, anew -> new ArrayDeque<>()).poll();
    }

    private static synchronized void giveBack(Key key, Opener.Opened model) {
        FREE.get(key).push(model);
    }
}
