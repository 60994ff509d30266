package org.diffusionclassifier.device.cuda;

import org.diffusionclassifier.device.GroupNorm;
import org.diffusionclassifier.device.LayerNorm;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cuda.driver.Geometry;
import org.diffusionclassifier.device.cuda.driver.GpuProperties;
import org.diffusionclassifier.device.cuda.driver.KernelFacts;
import org.diffusionclassifier.device.cuda.driver.KernelOp;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;

/** Normalisations by {@code groupnorm.cu} and {@code layernorm.cu}. */
final class CudaNorms {

    private CudaNorms() {
    }

    /** Of the kernels that hold a row in a warp's registers, the one for the narrowest rows that hold this. */
    static KernelFacts narrowest(CudaDevice device, String family, int width) {
        return device.gpu().kernels().first(kernel -> kernel.family().equals(family) && kernel.tile(1) >= width);
    }

    /**
     * In one launch where the layers before have left moments of both inputs ({@link MapMoments}), or where a slice of an
     * image fits on chip; else an input without moments is read for them first.
     */
    static final class Group implements GroupNorm {

        // What the kernels' tile counts.
        private static final int CHANNELS = 0;
        private static final int PIXELS = 1;
        private static final int STATIC_BYTES = 2;

        /** Channels that moments are of: whole groups must be. */
        private static final int PAIR = 2;
        /** Blocks that share a slice of an image at least: few, as each reads the moments of all its slabs. */
        private static final int FEWEST_RUNS = 4;

        private final CudaDevice device;
        private final Spec spec;
        private final Tensor scale;
        private final Tensor shift;
        private final KernelFacts onChip;
        private final Slices slices;

        Group(CudaDevice device, Spec spec, Weights source) {
            this.device = device;
            this.spec = spec;
            this.scale = device.parameters("weight", spec.channels(), source);
            this.shift = device.parameters("bias", spec.channels(), source);
            this.onChip = device.gpu().kernel("groupnorm");
            this.slices = Slices.of(onChip, spec.channels(), spec.channels() / spec.groups());
        }

        @Override
        public Tensor forward(Tensor x, Tensor skip) {
            Tensor y = device.activations(spec.outputShape(x, skip));
            GpuProperties card = device.gpu().properties();
            int batch = x.dim(0);
            int pixels = x.rows() / batch;
            int groupSize = spec.channels() / spec.groups();
            int sector = onChip.tile(CHANNELS);

            if ((x.width() | (skip == null ? 0 : skip.width())) % sector != 0 || slices.block == 0) {
                KernelFacts any = device.gpu().kernel("groupnorm_any");
                device.add(launch(any, any.grid(any.blocks(spec.groups()), batch), x, skip)
                        .in(scale).in(shift).out(y).with(pixels, groupSize, spec.epsilon()).with(spec.silu()));
            } else if (!isKnown(x, skip, groupSize)
                    && slices.onChip(pixels) + onChip.tile(STATIC_BYTES) <= card.sharedBytesOfBlock()) {
                var geometry = new Geometry(slices.count, batch, 1, slices.block, (int) slices.onChip(pixels));
                device.add(launch(onChip, geometry, x, skip).in(scale).in(shift).out(y)
                        .with(pixels, slices.width, groupSize, spec.epsilon()).with(spec.silu()));
            } else {
                int unit = groupSize % PAIR == 0 ? PAIR : 1;
                Known ofX = known(x, pixels, unit);
                Known ofSkip = skip == null ? new Known(null, 0) : known(skip, pixels, unit);
                int run = slices.run(pixels, batch, card.multiprocessors());
                var geometry = new Geometry(slices.count, (int) Geometry.ceilDiv(pixels, run), batch, slices.block, 0);
                device.add(device.launch(device.gpu().kernel("groupnorm_apply"), geometry)
                        .in(x).with(x.width()).in(ofX.moments).with(ofX.slab)
                        .in(skip).with(skip == null ? 0 : skip.width()).in(ofSkip.moments).with(ofSkip.slab)
                        .in(scale).in(shift).out(y)
                        .with(pixels, slices.width, groupSize, unit, run, spec.epsilon()).with(spec.silu()));
            }
            return y;
        }

        /**
         * Moments of an input.
         *
         * @param moments [B, slabs, C / unit, 2], null for no input
         * @param slab    pixels of a slab; an image's last may have fewer
         */
        private record Known(Tensor moments, int slab) {
        }

        private static boolean isKnown(Tensor x, Tensor skip, int groupSize) {
            return groupSize % PAIR == 0 && x.moments() != null && (skip == null || skip.moments() != null);
        }

        /** What the layer before has left, or else what a launch of its own finds. */
        private Known known(Tensor map, int pixels, int unit) {
            if (unit == PAIR && map.moments() != null) {
                return new Known(map.moments(), pixels / map.moments().dim(1));
            }
            KernelFacts stats = device.gpu().kernel("groupnorm_stats");
            Slices slices = Slices.of(stats, map.width(), Slices.widthFor(stats, map.width()));
            int slab = slices.slab();
            int slabs = (int) Geometry.ceilDiv(pixels, slab);
            int batch = map.dim(0);
            Tensor moments = device.activations(DType.F32, batch, slabs, map.width() / unit, 2);
            var geometry = new Geometry(slices.count, slabs, batch, slices.block,
                    slices.width * (2 * slab + Float.BYTES));
            device.add(device.launch(stats, geometry).in(map).with(map.width())
                    .out(moments).with(pixels, slices.width, unit, slab));
            return new Known(moments, slab);
        }

        /** A launch whose first arguments are the inputs. */
        private KernelOp launch(KernelFacts kernel, Geometry geometry, Tensor x, Tensor skip) {
            return device.launch(kernel, geometry)
                    .in(x).with(x.width()).in(skip).with(skip == null ? 0 : skip.width());
        }

        /**
         * How the channels are cut: into the fewest that are both whole groups and whole sectors of memory.
         *
         * @param width of a slice, in channels
         * @param count slices
         * @param block threads: a warp for each sector of a slice, as often as a block's warps allow; 0 if they do not
         * @param lines pixels that a block has in hand at once
         */
        private record Slices(int width, int count, int block, int lines) {

            private static final int WARP = 32;
            private static final int FEWEST_CHANNELS = 64;

            static Slices of(KernelFacts kernel, int channels, int groupSize) {
                int sector = kernel.tile(CHANNELS);
                int sectors = groupSize / gcd(groupSize, sector);
                int rows = kernel.threads() / WARP / sectors;
                int width = sectors * sector;
                return new Slices(width, channels / width, WARP * sectors * rows, rows * kernel.tile(PIXELS));
            }

            private static int gcd(int a, int b) {
                return b == 0 ? a : gcd(b, a % b);
            }

            /** Bytes that {@code groupnorm} needs: a slice of pixels rounded up to {@code lines}, 3 floats a channel. */
            long onChip(int pixels) {
                return width * (2 * Geometry.ceilDiv(pixels, lines) * lines + 3 * Float.BYTES);
            }

            /** Pixels of a block of {@code groupnorm_stats}: 40 KB, so that two blocks fit on any multiprocessor. */
            int slab() {
                return 4 * lines;
            }

            /** Pixels of a block of {@code groupnorm_apply}: as many as leave half of the multiprocessors one at least. */
            int run(int pixels, int batch, int multiprocessors) {
                int runs = FEWEST_RUNS;
                while (2 * count * batch * runs < multiprocessors && runs * lines < pixels) {
                    runs *= 2;
                }
                return (int) Geometry.ceilDiv(Geometry.ceilDiv(pixels, runs), lines) * lines;
            }

            /** Channels of a slice of a map without groups: the fewest that are whole lines of memory, if any are. */
            static int widthFor(KernelFacts kernel, int channels) {
                int sector = kernel.tile(CHANNELS);
                for (int width = FEWEST_CHANNELS; width <= kernel.threads() / WARP * sector; width += sector) {
                    if (channels % width == 0) {
                        return width;
                    }
                }
                return sector;
            }
        }

        @Override
        public void close() {
            device.release(scale);
            device.release(shift);
        }
    }

    /** A warp a row, then the next that no other warp has. */
    static final class Layer implements LayerNorm {

        /** Rows that are no multiple of it are read element by element. */
        private static final int COLUMNS_A_LANE = 8;
        /** About what a multiprocessor holds of the narrowest kernel; the wider ones take their turns. */
        private static final int BLOCKS_A_MULTIPROCESSOR = 8;

        private final CudaDevice device;
        private final Spec spec;
        private final Tensor scale;
        private final Tensor shift;

        Layer(CudaDevice device, Spec spec, Weights source) {
            this.device = device;
            this.spec = spec;
            this.scale = device.parameters("weight", spec.channels(), source);
            this.shift = device.parameters("bias", spec.channels(), source);
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor y = device.activations(spec.outputShape(x));
            KernelFacts kernel = narrowest(device, "layernorm",
                    x.width() % COLUMNS_A_LANE == 0 ? x.width() : Integer.MAX_VALUE);
            int blocks = Math.min(kernel.blocks(x.rows()),
                    BLOCKS_A_MULTIPROCESSOR * device.gpu().properties().multiprocessors());
            device.add(device.launch(kernel, kernel.grid(blocks, 1))
                    .in(x).with(x.rowStride()).in(scale).in(shift).with(spec.epsilon()).out(y)
                    .with(y.rowStride(), x.rows(), x.width()));
            return y;
        }

        @Override
        public void close() {
            device.release(scale);
            device.release(shift);
        }
    }
}
