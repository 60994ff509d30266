package org.diffusionclassifier.checkpoint;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;
import org.diffusionclassifier.tensor.WeightsView;

/**
 * A checkpoint that is read and decoded ahead by a thread of its own while the loader is busy with what is there
 * already: component by component, each in the order of its file. Up to {@link #WINDOW} elements wait to be asked for;
 * what is asked for out of order is read at once, and what was asked for is not kept.
 */
public final class ReadAhead implements CheckpointView {

    /** Elements that may be decoded and not yet asked for: 128 MiB of floats, more than any layer of Stable Diffusion. */
    private static final long WINDOW = 32 << 20;

    private final Checkpoint base;
    private final Map<String, Component> components = new LinkedHashMap<>();
    private final Thread reader;
    private final long window;
    private long waiting;
    private boolean closed;

    /**
     * Starts to read a checkpoint that is kept in the order in which it is loaded; any other is returned as it is, as
     * reading ahead of it would fill the window with what is wanted last.
     */
    public static Checkpoint of(Checkpoint base, Layout layout) {
        return base.isInOrder() ? new ReadAhead(base, layout, WINDOW) : base;
    }

    /** @param window elements that may wait to be asked for */
    ReadAhead(Checkpoint base, Layout layout, long window) {
        this.base = base;
        this.window = window;
        var all = new ArrayList<Arriving>();
        for (Layout.Part part : layout.parts()) {
            Component component = base.component(part.component());
            var arriving = new Arriving(component.weights());
            all.add(arriving);
            components.put(part.component(), new Component(component.config(), () -> arriving));
        }
        reader = new Thread(() -> all.forEach(Arriving::readAll), "weights");
        reader.setDaemon(true);
        reader.start();
    }

    @Override
    public Checkpoint base() {
        return base;
    }

    @Override
    public Component component(String name) {
        return components.containsKey(name) ? components.get(name) : base.component(name);
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
        base.close();
    }

    /** The weights of one network. Closing it does nothing: the files are the base's. */
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

        /** The reading thread's work: what has not been asked for yet, as long as there is room for it. */
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
                    values = null;                      // the loader reads it again, and fails
                } finally {
                    end(name, elements, values);
                }
            }
        }

        private boolean begin(String name, long elements) {
            synchronized (ReadAhead.this) {
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
            synchronized (ReadAhead.this) {
                arriving = null;
                if (values == null) {
                    waiting -= elements;
                } else {
                    arrived.put(name, values);
                }
                ReadAhead.this.notifyAll();
            }
        }

        /** What has arrived of a name, or is just arriving; null if it is to be read. */
        private float[] take(String name) {
            synchronized (ReadAhead.this) {
                while (name.equals(arriving)) {
                    await();
                }
                asked.add(name);
                float[] values = arrived.remove(name);
                if (values != null) {
                    waiting -= values.length;
                }
                ReadAhead.this.notifyAll();
                return values;
            }
        }

        private void await() {
            try {
                ReadAhead.this.wait();
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
