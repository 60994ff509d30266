package org.diffusionclassifier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.diffusionclassifier.catalog.ModelNames;
import org.diffusionclassifier.checkpoint.SmallModel;
import org.diffusionclassifier.tensor.DType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What shells complete by the scripts that {@code completion} prints; bash itself is asked. */
class CompletionTest {

    @TempDir
    Path folder;

    @BeforeEach
    void models() throws IOException {
        for (String name : new String[] {"small", "an evil $(name)"}) {
            new SmallModel(false).directory(folder.resolve("models").resolve(name), DType.F32);
        }
    }

    private String script(String shell) {
        return CommandLineRun.in(new ModelNames(folder, Map.of(), folder.resolve("home")), CommandLineRun.NOBODY,
                "completion", shell).succeeded().out();
    }

    /** What bash offers for the last of {@code words}. */
    private Set<String> offered(String... words) throws IOException, InterruptedException {
        Path script = Files.writeString(folder.resolve("script"), script("bash") + """
                compopt() { :; }    # bash has it while it completes only
                COMP_WORDS=("$@")
                COMP_CWORD=$(($# - 1))
                _complete_diffusion-classifier
                printf '%s\\n' "${COMPREPLY[@]}"
                """);
        var command = new ArrayList<>(List.of("bash", script.toString(), "diffusion-classifier"));
        command.addAll(List.of(words));
        Process bash = new ProcessBuilder(command).start();
        String out = new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals("", new String(bash.getErrorStream().readAllBytes(), StandardCharsets.UTF_8));
        assertEquals(0, bash.waitFor());
        return new TreeSet<>(out.lines().map(String::strip).filter(line -> !line.isEmpty()).toList());
    }

    @Test
    void bashCompletesCommandsOptionsAndModels() throws Exception {
        assertEquals(Set.of("classify", "calibrate", "compare", "completion", "convert"), offered("c"));
        assertTrue(offered("classify", "--m").contains("--model"));
        assertEquals(Set.of("demo", "small"), offered("classify", "--model", ""));
        assertEquals(Set.of("small"), offered("evaluate", "--model", "s"));
        assertEquals(Set.of("rm"), offered("models", "r"));
    }

    /** Names of files may hold what a shell would run. */
    @Test
    void nothingEvilIsInAScript() {
        for (String shell : new String[] {"bash", "zsh", "fish"}) {
            assertFalse(script(shell).contains("evil"), shell);
            assertTrue(script(shell).contains("small"), shell);
        }
    }

    @Test
    void fishGetsALineForEachOption() {
        String script = script("fish");
        assertTrue(script.lines().allMatch(line -> line.startsWith("complete -c diffusion-classifier -n '")), script);
        assertTrue(script.contains("-n '__fish_seen_subcommand_from classify' -l model -r -a 'demo small' -d 'A name"));
        assertTrue(script.contains("'__fish_seen_subcommand_from models; and __fish_seen_subcommand_from rm' -l yes"));
        assertTrue(script.contains("-d 'Says what weights hold: configuration, parameters and bytes by part'"), script);
    }

    @Test
    void otherShellsAreRefused() {
        CommandLineRun.of("completion", "csh").refused("SHELL", "BASH, ZSH, FISH");
    }
}
