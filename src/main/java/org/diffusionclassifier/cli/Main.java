package org.diffusionclassifier.cli;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.file.FileSystems;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.diffusionclassifier.catalog.ModelNames;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.file.RemoteFiles;
import org.diffusionclassifier.platform.ConsoleText;
import org.diffusionclassifier.platform.OpenMpVariables;
import org.diffusionclassifier.platform.TemporaryFolder;
import org.diffusionclassifier.score.TimestepWeights;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Listed;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine;

/**
 * The command line: flags to the library's specifications and back. Exit codes: 0 done, 2 an input is wrong, 3 the
 * device failed or memory is too small, 1 an internal error. A failure is one line on standard error; {@code --verbose}
 * adds the stack trace.
 */
@Command(name = "diffusion-classifier", version = "diffusion-classifier 0.1.0", mixinStandardHelpOptions = true,
        description = "Classifies images with a diffusion model: the class under whose caption it predicts noise best wins.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {DemoCommand.class, ClassifyCommand.class, EvaluateCommand.class, MatchCommand.class,
                ReferCommand.class, ServeCommand.class, BenchmarkCommand.class, BenchmarksCommand.class,
                CompareCommand.class, CalibrateCommand.class, PullCommand.class, ModelsCommand.class,
                ConvertCommand.class, InspectCommand.class, DevicesCommand.class, SelfTestCommand.class,
                KernelsCommand.class, CompletionCommand.class})
public final class Main implements Runnable {

    private static final int FAULT = 1;
    private static final int INPUT_ERROR = 2;
    private static final int DEVICE_ERROR = 3;

    private static final Pattern CAPITAL = Pattern.compile("[A-Z]");

    /** Fields that are no option, or one of another name. */
    private static final Map<String, String> RENAMED = Map.of("loras", "--lora", "embeddings", "--embedding",
            "matching", "match", "referring", "refer", "benchmark", "benchmark");

    private final ModelNames names;
    private final Terminal terminal;

    @Spec
    private CommandSpec spec;

    @Option(names = "--verbose", scope = ScopeType.INHERIT,
            description = "Say what is loaded and how long it takes; show stack traces.")
    boolean verbose;

    private Main(ModelNames names, Terminal terminal) {
        this.names = names;
        this.terminal = terminal;
    }

    public static void main(String[] args) {
        System.setProperty("java.awt.headless", "true");
        System.setProperty("jdk.console", "java.base");     // from Java 22 on another one is there even in a pipe
        TemporaryFolder.takeFromEnvironment();
        OpenMpVariables.mayBeSet();
        System.exit(LocaleEncoding.takes(args, System.err) ? run(System.out, System.err, args) : INPUT_ERROR);
    }

    /** Runs a command line in this JVM and returns its exit code. */
    static int run(PrintStream out, PrintStream err, String... args) {
        return run(ModelNames.ofSystem(), Terminal.ofSystem(), ConsoleText.to(out), ConsoleText.to(err), args);
    }

    /**
     * The same elsewhere.
     *
     * @param names    what names of models mean
     * @param terminal who is asked
     */
    static int run(ModelNames names, Terminal terminal, PrintWriter out, PrintWriter err, String... args) {
        var main = new Main(names, terminal);
        CommandLine commandLine = main.commandLine(out, err);
        try {
            return commandLine.execute(args);
        } catch (OutOfMemoryError e) {
            return main.report(e, commandLine.getErr());
        }
    }

    /** The command {@code evaluate} of a command line, which nobody has executed. */
    static EvaluateCommand evaluate(ModelNames names, PrintWriter out, PrintWriter err, List<String> words) {
        CommandLine commandLine = new Main(names, Terminal.NOBODY).commandLine(out, err);
        return (EvaluateCommand) commandLine.parseArgs(words.toArray(String[]::new)).subcommand().commandSpec()
                .userObject();
    }

    private CommandLine commandLine(PrintWriter out, PrintWriter err) {
        return new CommandLine(this, factory())
                .setOut(out)
                .setErr(err)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .registerConverter(Path.class, this::path)
                .registerConverter(TimestepWeights.class, text -> TimestepWeights.named(text)
                        .orElseGet(() -> new TimestepWeights.Read(path(text))))
                .setParameterExceptionHandler((e, given) -> {
                    e.getCommandLine().getErr().println(line(e.getMessage()));
                    return INPUT_ERROR;
                })
                .setExecutionExceptionHandler((e, command, parsed) -> report(e, command.getErr()));
    }

    /** What an option's path names: a file of this machine, or one that {@link RemoteFiles} reach. */
    private Path path(String text) {
        try {
            Path path = RemoteFiles.pathOf(text);
            return path.getFileSystem() == FileSystems.getDefault() ? names.workingDirectory().resolve(path) : path;
        } catch (InvalidPathException | InputException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }

    /** The words of the command line. */
    List<String> words() {
        return spec.commandLine().getParseResult().originalArgs();
    }

    /** Where {@code --verbose} says what is loaded; null without it. */
    PrintWriter log() {
        return verbose ? spec.commandLine().getErr() : null;
    }

    /** What picocli makes commands and options with. */
    private CommandLine.IFactory factory() {
        CommandLine.IFactory others = CommandLine.defaultFactory();
        return new CommandLine.IFactory() {
            @Override
            public <K> K create(Class<K> type) throws Exception {
                return type == ModelCandidates.class ? type.cast(new ModelCandidates(names)) : others.create(type);
            }
        };
    }

    /** What names of models mean. */
    ModelNames names() {
        return names;
    }

    /** Who is asked. */
    Terminal terminal() {
        return terminal;
    }

    /** Finds models that names mean, and fetches those that are wanted. */
    ModelFinder finder() {
        return new ModelFinder(names, terminal, spec.commandLine().getErr());
    }

    /** Says on standard error what the user should know of what was given. */
    void note(List<String> notices) {
        notices.forEach(notice -> spec.commandLine().getErr().println(line("note: " + notice)));
    }

    /** Says on standard error what was left out because of its picture. */
    void noteFailures(List<String> reasons) {
        if (!reasons.isEmpty()) {
            note(List.of(reasons.size() + " left out, because the picture cannot be read: " + Listed.of(reasons)));
        }
    }

    /** Says on standard error that one of several devices failed. */
    void noteLost(String device, DeviceException failure) {
        note(List.of(device + " failed, and the others go on without it: " + failure.message(Main::flag)));
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(),
                "expected a command, one of " + String.join(", ", spec.subcommands().keySet()) + "; --help explains");
    }

    private int report(Exception e, PrintWriter err) {
        if (verbose) {
            e.printStackTrace(err);
        }
        if (e instanceof InputException input) {
            err.println(line(input.message(Main::flag)));
            return INPUT_ERROR;
        }
        if (e instanceof DeviceException device) {
            err.println(line(device.message(Main::flag)));
            return DEVICE_ERROR;
        }
        err.println(line("internal error: " + e + (verbose ? "" : " (--verbose shows where)")));
        return FAULT;
    }

    private int report(OutOfMemoryError e, PrintWriter err) {
        if (verbose) {
            e.printStackTrace(err);
        }
        err.println(line(("out of memory (%s): Java's heap has %d MiB; the environment variable JDK_JAVA_OPTIONS gives "
                + "it more, as -Xmx8g").formatted(e.getMessage(), Runtime.getRuntime().maxMemory() >> 20)));
        return DEVICE_ERROR;
    }

    /** What the command line calls a field of the library's specifications: {@code --to-keep} for {@code toKeep}. */
    static String flag(String field) {
        return RENAMED.getOrDefault(field, "--" + CAPITAL.matcher(field)
                .replaceAll(letter -> "-" + letter.group().toLowerCase(Locale.ROOT)));
    }

    private static String line(String message) {
        return "diffusion-classifier: " + String.valueOf(message).replaceAll("\\s*\\R\\s*", " ");
    }
}
