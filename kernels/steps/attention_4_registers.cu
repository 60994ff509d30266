// Step 4 of attention (arguments: attention_1_naive.cu): queries and weights stay in registers.
//
// The lanes that hold a score's accumulators need the same elements in a left factor (Dao, 2023, arXiv 2307.08691;
// fragments.cuh has both layouts). Weights thus go from the first product into the second without leaving the lane. Q
// is the same for all keys and becomes fragments once. The scale is no longer multiplied into each score, but is part
// of the fused multiply-add before 2ˣ. Only the last tile is checked for keys past the end.
//
// Launch: 128 threads, grid (ceil(Lq / 64), heads), 16 KB of shared memory: K and V, 64×64 each, and Q before them.
//
// Per 64 keys and warp: 64 mma and 32 ldmatrix, a fifth fewer, and no stores. Each ldmatrix still takes 8 times too
// long.
#include "fragments.cuh"
#include "ptx.cuh"
#include "reduce.cuh"

namespace {
constexpr int D = 64;
constexpr int Tile = 64;                                 // queries of a block, keys at once
constexpr float Log2e = 1.44269504f;

// Rows of 64 halves, zeros from rows_left on.
__device__ __forceinline__ void load_tile(half* tile, const half* source, int rows_left)
{
    for (int i = threadIdx.x; i < Tile * D / 8; i += 128) {
        reinterpret_cast<uint4*>(tile)[i] =
            i / (D / 8) < rows_left ? reinterpret_cast<const uint4*>(source)[i] : make_uint4(0, 0, 0, 0);
    }
}
}  // namespace

extern "C" __global__ void __launch_bounds__(128)
attention_4_registers(const half* q, const half* k, const half* v, half* y, float*, int Lq, int Lk, float scale)
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
        ldmatrix_x4(query[s], keys + (warp_row + left_row(lane)) * D + s * 16 + left_chunk(lane) * 8);
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
                ldmatrix_x4(right, keys + (j * 8 + right_column(lane)) * D + s * 16 + right_chunk(lane) * 8);
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
                ldmatrix_x4_trans(right, values + (s * 16 + left_row(lane)) * D + (j + left_chunk(lane)) * 8);
                mma_m16n8k16(sum[j], left, {right[0], right[1]});
                mma_m16n8k16(sum[j + 1], left, {right[2], right[3]});
            }
        }
    }
#pragma unroll
    for (int e = 0; e < 4; e += 2) {
        const float factor = 1.0f / lanes_sum<4>(total[e / 2]);
        const int query_row = first_query + warp_row + accumulator_row(lane, e);
        for (int j = 0; j < D / 8 && query_row < Lq; j++) {
            *reinterpret_cast<half2*>(y + (head * Lq + query_row) * D + j * 8 + accumulator_column(lane, e)) =
                __floats2half2_rn(sum[j][e] * factor, sum[j][e + 1] * factor);
        }
    }
}
