package org.diffusionclassifier.cli;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.diffusionclassifier.catalog.PlannedPull;
import org.diffusionclassifier.catalog.PublicTokenizer;
import org.diffusionclassifier.hub.HubClient;
import org.diffusionclassifier.hub.HubName;
import org.diffusionclassifier.hub.HubSettings;
import org.diffusionclassifier.hub.Revision;
import org.diffusionclassifier.hub.Selection.Precision;
import org.diffusionclassifier.tensor.InputException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code pull}: brings a model from the Hub into its cache. */
@Command(name = "pull", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Brings a model from the Hugging Face Hub into the cache that all programs share: what of it is "
                + "needed, and nothing else. What is there already is not fetched again, and a pull that was broken "
                + "goes on where it was.")
final class PullCommand implements Callable<Integer> {

    @ParentCommand
    private Main main;

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "NAME",
            description = "ORG/NAME, with @REVISION or :FILE behind it; with --tokenizer also a file that is here.")
    private String name;

    @Option(names = "--revision", paramLabel = "R",
            description = "A branch, a tag or a commit. Default: main.")
    private String revision;

    @Option(names = "--file", paramLabel = "PATH",
            description = "One file of the repository. Default: the components of the model, or its only file.")
    private String file;

    @Option(names = "--precision", paramLabel = "WHICH", defaultValue = "fp16",
            description = "Where there are several: fp16, the smaller weights, or full. Default: ${DEFAULT-VALUE}.")
    private Precision precision;

    @Option(names = "--tokenizer",
            description = "The tokenizer, too, that a model in one file lacks: that of a public model of its kind.")
    private boolean tokenizer;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        String model = name;
        if (HubName.is(name) || !tokenizer) {
            HubName wanted = wanted();
            HubSettings hub = main.names().hub();
            pull(wanted.toString(), PlannedPull.of(hub, new HubClient(hub), wanted, precision));
            model = wanted.toString();
        }
        Path path = main.names().get(model).path();
        out.println(path);
        if (tokenizer) {
            out.println(tokenizer(path));
        }
        return 0;
    }

    /** What is named, with the options. */
    private HubName wanted() {
        HubName wanted = HubName.of(name);
        if (revision != null) {
            wanted = wanted.at(new Revision(revision));
        }
        return file == null ? wanted : wanted.withFile(file);
    }

    private void pull(String what, PlannedPull pull) {
        spec.commandLine().getOut().println(what + ": " + pull.terms());
        PullProgress.run(pull, spec.commandLine().getErr());
    }

    /** Fetches the tokenizer that a model lacks. @return where it is */
    private Path tokenizer(Path model) {
        PublicTokenizer lacking = Optional.ofNullable(model).filter(Files::isRegularFile)
                .flatMap(PublicTokenizer::neededBy).orElseThrow(() -> new InputException("--tokenizer: expected a "
                        + "model in one file that lacks its tokenizer, found " + name));
        HubSettings hub = main.names().hub();
        pull(lacking.name() + ", its tokenizer", PlannedPull.of(hub, new HubClient(hub), lacking));
        return lacking.find(hub).orElseThrow();
    }
}
