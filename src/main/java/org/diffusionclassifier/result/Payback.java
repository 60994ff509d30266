package org.diffusionclassifier.result;

import org.diffusionclassifier.strategy.Race;
import org.diffusionclassifier.strategy.covariance.MeasuredRisk;

/**
 * What learning how trials covary costs, and when races have saved it. Pairs are those of races that look after every
 * trial.
 *
 * @param spent   pairs of all trials of the images learned from
 * @param without mean pairs of a race by {@link Race#PAIRED_T} on these images
 * @param with    mean pairs of a race by covariance, on images held out
 */
public record Payback(long spent, double without, double with) {

    /** Of the images that it was learned from, all of whose errors were recorded. */
    public static Payback of(ErrorRecording recording, CovarianceCalibration learned, Race race) {
        MeasuredRisk risk = learned.risk();
        long spent = (long) recording.images().size() * recording.classes().size() * recording.trials().size();
        Race other = race.by(Race.PAIRED_T);
        return new Payback(spent, Replay.of(recording, other, 1, 1).meanPairs(),
                risk.level(1 - race.by(Race.COVARIANCE).confidence()).pairs());
    }

    /** Whether races are any shorter. */
    public boolean saves() {
        return with < without;
    }

    /** After how many images in all, those learned from among them, no more pairs were spent than without learning. */
    public long after(int learnedFrom) {
        return (long) Math.ceil((spent - learnedFrom * with) / (without - with));
    }
}
