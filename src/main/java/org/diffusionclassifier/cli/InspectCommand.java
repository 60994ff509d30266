package org.diffusionclassifier.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.diffusionclassifier.convert.Inspection;
import org.diffusionclassifier.model.BundledModel;
import org.diffusionclassifier.model.ModelFamily;
import org.diffusionclassifier.report.InspectionText;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code inspect}: what a file or directory of weights holds. */
@Command(name = "inspect", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Says what weights hold: configuration, parameters and bytes by part.")
final class InspectCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @ParentCommand
    private Main main;

    @Parameters(paramLabel = "MODEL", completionCandidates = ModelCandidates.class,
            description = "A model's name, as --model of classify has it; a directory in diffusers form, of a "
                    + "model or a VAE, or any .safetensors, .ckpt, .pt or .bin "
                    + "file: a model, a part of one, a LoRA.")
    private String model;

    @Option(names = "--tensors", description = "List every tensor with its type and shape.")
    private boolean tensors;

    @Mixin
    private JsonOption json;

    @Override
    public Integer call() {
        Path path = main.finder().find(model, false);
        if (path == null) {
            try (var bundled = BundledModel.open()) {
                print(bundled.root());
            }
        } else {
            print(path);
        }
        return 0;
    }

    private void print(Path path) {
        Inspection inspection = Inspection.of(path, checkpoint -> ModelFamily.of(checkpoint).layout(checkpoint));
        PrintWriter out = spec.commandLine().getOut();
        out.print(InspectionText.render(inspection, tensors));
        out.flush();
        json.write(inspection);
    }
}
