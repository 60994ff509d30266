// Step 3 of attention (arguments: attention_1_naive.cu): both products on tensor cores.
//
// A warp takes 16 queries, and 64 keys at once. mma needs its factors in fragments, which ldmatrix reads from shared
// memory. Q, K and V are therefore stored there in rows. The weights between the two products are stored there, too,
// rounded to fp16, and read back as a left factor. The maximum is now found once in 64 keys, and the sums are rescaled
// as seldom.
//
// Launch: 128 threads, grid (ceil(Lq / 64), heads), 32 KB of shared memory: Q, K, V and the weights, 64×64 each.
//
// Per 64 keys a warp issues 64 mma and 48 ldmatrix of four matrices. Rows of 128 bytes all begin at the same bank, so
// that the eight rows of a matrix collide: 8 accesses one after the other. That is the limit: 40 · 4 · 8 = 1280 clocks
// of shared memory beside 64 · 8 = 512 of a tensor core, and four warps share the former.
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
attention_3_tensor_cores(const half* q, const half* k, const half* v, half* y, float*, int Lq, int Lk, float scale)
{
    alignas(16) __shared__ half queries[Tile * D];
    alignas(16) __shared__ half keys[Tile * D];
    alignas(16) __shared__ half values[Tile * D];
    alignas(16) __shared__ half weights[Tile * Tile];
    const size_t head = blockIdx.y;
    const int lane = threadIdx.x % 32;
    const int warp_row = threadIdx.x / 32 * 16;
    const int first_query = blockIdx.x * Tile;
    load_tile(queries, q + (head * Lq + first_query) * D, Lq - first_query);

    float sum[D / 8][4] = {};                                                            // [16, 64]
    float maximum[2] = {-INFINITY, -INFINITY};           // of rows lane / 4 and lane / 4 + 8
    float total[2] = {};
    for (int first = 0; first < Lk; first += Tile) {
        __syncthreads();
        load_tile(keys, k + (head * Lk + first) * D, Lk - first);
        load_tile(values, v + (head * Lk + first) * D, Lk - first);
        __syncthreads();
        float score[Tile / 8][4] = {};                                                   // [16, 64 keys]
        for (int s = 0; s < D / 16; s++) {
            uint32_t left[4];
            ldmatrix_x4(left, queries + (warp_row + left_row(lane)) * D + s * 16 + left_chunk(lane) * 8);
#pragma unroll
            for (int j = 0; j < Tile / 8; j += 2) {
                uint32_t right[4];
                ldmatrix_x4(right, keys + (j * 8 + right_column(lane)) * D + s * 16 + right_chunk(lane) * 8);
                mma_m16n8k16(score[j], left, {right[0], right[1]});
                mma_m16n8k16(score[j + 1], left, {right[2], right[3]});
            }
        }
#pragma unroll
        for (int h = 0; h < 2; h++) {
            float raised = maximum[h];
#pragma unroll
            for (int j = 0; j < Tile / 8; j++) {
#pragma unroll
                for (int e = 2 * h; e < 2 * h + 2; e++) {
                    const bool seen = first + j * 8 + accumulator_column(lane, e) < Lk;
                    score[j][e] = seen ? score[j][e] * (scale * Log2e) : -INFINITY;
                    raised = fmaxf(raised, score[j][e]);
                }
            }
            raised = lanes_max<4>(raised);
            const float correction = ex2(maximum[h] - raised);
            maximum[h] = raised;
            total[h] *= correction;
#pragma unroll
            for (int j = 0; j < Tile / 8; j++) {
                const float a = ex2(score[j][2 * h] - raised), b = ex2(score[j][2 * h + 1] - raised);
                total[h] += a + b;
                *reinterpret_cast<half2*>(weights + (warp_row + accumulator_row(lane, 2 * h)) * Tile + j * 8
                                          + accumulator_column(lane, 0)) = __floats2half2_rn(a, b);
                sum[j][2 * h] *= correction;
                sum[j][2 * h + 1] *= correction;
            }
        }
        __syncwarp();
        for (int s = 0; s < Tile / 16; s++) {
            uint32_t left[4];
            ldmatrix_x4(left, weights + (warp_row + left_row(lane)) * Tile + s * 16 + left_chunk(lane) * 8);
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
        const int query = first_query + warp_row + accumulator_row(lane, e);
        for (int j = 0; j < D / 8 && query < Lq; j++) {
            *reinterpret_cast<half2*>(y + (head * Lq + query) * D + j * 8 + accumulator_column(lane, e)) =
                __floats2half2_rn(sum[j][e] * factor, sum[j][e + 1] * factor);
        }
    }
}
