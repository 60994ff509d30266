package org.diffusionclassifier.cli;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.function.DoubleSupplier;
import org.diffusionclassifier.Classifier;
import org.diffusionclassifier.Evaluation;
import org.diffusionclassifier.EvaluationPlan;
import org.diffusionclassifier.TrialSpec;
import org.diffusionclassifier.tensor.InputException;
import picocli.CommandLine.Option;

/** What a run would take, asked before it is begun. */
final class PlanOptions {

    @Option(names = "--plan",
            description = "Run nothing: print how many pairs the run takes, for how many hours, and what it costs.")
    private boolean wanted;

    @Option(names = "--pairs-per-second", paramLabel = "N",
            description = "With --plan: what one device evaluates. Default: measured for some seconds.")
    private Double pairsPerSecond;

    @Option(names = "--planned-devices", paramLabel = "N",
            description = "With --plan: how many devices there will be, as of a cluster. Default: those of --device.")
    private Integer devices;

    @Option(names = "--price-per-hour", paramLabel = "PRICE",
            description = "With --plan: of one device, in any currency.")
    private Double price;

    /** @throws InputException for its options without it, or a price that is none */
    boolean isWanted() {
        if (!wanted && (pairsPerSecond != null || devices != null || price != null)) {
            throw new InputException("--pairs-per-second, --planned-devices and --price-per-hour: expected --plan "
                    + "beside them");
        }
        if (price != null && !(price >= 0)) {
            throw new InputException("--price-per-hour: expected a number from 0 on, found " + price);
        }
        return wanted;
    }

    /**
     * Prints the plan of a run.
     *
     * @param here    how many devices the run would have as it is asked for
     * @param measure gives the pairs a second of one
     */
    void print(Evaluation evaluation, Classifier classifier, TrialSpec trials, int here, DoubleSupplier measure,
            PrintWriter out) {
        // Refuses what can be refused before it takes the time to measure.
        EvaluationPlan.of(evaluation, classifier, trials, 1, here);
        var plan = EvaluationPlan.of(evaluation, classifier, trials,
                pairsPerSecond != null ? pairsPerSecond : measure.getAsDouble(), devices != null ? devices : here);
        String most = plan.atMost() ? "at most " : "";
        out.printf(Locale.ROOT, "%,d images, %s%,d pairs each: %s%,d pairs, each an evaluation of the network%n",
                plan.images(), most, plan.pairsPerImage(), most, plan.pairs());
        out.printf(Locale.ROOT, "%.4g pairs a second of one device, %s; %s%s hours on %d%n", plan.pairsPerSecond(),
                pairsPerSecond != null ? "as given" : "measured", most, rounded(plan.hours()), plan.devices());
        if (price != null) {
            out.printf(Locale.ROOT, "cost: %s%s at %s an hour and device%n", most, rounded(plan.cost(price)), price);
        }
        out.flush();
    }

    private static String rounded(double number) {
        return String.format(Locale.ROOT, number >= 100 ? "%,.0f" : "%.3g", number);
    }
}
