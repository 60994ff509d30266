package org.diffusionclassifier.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine;

/**
 * A script for the completion of fish, which picocli does not write: a line {@code complete -c PROGRAM -n CONDITION …}
 * for each command, option and parameter with candidates (https://fishshell.com/docs/current/cmds/complete.html).
 */
final class FishCompletion {

    private final String program;
    private final CommandSpec root;
    private final List<String> lines = new ArrayList<>();

    FishCompletion(CommandLine commandLine) {
        this.root = commandLine.getCommandSpec();
        this.program = root.name();
    }

    String script() {
        commands(root, "__fish_use_subcommand");
        for (Map.Entry<String, CommandLine> command : root.subcommands().entrySet()) {
            String seen = "__fish_seen_subcommand_from " + command.getKey();
            CommandSpec spec = command.getValue().getCommandSpec();
            commands(spec, seen);
            arguments(spec, seen);
            spec.subcommands().forEach((name, below) ->
                    arguments(below.getCommandSpec(), seen + "; and __fish_seen_subcommand_from " + name));
        }
        return String.join("\n", lines) + "\n";
    }

    private void commands(CommandSpec spec, String condition) {
        spec.subcommands().forEach((name, command) -> line(condition, "-f -a " + quoted(name) + " -d "
                + quoted(first(command.getCommandSpec().usageMessage().description()))));
    }

    private void arguments(CommandSpec spec, String condition) {
        for (OptionSpec option : spec.options()) {
            if (!option.hidden()) {
                line(condition, "-l " + option.longestName().replaceFirst("^-+", "")
                        + (option.arity().max() > 0 ? " -r" : "") + candidates(option) + " -d "
                        + quoted(first(option.description())));
            }
        }
        for (PositionalParamSpec parameter : spec.positionalParameters()) {
            if (parameter.completionCandidates() != null) {
                line(condition, candidates(parameter).strip());
            }
        }
    }

    private static String candidates(ArgSpec argument) {
        var all = new ArrayList<String>();
        if (argument.completionCandidates() != null) {
            argument.completionCandidates().forEach(all::add);
        }
        return all.isEmpty() ? "" : " -a " + quoted(String.join(" ", all));
    }

    private void line(String condition, String what) {
        lines.add("complete -c " + program + " -n " + quoted(condition) + " " + what);
    }

    /** The first sentence. */
    private static String first(String[] description) {
        String text = description.length == 0 ? "" : Ansi.OFF.string(description[0]);
        return text.replaceFirst("(?s)\\.(\\s.*)?$", "");
    }

    /** In single quotes fish expands nothing; a quote and a backslash have a backslash before them. */
    private static String quoted(String text) {
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
    }
}
