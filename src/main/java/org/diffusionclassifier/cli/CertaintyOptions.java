package org.diffusionclassifier.cli;

import java.nio.file.Path;
import java.util.SortedMap;
import org.diffusionclassifier.prompt.Priors;
import org.diffusionclassifier.prompt.PromptSet;
import org.diffusionclassifier.result.Temperature;
import org.diffusionclassifier.score.Objective;
import org.diffusionclassifier.score.Scorer;
import org.diffusionclassifier.strategy.Posterior;
import org.diffusionclassifier.tensor.InputException;
import picocli.CommandLine.Option;

/** How probabilities are made of errors. */
final class CertaintyOptions {

    @Option(names = "--prior", paramLabel = "CSV",
            description = "How frequent classes are, columns classname,weight: what is decided by, too.")
    Path prior;

    @Option(names = "--calibration", paramLabel = "FILE",
            description = "What calibrate made of labelled images, for the probabilities of classes. Default: none, "
                    + "temperature 1; with the bundled model, its own.")
    Path calibration;

    /** @throws InputException for what can be refused before anything is loaded */
    void check(PromptSet prompts) {
        logPrior(prompts);
        if (calibration != null) {
            Temperature.read(calibration);
        }
    }

    /** @throws InputException for a file that is wrong, or priors that lack a class */
    Posterior posterior(ModelOptions model, Objective objective, Scorer scorer, PromptSet prompts) {
        int elements = scorer.elements();
        return new Posterior(elements, temperature(model, objective, elements), logPrior(prompts));
    }

    private double temperature(ModelOptions model, Objective objective, int elements) {
        if (calibration != null) {
            return Temperature.read(calibration).of(elements, calibration);
        }
        return model.model == null && objective == Objective.L2 ? Temperature.bundled().temperature() : 1;
    }

    private double[] logPrior(PromptSet prompts) {
        return prior == null ? new double[prompts.prompts().size()] : Priors.read(prior).logarithms(prompts);
    }

    /** Adds everything here that results depend on. */
    void describe(SortedMap<String, String> settings) {
        if (prior != null) {
            settings.put("prior", prior.toAbsolutePath().normalize().toString());
        }
        if (calibration != null) {
            settings.put("calibration", calibration.toAbsolutePath().normalize().toString());
        }
    }
}
