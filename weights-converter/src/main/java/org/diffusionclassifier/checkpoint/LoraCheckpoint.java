package org.diffusionclassifier.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.diffusionclassifier.checkpoint.adapter.Adapter;
import org.diffusionclassifier.checkpoint.adapter.AdapterFile;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Filters;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;
import org.diffusionclassifier.tensor.WeightsView;

/** A checkpoint with LoRAs, or adapters of other kinds, applied to its weights while these are read. */
public final class LoraCheckpoint implements CheckpointView {

    /** A file of adapters, open. */
    private record Lora(ModelSpec.LoraSpec spec, AdapterFile file) {
    }

    /** An adapter, and how much of it. */
    private record Scaled(Adapter adapter, float scale) {
    }

    private final Checkpoint base;
    private final List<Lora> loras = new ArrayList<>();
    private final Map<String, Component> components = new LinkedHashMap<>();

    private LoraCheckpoint(Checkpoint base) {
        this.base = base;
    }

    /**
     * A checkpoint with these LoRAs; the checkpoint itself if there are none.
     *
     * @throws InputException if one cannot be read, has a layer that the model has not, or one of another shape
     */
    static Checkpoint of(Checkpoint base, List<ModelSpec.LoraSpec> loras) {
        if (loras.isEmpty()) {
            return base;
        }
        if (base.components().stream().noneMatch(name -> name.equals("unet") || name.startsWith("text_encoder"))) {
            throw InputException.of("%s: expected with Stable Diffusion, not with a DiT", InputException.field("lora"));
        }
        var checkpoint = new LoraCheckpoint(base);
        try {
            loras.forEach(checkpoint::open);
            AdapterFile.COMPONENTS.keySet().forEach(checkpoint::adapt);
            return checkpoint;
        } catch (RuntimeException e) {
            checkpoint.closeLoras();
            throw e;
        }
    }

    private void open(ModelSpec.LoraSpec spec) {
        Weights weights = WeightsFile.open(spec.file());
        try {
            loras.add(new Lora(spec, new AdapterFile(weights)));
        } catch (RuntimeException e) {
            weights.close();
            throw e;
        }
    }

    /** Refuses what does not fit before anything is loaded. */
    private void adapt(String name) {
        if (!base.components().contains(name)) {
            if (loras.stream().anyMatch(lora -> lora.file.concerns(name))) {
                throw new InputException(base.source() + ": expected a model's " + name
                        + ", as a LoRA has layers of it, found none");
            }
            return;
        }
        Component component = base.component(name);
        Weights network = component.weights();
        var adapters = new LinkedHashMap<String, List<Scaled>>();
        for (Lora lora : loras) {
            lora.file.adapters(name, network).forEach((tensor, adapter) ->
                    adapters.computeIfAbsent(tensor, missing -> new ArrayList<>())
                            .add(new Scaled(adapter, lora.spec.scale())));
        }
        Weights adapted = adapters.isEmpty() ? network : new Adapted(network, adapters);
        components.put(name, new Component(component.config(), () -> adapted));
    }

    @Override
    public Checkpoint base() {
        return base;
    }

    @Override
    public Component component(String name) {
        return components.containsKey(name) ? components.get(name) : base.component(name);
    }

    /** The base's, with a note of what was added. */
    @Override
    public Map<String, Origin> origins(Layout layout) {
        var origins = new LinkedHashMap<>(base.origins(layout));
        origins.computeIfPresent(ConvertedFile.SOURCE, (key, origin) -> origin.noted("lora", loras.stream().map(lora ->
                Map.of("name", lora.spec.file().getFileName().toString(), "scale", lora.spec.scale(), "sha256",
                        sha256(lora.spec.file()))).toList()));
        return origins;
    }

    private static String sha256(Path file) {
        return new SourceHash(new TreeMap<>(Map.of("", file))).await();
    }

    @Override
    public void close() {
        closeLoras();
        base.close();
    }

    private void closeLoras() {
        loras.forEach(lora -> lora.file.close());
    }

    /**
     * Weights some of which are adapted; those are of float32. An adapter may need all of a tensor for any of its
     * elements, which are read piece by piece, so that the last that was asked for is kept.
     */
    private static final class Adapted implements WeightsView {

        private final Weights base;
        private final Map<String, List<Scaled>> adapters;
        private String keptName;
        private float[] kept;

        Adapted(Weights base, Map<String, List<Scaled>> adapters) {
            this.base = base;
            this.adapters = adapters;
        }

        @Override
        public Weights base() {
            return base;
        }

        @Override
        public void require(String name, int... shape) {
            base.require(name, shape);
        }

        @Override
        public DType dtype(String name) {
            return adapters.containsKey(name) ? DType.F32 : base.dtype(name);
        }

        @Override
        public void read(String name, long first, FloatBuffer destination) {
            if (adapters.containsKey(name)) {
                destination.put(adapted(name), (int) first, destination.remaining());
            } else {
                base.read(name, first, destination);
            }
        }

        @Override
        public void readStored(String name, long first, ByteBuffer destination) {
            if (adapters.containsKey(name)) {
                FloatBuffer floats = destination.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
                floats.put(adapted(name), (int) first, floats.remaining());
                destination.position(destination.limit());
            } else {
                base.readStored(name, first, destination);
            }
        }

        private synchronized float[] adapted(String name) {
            if (!name.equals(keptName)) {
                kept = null;                                    // before the next is made
                List<Integer> shape = base.shape(name);
                float[] weights = base.floats(name, shape.stream().mapToInt(Integer::intValue).toArray());
                if (base.channelsLast() && shape.size() == 4) {
                    int pixels = shape.get(1) * shape.get(2);
                    int in = shape.get(3);
                    weights = turned(weights, shape.get(0), pixels, in);
                    apply(adapters.get(name), weights);
                    weights = turned(weights, shape.get(0), in, pixels);
                } else {
                    apply(adapters.get(name), weights);
                }
                kept = weights;
                keptName = name;
            }
            return kept;
        }

        private static void apply(List<Scaled> adapters, float[] weights) {
            adapters.forEach(scaled -> scaled.adapter.adapt(weights, scaled.scale));
        }

        /** Filters of [outer, inner] as filters of [inner, outer]. */
        private static float[] turned(float[] filters, int count, int outer, int inner) {
            var turned = new float[filters.length];
            Filters.toChannelsLast(filters, turned, count, outer, inner);
            return turned;
        }

        @Override
        public void close() {
        }
    }
}
