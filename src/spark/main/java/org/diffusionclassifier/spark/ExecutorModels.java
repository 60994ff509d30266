package org.diffusionclassifier.spark;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;

/**
 * The models of an executor: open for as long as it lives, one for each task that it runs at once, as a model does one
 * image at a time. A task takes one that is free and fits the place that Spark gave it.
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
            return work.apply(model);
        } finally {
            giveBack(key, model);
        }
    }

    private static synchronized Opener.Opened take(Key key) {
        return FREE.computeIfAbsent(key, anew -> new ArrayDeque<>()).poll();
    }

    private static synchronized void giveBack(Key key, Opener.Opened model) {
        FREE.get(key).push(model);
    }
}
