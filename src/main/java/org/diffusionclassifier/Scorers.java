package org.diffusionclassifier;

import java.util.List;
import java.util.function.Function;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.model.Conditioning;
import org.diffusionclassifier.score.LatentScorer;
import org.diffusionclassifier.score.Scorer;
import org.diffusionclassifier.score.SpreadScorer;
import org.diffusionclassifier.tensor.InputException;

/**
 * Scorers of the same prompts and trials, one on each device of a model. All have one batch size, so that an image's
 * errors do not depend on the device that took it, as far as the devices are alike. Leans on {@link Replica}.
 */
final class Scorers implements AutoCloseable {

    /** What a device has. */
    record Share(Replica replica, Networks.Opened networks) {

        LatentScorer scorer() {
            return networks.scorer();
        }

        /** Does work with the scorer in the thread that it belongs to; waits until that is free. */
        <T> T exclusively(RgbImage picture, Function<LatentScorer, T> work) {
            return replica.exclusively(() -> {
                replica.requireOpen();
                replica.show(picture, networks);
                return work.apply(networks.scorer());
            });
        }
    }

    private final List<Share> shares;

    /** Null where there is one device. */
    private final SpreadScorer spread;

    private Scorers(List<Share> shares) {
        this.shares = shares;
        this.spread = shares.size() == 1 ? null : new SpreadScorer(shares.stream()
                .map(share -> new SpreadScorer.Share(share.scorer(), share.replica::submit)).toList());
    }

    /**
     * Loads the networks, where they are not there yet, and encodes the prompts, on all devices at once.
     *
     * @param batchSize null for the model's
     * @throws InputException if no batch size was given and the devices have room for different ones
     */
    static Scorers open(List<Replica> replicas, List<String> prompts, TrialSpec trials, int noises, Integer batchSize) {
        List<Share> shares = Replica.onEach(replicas,
                replica -> new Share(replica, replica.open(prompts, trials, noises, batchSize)));
        Share first = shares.get(0);
        for (Share share : shares) {
            if (share.scorer().batchSize() != first.scorer().batchSize()) {
                shares.forEach(one -> one.replica.release(one.networks));
                throw InputException.of("%s: expected one that all devices have room for, found room for %d pairs on "
                        + "%s and for %d on %s", InputException.field("batchSize"), first.scorer().batchSize(),
                        first.replica.name(), share.scorer().batchSize(), share.replica.name());
            }
        }
        return new Scorers(shares);
    }

    /** In the order of the model's devices. */
    List<Share> shares() {
        return shares;
    }

    /** One whose device has not failed; if all have, the first. */
    Share working() {
        return shares.stream().filter(share -> !share.replica.hasFailed()).findFirst().orElse(shares.get(0));
    }

    LatentScorer first() {
        return shares.get(0).scorer();
    }

    Conditioning conditioning() {
        return shares.get(0).networks.conditioning();
    }

    /** The one of a single device, or one that spreads a round over all. */
    Scorer ofAll() {
        return spread == null ? first() : spread;
    }

    /** Does work with {@link #ofAll} on a picture. The caller sees to it that no device is at another one meanwhile. */
    <T> T together(RgbImage picture, Function<Scorer, T> work) {
        if (spread == null) {
            return shares.get(0).exclusively(picture, work::apply);
        }
        shares.get(0).exclusively(picture, scorer -> null);
        return work.apply(spread);
    }

    @Override
    public void close() {
        shares.forEach(share -> share.replica.release(share.networks));
    }
}
