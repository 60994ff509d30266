package org.diffusionclassifier.checkpoint;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.diffusionclassifier.config.StableDiffusionConfig;
import org.diffusionclassifier.config.TokenizerTables;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;
import org.diffusionclassifier.tensor.WeightsView;

/**
 * A model that is read and decoded ahead by a thread of its own while whoever loads it is busy with what is there
 * already: text encoder, VAE and UNet, each in the order of its file. Up to {@link #WINDOW} elements wait to be asked
 * for; what is asked for out of order is read at once, and what was asked for is not kept.
 *
 * <p>Worth it for a {@link ModelFile}, which holds everything in the order in which it is loaded.
 */
public final class ArrivingModel implements ModelSource, AutoCloseable {

    /** Elements that may be decoded and not yet asked for: 128 MiB of floats, more than any layer of Stable Diffusion. */
    private static final long WINDOW = 32 << 20;

    private final ModelSource model;
    private final Arriving textEncoder;
    private final Arriving vae;
    private final Arriving unet;
    private final Thread reader;
    private final long window;
    private long waiting;
    private boolean closed;

    /** Starts reading. */
    public ArrivingModel(ModelSource model) {
        this(model, WINDOW);
    }

    /** @param window elements that may wait to be asked for */
    ArrivingModel(ModelSource model, long window) {
        this.model = model;
        this.window = window;
        var components = new ArrayList<Arriving>();
        try {
            textEncoder = open(components, model::textEncoderWeights);
            vae = open(components, model::vaeWeights);
            unet = open(components, model::unetWeights);
        } catch (RuntimeException e) {
            components.forEach(component -> component.base.close());
            throw e;
        }
        reader = new Thread(() -> components.forEach(Arriving::readAll), "weights");
        reader.setDaemon(true);
        reader.start();
    }

    private Arriving open(List<Arriving> components, Supplier<Weights> weights) {
        var component = new Arriving(weights.get());
        components.add(component);
        return component;
    }

    @Override
    public StableDiffusionConfig config() {
        return model.config();
    }

    @Override
    public Origin origin() {
        return model.origin();
    }

    @Override
    public Weights unetWeights() {
        return unet;
    }

    @Override
    public Weights vaeWeights() {
        return vae;
    }

    @Override
    public Weights textEncoderWeights() {
        return textEncoder;
    }

    @Override
    public TokenizerTables tokenizer() {
        return model.tokenizer();
    }

    /** Stops reading ahead, and closes the files. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        boolean interrupted = false;
        while (reader.isAlive()) {
            try {
                reader.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        for (Arriving component : List.of(textEncoder, vae, unet)) {
            component.base.close();
        }
    }

    /** The weights of one network. Closing it does nothing: the files are the model's. */
    private final class Arriving implements WeightsView {

        private final Weights base;
        private final Map<String, float[]> arrived = new HashMap<>();
        private final Set<String> asked = new HashSet<>();
        private String arriving;

        Arriving(Weights base) {
            this.base = base;
        }

        @Override
        public Weights base() {
            return base;
        }

        /** The reading thread's work: what nobody has asked for yet, as long as there is room for it. */
        void readAll() {
            for (String name : base.names()) {
                long elements = base.elements(name);
                if (!base.dtype(name).isFloat() || elements > window || !begin(name, elements)) {
                    continue;
                }
                float[] values = null;
                try {
                    values = new float[(int) elements];
                    base.read(name, FloatBuffer.wrap(values));
                } catch (InputException e) {
                    values = null;                      // whoever asks for it reads it again, and is told then
                } finally {
                    end(name, elements, values);
                }
            }
        }

        private boolean begin(String name, long elements) {
            synchronized (ArrivingModel.this) {
                while (!closed && !asked.contains(name) && waiting + elements > window) {
                    await();
                }
                if (closed || asked.contains(name)) {
                    return false;
                }
                waiting += elements;
                arriving = name;
                return true;
            }
        }

        private void end(String name, long elements, float[] values) {
            synchronized (ArrivingModel.this) {
                arriving = null;
                if (values == null) {
                    waiting -= elements;
                } else {
                    arrived.put(name, values);
                }
                ArrivingModel.this.notifyAll();
            }
        }

        /** What has arrived of a name, or is just arriving; null if it is to be read. */
        private float[] take(String name) {
            synchronized (ArrivingModel.this) {
                while (name.equals(arriving)) {
                    await();
                }
                asked.add(name);
                float[] values = arrived.remove(name);
                if (values != null) {
                    waiting -= values.length;
                }
                ArrivingModel.this.notifyAll();
                return values;
            }
        }

        private void await() {
            try {
                ArrivingModel.this.wait();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while weights were read", e);
            }
        }

        @Override
        public void read(String name, FloatBuffer destination) {
            float[] values = base.has(name) ? take(name) : null;
            if (values == null) {
                base.read(name, destination);
            } else {
                destination.put(values);
            }
        }

        @Override
        public void close() {
        }
    }
}
