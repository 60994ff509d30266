package org.diffusionclassifier.prompt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.diffusionclassifier.testing.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which class of the prompts a dataset's class is. */
class ClassMapTest {

    private static final PromptSet GARMENTS = PromptSet.of(
            List.of("t-shirt", "trousers", "coat", "sneaker", "ankle boot"), "{}");

    @TempDir
    private Path folder;

    private static List<Integer> match(PromptSet prompts, Path file, String... names) {
        var map = ClassMap.of(List.of(names), prompts, file);
        return IntStream.range(0, names.length).map(map::classIndex).boxed().toList();
    }

    private static String refusal(PromptSet prompts, Path file, String... names) {
        return Fixtures.inputError(() -> ClassMap.of(List.of(names), prompts, file));
    }

    private Path map(String rows) throws IOException {
        return Files.writeString(folder.resolve("map.csv"), "dataset,class\n" + rows);
    }

    @Test
    void classesGoByNameWhereverTheyStand() {
        assertEquals(List.of(2, 3), match(GARMENTS, null, "coat", "sneaker"));
        assertEquals(List.of(3, 0), match(GARMENTS, null, "sneaker", "t-shirt"));
    }

    /** The last two are É in one character and in two (NFC and NFD). */
    @ParameterizedTest
    @CsvSource({"maple_tree, maple tree", "Maple-Tree, maple_tree", "MapleTree, maple tree",
        "' maple  tree ', maple tree", "T\u2010shirt, t-shirt",
        "\u00c9clair, e\u0301clair", "e\u0301clair, \u00c9CLAIR"})
    void spellingMakesNoDifference(String dataset, String prompt) {
        assertEquals(List.of(1), match(PromptSet.of(List.of("x", prompt), "{}"), null, dataset));
    }

    /** As ImageNet names its classes. */
    @Test
    void commasSeparateNamesOfOneClass() {
        var prompts = new PromptSet(List.of(new Prompt("0", "tench, Tinca tinca", 0), new Prompt("1", "crane", 134),
                new Prompt("2", "tower crane, crane", 517)));
        assertEquals(List.of(0), match(prompts, null, "tinca_tinca"));
        assertEquals(List.of(0, 134), match(prompts, null, "Tench, Tinca tinca", "crane"));
    }

    /** As letters of handwriting are. */
    @Test
    void namesThatAreWrittenAlikeGoFirst() {
        assertEquals(List.of(1, 0), match(PromptSet.of(List.of("A", "a"), "{}"), null, "a", "A"));
    }

    @Test
    void namesThatMeanSeveralClassesAreRefused() throws IOException {
        var prompts = new PromptSet(List.of(new Prompt("a", "missile", 657), new Prompt("b", "missile", 744),
                new Prompt("c", "x", 1)));
        assertEquals("dataset: class \"Missile\" may be any of the prompts' classes \"missile\" (657), \"missile\""
                + " (744): say which by classMap", refusal(prompts, null, "Missile"));
        assertEquals(List.of(744), match(prompts, map("missile,744\n"), "Missile"));
        assertEquals("dataset: classes \"T-Shirt\" and \"t_shirt\" are both the prompts' class \"t-shirt\" (0) by their"
                + " names: say which they are by classMap", refusal(GARMENTS, null, "T-Shirt", "t_shirt"));
    }

    @Test
    void classesWithoutAPromptAreRefusedWithBothLists() {
        assertEquals("dataset: expected classes that prompts stand for (\"t-shirt\", \"trousers\", \"coat\","
                + " \"sneaker\", \"ankle boot\"), found also \"wallet\": say which they are by classMap",
                refusal(GARMENTS, null, "coat", "wallet"));
        var many = PromptSet.of(IntStream.range(0, 1000).mapToObj(i -> "class " + i).toList(), "{}");
        assertEquals("dataset: expected classes that prompts stand for (\"class 0\", \"class 1\", \"class 2\","
                + " \"class 3\", \"class 4\" and 995 more), found also \"n01440764\", \"n01443537\", ids of WordNet:"
                + " say which they are by classMap", refusal(many, null, "n01440764", "n01443537"));
    }

    /** ImageNetV2's folders are 0 to 999, which sort as 0, 1, 10, 100. */
    @Test
    void numbersAreIndicesUnlessAClassIsSoNamed() {
        var many = PromptSet.of(IntStream.range(0, 1000).mapToObj(i -> "class " + i).toList(), "{}");
        assertEquals(List.of(0, 1, 10, 100), match(many, null, "0", "1", "10", "100"));
        assertEquals(1, ClassMap.of(List.of("0", "10"), many, null).notices().size());
        assertTrue(refusal(many, null, "0", "1000").contains("found also \"1000\""));
        var digits = PromptSet.of(List.of("9", "8", "7"), "{}");
        assertEquals(List.of(2, 0), match(digits, null, "7", "9"));
        assertEquals(List.of(), ClassMap.of(List.of("7", "9"), digits, null).notices());
    }

    @Test
    void aMapSaysWhatNamesDoNot() throws IOException {
        Path map = map("wallet,coat\nshoe,3\nabsent,0\n");
        assertEquals(List.of(3, 0, 2), match(GARMENTS, map, "shoe", "T-shirt", "Wallet"));
        Path merged = map("brogue,ankle_boot\nsandal,ankle boot\n");
        assertEquals(List.of(4, 4), match(GARMENTS, merged, "brogue", "sandal"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        coat,5          | :2: class: expected the name or index of a class that a prompt stands for, found "5"
        coat,cloak      | :2: class: expected the name or index of a class that a prompt stands for, found "cloak"
        coat,0;COAT,1   | :3: class "COAT" of the dataset is there twice
        """)
    void wrongMapsAreRefused(String rows, String message) throws IOException {
        Path map = map(rows.replace(";", "\n") + "\n");
        assertEquals(map + message, refusal(GARMENTS, map, "coat"));
    }

    @Test
    void withoutNamesALabelIsTheIndex() throws IOException {
        assertEquals(7, ClassMap.of(List.of(), GARMENTS, null).classIndex(7));
        assertEquals("classMap: expected a dataset whose classes have names, found one of numbers alone",
                refusal(GARMENTS, map("a,0\n")));
    }
}
