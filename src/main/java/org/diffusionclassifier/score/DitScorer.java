package org.diffusionclassifier.score;

import java.util.List;
import org.diffusionclassifier.config.ScheduleConfig.PredictionType;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Diffusion.Loss;
import org.diffusionclassifier.device.Diffusion.Measure;
import org.diffusionclassifier.device.Diffusion;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.model.ClassConditional;
import org.diffusionclassifier.model.Dit;
import org.diffusionclassifier.tensor.InputException;

/** Scores labels by a class-conditional transformer: a class is one of its labels. */
public final class DitScorer extends LatentScorer {

    private final ClassConditional model;
    private final int[] labels;
    private final Objective objective;

    /**
     * @param labels    the model's label of each prompt
     * @param noise     its table, if given, holds [N, h, w, c] of the model's latent
     * @param batchSize pairs evaluated at once, at least 1
     * @throws InputException if a label is none of the model's, or the objective needs variances that it does not predict
     */
    public DitScorer(ClassConditional model, Device device, List<Integer> labels, Noise noise, Objective objective,
                     int batchSize) {
        super(device, model.schedule(), labels.size(), model.dit().config().sampleSize(),
                model.dit().config().inChannels(), noise, batchSize);
        this.model = model;
        this.labels = labels.stream().mapToInt(Integer::intValue).toArray();
        this.objective = objective;
        for (int label : this.labels) {
            if (label < 0 || label >= model.dit().config().labels()) {
                throw new InputException("expected labels from 0 to " + (model.dit().config().labels() - 1)
                        + ", as the model has, found " + label);
            }
        }
        if (objective.needsVariance() && !model.dit().config().predictsVariance()) {
            throw InputException.of("%s %s: expected a model that predicts variances, found one of %d output channels",
                    InputException.field("loss"), objective, model.dit().config().outChannels());
        }
    }

    /** Add noise (M), transformer (P), error (P). */
    @Override
    Tensor evaluate(Diffusion diffusion, PairBatch.Asked asked) {
        if (objective.needsVariance()) {
            return diffusion.bound(predict(diffusion, asked), asked.trials(), asked.posterior(), asked.trialOfPair(),
                    objective == Objective.L2_VB);
        }
        return errors(diffusion, asked, objective.loss(), false).mean();
    }

    @Override
    Tensor evaluateMap(Diffusion diffusion, PairBatch.Asked asked) {
        return errors(diffusion, asked, objective.needsVariance() ? Loss.L2 : objective.loss(), true).map();
    }

    private Diffusion.Errors errors(Diffusion diffusion, PairBatch.Asked asked, Loss loss, boolean withMap) {
        Tensor predicted = predict(diffusion, asked).columns(0, model.dit().config().inChannels());
        return diffusion.errors(predicted, asked.trials(), asked.trialOfPair(),
                new Measure(loss, PredictionType.EPSILON, withMap));
    }

    private Tensor predict(Diffusion diffusion, PairBatch.Asked asked) {
        return model.dit().forward(diffusion.addNoise(asked.trials()),
                new Dit.Pairs(asked.posterior().timestep(), asked.trialOfPair(), asked.pairClass()));
    }

    @Override
    int classOf(int prompt) {
        return labels[prompt];
    }

    @Override
    float[] latent(RgbImage image) {
        return model.latent(image);
    }

    @Override
    public RgbImage seen(RgbImage image) {
        return model.seen(image);
    }
}
