package org.diffusionclassifier;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.image.ImageDecoder;

/**
 * Image files to classify, in an order. Several devices take one each at a time ({@link OrderedWork}); a single image is
 * left to all of them.
 */
record ImageSequence(Classifier classifier, List<Path> images) {

    ImageSequence {
        images = List.copyOf(images);
    }

    private record Timed(Classification classification, double seconds) {

        static Timed of(Supplier<Classification> work) {
            long start = System.nanoTime();
            Classification answer = work.get();
            return new Timed(answer, (System.nanoTime() - start) * 1e-9);
        }

        void tell(Classifier.Results results) {
            results.next(classification, seconds);
        }
    }

    /** As {@link Classifier#classify(List, Classifier.Results)}. */
    void classify(Classifier.Results results) {
        List<String> devices = classifier.devices();
        if (images.size() == 1 || devices.size() == 1) {
            images.forEach(image -> Timed.of(() -> classifier.classify(image)).tell(results));
            return;
        }
        new OrderedWork<>(devices.size(), images.size(), this::classify, new OrderedWork.Listener<Timed>() {
            @Override
            public void finished(int device, Timed answer) {
                answer.tell(results);
            }

            @Override
            public void lost(int device, DeviceException failure) {
                classifier.failed(device);
                results.lost(devices.get(device), failure);
            }
        }).run();
    }

    private Timed classify(int device, int index) {
        Path image = images.get(index);
        return Timed.of(() -> classifier.classify(device, image.toString(), ImageDecoder.read(image)));
    }
}
