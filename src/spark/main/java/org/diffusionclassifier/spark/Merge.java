package org.diffusionclassifier.spark;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.Workers;
import org.diffusionclassifier.result.Attempt;

/**
 * Hands images on in their order, as far as parts are there. It holds the lines of one part at a time, and of an image
 * that waits for its turn only which part it is in.
 */
final class Merge {

    private final int[] images;
    private final Workers.Receiver receiver;
    private final Map<Integer, Path> partOf;
    private final Map<Path, String> workerOf = new HashMap<>();
    private final Map<Integer, List<String>> notices = new HashMap<>();
    private int next;
    private Path open;
    private Map<Integer, Attempt> lines = Map.of();

    Merge(int[] images, Workers.Receiver receiver, Map<Integer, Path> partOf) {
        this.images = images;
        this.receiver = receiver;
        this.partOf = partOf;
    }

    Workers.Receiver receiver() {
        return receiver;
    }

    /** Takes the part of a task. @param worker whose images they are */
    void take(Path part, ImageTask.Report report, String worker) {
        workerOf.put(part, worker);
        notices.putAll(report.notices());
        Arrays.stream(report.images()).forEach(image -> partOf.put(image, part));
        advance();
    }

    void advance() {
        for (; next < images.length && partOf.containsKey(images[next]); next++) {
            Path part = partOf.remove(images[next]);
            if (!part.equals(open)) {
                lines = new LinkedHashMap<>();
                Parts.read(part).forEach(attempt -> lines.put(attempt.index(), attempt));
                open = part;
            }
            Attempt line = lines.remove(images[next]);
            List<String> noted = notices.remove(images[next]);
            String worker = workerOf.getOrDefault(part, "earlier");
            if (lines.isEmpty()) {
                workerOf.remove(part);
            }
            receiver.finished(worker, noted == null ? line : new Attempt(line.result(), noted, line.failure()));
        }
    }
}
