package org.diffusionclassifier.server;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.SortedMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.diffusionclassifier.Classification;
import org.diffusionclassifier.Classifier;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.report.Explanation;
import org.diffusionclassifier.report.html.ClassifyPage;
import org.diffusionclassifier.result.ClassifiedImage;
import org.diffusionclassifier.server.http.Exchange;
import org.diffusionclassifier.server.http.Reply;

/** Classifies one picture, and says how it goes where events are asked for. */
final class ClassifyJob extends Job {

    /** Seconds between two events, at least: a page shows no more, and each costs a sorted ranking. */
    private static final double BETWEEN_EVENTS = 0.05;

    /** Classes on the report's page. */
    private static final int TOP = 10;

    private final ClassifyRequest request;
    private final Classifiers classifiers;
    private final Classifiers.Key key;
    private final boolean events;
    private final Metrics metrics;
    private RgbImage picture;
    private double lastEvent;

    /** An event's data: which job it is, and how many are served before it. */
    record Accepted(String id, int ahead) {
    }

    /**
     * The answer.
     *
     * @param answer      as {@code classify --json} has it
     * @param standing    as the last event before would have it
     * @param stopped     whether it was ended before the strategy was done
     * @param seconds     that the device took
     * @param explanation figures as HTML, if asked for; null otherwise, and for a single class
     * @param report      a page, if asked for
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Answer(String id, ClassifiedImage answer, Standing standing, boolean stopped, double seconds, String device,
            List<String> notices, SortedMap<String, String> settings, String explanation, String report) {
    }

    /** @param events whether the answer is a stream of events */
    ClassifyJob(Exchange exchange, ServeSpec spec, ClassifyRequest request, Classifiers classifiers,
            Classifiers.Key key, boolean events, Metrics metrics) {
        super(exchange, spec.maxTime());
        this.request = request;
        this.classifiers = classifiers;
        this.key = key;
        this.events = events;
        this.metrics = metrics;
    }

    @Override
    void ahead(int jobs) {
        if (events) {
            exchange().event("accepted", new Accepted(id(), jobs));
        }
    }

    @Override
    void prepare() {
        picture = ImageDecoder.read(request.image().bytes(), request.image().name());
    }

    @Override
    Runnable run(int device) {
        return classifiers.with(key, lease -> run(device, lease));
    }

    private Runnable run(int device, Classifiers.Lease lease) {
        Classifier classifier = lease.classifier().load();
        PromptSet prompts = classifier.prompts();
        int trials = (int) (classifier.strategy().mostPairs(
                key.trials().drawnFrom(classifier.timesteps()), key.trials().nTrials(), 1));
        var clock = new Clock();
        Classification decided = classifier.classifyAlone(device, request.image().name(), picture,
                soFar -> goesOn(soFar, prompts, trials, clock));
        double seconds = clock.seconds();
        metrics.spent(Metrics.Stage.EVALUATE, device, seconds);
        metrics.answered(device, decided.pairs());
        requireWanted();
        Explanation explanation = (request.explain() || request.report()) && prompts.classCount() > 1
                ? metrics.timed(Metrics.Stage.EXPLAIN, device, () -> classifier.explain(device, picture, decided)) : null;
        List<String> notices = Stream.concat(lease.notices().stream(), decided.notices().stream())
                .map(Places::without).toList();
        var answer = new Answer(id(), decided.described(), Standing.of(decided, prompts, trials, seconds), clock.stopped,
                seconds, metrics.device(device), notices, lease.settings(), null, null);
        return () -> send(explained(answer, classifier, decided, explanation));
    }

    private void send(Answer answer) {
        if (events) {
            exchange().event("result", answer);
            exchange().end();
        } else {
            exchange().reply(Reply.json(answer));
        }
    }

    /** With the figures and the page, as far as they were asked for. */
    private Answer explained(Answer answer, Classifier classifier, Classification decided, Explanation explanation) {
        var page = new ClassifyPage(classifier.prompts(), classifier.timesteps(), TOP);
        String report = null;
        if (request.report()) {
            page.add(request.image().name(), picture.on(key.trials().background()), decided.prediction(),
                    decided.posterior(), explanation);
            report = page.finish(answer.settings).render();
        }
        return new Answer(answer.id, answer.answer, answer.standing, answer.stopped, answer.seconds, answer.device,
                answer.notices, answer.settings, request.explain() && explanation != null
                        ? page.explained(decided.prediction(), explanation).markup() : null, report);
    }

    /** Nobody waits for what is left to do. */
    private void requireWanted() {
        if (exchange().isGone()) {
            requireGoingOn();
        }
    }

    /** From when it has the device. */
    private static final class Clock {

        private final long start = System.nanoTime();
        private boolean stopped;

        double seconds() {
            return Math.max(1e-9, (System.nanoTime() - start) * 1e-9);
        }
    }

    private boolean goesOn(Supplier<Classification> soFar, PromptSet prompts, int trials, Clock clock) {
        requireWanted();
        if (soFar == null) {
            return true;
        }
        if (isToEnd()) {
            clock.stopped = true;
            return false;
        }
        double now = clock.seconds();
        if (events && now - lastEvent >= BETWEEN_EVENTS && exchange().isKeepingUp()) {
            lastEvent = now;
            exchange().event("round", Standing.of(soFar.get(), prompts, trials, now));
        }
        return true;
    }
}
