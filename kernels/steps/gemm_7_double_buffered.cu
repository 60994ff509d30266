// Step 7 of the matrix product (arguments: gemm_1_naive.cu): fragments are loaded a step ahead.
//
// While a k-step is multiplied, the fragments of the next are loaded into a second set of registers, 32 more. At the
// end of a tile these belong to the next tile. The barrier therefore comes one k-step early, between two series of
// multiplications. Behind it, the stage of the tile just read is refilled at once. The compiler can now put every load
// between multiplications.
//
// Launch: as step 5.
// Bound: tensor cores. What ../gemm.cu (step 8) adds: addresses that advance by constants, and edges that are not
// compared in the loop, for a third of the other instructions; fragments of w for one pair of columns ahead instead of
// all, so that 128×160 fits in registers; an order of blocks that shares the L2 cache; and an epilogue whose stores
// are 16 bytes wide.
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

struct Fragments {
    uint32_t left[Warp / 16][4];                                                         // [64, 16]
    uint32_t right[Warp / 16][4];                                                        // [16, 64]

    __device__ __forceinline__ void load(const half* stage, int warp_row, int warp_column, int step)
    {
        const half* const right_tile = stage + TileHalves;
        const int lane = threadIdx.x % 32;
#pragma unroll
        for (int i = 0; i < Warp / 16; i++) {
            ldmatrix_x4(left[i], stage + tile_offset<Chunks>(warp_row + i * 16 + left_row(lane),
                                                             2 * step + left_chunk(lane)));
            ldmatrix_x4(right[i], right_tile + tile_offset<Chunks>(warp_column + i * 16 + right_column(lane),
                                                                   2 * step + right_chunk(lane)));
        }
    }
};

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
gemm_7_double_buffered(const half* x, const half* w, half* y, int M, int N, int K)
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
    for (int tile = 0; tile < Stages; tile++) {
        load(tile);
    }
    cp_async_wait<Stages - 1>();
    __syncthreads();
    Fragments even, odd;                                 // of k-steps 0 and 1 of a tile
    even.load(shared, warp_row, warp_column, 0);
    for (int tile = 0; tile * BlockK < K; tile++) {
        odd.load(shared + tile % Stages * 2 * TileHalves, warp_row, warp_column, 1);
        multiply(sum, even.left, even.right);
        cp_async_wait<Stages - 2>();
        __syncthreads();
        even.load(shared + (tile + 1) % Stages * 2 * TileHalves, warp_row, warp_column, 0);
        load(tile + Stages);
        multiply(sum, odd.left, odd.right);
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
