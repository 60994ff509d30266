// Step 6 of the matrix product (arguments: gemm_1_naive.cu): rows of a matrix on different banks.
//
// In rows of 64 bytes, chunk c (16 bytes) of every second row lies on the same four banks. If row r keeps it in place
// c ^ r / 2 % 4, chunks c of eight rows lie on all 32 banks, and ldmatrix reads a matrix in one pass (tile_offset in
// fragments.cuh). Unlike padding this takes no more memory, and copies remain free of conflicts.
//
// Launch: as step 5.
// Bound: now the tensor cores, 256 clocks for 64×64×16, beside 128 of shared memory, if they overlap. But a warp loads
// all fragments of a k-step and then multiplies them. At the head of each step its tensor core waits for ldmatrix,
// unless another warp of the same quarter has something to multiply.
#include "fragments.cuh"
#include "launch.cuh"
#include "ptx.cuh"

namespace {
constexpr int Block = 128;
constexpr int BlockK = 32;
constexpr int Chunks = BlockK / 8;                       // of 16 bytes
constexpr int Warp = 64;
constexpr int Stages = 3;
constexpr int TileHalves = Block * BlockK;

// Begins to copy rows first_row .. and columns k .. of a matrix [rows, K]; zeros outside.
__device__ __forceinline__ void load_tile(half* tile, const half* matrix, int first_row, int rows, int k, int K)
{
#pragma unroll
    for (int n = 0; n < Block * Chunks / 128; n++) {
        const int i = n * 128 + threadIdx.x;
        const int row = first_row + i / Chunks;
        const int column = k + i % Chunks * 8;
        const bool inside = row < rows && column < K;
        cp_async_16(tile + tile_offset<Chunks>(i / Chunks, i % Chunks),
                    matrix + (inside ? static_cast<size_t>(row) * K + column : 0), inside ? 16 : 0);
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
gemm_6_swizzle(const half* x, const half* w, half* y, int M, int N, int K)
{
    DYNAMIC_SHARED(half, shared);                        // [Stages][x, w][Block, BlockK]
    const int lane = threadIdx.x % 32;
    const int warp_row = threadIdx.x / 32 % 2 * Warp;
    const int warp_column = threadIdx.x / 64 * Warp;
    const int columns = (N + Block - 1) / Block;
    const int first_row = blockIdx.x / columns * Block;
    const int first_column = blockIdx.x % columns * Block;
    float sum[Warp / 16][Warp / 8][4] = {};                                              // [64, 64]

    const auto load = [&](int tile) {
        half* const stage = shared + tile % Stages * 2 * TileHalves;
        load_tile(stage, x, first_row, M, tile * BlockK, K);
        load_tile(stage + TileHalves, w, first_column, N, tile * BlockK, K);
        cp_async_commit();
    };
    for (int tile = 0; tile < Stages - 1; tile++) {
        load(tile);
    }
    for (int tile = 0; tile * BlockK < K; tile++) {
        cp_async_wait<Stages - 2>();
        __syncthreads();
        load(tile + Stages - 1);
        const half* const left_tile = shared + tile % Stages * 2 * TileHalves;
        const half* const right_tile = left_tile + TileHalves;
#pragma unroll
        for (int step = 0; step < BlockK / 16; step++) {
            uint32_t left[Warp / 16][4];                                                 // [64, 16]
            uint32_t right[Warp / 16][4];                                                // [16, 64]
#pragma unroll
            for (int i = 0; i < Warp / 16; i++) {
                ldmatrix_x4(left[i], left_tile + tile_offset<Chunks>(warp_row + i * 16 + left_row(lane),
                                                                     2 * step + left_chunk(lane)));
                ldmatrix_x4(right[i], right_tile + tile_offset<Chunks>(warp_column + i * 16 + right_column(lane),
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
