package org.diffusionclassifier.jmh;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.Callable;
import org.diffusionclassifier.jmh.report.Comparison;
import org.diffusionclassifier.jmh.report.Machine;
import org.diffusionclassifier.jmh.report.Report;
import org.diffusionclassifier.jmh.report.ReportPage;
import org.diffusionclassifier.tensor.InputException;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatFactory;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.NoBenchmarksException;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Unmatched;
import picocli.CommandLine;

/**
 * JMH's own command line, and with {@code --report} a report of what it measured: report.json, and report.html for
 * people. Exit codes: 0 done, 2 something given is wrong, 1 a benchmark failed.
 */
@Command(name = "jmh.jar")
public final class Main implements Callable<Integer> {

    private static final int FAILED = 1;
    private static final int INPUT_ERROR = 2;

    @Option(names = "--report", description = "Write report.json and report.html when done.")
    private boolean report;

    @Option(names = "--out", paramLabel = "DIR", defaultValue = ".", description = "Where to.")
    private Path out;

    @Option(names = "--baseline", paramLabel = "FILE", description = "An earlier report.json to compare with.")
    private Path baseline;

    @Unmatched
    private final List<String> jmh = new ArrayList<>();

    public static void main(String[] args) throws IOException {
        if (List.of(args).stream().noneMatch(arg -> arg.startsWith("--"))) {
            org.openjdk.jmh.Main.main(args);
            return;
        }
        System.exit(run(System.err, args));
    }

    /** Runs a command line with a report and returns its exit code. */
    static int run(PrintStream err, String... args) {
        return new CommandLine(new Main())
                .setExpandAtFiles(false)
                .setParameterExceptionHandler((e, given) -> refuse(err, INPUT_ERROR, e))
                .setExecutionExceptionHandler((e, command, parsed) -> refuse(err,
                        e instanceof InputException || e instanceof CommandLineOptionException ? INPUT_ERROR : FAILED, e))
                .execute(args);
    }

    private static int refuse(PrintStream err, int code, Exception e) {
        err.println("jmh.jar: " + String.valueOf(e.getMessage()).replaceAll("\\s*\\R\\s*", " "));
        return code;
    }

    @Override
    public Integer call() throws RunnerException, CommandLineOptionException {
        var options = new CommandLineOptions(jmh.toArray(String[]::new));
        if (!report) {
            throw new InputException("--out, --baseline: expected --report with them, found none");
        }
        Report before = baseline == null ? null : Report.read(baseline);
        try {
            Files.createDirectories(out);
        } catch (IOException e) {
            throw InputException.unwritable(out, e);
        }
        Report now = measure(options);
        Comparison comparison = before == null ? null : Comparison.of(before, now);
        now.write(out.resolve("report.json"));
        new ReportPage(now, comparison).write(out.resolve("report.html"));
        System.out.printf("%n%s and report.html: %d results%s%n", out.resolve("report.json"),
                now.measurements().size(), comparison == null ? "" : "; " + comparison.summary());
        return 0;
    }

    private Report measure(CommandLineOptions options) throws RunnerException {
        Machine machine = Machine.here();
        Collection<RunResult> results;
        try {
            results = new Runner(options).run();
        } catch (NoBenchmarksException e) {
            throw new InputException("no benchmark matches " + jmh, e);
        }
        if (results.isEmpty()) {
            throw new RunnerException("no benchmark gave a result");
        }
        var json = new ByteArrayOutputStream();
        ResultFormatFactory.getInstance(ResultFormatType.JSON, new PrintStream(json, true, StandardCharsets.UTF_8))
                .writeOut(results);
        return Report.now(machine, json.toString(StandardCharsets.UTF_8));
    }
}
