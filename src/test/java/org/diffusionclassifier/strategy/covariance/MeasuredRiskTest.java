package org.diffusionclassifier.strategy.covariance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.diffusionclassifier.strategy.covariance.MeasuredRisk.Level;
import org.junit.jupiter.api.Test;

/** {@link MeasuredRisk} on a table whose rates are round: of 98 images (k + 1) / 100. */
class MeasuredRiskTest {

    private static final MeasuredRisk RISK = new MeasuredRisk(List.of(new Level(1, 49, 10), new Level(1.5, 9, 15),
            new Level(2, 14, 20), new Level(2.5, 4, 25), new Level(3, 0, 30), new Level(3.5, 0, 35)), 98, 10);

    @Test
    void theSmallestDeviationsThatKeepTheRateAreTaken() {
        assertEquals(1, RISK.deviations(0.5, 10));
        assertEquals(1.5, RISK.deviations(0.2, 10));
        assertEquals(2.5, RISK.deviations(0.05, 10));
        assertEquals(3, RISK.deviations(0.04, 10));
        assertEquals(3, RISK.deviations(0.01, 10));
    }

    /** At 1.5 the rate is 0.1, but at 2 it is 0.15 again: chance, on which nothing is built. */
    @Test
    void aRateThatRisesAgainIsNotTrusted() {
        assertEquals(2.5, RISK.deviations(0.12, 10));
    }

    @Test
    void beyondWhatWasMeasuredComesANormalTail() {
        var normal = new NormalDistribution();
        double z = RISK.deviations(0.001, 10);
        assertEquals((1 - normal.cumulativeProbability(3)) / 10, 1 - normal.cumulativeProbability(z), 1e-9);
    }

    /** Nineteen prompts have twice the rivals; fewer than ten have no more than ten. */
    @Test
    void moreRivalsShareTheRisk() {
        assertEquals(RISK.deviations(0.25, 10), RISK.deviations(0.5, 19));
        assertEquals(RISK.deviations(0.001, 10), RISK.deviations(0.111, 1000), 1e-9);
        assertEquals(RISK.deviations(0.05, 10), RISK.deviations(0.05, 2));
        assertEquals(RISK.deviations(0.05, 10), RISK.deviations(0.05, 1));
    }

    @Test
    void whatWasMeasuredThereIsKnown() {
        assertEquals(25, RISK.level(0.05).pairs());
        assertEquals(35, RISK.level(0.001).pairs(), "the last below 3.7");
    }
}
