package org.diffusionclassifier.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.diffusionclassifier.file.CsvTable;
import org.diffusionclassifier.file.Sha256;
import org.diffusionclassifier.prompt.Prompt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Names, captions and maps of classes. */
class ClassListTest {

    @TempDir
    Path folder;

    /**
     * The files are those of a survey of the paper's official repository (commit e9f772d): the hashes were taken there,
     * and where the survey is at hand, -Dbenchmark.facts=FOLDER compares with it.
     */
    @ParameterizedTest
    @CsvSource({
            "captions.csv, prompts.csv, 79b0150dea24de6159ee7165a6ca641838f2f1b971092088de76c7e850c7b6f1",
            "objectnet.csv, objectnet.csv, 1b5ed8b75ef81e25b07c8848444a3c555d270a422b223008bed4e684df1cbea4"})
    void areThoseOfTheOfficialRepository(String resource, String surveyed, String sha256) throws IOException {
        byte[] ours = ClassList.class.getResourceAsStream(resource).readAllBytes();
        assertEquals(sha256, Sha256.of(Files.write(folder.resolve(resource), ours)));
        String facts = System.getProperty("benchmark.facts");
        if (facts != null) {
            assertEquals(-1, Files.mismatch(Path.of(facts, surveyed), folder.resolve(resource)));
        }
    }

    /** Counted in the survey. */
    @ParameterizedTest
    @CsvSource({"food, 101", "cifar10, 10", "aircraft, 100", "pets, 37", "flowers, 102", "stl10, 10", "imagenet, 1000",
            "objectnet, 113", "cifar100, 100", "mnist, 10", "fashion-mnist, 10", "eurosat, 10", "clevr, 8"})
    void everyClassHasItsCaption(String benchmark, int classes) {
        ClassList list = ClassList.of(benchmark);
        assertEquals(classes, list.prompts().classCount());
        assertEquals(classes, list.keys().stream().distinct().count());
        int first = benchmark.equals("clevr") ? 3 : 0;
        for (int i = 0; i < classes; i++) {
            assertEquals(first + i, list.prompts().prompts().get(i).classIndex());
        }
    }

    /** The survey: these two pairs only, and their classes are apart. */
    @Test
    void twoPairsOfImageNetsClassesHaveEqualCaptions() {
        var byCaption = ClassList.of("imagenet").prompts().prompts().stream()
                .collect(Collectors.groupingBy(Prompt::text,
                        Collectors.mapping(Prompt::classIndex, Collectors.toList())));
        assertEquals(List.of(List.of(657, 744), List.of(836, 837)), byCaption.values().stream()
                .filter(indices -> indices.size() > 1).sorted((a, b) -> a.get(0) - b.get(0)).toList());
    }

    /** The numbers of the lists of the sets' authors (hendrycks/natural-adv-examples, hendrycks/imagenet-r). */
    @Test
    void someOfImageNetsClasses() {
        List<Integer> a = ClassList.imageNetSubset("imagenet-a");
        List<Integer> r = ClassList.imageNetSubset("imagenet-r");
        assertEquals(200, a.stream().distinct().count());
        assertEquals(200, r.stream().distinct().count());
        assertEquals(86, a.stream().filter(r::contains).count());
        assertEquals(List.of(6, 11, 13), a.subList(0, 3));
        assertEquals(988, r.get(199));
        ClassList imageNet = ClassList.of("imagenet");
        assertEquals(a, imageNet.captions(a).classIndices());
        assertEquals("988", imageNet.labels(r).prompts().get(199).text());
    }

    /** 113 folders, 125 labels, all distinct; a chair is any of three. */
    @Test
    void objectNetsClassesAreSeveralLabels() {
        ClassList objects = ClassList.of("objectnet");
        assertEquals(CsvTable.resource(ClassList.class, "objectnet.csv").rows().stream()
                .map(row -> row.get("folder")).toList(), objects.keys());
        var labels = objects.objectNetLabels().prompts();
        assertEquals(125, labels.stream().map(Prompt::text).distinct().count());
        int chair = objects.keys().indexOf("chair");
        assertEquals(List.of("423", "559", "765"), labels.stream().filter(label -> label.classIndex() == chair)
                .map(Prompt::text).toList());
        assertTrue(labels.stream().allMatch(label -> label.className().equals(
                objects.prompts().className(label.classIndex()))));
    }
}
