package org.diffusionclassifier.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.diffusionclassifier.DiffusionModel;
import org.diffusionclassifier.server.ClassifierServer;
import org.diffusionclassifier.server.ServeSpec;
import org.diffusionclassifier.server.http.HttpLimits;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import sun.misc.Signal;

/** {@code serve}: a page to drop pictures on, and the same over HTTP for programs, until SIGTERM or SIGINT. */
@Command(name = "serve", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Serves a page to drop pictures on, and the same for programs, until it is interrupted.")
final class ServeCommand implements Callable<Integer> {

    @ParentCommand
    private Main main;

    @Spec
    private CommandSpec spec;

    @Mixin
    private ModelOptions model;

    @Option(names = "--host", paramLabel = "NAME", defaultValue = ServeSpec.HOST,
            description = "Address to listen on. Others than the loopback address need --token or --insecure. Default: "
                    + "${DEFAULT-VALUE}.")
    private String host;

    @Option(names = "--port", paramLabel = "N", defaultValue = "" + ServeSpec.PORT,
            description = "Port to listen on; 0 for any that is free. Default: ${DEFAULT-VALUE}.")
    private int port;

    @Option(names = "--token", paramLabel = "TEXT", defaultValue = "${env:DIFFUSION_CLASSIFIER_TOKEN}",
            description = "What clients have to show, 16 characters at least. The variable DIFFUSION_CLASSIFIER_TOKEN "
                    + "keeps it out of the list of processes.")
    private String token;

    @Option(names = "--insecure", description = "Answer anybody who reaches the address, without a token.")
    private boolean insecure;

    @Option(names = "--max-waiting", paramLabel = "N", defaultValue = "" + ServeSpec.MAX_WAITING,
            description = "Requests that wait for a device; more are asked to come again. Default: ${DEFAULT-VALUE}.")
    private int maxWaiting;

    @Option(names = "--max-classes", paramLabel = "N", defaultValue = "" + ServeSpec.MAX_CLASSES,
            description = "Prompts of a request. Default: ${DEFAULT-VALUE}.")
    private int maxClasses;

    @Option(names = "--max-pixels", paramLabel = "N", defaultValue = "" + ServeSpec.MAX_PIXELS,
            description = "Pixels of a picture. Default: ${DEFAULT-VALUE}.")
    private int maxPixels;

    @Option(names = "--max-seconds", paramLabel = "N", defaultValue = "" + ServeSpec.MAX_SECONDS,
            description = "Seconds until a request is answered with what is known by then. Default: ${DEFAULT-VALUE}.")
    private int maxSeconds;

    @Override
    public Integer call() throws InterruptedException {
        var asked = new ServeSpec(host, port, token, insecure, maxWaiting, maxClasses, maxPixels,
                Duration.ofSeconds(maxSeconds), HttpLimits.DEFAULT);
        try (DiffusionModel opened = model.open(main)) {
            String device = opened.description();
            PrintWriter out = spec.commandLine().getOut();
            PrintWriter err = spec.commandLine().getErr();
            try (var server = new ClassifierServer(opened, asked, err::println)) {
                out.println(server.url());
                main.note(List.of(device));
                awaitInterrupt();
            }
        }
        return 0;
    }

    /** A signal ends the wait rather than Java, so that what runs is finished; a second one ends Java. */
    private static void awaitInterrupt() throws InterruptedException {
        var interrupted = new CountDownLatch(1);
        for (String name : new String[] {"TERM", "INT"}) {
            Signal.handle(new Signal(name), signal -> {
                if (interrupted.getCount() == 0) {
                    Runtime.getRuntime().halt(128 + signal.getNumber());
                }
                interrupted.countDown();
            });
        }
        interrupted.await();
    }
}
