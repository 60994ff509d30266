package org.diffusionclassifier.dataset.published;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.dataset.ReferringExample;
import org.diffusionclassifier.image.Box;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.junit.jupiter.api.Assertions.assertEquals;

/** Data sets of captions and expressions; Python 2.7 wrote the pickles (published/make2.py). */
class PublishedCaptionsTest {

    private static final String INSTANCES = """
            {"info": {"year": 2014}, "annotations": [
               {"segmentation": [[1, 2, 3, 4]], "bbox": [-1.5, 0, 3.5, 4], "id": 1, "image_id": 9, "category_id": 1},
               {"segmentation": {"counts": [1], "size": [5, 6]}, "bbox": [3, 1, 2.5, 3], "id": 2, "image_id": 9,
                "category_id": 1},
               {"bbox": [3, 1, 0.2, 3], "id": 3, "image_id": 9, "category_id": 2},
               {"bbox": [0, 0, 5, 5], "id": 4, "image_id": 25, "category_id": 2}],
             "images": [{"id": 9, "file_name": "COCO_train2014_000000000009.jpg", "width": 6, "height": 5},
                        {"id": 25, "file_name": "COCO_train2014_000000000025.jpg", "width": 6, "height": 5}],
             "categories": [{"supercategory": "person", "id": 1, "name": "person"}, {"id": 2, "name": "dog"}]}
            """;

    @TempDir
    Path given;
    private PublishedFolder folder;

    @BeforeEach
    void folder() throws IOException {
        folder = new PublishedFolder(given).text("instances.json", INSTANCES).copy("refs(unc).p", "refs(unc).p")
                .copy("refs(google).p", "refs(google).p").picture("COCO_train2014_000000000009.jpg", 1)
                .picture("COCO_train2014_000000000025.jpg", 2);
    }

    @Test
    void coco() throws IOException {
        Path file = given.resolve("instances.json");
        var coco = CocoInstances.read(file);
        assertEquals(Map.of(1L, "person", 2L, "dog"), coco.categories());
        assertEquals(new CocoInstances.Annotation(2, 1, new Box(3, 1, 2.5, 3)), coco.annotations().get(9L).get(1));
        assertEquals("COCO_train2014_000000000025.jpg", coco.pictures().get(25L).fileName());
        refused("an annotation is of the picture 7, which is not among the images",
                "{\"annotations\": [{\"id\": 1, \"image_id\": 7, \"category_id\": 1, \"bbox\": [0, 0, 1, 1]}]}");
        refused("annotations[0]: bbox: expected [x, y, width, height], found [1,2,3]",
                "{\"annotations\": [{\"id\": 1, \"bbox\": [1, 2, 3]}]}");
        refused("images[0]: expected file_name, width and height, found {\"id\":1}", "{\"images\": [{\"id\": 1}]}");
        refused("annotations: expected a list", "{\"annotations\": {}}");
        refused("expected a JSON object, found another value", "[]");
        refused("broken JSON in line 2", "{\"images\":\n [{");
    }

    private void refused(String message, String json) throws IOException {
        folder.text("instances.json", json);
        Path file = given.resolve("instances.json");
        assertEquals(file + ": " + message, inputError(() -> CocoInstances.read(file)));
    }

    @Test
    void refCoco() throws IOException {
        var testA = RefCoco.read(given, "unc", "testA", given);
        Path list = given.resolve("refs(unc).p");
        var boxes = List.of(new Box(0, 0, 2, 4), new Box(3, 1, 2.5, 3));
        Path image = given.resolve("COCO_train2014_000000000009.jpg");
        assertEquals(List.of(
                new ReferringExample(list + ": [0]", image, boxes, "the left man", boxes.get(0)),
                new ReferringExample(list + ": [0]", image, boxes, "man in blue", boxes.get(0)),
                new ReferringExample(list + ": [3]", image, boxes, "the café", boxes.get(1))), testA.examples());
        assertEquals(List.of("1 expressions are left out: their pictures have one box only"), testA.notices());
        assertEquals("right", RefCoco.read(given, "unc", "val", given).examples().get(0).expression());
        refused("split: expected testA, val with boxes to choose from (" + list + "), found \"testB\"",
                () -> RefCoco.read(given, "unc", "testB", given));
        refused(given.resolve("refs(umd).p") + ": cannot be read (no such file)",
                () -> RefCoco.read(given, "umd", "val", given));
        refused(given.resolve("refs(google).p") + ": [0]: ann_id: expected an annotation of its picture that holds a "
                + "pixel, found 99", () -> RefCoco.read(given, "google", "train", given));
        folder.delete("COCO_train2014_000000000009.jpg");
        refused(list + ": [1]: no picture \"COCO_train2014_000000000009.jpg\" in " + given,
                () -> RefCoco.read(given, "unc", "val", given));
    }

    @Test
    void sugarCrepe() throws IOException {
        folder.picture("val2017/000000000139.jpg", 1).text("swap_att.json", """
                {"0": {"filename": "000000000139.jpg", "caption": "a red cup", "negative_caption": "a blue cup"}}
                """);
        Path file = given.resolve("swap_att.json");
        Path pictures = given.resolve("val2017");
        assertEquals(List.of(new CaptionChoice(pictures.resolve("000000000139.jpg"), null, "a red cup", "a blue cup",
                null)), CaptionChoice.sugarCrepe(file, pictures));
        refused(file + ": \"0\": no picture \"000000000139.jpg\" in " + given,
                () -> CaptionChoice.sugarCrepe(file, given));
        folder.text("swap_att.json", "{}");
        refused(file + ": expected pictures with two captions, found none",
                () -> CaptionChoice.sugarCrepe(file, pictures));
    }

    @Test
    void aro() throws IOException {
        Path file = given.resolve("aro.json");
        folder.picture("images/1.jpg", 1).text("aro.json", """
                [{"image_path": "1.jpg", "bbox_x": 1, "bbox_y": 2, "bbox_w": 3, "bbox_h": 2, "relation_name": "on",
                  "true_caption": "the cup on the table", "false_caption": "the table on the cup"},
                 {"image_path": "1.jpg", "bbox_x": 1, "bbox_y": 2, "bbox_w": 3, "bbox_h": 2,
                  "attributes": ["red", "big"], "true_caption": "a", "false_caption": "b"}]
                """);
        Path image = given.resolve("images/1.jpg");
        assertEquals(List.of(
                new CaptionChoice(image, new Box(1, 2, 3, 2), "the cup on the table", "the table on the cup", "on"),
                new CaptionChoice(image, new Box(1, 2, 3, 2), "a", "b", "red big")),
                CaptionChoice.aro(file, given.resolve("images")));
        folder.text("aro.json", "[{\"bbox_x\": 1, \"bbox_y\": 2, \"bbox_w\": \"3\"}]");
        refused(file + ": [0]: bbox_w: expected a number, found \"3\"", () -> CaptionChoice.aro(file, given));
    }

    private static void refused(String message, Executable action) {
        assertEquals(message, inputError(action));
    }
}
