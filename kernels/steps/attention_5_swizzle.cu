// Step 5 of attention (arguments: attention_1_naive.cu): rows of a matrix on different banks.
//
// In rows of 128 bytes, chunk c (16 bytes) of every row lies on the same four banks. If row r keeps it in place c ^ r
// % 8, chunks c of eight rows lie on all 32 banks, and ldmatrix reads a matrix at once (tile_offset in fragments.cuh).
// Padding would do the same, but take memory. The result is staged in the same way, to be written 16 bytes at a time
// instead of 4.
//
// Launch: as step 4. Shared memory is busy for 32 · 4 = 128 clocks a warp and 64 keys, a quarter of the tensor core's
// 512. The new limit is that no warp computes while a tile is loaded.
#include "attention_tile.cuh"
#include "reduce.cuh"

namespace {
constexpr int D = 64;
constexpr int Chunks = D / 8;
constexpr int Tile = 64;                                 // queries of a block, keys at once

// Rows of 64 halves, zeros from rows_left on.
__device__ __forceinline__ void load_tile(half* tile, const half* source, int rows_left)
{
    for (int i = threadIdx.x; i < Tile * Chunks; i += 128) {
        *reinterpret_cast<uint4*>(tile + tile_offset<Chunks>(i / Chunks, i % Chunks)) =
            i / Chunks < rows_left ? reinterpret_cast<const uint4*>(source)[i] : make_uint4(0, 0, 0, 0);
    }
}
}  // namespace

extern "C" __global__ void __launch_bounds__(128)
attention_5_swizzle(const half* q, const half* k, const half* v, half* y, float*, int Lq, int Lk, float scale)
{
    alignas(16) __shared__ half keys[Tile * D];
    alignas(16) __shared__ half values[Tile * D];
    const size_t head = blockIdx.y;
    const int lane = threadIdx.x % 32;
    const int warp_row = threadIdx.x / 32 * 16;
    const int first_query = blockIdx.x * Tile;
    scale *= Log2e;

    load_tile(keys, q + (head * Lq + first_query) * D, Lq - first_query);
    __syncthreads();
    uint32_t query[D / 16][4];                                                           // [16, 64]
#pragma unroll
    for (int s = 0; s < D / 16; s++) {
        ldmatrix_x4(query[s], keys + tile_offset<Chunks>(warp_row + left_row(lane), 2 * s + left_chunk(lane)));
    }

    float sum[D / 8][4] = {};                                                            // [16, 64]
    float maximum[2] = {-INFINITY, -INFINITY};           // of rows lane / 4 and lane / 4 + 8
    float total[2] = {};
    for (int first = 0; first < Lk; first += Tile) {
        __syncthreads();
        load_tile(keys, k + (head * Lk + first) * D, Lk - first);
        load_tile(values, v + (head * Lk + first) * D, Lk - first);
        __syncthreads();
        float score[Tile / 8][4] = {};                                                   // [16, 64 keys]
#pragma unroll
        for (int s = 0; s < D / 16; s++) {
#pragma unroll
            for (int j = 0; j < Tile / 8; j += 2) {
                uint32_t right[4];
                ldmatrix_x4(right, keys + tile_offset<Chunks>(j * 8 + right_column(lane), 2 * s + right_chunk(lane)));
                mma_m16n8k16(score[j], query[s], {right[0], right[1]});
                mma_m16n8k16(score[j + 1], query[s], {right[2], right[3]});
            }
        }
        if (first + Tile > Lk) {
#pragma unroll
            for (int i = 0; i < Tile / 2; i++) {
                const bool seen = first + i / 4 * 8 + accumulator_column(lane, i % 4) < Lk;
                score[i / 4][i % 4] = seen ? score[i / 4][i % 4] : -INFINITY;
            }
        }
#pragma unroll
        for (int h = 0; h < 2; h++) {
            float raised = maximum[h];
#pragma unroll
            for (int j = 0; j < Tile / 8; j++) {
                raised = fmaxf(raised, fmaxf(score[j][2 * h], score[j][2 * h + 1]));
            }
            raised = lanes_max<4>(raised);
            const float correction = ex2((maximum[h] - raised) * scale);
            maximum[h] = raised;
            total[h] *= correction;
#pragma unroll
            for (int j = 0; j < Tile / 8; j++) {
#pragma unroll
                for (int e = 2 * h; e < 2 * h + 2; e++) {
                    score[j][e] = ex2(fmaf(score[j][e], scale, -raised * scale));
                    total[h] += score[j][e];
                    sum[j][e] *= correction;
                }
            }
        }
#pragma unroll
        for (int s = 0; s < Tile / 16; s++) {
            uint32_t left[4];
            left_of_accumulators(score[2 * s], score[2 * s + 1], left);
#pragma unroll
            for (int j = 0; j < D / 8; j += 2) {
                uint32_t right[4];
                ldmatrix_x4_trans(right, values + tile_offset<Chunks>(s * 16 + left_row(lane), j + left_chunk(lane)));
                mma_m16n8k16(sum[j], left, {right[0], right[1]});
                mma_m16n8k16(sum[j + 1], left, {right[2], right[3]});
            }
        }
    }
    __syncthreads();                                     // the keys' place is free
    const float factor[2] = {1.0f / lanes_sum<4>(total[0]), 1.0f / lanes_sum<4>(total[1])};
    half* const staged = keys + warp_row * D;
    stage_accumulators<Chunks>(staged, 0, sum, factor);
    __syncwarp();
    const int warp_query = first_query + warp_row;
    store_rows<16, Chunks>(staged, y + (head * Lq + warp_query) * D, D, Lq - warp_query);
}
