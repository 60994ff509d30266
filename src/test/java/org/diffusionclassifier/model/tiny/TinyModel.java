package org.diffusionclassifier.model.tiny;

import java.util.List;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.config.ScheduleConfig;
import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.Device;
import org.diffusionclassifier.device.Diffusion;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.image.Preprocess;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.model.Conditioner;
import org.diffusionclassifier.model.Conditioning;
import org.diffusionclassifier.model.LatentModel;
import org.diffusionclassifier.model.Latents;
import org.diffusionclassifier.model.Layers;
import org.diffusionclassifier.model.NoiseProcess;
import org.diffusionclassifier.model.PairRows;
import org.diffusionclassifier.model.Pairs;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;

/** The model of {@link TinyFamily}. */
final class TinyModel implements LatentModel, Conditioner {

    private final Device device;
    private final TinyFamily.Config config;
    private final NoiseProcess noise;
    private final Preprocess preprocess;
    private final float[] table;
    private final Tensor x0;
    private final Layers layers;
    private final Conv2d first;
    private final Conv2d last;

    TinyModel(Checkpoint checkpoint, Device device) {
        this.device = device;
        this.config = TinyFamily.Config.of(checkpoint);
        this.noise = NoiseProcess.of(ScheduleConfig.read(checkpoint.scheduler()));
        this.preprocess = new Preprocess(config.size());
        Weights w = checkpoint.component(TinyFamily.COMPONENT).weights();
        this.table = w.floats("labels.weight", config.labels(), config.width());
        this.x0 = device.tensor(DType.F32, 1, config.size(), config.size(), 3);
        this.layers = new Layers(device);
        this.first = layers.conv2d(Conv2d.Spec.of(3, config.width(), 3), w.at("first"));
        this.last = layers.conv2d(Conv2d.Spec.of(config.width(), 3, 3).toFloat(), w.at("last"));
    }

    @Override
    public Device device() {
        return device;
    }

    @Override
    public Conditioner conditioner() {
        return this;
    }

    @Override
    public Conditioning encode(List<String> prompts) {
        Tensor rows = device.tensor(device.dtype(), prompts.size(), config.width());
        var values = new float[prompts.size() * config.width()];
        for (int i = 0; i < prompts.size(); i++) {
            System.arraycopy(table, Integer.parseInt(prompts.get(i)) * config.width(), values, i * config.width(),
                    config.width());
        }
        device.write(rows, values);
        return new Conditioning(device, prompts.size(), List.of(), List.of(rows));
    }

    @Override
    public Latents latents() {
        return config.latents(noise);
    }

    @Override
    public RgbImage seen(RgbImage image) {
        return preprocess.apply(image);
    }

    @Override
    public Tensor latent(RgbImage image) {
        device.write(x0, Preprocess.normalise(seen(image)));
        return x0;
    }

    @Override
    public Tensor predict(Diffusion diffusion, Diffusion.Trials trials, Pairs pairs) {
        var rows = new PairRows(device, pairs.trialOfPair(), pairs.trials());
        Tensor xt = rows.expand(diffusion.addNoise(trials), rows.pairs());
        Tensor label = device.gather(pairs.conditioning().vectors().get(0), pairs.promptOfPair());
        return last.forward(first.forward(xt, label));
    }

    @Override
    public void close() {
        layers.close();
    }
}
