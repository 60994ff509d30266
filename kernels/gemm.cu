// Matrix product with everything that follows it in a network:
//
//     y = act([x0 | x1] Wᵀ + bias) + residual
//
//     x0        half [M, k0], row stride ldx0      x1   half [M, k1], row stride ldx1; null with k1 = 0 for none
//     w         half [N, ldw]: [W0 | W1], each part's columns padded with zeros to a multiple of 32
//     bias      float [N], null for none
//     residual  half [M, columns of y], row stride ldr, null for none
//     y         half (gemm_f32out: float) [M, N], row stride ldy; gemm_geglu: [M, N / 2]
//
// act: none in gemm; in gemm_activated the function of activation.cuh that activation names. In gemm_geglu, W's rows
// are value, gate, value, gate, .., so that both meet in one thread, and y[:, j] = value_j · gelu(gate_j).
//
// gemm_moments has no act. It also gathers the moments of y, stored as fp16, that a group normalisation needs:
//
//     moments   Moments [M / rows, N / 2] of pairs of columns over the rows of a tile (finish_tile.cuh, moments.cuh)
//
// gemm_partial has no act: block (.., i) sums split_tiles tiles of 32 columns of k, from the i · split_tiles-th on, in
//
//     sums      float [grid.y, M, lds], lds ≥ N a multiple of 8
//
// which splitk.cu adds up and finishes. It serves products of few tiles and a long k, for which most multiprocessors
// would otherwise have no block.
//
// Preconditions: pointers 16-byte aligned; k0, k1, ldx0 and ldx1 multiples of 8, or else a kernel with _any in its
// name. M, N, ldr and ldy are free; multiples of 8 get 16-byte accesses. gemm_moments: M a multiple of the tile's
// rows, N even.
//
// Launch: a name ends in the tile of y that a block computes; _any has 64×64. Threads and dynamic shared memory of a
// block are in the table of mainloop.cuh. There are ceil(M / rows) · ceil(N / columns) blocks in x. All kernels sum
// over k in the same order and give the same bits, except that gemm_partial's differ by float32's rounding.
//
// Which tile: Tiles.java chooses by the multiprocessor with the most work. 160 divides all of SD's channel counts,
// which 128 and 256 do not: of 320 columns, tiles of 128 compute 384. gemm_geglu, whose N is 8 times the channels,
// takes 128 and 256, because a warp of these writes 32 halves of a row, whole sectors of 32 bytes; with 160 it would
// write 40. Over SD 2.0's UNet at batch 8 the multiplications issued are 1.002 of those needed on an A100, H100, RTX
// 4090 and RTX 3090 (TilesTest keeps it below 1.03); with 128×128 alone, 1.053.
//
// Bound: 2·M·N·K FLOP over 2·(M·K + N·K + M·N) bytes. An A100 (312 TFLOP/s, 1555 GB/s) needs 200 FLOP a byte: at 64×64
// and batch 8, 320 → 320 has 159 (bytes, by 1.26), GEGLU 320 → 2560 has 504 and 1280 → 1280 at 16×16 has 488 (FLOP).
// From the L2 cache, a tile needs a byte for so many FLOP: 256×160 98, 128×256 85, 128×160 71, 128×128 64, 64×64 32.
// An A100's cache gives 5120 bytes a clock, 7.2 TB/s. 312 TFLOP/s need 4.9 of these with tiles of 128×128 and 3.2 of
// 256×160.
//
// Occupancy, by registers of sm_80 and shared memory: 256×160 (244, 78 KB) and 128×256 (212, 72 KB) have one block an
// SM, of 8 warps. 128×160 (244, 54 KB) has two of 4 warps, or one on cards with 100 KB, which Tiles takes into
// account. 128×128 (214, 48 KB) has two everywhere, 64×64 (96, 32 KB) three to five, 16×64 (48, 30 KB) three to seven.
// Two warps a quarter of the SM are few, but enough. Between asking for a fragment and using it, a warp has 8
// independent mma (64 clocks of an A100), and the other warp as many, while ldmatrix takes about 30 clocks. A tile of
// 32 columns takes both warps 1024 or 1280 clocks, so that a stage was asked for some 2000 clocks before it is read:
// three times the latency of memory.
//
// Tested against the same sums in double (LinearTest), and every tile against every other's bits (TilesTest).
//
// Tried, on sm_80 (instructions of the main loop, of them mma; integer and move instructions for one mma; tensor clocks
// to these plus all other instructions; registers):
//
//     128×128, fragments loaded at the head of a k-step     211  30 %  1.80  0.78  234     longest gap between mma 121
//     .. all fragments a k-step ahead                       126  51 %  0.48  0.89  236     gap 6
//     .. those of w one pair ahead                          146  44 %  0.80  0.86  218     pointers copied by moves
//     .. and rows as offsets from one advancing pointer     134  48 %  0.61  0.88  214     gap 7: taken
//     128×160, the same                                     155  52 %  0.51  0.90  244     taken
//     256×160, the same                                     145  55 %  0.41  0.91  244     taken
//     128×256, the same                                     128  50 %  0.55  0.89  212     taken for gemm_geglu
//     256×64 for 320 columns (51 FLOP a byte)               140  46 %  0.67  0.87  227     128×160 has 71
//     128×160 with 8 warps of 32×80                          97  41 %  0.78  0.85  164     more ldmatrix: 0.35 an mma
//     with moments: 128×128                                 138  46 %  0.67  0.87  216     gap 7: taken
//     .. 128×160                                            159  50 %  0.56  0.89  250     gap 7: taken
//     .. 256×160                                            151  53 %  0.49  0.90  244     gap 7: taken
//     128×128, 64 columns of k in 2 stages                  242  53 %  0.46  0.90  235     twice the shared memory for
//     128×256, 64 columns of k in 3 stages                  230  56 %  0.40  0.91  227     the same loads under way
//
// In all of the taken, ldmatrix has 0.25 (128×128) or 0.225 instructions an mma, all x4, and by ptxas's stall counts
// the tensor cores are busy for 0.99 of a warp's time. No two lanes meet in a bank, and every sector of 32 bytes that
// is fetched or written is used whole (steps/tile_counters.cpp). The bias is added before the sums are turned for that:
// lanes with eight columns of it would read half of each sector at a time.
#include "finish_tile.cuh"
#include "launch.cuh"
#include "loader.cuh"
#include "mainloop.cuh"

namespace {

// The sums of tiles first_tile to first_tile + tiles − 1 of k, finished.
template <class T, bool Aligned, class Finisher>
__device__ __forceinline__ void gemm(const Matrix& x0, const Matrix& x1, const half* w, int ldw, int first_tile,
                                     int tiles, const Finisher& epilogue)
{
    DYNAMIC_SHARED(half, shared);
    const auto [row, column] = block_origin<T>(blockIdx.x, epilogue.M, epilogue.N);

    MatrixLoader<T, T::BlockM, Aligned> x(x0, x1, row, epilogue.M, first_tile);
    MatrixLoader<T, T::BlockN, true> weights({w, ldw, ldw}, {}, column, epilogue.N, first_tile);
    float sum[T::FragmentsM][T::FragmentsN][4] = {};                                     // [WarpM, WarpN]
    multiply<T>(x, weights, tiles, shared, sum);
    finish_tile<T>(sum, shared, row, column, epilogue);
}

}  // namespace

#define GEMM(name, T, Activation, Out, aligned)                                                                        \
    extern "C" __global__ void __launch_bounds__(T::Threads) name(                                                     \
        const half* x0, int ldx0, int k0, const half* x1, int ldx1, int k1, const half* w, int ldw, const float* bias, \
        const half* residual, int ldr, Out* y, int ldy, int M, int N, int activation)                                  \
    {                                                                                                                  \
        gemm<T, aligned>(Matrix{x0, ldx0, k0}, Matrix{x1, ldx1, k1}, w, ldw, 0, ldw / BlockK,                          \
                         Epilogue<Activation, Out>{bias, nullptr, 0, 1, residual, ldr, y, ldy, M, N, activation});   \
    }                                                                                                                  \
    KERNEL_FACTS(name, gemm, flop, fixed, T::SharedBytes, T::BlockM, T::BlockN, BlockK)

#define GEMM_MOMENTS(name, T)                                                                                          \
    extern "C" __global__ void __launch_bounds__(T::Threads) name(                                                     \
        const half* x0, int ldx0, int k0, const half* x1, int ldx1, int k1, const half* w, int ldw, const float* bias, \
        const half* residual, int ldr, half* y, int ldy, int M, int N, int activation, Moments* moments)               \
    {                                                                                                                  \
        const Epilogue<Identity, half> epilogue = {bias, nullptr, 0, 1, residual, ldr, y, ldy, M, N, activation};      \
        gemm<T, true>(Matrix{x0, ldx0, k0}, Matrix{x1, ldx1, k1}, w, ldw, 0, ldw / BlockK,                             \
                      Measured<Epilogue<Identity, half>>{epilogue, moments});                                          \
    }                                                                                                                  \
    KERNEL_FACTS(name, gemm, flop, fixed, T::SharedBytes, T::BlockM, T::BlockN, BlockK)

#define GEMM_PARTIAL(name, T)                                                                                          \
    extern "C" __global__ void __launch_bounds__(T::Threads) name(                                                     \
        const half* x0, int ldx0, int k0, const half* x1, int ldx1, int k1, const half* w, int ldw, int split_tiles,   \
        float* sums, int lds, int M, int N)                                                                            \
    {                                                                                                                  \
        const int first = blockIdx.y * split_tiles;                                                                    \
        gemm<T, true>(Matrix{x0, ldx0, k0}, Matrix{x1, ldx1, k1}, w, ldw, first,                                       \
                      min(split_tiles, ldw / BlockK - first),                                                          \
                      PartialSums{sums + blockIdx.y * static_cast<size_t>(M) * lds, lds, M, N});                       \
    }                                                                                                                  \
    KERNEL_FACTS(name, gemm, flop, fixed, T::SharedBytes, T::BlockM, T::BlockN, BlockK)

GEMM(gemm_256x160, Tile256x160, Identity, half, true);
GEMM(gemm_128x160, Tile128x160, Identity, half, true);
GEMM(gemm_128x128, Tile128x128, Identity, half, true);
GEMM(gemm_64x64, Tile64x64, Identity, half, true);
GEMM(gemm_16x64, Tile16x64, Identity, half, true);

GEMM(gemm_geglu_128x256, Tile128x256, Geglu, half, true);
GEMM(gemm_geglu_128x128, Tile128x128, Geglu, half, true);
GEMM(gemm_geglu_64x64, Tile64x64, Geglu, half, true);
GEMM(gemm_geglu_any, Tile64x64, Geglu, half, false);

GEMM(gemm_activated_128x128, Tile128x128, Chosen, half, true);
GEMM(gemm_activated_64x64, Tile64x64, Chosen, half, true);
GEMM(gemm_activated_any, Tile64x64, Chosen, half, false);
GEMM(gemm_f32out_any, Tile64x64, Identity, float, false);

GEMM_MOMENTS(gemm_moments_256x160, Tile256x160);
GEMM_MOMENTS(gemm_moments_128x160, Tile128x160);
GEMM_MOMENTS(gemm_moments_128x128, Tile128x128);

GEMM_PARTIAL(gemm_partial_128x160, Tile128x160);
GEMM_PARTIAL(gemm_partial_128x128, Tile128x128);
GEMM_PARTIAL(gemm_partial_16x64, Tile16x64);
