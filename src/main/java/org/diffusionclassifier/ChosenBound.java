package org.diffusionclassifier;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import org.diffusionclassifier.result.CovarianceCalibration;
import org.diffusionclassifier.score.Trial;
import org.diffusionclassifier.strategy.Bound;
import org.diffusionclassifier.strategy.Prediction;
import org.diffusionclassifier.strategy.Race;
import org.diffusionclassifier.strategy.covariance.ForecastCheck;
import org.diffusionclassifier.tensor.InputException;

/**
 * What a classifier's race judges rivals by: what was learned of how trials covary, where that holds for the run and as
 * long as the images bear it out; an image's own errors alone otherwise. For one thread.
 */
final class ChosenBound {

    /**
     * The least share of the trials that has to count, as {@link #counting} has it, lest races by an image's own errors
     * end too early. On the recording that comes with the sources, they agree with all trials in 75 % at a stated 95 %
     * where it is 0.06, and in 94 % or more where it is 0.25 or above.
     */
    private static final double LEAST_COUNTING = 0.1;

    private final Race asked;
    private final List<String> notices = new ArrayList<>();
    private Race race;
    private Bound bound;
    private ForecastCheck check;

    private ChosenBound(Race asked) {
        this.asked = asked;
    }

    /**
     * Chooses.
     *
     * @param learned  null if nothing was
     * @param settings what errors depend on, by name
     * @param trials   that the race may come to evaluate
     * @param factors  [T], what errors are multiplied by at each timestep
     * @throws InputException if a race by covariance was asked for and nothing holds that was learned
     */
    static ChosenBound of(Race asked, CovarianceCalibration learned, SortedMap<String, String> settings,
                          List<Trial> trials, float[] factors) {
        ChosenBound chosen = of(asked, learned, settings, trials);
        if (chosen.race.bound().equals(Race.PAIRED_T) && counting(trials, factors) < LEAST_COUNTING) {
            chosen.notices.add("a few timesteps count for nearly all the others, before which " + Race.PAIRED_T
                    + " may have decided: evaluate all trials, or race by a covariance that calibrate learned with the "
                    + "same weights");
        }
        return chosen;
    }

    /** Kish's effective number of trials, (Σ w)² / Σ w², relative to their number: 1 if all have one weight. */
    private static double counting(List<Trial> trials, float[] factors) {
        double sum = 0;
        double squares = 0;
        for (Trial trial : trials) {
            double weight = factors[trial.timestep()];
            sum += weight;
            squares += weight * weight;
        }
        return squares == 0 ? 0 : sum * sum / squares / trials.size();
    }

    private static ChosenBound of(Race asked, CovarianceCalibration learned, SortedMap<String, String> settings,
            List<Trial> trials) {
        var chosen = new ChosenBound(asked);
        if (asked.isByOwnErrors()) {
            chosen.race = asked.by(asked.bound());
            chosen.bound = Bound.named(asked.bound());
            return chosen;
        }
        Optional<String> mismatch = learned == null ? Optional.of("nothing was learned for this model")
                : learned.mismatch(settings, trials);
        if (mismatch.isPresent() && asked.bound().equals(Race.COVARIANCE)) {
            throw InputException.of("%s %s: expected a calibration of how trials covary that holds here: %s",
                    InputException.field("bound"), Race.COVARIANCE, mismatch.get());
        }
        if (mismatch.isPresent()) {
            chosen.fallBack();
            if (learned != null) {
                chosen.notices.add("how trials covary was " + mismatch.get() + ": races use " + Race.PAIRED_T);
            }
            return chosen;
        }
        chosen.race = asked.by(Race.COVARIANCE);
        chosen.bound = learned.bound();
        chosen.check = learned.check();
        return chosen;
    }

    private void fallBack() {
        race = asked.by(Race.PAIRED_T);
        bound = Bound.named(Race.PAIRED_T);
        check = null;
    }

    /** With its bound and confidence. */
    Race race() {
        return race;
    }

    Bound bound() {
        return bound;
    }

    /** Whether images are held against what was learned. */
    boolean isChecked() {
        return check != null;
    }

    /**
     * Takes in what the race decided about an image.
     *
     * @return whether the bound is another from now on
     */
    boolean changesAfter(Prediction prediction) {
        if (check == null) {
            return false;
        }
        check.add(prediction);
        if (!check.isWrong()) {
            return false;
        }
        fallBack();
        notices.add("errors vary otherwise than was learned of how trials covary: races use " + Race.PAIRED_T
                + " from the next image on");
        return true;
    }

    /** What its user should know of the choice. */
    List<String> notices() {
        return List.copyOf(notices);
    }

    /** What its user should know and was not told yet. */
    List<String> takeNotices() {
        List<String> taken = List.copyOf(notices);
        notices.clear();
        return taken;
    }
}
