package org.diffusionclassifier.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.config.StableDiffusionConfig;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;
import org.diffusionclassifier.tensor.WeightsView;

/** A model with LoRAs added to its weights, while they are read. */
public final class LoraModel implements ModelSource {

    private final ModelSource base;
    private final List<Lora> loras;

    private LoraModel(ModelSource base, List<Lora> loras) {
        this.base = base;
        this.loras = List.copyOf(loras);
    }

    /**
     * A model with these LoRAs; the model itself if there are none.
     *
     * @throws InputException if one has a layer that the model has not, or one of another shape
     */
    public static ModelSource of(ModelSource base, List<Lora> loras) {
        if (loras.isEmpty()) {
            return base;
        }
        var model = new LoraModel(base, loras);
        model.unetWeights().close();            // refuse what does not fit before anything is loaded
        model.textEncoderWeights().close();
        return model;
    }

    @Override
    public StableDiffusionConfig config() {
        return base.config();
    }

    @Override
    public Weights unetWeights() {
        return sum(base.unetWeights(), true);
    }

    @Override
    public Weights vaeWeights() {
        return base.vaeWeights();
    }

    @Override
    public Weights textEncoderWeights() {
        return sum(base.textEncoderWeights(), false);
    }

    private Weights sum(Weights network, boolean ofUnet) {
        var products = new LinkedHashMap<String, List<Lora.Product>>();
        try {
            for (Lora lora : loras) {
                lora.products(ofUnet, network).forEach((tensor, product) ->
                        products.computeIfAbsent(tensor, missing -> new ArrayList<>()).add(product));
            }
        } catch (RuntimeException e) {
            network.close();
            throw e;
        }
        return products.isEmpty() ? network : new Sum(network, products);
    }

    @Override
    public TokenizerTables tokenizer() {
        return base.tokenizer();
    }

    /** The model's, with a note of what was added. */
    @Override
    public Origin origin() {
        Origin origin = base.origin();
        var notes = new LinkedHashMap<>(origin.notes());
        var list = loras.stream().map(lora -> Map.of("name", lora.file().getFileName().toString(), "scale", lora.scale(),
                "sha256", lora.sha256())).toList();
        try {
            notes.put("lora", new ObjectMapper().writeValueAsString(list));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
        return new Origin(origin.name(), origin.files(), notes);
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
            base.close();
        }
    }
}
