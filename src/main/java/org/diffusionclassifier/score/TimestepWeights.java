package org.diffusionclassifier.score;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.diffusionclassifier.file.CsvTable;
import org.diffusionclassifier.file.Sha256;
import org.diffusionclassifier.model.NoiseProcess;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.TextFile;

/**
 * By what the error of a trial is multiplied, for its timestep. Weights are fixed before an image is seen, so that all
 * classes are measured alike. They are relative: {@link #factors} scales them to a mean of 1 over the timesteps that
 * trials are drawn from, so that errors, and temperatures fitted to them, stay of the size that they have without.
 * Which timesteps tell classes apart depends on the data and on the model (arXiv 2505.17955).
 */
public sealed interface TimestepWeights {

    /** The component of a specification that they are, by which messages name them. */
    String FIELD = "timestepWeights";

    /** The same at every timestep. */
    record Uniform() implements TimestepWeights {

        @Override
        public double[] weights(NoiseProcess noise, TimestepRange drawn) {
            return IntStream.range(0, noise.timesteps()).mapToDouble(step -> 1).toArray();
        }

        @Override
        public String described() {
            return "uniform";
        }
    }

    /**
     * By the signal-to-noise ratio, SNR(t) = (signal_t / level_t)², of the factors of latent and noise in x_t (Kingma et
     * al., 2021, arXiv 2107.00630, section 3.1): ᾱ_t / (1 − ᾱ_t) of a denoising diffusion model, ((1 − σ) / σ)² of flow
     * matching. It is taken as it is, neither clipped nor raised to a power, as a bound or an exponent would have to be
     * fitted to data; whoever has fitted one gives the weights in a file. It falls steeply, so that the timesteps of
     * little noise decide.
     */
    record Snr() implements TimestepWeights {

        /** @throws InputException for a timestep among {@code drawn} without noise, where the ratio is infinite */
        @Override
        public double[] weights(NoiseProcess noise, TimestepRange drawn) {
            double[] ratios = IntStream.range(0, noise.timesteps())
                    .mapToDouble(step -> Math.pow((double) noise.signal(step) / noise.level(step), 2)).toArray();
            for (int step = drawn.from(); step <= drawn.to(); step++) {
                if (!Double.isFinite(ratios[step])) {
                    throw InputException.of("%s %s: expected noise at every timestep of %s, found none at %d",
                            InputException.field(FIELD), described(), drawn, step);
                }
            }
            return ratios;
        }

        @Override
        public String described() {
            return "snr";
        }
    }

    /**
     * From a file: a line for each timestep, with its weight alone; or CSV with the columns {@code step,weight}, steps
     * ascending, between which weights are interpolated linearly, and beyond which the nearest holds.
     *
     * @param file UTF-8 text; blank lines are skipped
     */
    record Read(Path file) implements TimestepWeights {

        /** @throws InputException for a file of another form, or a weight that is below 0 or not finite */
        @Override
        public double[] weights(NoiseProcess noise, TimestepRange drawn) {
            List<String> lines = lines();
            Optional<String> first = lines.stream().filter(line -> !line.isBlank()).findFirst();
            return first.isPresent() && first.get().contains(",") ? interpolated(noise.timesteps())
                    : listed(lines, noise.timesteps());
        }

        private List<String> lines() {
            try {
                return TextFile.lines(file);
            } catch (IOException e) {
                throw InputException.unreadable(file, e);
            }
        }

        private double[] listed(List<String> lines, int timesteps) {
            int[] filled = IntStream.range(0, lines.size()).filter(line -> !lines.get(line).isBlank()).toArray();
            double[] weights = IntStream.of(filled).mapToDouble(line ->
                    weight(lines.get(line), InputException.name(file) + ":" + (line + 1))).toArray();
            if (weights.length != timesteps) {
                throw InputException.at(file, "expected a weight for each of the model's " + timesteps
                        + " timesteps, or CSV of step,weight, found " + weights.length + " weights");
            }
            return weights;
        }

        private double[] interpolated(int timesteps) {
            var table = CsvTable.read(file);
            String step = table.column("step");
            String weight = table.column("weight");
            int given = table.rows().size();
            var steps = new int[given];
            var weights = new double[given];
            for (int i = 0; i < given; i++) {
                CsvTable.Row row = table.rows().get(i);
                steps[i] = row.index(step);
                weights[i] = weight(row.get(weight), row.where());
                if (steps[i] >= timesteps || i > 0 && steps[i] <= steps[i - 1]) {
                    throw new InputException(row.where() + ": step: expected them to ascend up to " + (timesteps - 1)
                            + ", found " + steps[i] + (i == 0 ? "" : " after " + steps[i - 1]));
                }
            }
            return between(steps, weights, timesteps);
        }

        private static double[] between(int[] steps, double[] weights, int timesteps) {
            var all = new double[timesteps];
            int next = 0;       // the first given step that is not before the one at hand
            for (int step = 0; step < timesteps; step++) {
                while (next < steps.length && steps[next] < step) {
                    next++;
                }
                if (next == 0 || next == steps.length) {
                    all[step] = weights[Math.min(next, steps.length - 1)];
                } else {
                    double share = (double) (step - steps[next - 1]) / (steps[next] - steps[next - 1]);
                    all[step] = (1 - share) * weights[next - 1] + share * weights[next];
                }
            }
            return all;
        }

        private static double weight(String text, String where) {
            try {
                double weight = Double.parseDouble(text.strip());
                if (weight >= 0 && weight < Double.POSITIVE_INFINITY) {
                    return weight;
                }
            } catch (NumberFormatException e) {
                // refused below, with what is below 0
            }
            throw new InputException(where + ": weight: expected a finite number from 0 on, found "
                    + InputException.quoted(text));
        }

        /** By the digest of what is in the file, too, so that other weights in it are other settings. */
        @Override
        public String described() {
            try {
                return file.getFileName() + ", SHA-256 " + Sha256.of(file);
            } catch (IOException e) {
                throw InputException.unreadable(file, e);
            }
        }
    }

    /** {@code uniform} or {@code snr} by its name, in any case; empty for another. */
    static Optional<TimestepWeights> named(String name) {
        return Stream.<TimestepWeights>of(new Uniform(), new Snr())
                .filter(weights -> weights.described().equalsIgnoreCase(name)).findFirst();
    }

    /** As settings have it. @throws InputException for a file that cannot be read */
    String described();

    /**
     * The weights in their own unit.
     *
     * @param drawn the timesteps whose weights are needed
     * @return [T], from 0 on, finite where they are needed
     */
    double[] weights(NoiseProcess noise, TimestepRange drawn);

    /**
     * What errors are multiplied by.
     *
     * @param drawn the timesteps that trials are drawn from
     * @return [T], of mean 1 over {@code drawn}; 0 elsewhere
     * @throws InputException if weights cannot be had, or none of {@code drawn} is above 0
     */
    default float[] factors(NoiseProcess noise, TimestepRange drawn) {
        double[] weights = weights(noise, drawn);
        double[] needed = Arrays.copyOfRange(weights, drawn.from(), drawn.to() + 1);
        double most = Arrays.stream(needed).max().orElseThrow();
        if (most == 0) {
            throw InputException.of("%s: expected a weight above 0 at some timestep of %s, found none",
                    InputException.field(FIELD), drawn);
        }
        // Relative to the largest, so that no sum of them overflows.
        double mean = Arrays.stream(needed).map(weight -> weight / most).average().orElseThrow();
        var factors = new float[weights.length];
        for (int i = 0; i < needed.length; i++) {
            factors[drawn.from() + i] = (float) (needed[i] / most / mean);
        }
        return factors;
    }
}
