// Step 6 of attention (arguments: attention_1_naive.cu): the next tile is loaded while this one is computed.
//
// cp.async copies from global to shared memory without a register and without waiting. Two stages of K and V take
// turns. After the barrier that begins a tile, all warps are done with the other stage, and the next tile is copied
// into it. One barrier a tile is enough. A tile has the time of another to arrive: 64 mma of 8 clocks, and as much
// again from a second block. That is some 1000 clocks, and memory latency is 500 or 600.
//
// Launch: 128 threads, grid (ceil(Lq / 64), heads), 32 KB of shared memory.
//
// What ../attention.cu adds: 32 queries a warp, so that a fragment of K or V serves two products and ldmatrix is
// halved; addresses computed once and advanced by constants; sums rescaled only if a maximum rises by much; a loop of
// its own, 16 keys at a time, for keys past the end and the causal diagonal; other widths; keys split among blocks.
#include "attention_tile.cuh"
#include "reduce.cuh"

namespace {
constexpr int D = 64;
constexpr int Chunks = D / 8;
constexpr int Tile = 64;                                 // queries of a block, keys at once
}  // namespace

extern "C" __global__ void __launch_bounds__(128)
attention_6_double_buffered(const half* q, const half* k, const half* v, half* y, float*, int Lq, int Lk, float scale)
{
    alignas(16) __shared__ half stages[2][2][Tile * D];                                  // keys, values
    const size_t head = blockIdx.y;
    const int lane = threadIdx.x % 32;
    const int warp_row = threadIdx.x / 32 * 16;
    const int first_query = blockIdx.x * Tile;
    scale *= Log2e;

    const auto load_keys_and_values = [&](int first) {
        half(&stage)[2][Tile * D] = stages[first / Tile % 2];
        load_rows<Tile, Chunks>(stage[0], k + (head * Lk + first) * D, D, Lk - first, threadIdx.x, 128);
        load_rows<Tile, Chunks>(stage[1], v + (head * Lk + first) * D, D, Lk - first, threadIdx.x, 128);
        cp_async_commit();
    };
    load_rows<Tile, Chunks>(stages[1][0], q + (head * Lq + first_query) * D, D, Lq - first_query, threadIdx.x, 128);
    load_keys_and_values(0);
    cp_async_wait<0>();
    __syncthreads();
    uint32_t query[D / 16][4];                                                           // [16, 64]
#pragma unroll
    for (int s = 0; s < D / 16; s++) {
        ldmatrix_x4(query[s], stages[1][0] + tile_offset<Chunks>(warp_row + left_row(lane), 2 * s + left_chunk(lane)));
    }

    float sum[D / 8][4] = {};                                                            // [16, 64]
    float maximum[2] = {-INFINITY, -INFINITY};           // of rows lane / 4 and lane / 4 + 8
    float total[2] = {};
    for (int first = 0; first < Lk; first += Tile) {
        cp_async_wait<0>();
        __syncthreads();
        if (first + Tile < Lk) {
            load_keys_and_values(first + Tile);
        }
        const half* const keys = stages[first / Tile % 2][0];
        const half* const values = stages[first / Tile % 2][1];
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
    __syncthreads();                                     // both stages are free
    const float factor[2] = {1.0f / lanes_sum<4>(total[0]), 1.0f / lanes_sum<4>(total[1])};
    half* const staged = stages[0][0] + warp_row * D;
    stage_accumulators<Chunks>(staged, 0, sum, factor);
    __syncwarp();
    const int warp_query = first_query + warp_row;
    store_rows<16, Chunks>(staged, y + (head * Lq + warp_query) * D, D, Lq - warp_query);
}
