package org.diffusionclassifier;

import java.nio.file.Path;
import java.util.SortedMap;
import org.diffusionclassifier.prompt.Priors;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.result.Calibration;
import org.diffusionclassifier.result.CovarianceCalibration;
import org.diffusionclassifier.strategy.Posterior;

/**
 * What turns errors into probabilities of classes, and what races go by.
 *
 * @param prior       a CSV file, columns {@code classname,weight}, of how frequent classes are, which takes part in
 *                    decisions; null for equally frequent ones
 * @param calibration a file that {@code calibrate} made of labelled images; null for temperature 1 and nothing known of
 *                    how trials covary, or the bundled model's own
 */
public record CertaintySpec(Path prior, Path calibration) {

    /** Equal priors, no calibration of one's own. */
    public static final CertaintySpec DEFAULT = new CertaintySpec(null, null);

    /** @throws org.diffusionclassifier.tensor.InputException for a file that is wrong, or priors that lack a class */
    void check(PromptSet prompts) {
        logPrior(prompts);
        if (calibration != null) {
            Calibration.read(calibration);
        }
    }

    /**
     * As above, for errors that are means over so many elements of a latent.
     *
     * @param temperature where no calibration is given
     */
    Posterior posterior(PromptSet prompts, int elements, double temperature) {
        return new Posterior(elements,
                calibration == null ? temperature : Calibration.read(calibration).of(elements, calibration),
                logPrior(prompts));
    }

    private double[] logPrior(PromptSet prompts) {
        return prior == null ? new double[prompts.prompts().size()] : Priors.read(prior).logarithms(prompts);
    }

    /** What the calibration knows of how trials covary; null without. */
    CovarianceCalibration covariance() {
        return calibration == null ? null : Calibration.read(calibration).covariance();
    }

    /** Adds what results depend on, by name. */
    void describe(SortedMap<String, String> settings) {
        if (prior != null) {
            settings.put("prior", prior.toAbsolutePath().normalize().toString());
        }
        if (calibration != null) {
            settings.put("calibration", calibration.toAbsolutePath().normalize().toString());
        }
    }
}
