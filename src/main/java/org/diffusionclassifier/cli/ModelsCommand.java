package org.diffusionclassifier.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import org.diffusionclassifier.catalog.ListedModel;
import org.diffusionclassifier.catalog.LocalModels;
import org.diffusionclassifier.catalog.ModelRemoval;
import org.diffusionclassifier.file.DecimalSize;
import org.diffusionclassifier.hub.Removal;
import org.diffusionclassifier.report.ModelTable;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Listed;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code models}: what is here, and, by {@code models rm}, what should not be any more. */
@Command(name = "models", mixinStandardHelpOptions = true, sortOptions = false,
        subcommands = ModelsCommand.RemoveCommand.class,
        description = "Lists the models that are here: the bundled one, those in the working directory and in models/ "
                + "(DIFFUSION_CLASSIFIER_MODELS), and those in the Hugging Face Hub's cache; and says whether each can "
                + "be loaded, by its configurations and headers.")
final class ModelsCommand implements Callable<Integer> {

    @ParentCommand
    private Main main;

    @Spec
    private CommandSpec spec;

    @Mixin
    private JsonOption json;

    @Override
    public Integer call() {
        json.check();
        List<ListedModel> models = new LocalModels(main.names()).list();
        var table = new ModelTable(models, Main::flag);
        PrintWriter out = spec.commandLine().getOut();
        out.print(table.render());
        out.flush();
        json.write(table.json());
        return 0;
    }

    /** {@code models rm}. */
    @Command(name = "rm", mixinStandardHelpOptions = true, sortOptions = false,
            description = "Removes a model: its file, or what of it is in the Hub's cache.")
    static final class RemoveCommand implements Callable<Integer> {

        @ParentCommand
        private ModelsCommand models;

        @Spec
        private CommandSpec spec;

        @Parameters(paramLabel = "NAME", completionCandidates = ModelCandidates.class,
                description = "As models lists it; of the Hub's cache a revision of a model, main by default.")
        private String name;

        @Option(names = "--yes", description = "Do not ask.")
        private boolean yes;

        @Override
        public Integer call() {
            Main main = models.main;
            PrintWriter out = spec.commandLine().getOut();
            ModelRemoval removal = ModelRemoval.of(main.names(), name);
            if (!yes && !main.terminal().isPresent()) {
                throw new InputException("--yes: expected without a terminal, as there is nobody to ask whether to "
                        + "remove " + removal.what());
            }
            String freed = DecimalSize.of(removal.removal().bytes());
            List<Removal.Shared> shared = removal.removal().shared();
            if (!shared.isEmpty()) {
                long kept = shared.stream().mapToLong(Removal.Shared::bytes).sum();
                out.println(DecimalSize.of(kept) + " stay, as they are also used by " + Listed.of(shared.stream()
                        .flatMap(content -> content.commits().stream()).distinct().sorted().toList()));
            }
            if (!yes && !main.terminal().confirms("Remove " + removal.what() + ", " + freed + "?")) {
                out.println("nothing removed");
                return 0;
            }
            removal.run();
            out.println(removal.what() + ": removed, " + freed + " freed");
            return 0;
        }
    }
}
