package org.diffusionclassifier.prompt;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.testing.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class PromptSetTest {

    @TempDir
    Path folder;

    @Test
    void readsTheFormOfTheOfficialRepository() throws IOException {
        var set = read("""
                prompt,classname,classidx
                "a photo of a pink primrose, a type of flower.",pink primrose,0
                "a photo of a colt's foot, a type of flower.",colt's foot,11
                """);
        assertEquals(List.of(
                new Prompt("a photo of a pink primrose, a type of flower.", "pink primrose", 0),
                new Prompt("a photo of a colt's foot, a type of flower.", "colt's foot", 11)), set.prompts());
        assertEquals(Map.of(0, "pink primrose", 11, "colt's foot"), set.classes());
    }

    @Test
    void readsAByteOrderMarkOtherColumnsAndQuotedLineBreaks() throws IOException {
        var set = read("\uFEFF,classidx,prompt,extra,classname\r\n0, 1,\"one \"\"big\"\",\nküche\",x,Küche\r\n\r\n"
                + "1,0,zwei,y,Bad");
        assertEquals(List.of(new Prompt("one \"big\",\nküche", "Küche", 1), new Prompt("zwei", "Bad", 0)),
                set.prompts());
        assertEquals("{0=Bad, 1=Küche}", set.classes().toString());
    }

    @Test
    void severalPromptsMayStandForOneClass() throws IOException {
        var set = read("prompt,classname,classidx\na cat,cat,3\na kitten,cat,3\n");
        assertEquals(2, set.prompts().size());
        assertEquals(1, set.classCount());
        assertEquals("cat", set.className(3));
    }

    @Test
    void refusesAMissingColumnByName() {
        assertEquals(file() + ": no column classidx, found \"prompt,classname\"",
                refusal("prompt,classname\na cat,cat\n"));
    }

    @Test
    void refusesAFileWithoutRows() {
        assertEquals(file() + ": empty, expected a CSV header", refusal(""));
        assertEquals(file() + ": no rows under the header", refusal("prompt,classname,classidx\n\n"));
    }

    @Test
    void refusesAClassIndexThatIsNoIntegerFromZero() {
        assertEquals(file() + ":3: classidx: expected an integer from 0, found \"-1\"",
                refusal("prompt,classname,classidx\na,a,0\nb,b,-1\n"));
        for (var index : List.of("", "x", "1.0", "99999999999", "\"1\n2\"")) {
            var message = refusal("prompt,classname,classidx\na,a," + index + "\n");
            assertTrue(message.contains(": classidx: expected an integer from 0, found "), message);
        }
    }

    @Test
    void refusesTwoNamesForOneClassWithBothLines() {
        assertEquals(file() + ":5: class 0 is named \"dog\" here and \"cat\" at " + file() + ":2",
                refusal("prompt,classname,classidx\na cat,cat,0\n\nan owl,owl,1\na dog,dog,0\n"));
    }

    @Test
    void refusesARowOfAnotherLength() {
        assertEquals(file() + ":3: expected 3 fields as in the header, found 2",
                refusal("prompt,classname,classidx\na,a,0\nb,b\n"));
        assertEquals(file() + ":2: expected 3 fields as in the header, found 4",
                refusal("prompt,classname,classidx\na, b,c,0\n"));
    }

    @Test
    void refusesAnEmptyPrompt() {
        assertEquals(file() + ":2: the prompt is empty", refusal("prompt,classname,classidx\n\" \",a,0\n"));
    }

    @Test
    void refusesWhatIsNoCsv() {
        assertEquals(file() + ": not CSV after line 2", refusal("prompt,classname,classidx\na,a,0\n\"b,b,1\n"));
        assertEquals(file() + ": not CSV after line 1", refusal("prompt,prompt,classidx\na,a,0\n"));
    }

    @Test
    void refusesWhatCannotBeRead() throws IOException {
        assertEquals(file() + ": cannot be read (no such file)", Fixtures.inputError(() -> PromptSet.read(file())));
        Files.write(file(), "prompt,classname,classidx\ncaf\u00e9,a,0\n".getBytes(StandardCharsets.ISO_8859_1));
        assertEquals(file() + ": cannot be read (not UTF-8 text)", Fixtures.inputError(() -> PromptSet.read(file())));
        assertTrue(Fixtures.inputError(() -> PromptSet.read(folder)).startsWith(folder + ": cannot be read ("));
    }

    @Test
    void makesOnePromptAClassFromATemplate() {
        var set = PromptSet.of(List.of("cat", " house\u00a0boat "), "a {} is a {}.");
        assertEquals(List.of(new Prompt("a cat is a cat.", "cat", 0),
                new Prompt("a house\u00a0boat is a house\u00a0boat.", "house\u00a0boat", 1)), set.prompts());
    }

    @Test
    void refusesNamesAndTemplatesThatMakeNoPrompts() {
        assertEquals("template: expected {} where the class name goes, found \"a photo\"",
                Fixtures.inputError(() -> PromptSet.of(List.of("cat"), "a photo")));
        assertEquals("classes: expected at least one class name",
                Fixtures.inputError(() -> PromptSet.of(List.of(), "{}")));
        assertEquals("classes: class 1 has an empty name",
                Fixtures.inputError(() -> PromptSet.of(List.of("cat", " "), "{}")));
        assertEquals("classes: \"cat\" is given twice",
                Fixtures.inputError(() -> PromptSet.of(List.of("cat", "dog", "cat "), "{}")));
    }

    @Test
    void theDigestTellsSetsApartAndNotTheirFiles() throws IOException {
        var set = PromptSet.of(List.of("cat", "dog"), "a {}");
        // printf 'a cat\0cat\0000\na dog\0dog\0001\n' | sha256sum
        assertEquals("4847dd4a3b4fe6000d8baa57565c5d6757f87ce8ab28e0163dcc4a167ddb0607", set.sha256());
        assertEquals(set.sha256(), read("classidx,prompt,classname\n0,a cat,cat\n1,\"a dog\",dog\n").sha256());
        assertNotEquals(set.sha256(), PromptSet.of(List.of("dog", "cat"), "a {}").sha256());
    }

    private Path file() {
        return folder.resolve("prompts.csv");
    }

    private PromptSet read(String csv) throws IOException {
        return PromptSet.read(Files.writeString(file(), csv));
    }

    private String refusal(String csv) {
        return Fixtures.inputError(() -> read(csv));
    }
}
