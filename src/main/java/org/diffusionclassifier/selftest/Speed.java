package org.diffusionclassifier.selftest;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.diffusionclassifier.config.UNetConfig;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.device.WeightsBudget;
import org.diffusionclassifier.device.cuda.CudaDevice;
import org.diffusionclassifier.device.cuda.Kernels;
import org.diffusionclassifier.device.cuda.study.Card;
import org.diffusionclassifier.device.cuda.study.KernelStudy;
import org.diffusionclassifier.device.cuda.study.KernelStudy.Comparison;
import org.diffusionclassifier.device.cuda.study.KernelStudy.Timing;
import org.diffusionclassifier.device.cuda.study.Launch;
import org.diffusionclassifier.model.stablediffusion.SyntheticUNet;

/** How fast evaluations of a UNet with made-up weights are, and what each kernel has of it. */
final class Speed {

    private static final double SECONDS = 1;

    private Speed() {
    }

    /**
     * Whole evaluations.
     *
     * @param model what is evaluated
     * @param pairs of a class and a trial at once, each of a trial of its own
     */
    record Evaluations(String model, int pairs, double pairsPerSecond) {

        /** For a second at least, after one that does not count. */
        static Evaluations of(String model, UNetConfig config, Device device, int pairs) {
            try (var evaluation = SyntheticUNet.evaluation(config, device, pairs)) {
                evaluation.graph().run();
                device.synchronize();
                int runs = 0;
                long start = System.nanoTime();
                double seconds;
                do {
                    evaluation.graph().run();
                    device.synchronize();
                    runs++;
                    seconds = (System.nanoTime() - start) * 1e-9;
                } while (seconds < SECONDS);
                return new Evaluations(model, pairs, pairs * runs / seconds);
            }
        }
    }

    /**
     * All of an evaluation's launches of one kernel.
     *
     * @param coldSeconds      of all of them, with nothing of their operands in the L2 cache
     * @param warmSeconds      with all that fits into it
     * @param boundSeconds     by the card's data sheet; null for a card whose data sheet is not here
     * @param comparedSeconds  of those that NVIDIA's libraries have, too, cold; null for none
     * @param librariesSeconds of NVIDIA's libraries for these; null for none
     */
    record OfKernel(String kernel, int launches, double coldSeconds, double warmSeconds, Double boundSeconds,
                    Double comparedSeconds, Double librariesSeconds) {

        private OfKernel plus(OfKernel other) {
            return new OfKernel(kernel, launches + other.launches, coldSeconds + other.coldSeconds,
                    warmSeconds + other.warmSeconds, sum(boundSeconds, other.boundSeconds),
                    sum(comparedSeconds, other.comparedSeconds), sum(librariesSeconds, other.librariesSeconds));
        }

        private static Double sum(Double a, Double b) {
            return a == null ? b : b == null ? a : Double.valueOf(a + b);
        }
    }

    /**
     * Every kernel of an evaluation on a card.
     *
     * @param note gets what could not be measured
     */
    static List<OfKernel> ofKernels(UNetConfig config, CudaDevice device, int card, int pairs, Consumer<String> note) {
        Optional<Card> sheet = Card.of(device.description());
        if (sheet.isEmpty()) {
            note.accept("no bounds: this card's data sheet is not here");
        }
        try (var evaluation = SyntheticUNet.evaluation(config, device, pairs)) {
            evaluation.graph().run();
            var study = new KernelStudy(device, evaluation.graph());
            Map<Launch, Comparison> compared = compared(study, config, card, pairs, note);
            var kernels = new LinkedHashMap<String, OfKernel>();
            for (Launch launch : study.launches()) {
                Timing timing = study.time(launch);
                int count = launch.count();
                Comparison comparison = compared.get(launch);
                kernels.merge(launch.kernel(), new OfKernel(launch.kernel(), count, count * timing.cold(),
                        count * timing.warm(), sheet.map(known -> count * known.bound(launch)).orElse(null),
                        comparison == null ? null : Double.valueOf(count * comparison.seconds()),
                        comparison == null ? null : Double.valueOf(count * comparison.librariesSeconds())),
                        OfKernel::plus);
            }
            return new ArrayList<>(kernels.values());
        }
    }

    private static Map<Launch, Comparison> compared(KernelStudy study, UNetConfig config, int card, int pairs,
                                                    Consumer<String> note) {
        try (CudaDevice libraries = CudaDevice.open(card, Kernels.VENDOR, WeightsBudget.unlimited());
                var evaluation = SyntheticUNet.evaluation(config, libraries, pairs)) {
            evaluation.graph().run();
            return study.compare(new KernelStudy(libraries, evaluation.graph()));
        } catch (DeviceException e) {
            note.accept("not compared with cuBLAS and cuDNN: " + e.getMessage());
            return Map.of();
        }
    }
}
