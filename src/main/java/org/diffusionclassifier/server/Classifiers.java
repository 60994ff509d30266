package org.diffusionclassifier.server;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.function.Function;
import org.diffusionclassifier.Classifier;
import org.diffusionclassifier.DiffusionModel;
import org.diffusionclassifier.TrialSpec;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.strategy.StrategySpec;

/**
 * Classifiers by what they were asked for, the last few: requests with the same prompts and settings find the captions
 * encoded and the batches recorded. Bounded by their number and by their prompts together, because both hold memory of
 * the devices.
 */
final class Classifiers implements AutoCloseable {

    private static final int MOST = 8;

    /** What makes two classifiers the same. */
    record Key(PromptSet prompts, StrategySpec strategy, TrialSpec trials) {
    }

    /** A classifier that is open, with what is asked of it once. */
    static final class Lease {

        private final Classifier classifier;
        private int users;
        private SortedMap<String, String> settings;
        private List<String> notices;

        private Lease(Classifier classifier) {
            this.classifier = classifier;
        }

        Classifier classifier() {
            return classifier;
        }

        /** What results depend on, without places on this machine. */
        synchronized SortedMap<String, String> settings() {
            if (settings == null) {
                settings = Places.without(classifier.settings());
            }
            return settings;
        }

        /** What the user should know of the prompts. */
        synchronized List<String> notices() {
            if (notices == null) {
                notices = classifier.notices();
            }
            return notices;
        }
    }

    private final DiffusionModel model;
    private final int mostPrompts;
    private final Map<Key, Lease> leases = new LinkedHashMap<>(16, 0.75f, true);

    /** @param mostPrompts of all classifiers that are kept */
    Classifiers(DiffusionModel model, int mostPrompts) {
        this.model = model;
        this.mostPrompts = mostPrompts;
    }

    /** @throws org.diffusionclassifier.tensor.InputException for what can be refused before anything is loaded */
    void check(Key key) {
        if (!isKept(key)) {
            create(key);
        }
    }

    private synchronized boolean isKept(Key key) {
        return leases.containsKey(key);
    }

    private Classifier create(Key key) {
        return model.classifier(key.prompts).strategy(key.strategy).trials(key.trials).check();
    }

    /** Does work with a classifier, which stays open meanwhile. */
    <T> T with(Key key, Function<Lease, T> work) {
        Lease lease = take(key);
        try {
            return work.apply(lease);
        } finally {
            giveBack(lease).forEach(Classifier::close);
        }
    }

    private synchronized Lease take(Key key) {
        Lease lease = leases.computeIfAbsent(key, missing -> new Lease(create(missing)));
        lease.users++;
        return lease;
    }

    /** @return those that are kept no longer */
    private synchronized List<Classifier> giveBack(Lease lease) {
        lease.users--;
        var dropped = new ArrayList<Classifier>();
        int prompts = leases.values().stream().mapToInt(Classifiers::prompts).sum();
        for (Iterator<Lease> eldest = leases.values().iterator();
                eldest.hasNext() && (leases.size() > MOST || prompts > mostPrompts);) {
            Lease candidate = eldest.next();
            if (candidate.users == 0) {
                eldest.remove();
                prompts -= prompts(candidate);
                dropped.add(candidate.classifier);
            }
        }
        return dropped;
    }

    private static int prompts(Lease lease) {
        return lease.classifier.prompts().prompts().size();
    }

    /** How many are kept. */
    synchronized int size() {
        return leases.size();
    }

    @Override
    public synchronized void close() {
        leases.values().forEach(lease -> lease.classifier.close());
        leases.clear();
    }
}
