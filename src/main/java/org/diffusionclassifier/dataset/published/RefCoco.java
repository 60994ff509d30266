package org.diffusionclassifier.dataset.published;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.diffusionclassifier.dataset.ReferringExample;
import org.diffusionclassifier.dataset.published.CocoInstances.Annotation;
import org.diffusionclassifier.image.Box;
import org.diffusionclassifier.image.ImageSize;
import org.diffusionclassifier.pytorch.PickleFile;
import org.diffusionclassifier.tensor.InputException;

/**
 * RefCOCO, RefCOCO+ and RefCOCOg as the refer API has them (Yu et al., 2016, arXiv 1608.00272; Mao et al., 2016, arXiv
 * 1511.02283):
 * <pre>
 *   refcoco/instances.json      {@linkplain CocoInstances COCO's form}
 *   refcoco/refs(unc).p         a pickle: [{ref_id, ann_id, image_id, split, sentences: [{sent_id, sent, …}, …], …}, …]
 * </pre>
 * The pictures are those of COCO's train2014; their names are in {@code instances.json}, not the ones in the pickle.
 * To be told apart are all boxes of a picture, cut to it, without those that hold no pixel.
 *
 * @param examples one a sentence, in the list's order
 * @param alone    sentences left out, as their pictures have one box only
 */
public record RefCoco(List<ReferringExample> examples, int alone) {

    /**
     * @param folder   {@code refcoco}, {@code refcoco+} or {@code refcocog}
     * @param by       whose split: {@code unc}, {@code google} or {@code umd}
     * @param split    {@code train}, {@code val}, {@code test}, {@code testA} or {@code testB}, as the list has it
     * @param pictures the folder of {@code COCO_train2014_000000000009.jpg} and so on
     * @return at least one example
     * @throws InputException if files are missing, are not in this form, or contradict each other
     */
    public static RefCoco read(Path folder, String by, String split, Path pictures) {
        Path list = folder.resolve("refs(" + by + ").p");
        if (!(PickleFile.read(list) instanceof List<?> refs)) {
            throw InputException.at(list, "expected a list of expressions, found another value");
        }
        CocoInstances coco = CocoInstances.read(folder.resolve("instances.json"));
        var examples = new ArrayList<ReferringExample>();
        var splits = new TreeSet<String>();
        int alone = 0;
        for (int i = 0; i < refs.size(); i++) {
            var ref = new Fields(InputException.name(list) + ": [" + i + "]", refs.get(i));
            splits.add(ref.text("split"));
            if (!ref.text("split").equals(split)) {
                continue;
            }
            long id = ref.integer("image_id");
            CocoInstances.Picture picture = coco.pictures().get(id);
            if (picture == null) {
                throw ref.wrong("image_id", "a picture of instances.json", id);
            }
            Path image = pictures.resolve(picture.fileName());
            if (!Files.isRegularFile(image)) {
                throw new InputException(ref.where + ": no picture " + InputException.quoted(picture.fileName())
                        + " in " + pictures);
            }
            Set<Box> boxes = boxes(coco.annotations().getOrDefault(id, List.of()), picture.size());
            Box truth = truth(coco.annotations().getOrDefault(id, List.of()), picture.size(), ref);
            for (Object sentence : ref.list("sentences")) {
                String expression = new Fields(ref.where + ".sentences", sentence).text("sent");
                if (boxes.size() < 2) {
                    alone++;
                } else {
                    examples.add(new ReferringExample(ref.where, image, List.copyOf(boxes), expression, truth));
                }
            }
        }
        if (examples.isEmpty()) {
            throw InputException.of("%s: expected %s with boxes to choose from (%s), found %s",
                    InputException.field("split"), String.join(", ", splits), list, InputException.quoted(split));
        }
        return new RefCoco(examples, alone);
    }

    /** What the user should know without being kept from anything. */
    public List<String> notices() {
        return alone == 0 ? List.of() : List.of(alone + " expressions are left out: their pictures have one box only");
    }

    private static Set<Box> boxes(List<Annotation> annotations, ImageSize picture) {
        var boxes = new LinkedHashSet<Box>();
        for (Annotation annotation : annotations) {
            Box box = cut(annotation.box(), picture);
            if (box.isIn(picture)) {
                boxes.add(box);
            }
        }
        return boxes;
    }

    private static Box truth(List<Annotation> annotations, ImageSize picture, Fields ref) {
        long id = ref.integer("ann_id");
        for (Annotation annotation : annotations) {
            if (annotation.id() == id && cut(annotation.box(), picture).isIn(picture)) {
                return cut(annotation.box(), picture);
            }
        }
        throw ref.wrong("ann_id", "an annotation of its picture that holds a pixel", id);
    }

    private static Box cut(Box box, ImageSize picture) {
        double left = Math.max(box.x(), 0);
        double top = Math.max(box.y(), 0);
        return new Box(left, top, Math.min(box.x() + box.width(), picture.width()) - left,
                Math.min(box.y() + box.height(), picture.height()) - top);
    }

    /** One dictionary of the pickle. */
    private record Fields(String where, Object dictionary) {

        long integer(String name) {
            if (get(name) instanceof Long number) {
                return number;
            }
            throw wrong(name, "a whole number", get(name));
        }

        String text(String name) {
            if (get(name) instanceof String text && !text.isBlank()) {
                return text;
            }
            throw wrong(name, "text", get(name));
        }

        List<?> list(String name) {
            if (get(name) instanceof List<?> list) {
                return list;
            }
            throw wrong(name, "a list", get(name));
        }

        private Object get(String name) {
            return dictionary instanceof Map<?, ?> map ? map.get(name) : null;
        }

        InputException wrong(String name, String expected, Object found) {
            String text = String.valueOf(found);
            return new InputException(where + ": " + name + ": expected " + expected + ", found "
                    + (text.length() <= 60 ? text : text.substring(0, 59) + "…"));
        }
    }
}
