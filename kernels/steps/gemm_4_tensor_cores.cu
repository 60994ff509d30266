// Step 4 of the matrix product (arguments: gemm_1_naive.cu): tensor cores.
//
// mma_m16n8k16 multiplies 16×16 by 16×8 in one instruction of a warp: 4096 FLOP, where an FMA of all lanes has 64. A
// warp computes 64×64 elements of y as 4×8 of these, a block of four warps 128×128. The operands are fragments, spread
// over the lanes' registers as fragments.cuh says. ldmatrix reads four 8×8 matrices at once from shared memory. This
// now holds halves, with rows of k as in memory (mma needs the columns of Wᵀ with k contiguous, and these are rows of
// w).
//
// Launch: 128 threads; a grid of ceil(M / 128) · ceil(N / 128) blocks in x; 16384 bytes of shared memory.
// Bound: a quarter of an A100's SM multiplies 64×64×16 in 256 clocks. Shared memory takes longer: rows of 32 halves
// are 64 bytes, so that of the eight rows that ldmatrix reads at once, four lie on the same banks, and its 4 passes
// become 16: 8 · 16 clocks for each of four quarters, 512. And no warp multiplies while a tile is loaded.
#include "fragments.cuh"
#include "ptx.cuh"

namespace {
constexpr int Block = 128;
constexpr int BlockK = 32;
constexpr int Chunks = BlockK / 8;                       // of 16 bytes
constexpr int Warp = 64;

__device__ __forceinline__ int offset(int row, int chunk)
{
    return (row * Chunks + chunk) * 8;
}

// Rows first_row .. and columns k .. of a matrix [rows, K]; zeros outside.
__device__ __forceinline__ void load_tile(half* tile, const half* matrix, int first_row, int rows, int k, int K)
{
#pragma unroll
    for (int n = 0; n < Block * Chunks / 128; n++) {
        const int i = n * 128 + threadIdx.x;
        const int row = first_row + i / Chunks;
        const int column = k + i % Chunks * 8;
        uint4 chunk = make_uint4(0, 0, 0, 0);
        if (row < rows && column < K) {
            chunk = *reinterpret_cast<const uint4*>(matrix + static_cast<size_t>(row) * K + column);
        }
        *reinterpret_cast<uint4*>(tile + offset(i / Chunks, i % Chunks)) = chunk;
    }
}

__device__ __forceinline__ void multiply(float (&sum)[Warp / 16][Warp / 8][4], const uint32_t (&left)[Warp / 16][4],
                                         const uint32_t (&right)[Warp / 16][4])
{
#pragma unroll
    for (int i = 0; i < Warp / 16; i++) {
#pragma unroll
        for (int j = 0; j < Warp / 8; j++) {
            const uint32_t columns[2] = {right[j / 2][j % 2 * 2], right[j / 2][j % 2 * 2 + 1]};
            mma_m16n8k16(sum[i][j], left[i], columns);
        }
    }
}
}  // namespace

extern "C" __global__ void __launch_bounds__(128)
gemm_4_tensor_cores(const half* x, const half* w, half* y, int M, int N, int K)
{
    alignas(16) __shared__ half left_tile[Block * BlockK];
    alignas(16) __shared__ half right_tile[Block * BlockK];
    const int lane = threadIdx.x % 32;
    const int warp_row = threadIdx.x / 32 % 2 * Warp;
    const int warp_column = threadIdx.x / 64 * Warp;
    const int columns = (N + Block - 1) / Block;
    const int first_row = blockIdx.x / columns * Block;
    const int first_column = blockIdx.x % columns * Block;
    float sum[Warp / 16][Warp / 8][4] = {};                                              // [64, 64]

    for (int k = 0; k < K; k += BlockK) {
        __syncthreads();
        load_tile(left_tile, x, first_row, M, k, K);
        load_tile(right_tile, w, first_column, N, k, K);
        __syncthreads();
#pragma unroll
        for (int step = 0; step < BlockK / 16; step++) {
            uint32_t left[Warp / 16][4];                                                 // [64, 16]
            uint32_t right[Warp / 16][4];                                                // [16, 64]
#pragma unroll
            for (int i = 0; i < Warp / 16; i++) {
                ldmatrix_x4(left[i], left_tile + offset(warp_row + i * 16 + left_row(lane),
                                                        2 * step + left_chunk(lane)));
                ldmatrix_x4(right[i], right_tile + offset(warp_column + i * 16 + right_column(lane),
                                                          2 * step + right_chunk(lane)));
            }
            multiply(sum, left, right);
        }
    }
#pragma unroll
    for (int i = 0; i < Warp / 16; i++) {
#pragma unroll
        for (int j = 0; j < Warp / 8; j++) {
#pragma unroll
            for (int e = 0; e < 4; e++) {
                const int row = first_row + warp_row + i * 16 + accumulator_row(lane, e);
                const int column = first_column + warp_column + j * 8 + accumulator_column(lane, e);
                if (row < M && column < N) {
                    y[static_cast<size_t>(row) * N + column] = __float2half_rn(sum[i][j][e]);
                }
            }
        }
    }
}
