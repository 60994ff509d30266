package org.diffusionclassifier.device.cuda;

import org.diffusionclassifier.device.GroupNorm;
import org.diffusionclassifier.device.LayerNorm;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.device.cuda.KernelOp.Geometry;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.Weights;

/** Normalisations by {@code groupnorm.cu} and {@code layernorm.cu}. */
final class CudaNorms {

    private CudaNorms() {
    }

    /**
     * In one launch where the layers before have left moments of both inputs ({@link MapMoments}), or where a slice of an
     * image fits on chip; else an input without moments is read for them first.
     */
    static final class Group implements GroupNorm {

        private static final int SECTOR = 16;                   // channels
        private static final int STATIC_SHARED_BYTES = 1280;
        private static final int ANY_BLOCK = 256;
        /** Channels that moments are of: whole groups must be. */
        private static final int PAIR = 2;
        /** Blocks that share a slice of an image at least: few, as each reads the moments of all its slabs. */
        private static final int FEWEST_RUNS = 4;

        private final CudaDevice device;
        private final Spec spec;
        private final Tensor scale;
        private final Tensor shift;

        Group(CudaDevice device, Spec spec, Weights source) {
            this.device = device;
            this.spec = spec;
            this.scale = device.parameters("weight", spec.channels(), source);
            this.shift = device.parameters("bias", spec.channels(), source);
        }

        @Override
        public Tensor forward(Tensor x, Tensor skip) {
            spec.require(x, skip);
            int batch = x.dim(0);
            int pixels = x.rows() / batch;
            int groupSize = spec.channels() / spec.groups();
            Slices slices = Slices.of(spec.channels(), groupSize);
            int[] shape = x.shape();
            shape[shape.length - 1] = spec.channels();
            Tensor y = device.activations(shape);

            if ((x.width() | (skip == null ? 0 : skip.width())) % SECTOR != 0 || slices.block == 0) {
                device.add(launch("groupnorm_any", Geometry.of(spec.groups(), batch, ANY_BLOCK), x, skip)
                        .in(scale).in(shift).out(y).with(pixels, groupSize, spec.epsilon(), spec.silu()));
            } else if (!isKnown(x, skip, groupSize)
                    && slices.onChip(pixels) + STATIC_SHARED_BYTES <= device.gpu().sharedBytesOfBlock()) {
                var geometry = new Geometry(slices.count, batch, 1, slices.block, (int) slices.onChip(pixels));
                device.add(launch("groupnorm", geometry, x, skip).in(scale).in(shift).out(y)
                        .with(pixels, slices.width, groupSize, spec.epsilon(), spec.silu()));
            } else {
                int unit = groupSize % PAIR == 0 ? PAIR : 1;
                Known ofX = known(x, pixels, unit);
                Known ofSkip = skip == null ? new Known(null, 0) : known(skip, pixels, unit);
                int run = slices.run(pixels, batch, device.gpu().multiprocessors());
                var geometry = new Geometry(slices.count, (int) Geometry.ceilDiv(pixels, run), batch, slices.block, 0);
                device.add(new KernelOp(device.gpu(), "groupnorm_apply", geometry, 0)
                        .in(x).with(x.width()).in(ofX.moments).with(ofX.slab)
                        .in(skip).with(skip == null ? 0 : skip.width()).in(ofSkip.moments).with(ofSkip.slab)
                        .in(scale).in(shift).out(y)
                        .with(pixels, slices.width, groupSize, unit, run, spec.epsilon(), spec.silu()));
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
            Slices slices = Slices.of(map.width(), Slices.widthFor(map.width()));
            int slab = slices.slab();
            int slabs = (int) Geometry.ceilDiv(pixels, slab);
            int batch = map.dim(0);
            Tensor moments = device.activations(DType.F32, batch, slabs, map.width() / unit, 2);
            var geometry = new Geometry(slices.count, slabs, batch, slices.block,
                    slices.width * (2 * slab + Float.BYTES));
            device.add(new KernelOp(device.gpu(), "groupnorm_stats", geometry, 0).in(map).with(map.width())
                    .out(moments).with(pixels, slices.width, unit, slab));
            return new Known(moments, slab);
        }

        /** A launch whose first arguments are the inputs. */
        private KernelOp launch(String kernel, Geometry geometry, Tensor x, Tensor skip) {
            return new KernelOp(device.gpu(), kernel, geometry, 0)
                    .in(x).with(x.width()).in(skip).with(skip == null ? 0 : skip.width());
        }

        /**
         * How the channels are cut: into the fewest that are both whole groups and whole sectors of memory.
         *
         * @param width of a slice, in channels
         * @param count slices
         * @param block threads: a warp for each sector of a slice, as often as 20 warps allow; 0 if they do not
         * @param lines pixels that a block has in hand at once
         */
        private record Slices(int width, int count, int block, int lines) {

            private static final int MOST_WARPS = 20;
            private static final int LINES_A_WARP = 16;
            private static final int FEWEST_CHANNELS = 64;

            static Slices of(int channels, int groupSize) {
                int sectors = groupSize / gcd(groupSize, SECTOR);
                int rows = MOST_WARPS / sectors;
                int width = sectors * SECTOR;
                return new Slices(width, channels / width, 32 * sectors * rows, rows * LINES_A_WARP);
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
            static int widthFor(int channels) {
                for (int width = FEWEST_CHANNELS; width <= MOST_WARPS * SECTOR; width += SECTOR) {
                    if (channels % width == 0) {
                        return width;
                    }
                }
                return SECTOR;
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

        private static final int BLOCK = 128;
        private static final int ROWS_A_BLOCK = 4;
        /** About what a multiprocessor holds of the narrowest kernel; the wider ones take their turns. */
        private static final int BLOCKS_A_MULTIPROCESSOR = 8;

        private final CudaDevice device;
        private final float epsilon;
        private final Tensor scale;
        private final Tensor shift;

        Layer(CudaDevice device, int channels, float epsilon, Weights source) {
            this.device = device;
            this.epsilon = epsilon;
            this.scale = device.parameters("weight", channels, source);
            this.shift = device.parameters("bias", channels, source);
        }

        @Override
        public Tensor forward(Tensor x) {
            if (x.width() != scale.width() || !x.isDense()) {
                throw new IllegalArgumentException("layer norm over " + scale.width() + " channels of " + x);
            }
            Tensor y = device.activations(x.shape());
            long blocks = Math.min(Geometry.ceilDiv(x.rows(), ROWS_A_BLOCK),
                    (long) BLOCKS_A_MULTIPROCESSOR * device.gpu().multiprocessors());
            device.add(new KernelOp(device.gpu(), kernel(x.width()), Geometry.of(blocks, 1, BLOCK), 0)
                    .in(x).with(x.rowStride()).in(scale).in(shift).with(epsilon).out(y)
                    .with(y.rowStride(), x.rows(), x.width()));
            return y;
        }

        /** The narrowest that holds a row in a warp's registers. */
        private static String kernel(int width) {
            if (width % 8 != 0 || width > 2048) {
                return "layernorm_any";
            }
            return width <= 512 ? "layernorm_512" : width <= 1024 ? "layernorm_1024"
                    : width <= 1280 ? "layernorm_1280" : "layernorm";
        }

        @Override
        public void close() {
            device.release(scale);
            device.release(shift);
        }
    }
}
