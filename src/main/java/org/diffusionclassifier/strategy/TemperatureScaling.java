package org.diffusionclassifier.strategy;

import java.util.Arrays;
import java.util.List;
import org.apache.commons.math3.optim.MaxEval;
import org.apache.commons.math3.optim.nonlinear.scalar.GoalType;
import org.apache.commons.math3.optim.univariate.BrentOptimizer;
import org.apache.commons.math3.optim.univariate.SearchInterval;
import org.apache.commons.math3.optim.univariate.UnivariateObjectiveFunction;
import org.apache.commons.math3.util.FastMath;

/**
 * Fits the temperature that turns errors into probabilities (Guo et al., 2017, "On Calibration of Modern Neural Networks",
 * arXiv 1706.04599, section 4.2): the one under which labelled images are the most likely.
 */
public final class TemperatureScaling {

    private static final double COLDEST = -7;
    private static final double HOTTEST = 16;

    private TemperatureScaling() {
    }

    /**
     * A labelled image.
     *
     * @param scores ln π(c) − D ē(c) of each class at τ = 1, up to a constant of the image
     * @param label  which of them is right
     */
    public record Labelled(double[] scores, int label) {

        /** p(c | image) at a temperature. */
        public double[] probabilities(double temperature) {
            return Posterior.softmax(Arrays.stream(scores).map(score -> score / temperature).toArray());
        }
    }

    /**
     * The temperature of the least {@link #loss}, between e⁻⁷ and e¹⁶.
     *
     * @param images at least one
     */
    public static double fit(List<Labelled> images) {
        var optimum = new BrentOptimizer(1e-6, 1e-6).optimize(GoalType.MINIMIZE, new MaxEval(200),
                new SearchInterval(COLDEST, HOTTEST),
                new UnivariateObjectiveFunction(log -> loss(images, FastMath.exp(log))));
        return FastMath.exp(optimum.getPoint());
    }

    /** Mean of −ln p(label | image) at a temperature. */
    public static double loss(List<Labelled> images, double temperature) {
        return images.stream().mapToDouble(image -> -FastMath.log(
                Math.max(Double.MIN_NORMAL, image.probabilities(temperature)[image.label]))).average().orElseThrow();
    }
}
