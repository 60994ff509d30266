// Matrix product with everything that follows it in a network:
//
//     y = act([x0 | x1] Wᵀ + bias) + residual
//
//     x0        half [M, k0], row stride ldx0      x1   half [M, k1], row stride ldx1; null with k1 = 0 for none
//     w         half [N, k0' + k1], k0' = k0 rounded up to a multiple of 8 and zeros between, row stride ldw, a multiple of
//               8 and zero at the end (PyTorch's nn.Linear layout where k1 = 0)
//     bias      float [N], null for none
//     residual  half [M, columns of y], row stride ldr, null for none
//     y         half (gemm_f32out: float) [M, N], row stride ldy; gemm_geglu: [M, N / 2]
//
// act: none; silu x·σ(x); gelu x·Φ(x); gelu_tanh its tanh approximation; quick_gelu x·σ(1.702 x); geglu: W's rows are
// value, gate, value, gate, .. and y[:, j] = value_j · gelu(gate_j), so that both meet in one thread.
//
// Preconditions: pointers 16-byte aligned. k0, k1, ldx0, ldx1 multiples of 8, or else the
// kernel of the name with _any. M, N, ldr and ldy are free; multiples of 8 get 16-byte accesses.
//
// Launch: 128 threads; a grid of ceil(M / T) · ceil(N / T) blocks in x, T = 128 or, for names with _small or _any, 64;
// dynamic shared memory 49152 bytes, _small and _any 32768. Take _small where the large tiles would not fill the card
// or where N ≤ 64. The order of summation over k is the same in all: so are the bits.
//
// Bound: 2·M·N·K FLOP over 2·(M·K + N·K + M·N) bytes. An A100 (312 TFLOP/s, 1555 GB/s) needs 200 FLOP a byte: at 64×64
// and batch 8, 320 → 320 has 159 (bytes, by 1.26), GEGLU 320 → 2560 has 504 and 1280 → 1280 at 16×16 has 488 (FLOP).
// From the L2 cache a block of 128×128 wants 1 byte for 64 FLOP.
// Occupancy: two blocks an SM by registers (at most 237 of 255 in any build) and by shared memory (48 KB of 100 KB or
// more), so 8 warps; each has two of three stages under way while it multiplies.
// Tested against the same sums in double (the Java test of this name).
// Tried: this is the first version. ldmatrix without bank conflicts; no spills; not timed.
#include "epilogue.cuh"
#include "mainloop.cuh"
#include "launch.cuh"

namespace {

template <class T, class Activation, class Out, bool Aligned>
__device__ __forceinline__ void gemm(const half* x0, int ldx0, int k0, const half* x1, int ldx1, int k1, const half* w,
                                     int ldw, const Epilogue<Activation, Out>& epilogue)
{
    DYNAMIC_SHARED(half, shared);
    const auto [row, column] = block_origin<T>(blockIdx.x, epilogue.M, epilogue.N);

    MatrixLoader<T::BlockM, T::Threads, Aligned> x(x0, ldx0, k0, x1, ldx1, k1, row, epilogue.M);
    MatrixLoader<T::BlockN, T::Threads, true> weights(w, ldw, ldw, column, epilogue.N);
    float sum[T::FragmentsM][T::FragmentsN][4] = {};                                     // [WarpM, WarpN]
    multiply<T>(x, weights, ceil_div(whole_chunks(k0) + k1, T::BlockK), shared, sum);
    finish_tile<T>(sum, shared, row, column, epilogue);
}

}  // namespace

#define GEMM(name, T, Activation, Out, aligned)                                                                        \
    extern "C" __global__ void __launch_bounds__(T::Threads) name(                                                     \
        const half* x0, int ldx0, int k0, const half* x1, int ldx1, int k1, const half* w, int ldw, const float* bias, \
        const half* residual, int ldr, Out* y, int ldy, int M, int N)                                                  \
    {                                                                                                                  \
        gemm<T, Activation, Out, aligned>(x0, ldx0, k0, x1, ldx1, k1, w, ldw,                                          \
                                          {bias, nullptr, 1, residual, ldr, y, ldy, M, N});                            \
    }

#define GEMM_TILES(name, Activation, Out)              \
    GEMM(name, LargeTile, Activation, Out, true)       \
    GEMM(name##_small, SmallTile, Activation, Out, true) \
    GEMM(name##_any, SmallTile, Activation, Out, false)

GEMM_TILES(gemm_none, Identity, half)
GEMM_TILES(gemm_silu, Silu, half)
GEMM_TILES(gemm_gelu, Gelu, half)
GEMM_TILES(gemm_gelu_tanh, GeluTanh, half)
GEMM_TILES(gemm_quick_gelu, QuickGelu, half)
GEMM_TILES(gemm_geglu, Geglu, half)
GEMM_TILES(gemm_f32out, Identity, float)
