package org.diffusionclassifier.server;

import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import org.diffusionclassifier.DiffusionModel;
import org.diffusionclassifier.prompt.Prompt;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.prompt.PromptSpec;
import org.diffusionclassifier.server.http.Exchange;
import org.diffusionclassifier.server.http.Gate;
import org.diffusionclassifier.server.http.HttpRefusal;
import org.diffusionclassifier.server.http.HttpServer;
import org.diffusionclassifier.server.http.Received;
import org.diffusionclassifier.server.http.Reply;
import org.diffusionclassifier.tensor.InputException;

/**
 * The page and the interface over HTTP for one open model: routes, and the way of a request. Connections receive it,
 * {@link Gate} lets it in, a parser makes specifications of it, {@link JobQueue} finds it a device, a {@link Job} answers.
 * {@code openapi.json} beside the page describes what is here, and a test holds both to each other.
 */
public final class ClassifierServer implements AutoCloseable {

    /** Threads that parse requests and read the headers of pictures. */
    private static final int PARSERS = 2;

    private static final String EVENTS = "text/event-stream";

    private final DiffusionModel model;
    private final ServeSpec spec;
    private final Gate gate;
    private final PageFiles files = new PageFiles();
    private final Metrics metrics;
    private final JobQueue queue;
    private final Classifiers classifiers;
    private final ExecutorService parsers = Executors.newFixedThreadPool(PARSERS);
    private final Consumer<String> log;
    private final HttpServer http;
    private volatile boolean draining;

    /** Does what a path is for, soon or later. */
    private interface Route {

        void answer(Exchange exchange);
    }

    private final Map<String, Map<String, Route>> routes = Map.of(
            "/v1/health", Map.of("GET", this::health),
            "/v1/model", Map.of("GET", this::describe),
            "/v1/classify", Map.of("POST", this::classify),
            "/v1/match", Map.of("POST", this::match),
            "/v1/refer", Map.of("POST", this::refer),
            "/v1/stop", Map.of("POST", this::stop),
            "/metrics", Map.of("GET", this::metrics));

    /** @param status {@code ok}, or {@code failing} while no device's last request succeeded */
    record Health(String status, int waiting, int running) {
    }

    /** @param found whether the job was there, and is to end now */
    record Stopped(boolean found) {
    }

    /**
     * What can be asked.
     *
     * @param labels   that the model is conditioned on; empty for captions
     * @param classes  that are compared without others; empty where the request must bring some
     * @param prompts  of these, as texts
     * @param template of captions
     * @param pictures that are bundled, by their paths here
     */
    record Description(List<String> labels, List<String> classes, List<String> prompts, String template, int timesteps,
            List<String> devices, List<String> notices, int maxClasses, int maxPixels, int maxBytes, long maxSeconds,
            List<String> pictures) {
    }

    /**
     * Listens from now on. The model stays the caller's.
     *
     * @param log gets a line on what is the server's own fault
     * @throws InputException if the address cannot be had
     */
    public ClassifierServer(DiffusionModel model, ServeSpec spec, Consumer<String> log) {
        this.model = model;
        this.spec = spec;
        this.log = log;
        gate = new Gate(spec.host(), spec.token());
        metrics = new Metrics(model.devices());
        queue = new JobQueue(model.devices().size(), spec.maxWaiting(), metrics, log);
        classifiers = new Classifiers(model, 2 * spec.maxClasses());
        http = new HttpServer(spec.address(), spec.limits(), exchange -> parsers.execute(() -> handle(exchange)));
    }

    /** Where it listens. */
    public InetSocketAddress address() {
        return http.address();
    }

    /** What to type into a browser. */
    public String url() {
        String host = spec.host().contains(":") ? "[" + spec.host() + "]" : spec.host();
        return "http://" + host + ":" + address().getPort() + "/";
    }

    private void handle(Exchange exchange) {
        Received request = exchange.request();
        String counted = routes.containsKey(request.path()) ? request.path() : "other";
        exchange.whenEnded(status -> metrics.requested(counted, status));
        try {
            gate.checkSite(request);
            Reply file = request.method().matches("GET|HEAD") ? files.get(request.path()) : null;
            if (file != null) {
                exchange.reply(file);
                return;
            }
            Map<String, Route> methods = routes.get(request.path());
            if (methods == null) {
                throw new HttpRefusal(404, "no such path; /openapi.json describes those that there are");
            }
            if (!request.path().equals("/v1/health")) {
                gate.checkToken(request);
            }
            Route route = methods.get(request.method().equals("HEAD") ? "GET" : request.method());
            if (route == null) {
                throw HttpRefusal.method(String.join(", ", methods.keySet()));
            }
            route.answer(exchange);
        } catch (HttpRefusal e) {
            exchange.refuse(e);
        } catch (InputException e) {
            exchange.refuse(new HttpRefusal(400, Places.without(e.getMessage())));
        } catch (OutOfMemoryError e) {
            exchange.refuse(HttpRefusal.busy("out of memory", 10));
        } catch (RuntimeException | Error e) {
            log.accept("internal error: " + e);
            exchange.refuse(new HttpRefusal(500, "internal error"));
        }
    }

    private void health(Exchange exchange) {
        boolean ok = metrics.hasWorkingDevice();
        Reply reply = Reply.json(new Health(draining ? "stopping" : ok ? "ok" : "failing", queue.waiting(),
                queue.running()));
        exchange.reply(new Reply(ok && !draining ? 200 : 503, reply.type(), reply.content(), reply.headers()));
    }

    private void metrics(Exchange exchange) {
        exchange.reply(Reply.text(Metrics.TYPE, metrics.render(queue.waiting(), queue.running(), classifiers.size())));
    }

    private void describe(Exchange exchange) {
        PromptSet known = defaults();
        exchange.reply(Reply.json(new Description(model.labels(), known == null ? List.of()
                : List.copyOf(known.classes().values()),
                known == null ? List.of() : known.prompts().stream().map(Prompt::text).toList(), PromptSpec.TEMPLATE,
                model.timesteps(), model.devices(), model.notices().stream().map(Places::without).toList(),
                spec.maxClasses(), spec.maxPixels(), spec.limits().body(), spec.maxTime().toSeconds(),
                files.pictures())));
    }

    /** What is compared without classes; null where the model has none of its own. */
    private PromptSet defaults() {
        try {
            return model.prompts(PromptSpec.byDefault(), List.of());
        } catch (InputException e) {
            return null;
        }
    }

    private void classify(Exchange exchange) {
        var request = ClassifyRequest.of(exchange.request(), spec);
        PromptSet prompts = request.prompts() != null ? request.prompts() : model.prompts(request.spec(), List.of());
        var key = new Classifiers.Key(prompts, request.strategy().spec(prompts.prompts().size()), request.trials());
        classifiers.check(key);
        boolean events = exchange.request().header("Accept").contains(EVENTS);
        queue.add(new ClassifyJob(exchange, spec, request, classifiers, key, events, metrics));
    }

    private void match(Exchange exchange) {
        queue.add(new ComparisonJob(exchange, spec, model, ComparisonRequest.ofMatching(exchange.request(), spec),
                metrics));
    }

    private void refer(Exchange exchange) {
        queue.add(new ComparisonJob(exchange, spec, model, ComparisonRequest.ofReferring(exchange.request(), spec),
                metrics));
    }

    /** {@code /v1/stop?id=…}. */
    private void stop(Exchange exchange) {
        String query = exchange.request().query();
        if (!query.matches("id=[0-9a-f]{32}")) {
            throw new HttpRefusal(400, "expected id= and a job's in the query");
        }
        exchange.reply(Reply.json(new Stopped(queue.stop(query.substring(3)))));
    }

    /** Refuses what comes, answers what has a device, and closes. */
    @Override
    public void close() {
        draining = true;
        http.refuseConnections();
        queue.close();
        parsers.shutdown();
        http.close();
        classifiers.close();
    }
}
