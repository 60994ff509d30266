package org.diffusionclassifier.cli;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine;

/** {@code completion}: a script by which a shell completes this program's commands, options and models. */
@Command(name = "completion", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Prints a script for the shell's completion. Models are those that are here when it is printed. "
                + "In bash: source <(diffusion-classifier completion bash).")
final class CompletionCommand implements Callable<Integer> {

    enum Shell { BASH, ZSH, FISH }

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "SHELL", description = "bash, zsh or fish.")
    private Shell shell;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        CommandLine root = spec.root().commandLine();
        // picocli's script is bash's, and has zsh load the emulation of bash's completion.
        out.print(shell == Shell.FISH ? new FishCompletion(root).script()
                : AutoComplete.bash(spec.root().name(), root));
        out.flush();
        return 0;
    }
}
