package org.diffusionclassifier.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;
import org.diffusionclassifier.tensor.WeightsView;

/** A checkpoint with LoRAs added to its weights while these are read. */
public final class LoraCheckpoint implements CheckpointView {

    private final Checkpoint base;
    private final List<Lora> loras;
    private final Map<String, Component> components = new LinkedHashMap<>();

    private LoraCheckpoint(Checkpoint base, List<Lora> loras) {
        this.base = base;
        this.loras = loras;
        for (String name : Lora.COMPONENTS.keySet()) {
            if (base.components().contains(name)) {
                Component component = base.component(name);
                Weights sum = sum(name, component.weights());       // refuses what does not fit before anything is loaded
                components.put(name, new Component(component.config(), () -> sum));
            } else if (loras.stream().anyMatch(lora -> lora.concerns(name))) {
                throw new InputException(base.source() + ": expected a model's " + name + ", as a LoRA has layers of it, "
                        + "found none");
            }
        }
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
        if (Lora.COMPONENTS.keySet().stream().noneMatch(base.components()::contains)) {
            throw InputException.of("%s: expected with Stable Diffusion, not with a DiT", InputException.field("lora"));
        }
        return new LoraCheckpoint(base, loras.stream().map(lora -> Lora.open(lora.file(), lora.scale())).toList());
    }

    private Weights sum(String component, Weights network) {
        var products = new LinkedHashMap<String, List<Lora.Product>>();
        for (Lora lora : loras) {
            lora.products(component, network).forEach((tensor, product) ->
                    products.computeIfAbsent(tensor, missing -> new ArrayList<>()).add(product));
        }
        return products.isEmpty() ? network : new Sum(network, products);
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
                Map.of("name", lora.file().getFileName().toString(), "scale", lora.scale(), "sha256", lora.sha256()))
                .toList()));
        return origins;
    }

    /** Weights with products added to some of them; those are of float32. */
    private record Sum(Weights base, Map<String, List<Lora.Product>> products) implements WeightsView {

        @Override
        public void require(String name, int... shape) {
            base.require(name, shape);
        }

        @Override
        public DType dtype(String name) {
            return products.containsKey(name) ? DType.F32 : base.dtype(name);
        }

        @Override
        public void readStored(String name, long first, ByteBuffer destination) {
            if (!products.containsKey(name)) {
                base.readStored(name, first, destination);
                return;
            }
            var values = new float[destination.remaining() / Float.BYTES];
            base.read(name, first, FloatBuffer.wrap(values));
            products.get(name).forEach(product -> product.addTo(values, first));
            destination.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(values);
            destination.position(destination.limit());
        }

        @Override
        public void close() {
        }
    }
}
