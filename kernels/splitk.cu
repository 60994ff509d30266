// Adds the partial sums of a product that gemm_partial or conv3x3_partial split along k, and finishes it:
//
//     y = act(Σ sums[split] + bias + image_addend[row / image_rows]) + residual
//
//     sums          float [splits, M, lds], lds a multiple of 8
//     bias          float [N], null for none
//     image_addend  half [M / image_rows, N], row stride ld_image, null for none
//     residual      half [M, N], row stride ldr, null for none
//     y             half [M, N], row stride ldy
//     activation    number of a function of activation.cuh, 0 for none
//
// Sums are added in the order of the splits, whichever block finished first, so that the same launch gives the same
// bits. (The last block of each tile could do this and save the launch, but needs counters that are set to zero, and a
// fence.)
//
// Preconditions: sums 16-byte aligned. N, ldr, ldy and ld_image are free; multiples of 8 get 16-byte accesses.
// Launch: 256 threads, 8 columns of a row each; ceil(M · ceil(N / 8) / 256) blocks.
// Bound: bytes, 4 · splits + 2 (+ 2 for a residual) an element. The launch before leaves the sums in the L2 cache if
// they fit (SD 2.0 at batch 8: 16×16 · 1280 in 2 splits are 21 MB, of an A100's 40).
// Occupancy: 44 registers, 5 blocks of 8 warps. A thread has two loads of 16 bytes under way for each split.
// Tested together with the products that are split (TilesTest, LinearTest, Conv2dTest).
// Tried: nothing else.
#include "epilogue.cuh"
#include "launch.cuh"

extern "C" __global__ void __launch_bounds__(256, 1) splitk_finish(
    const float* sums, int splits, int lds, const float* bias, const half* image_addend, int ld_image, int image_rows,
    const half* residual, int ldr, half* y, int ldy, int M, int N, int activation)
{
    const Epilogue<Chosen, half> epilogue = {bias, image_addend, ld_image, image_rows, residual, ldr, y, ldy, M, N,
                                             activation};
    const int eights = (N + 7) / 8;
    const int index = blockIdx.x * 256 + threadIdx.x;
    const int row = index / eights;
    const int column = (index - row * eights) * 8;
    if (row >= M) {
        return;
    }
    const auto fetched = epilogue.fetch(row, column);
    const float* const first = sums + static_cast<size_t>(row) * lds + column;
    float sum[8] = {};
    for (int split = 0; split < splits; split++) {
        float part[8];
        load(first + static_cast<size_t>(split) * M * lds, part);
#pragma unroll
        for (int i = 0; i < 8; i++) {
            sum[i] += part[i];
        }
    }
#pragma unroll
    for (int i = 0; i < 8; i += 2) {
        const float2 pair = epilogue.bias_pair(column + i);
        sum[i] += pair.x;
        sum[i + 1] += pair.y;
    }
    epilogue.finish(row, column, sum, fetched);
}
KERNEL_FACTS(splitk_finish, splitk, bytes, fixed, 0, 256 * 8);
