package org.diffusionclassifier.prompt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.diffusionclassifier.strategy.ClassTree;
import org.diffusionclassifier.tensor.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@link LabelTree} and {@link Priors}: what they read, and what they refuse in which words. */
class LabelTreeTest {

    private static final PromptSet PROMPTS = new PromptSet(List.of(new Prompt("a cat", "cat", 0),
            new Prompt("a feline", "cat", 0), new Prompt("a dog", "dog", 1), new Prompt("a car", "car", 2)));

    @TempDir
    private Path folder;

    private Path file(String text) throws IOException {
        return Files.writeString(folder.resolve("file"), text);
    }

    @Test
    void groupsStandForTheirClassesCaptions() throws IOException {
        ClassTree tree = LabelTree.read(file("""
                [{"name": "animals", "members": ["dog", {"name": "felines", "members": ["cat"]}],
                  "representatives": ["cat"]}, "car"]"""), PROMPTS);
        assertEquals(List.of(2, 0, 1, 3), tree.prompts().toList());
        assertEquals(List.of(0, 1), tree.members().get(0).representatives());
        assertEquals(List.of(0, 1), tree.members().get(0).members().get(1).representatives());
        assertEquals("car", tree.members().get(1).name());
    }

    @Test
    void aByteOrderMarkIsSkipped() throws IOException {
        String tree = "[\"dog\", \"cat\", \"car\"]";
        assertEquals(LabelTree.read(file(tree), PROMPTS).prompts().toList(),
                LabelTree.read(file("\uFEFF" + tree), PROMPTS).prompts().toList());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
        [ | : expected JSON, found what is none
        {} | : the tree: expected a list of groups and class names, found {}
        [] | : the tree: expected a list of groups and class names, found []
        ["cat","dog"] | : expected every class, found no "car"
        ["cat","dog","car","cat"] | : class "cat": expected once, found again
        ["cat","dog","car","cow"] | : class "cow": expected one that has a prompt
        ["cat",7] | : expected a class name or a group with a name, found 7
        ["cat",{"name":"x"}] | : "x": expected a list of groups and class names, found nothing
        [{"name":"x","members":["cat"],"representatives":["dog"]},"dog","car"] | : representatives: expected classes of the group, found "dog"
        """)
    void wrongTreesAreRefused(String text, String message) throws IOException {
        Path file = file(text);
        assertEquals(file + message,
                assertThrows(InputException.class, () -> LabelTree.read(file, PROMPTS)).getMessage());
    }

    @Test
    void priorsAreByClass() throws IOException {
        double[] logarithms = Priors.read(file("classname,weight\ncat,1\ndog,2\ncar,0.5\n")).logarithms(PROMPTS);
        assertEquals(Math.log(2), logarithms[2], 1e-12);
        assertEquals(logarithms[0], logarithms[1]);
    }

    @Test
    void wrongPriorsAreRefused() throws IOException {
        Path file = file("classname,weight\ncat,1\ndog,0\n");
        assertEquals(file + ":3: weight: expected a number above 0, found \"0\"",
                assertThrows(InputException.class, () -> Priors.read(file)).getMessage());
        Path lacking = file("classname,weight\ncat,1\n");
        assertEquals(lacking + ": no weight of class \"dog\"",
                assertThrows(InputException.class, () -> Priors.read(lacking).logarithms(PROMPTS)).getMessage());
    }
}
