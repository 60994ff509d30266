package org.diffusionclassifier.device.cuda;

import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.DType;

/**
 * Where a feature map's moments go that are gathered while it is written: [B, slabs, C / 2, 2] float32, mean and squares
 * around it of each pair of channels over slabs of an image's pixels. {@code groupnorm_apply} then reads the map once;
 * without them somebody must have read it before.
 */
final class MapMoments {

    /** Channels that group norms of more than one launch take at a time. */
    private static final int SECTOR = 16;
    /** Pixels of an image below which a group norm keeps it on chip: gathering moments would be in vain. */
    private static final int FEWEST_PIXELS = 1024;

    private MapMoments() {
    }

    /**
     * For the product whose rows are the map's pixels.
     *
     * @param family the product's kernels, {@code gemm} or {@code conv3x3}
     * @param parts  products that make an image's pixels, each as many
     * @return null where there is no such kernel, a block would have pixels of two images, or no norm would look at them
     */
    static Tensor of(CudaDevice device, Tensor map, String family, int parts, Tiles.Plan plan) {
        boolean gathers = plan.splits() == 1
                && device.gpu().kernels().find(plan.kernel(family + "_moments")).isPresent();
        int slab = plan.tile().rows();
        return gathers && map.rows() / map.dim(0) % (parts * slab) == 0 ? of(device, map, slab) : null;
    }

    /** Of slabs of so many pixels, or null. */
    static Tensor of(CudaDevice device, Tensor map, int slab) {
        int images = map.dim(0);
        int pixels = map.rows() / images;
        if (map.type() == DType.F32 || !map.isDense() || map.width() % SECTOR != 0 || pixels % slab != 0
                || pixels < FEWEST_PIXELS) {
            return null;
        }
        return device.activations(DType.F32, images, pixels / slab, map.width() / 2, 2);
    }
}
