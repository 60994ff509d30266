// Attention of a text encoder that knows places by a bias on its scores alone (T5: Raffel et al., 2020, arXiv 1910.10683,
// section 2.1), not scaled:
//
//     y[b, i, h] = Σ_j softmax_j(q[b, i, h] · k[b, j, h] + bias[h, i, j]) v[b, j, h]
//
//     q, k, v  half [B, L, heads·d], row strides ldq, ldk, ldv
//     bias     float [heads, L, L]
//     y        half [B, L, heads·d], dense
//
// A warp has one query: its lanes take a key each for the scores, and a column each for the sums of values. In between
// the weights are in shared memory. No tensor cores, on purpose: T5-XXL's 24 layers with 256 tokens have 26 GFLOP of
// attention a caption and 2400 of products, and a caption is encoded once a run. attention.cu is the fast one.
//
// Launch: 128 threads, grid (ceil(L / 4), heads, B), 16·(L + d) bytes of dynamic shared memory.
// Preconditions: pointers 16-byte aligned; d and strides multiples of 8.
//
// Bound: L1 and the FP32 units: a warp reads all keys and values of its head, 64 KB at L = 256 and d = 64, for 66 KFLOP.
// Registers and time: not timed.
// Tested against the formula in double (the Java test of tokens).
#include <cmath>

#include "launch.cuh"
#include "ptx.cuh"
#include "reduce.cuh"
#include "vector.cuh"

namespace {

constexpr int Warps = 4;
constexpr int Threads = Warps * 32;
constexpr float Log2e = 1.44269504f;

}  // namespace

extern "C" __global__ void __launch_bounds__(Threads)
attention_biased(const half* q, int ldq, const half* k, int ldk, const half* v, int ldv, const float* bias, half* y, int L,
                 int d)
{
    DYNAMIC_SHARED(float, shared);
    const int warp = threadIdx.x / 32;
    const int lane = threadIdx.x % 32;
    const int i = blockIdx.x * Warps + warp;
    if (i >= L) {                       // a whole warp, and no barrier of the block is behind
        return;
    }
    float* const weight = shared + warp * (L + d);
    float* const query = weight + L;
    const size_t image = static_cast<size_t>(blockIdx.z) * L;
    const int column = blockIdx.y * d;
    for (int c = lane; c < d; c += 32) {
        query[c] = __half2float(q[(image + i) * ldq + column + c]);
    }
    __syncwarp();

    const float* const bias_row = bias + (static_cast<size_t>(blockIdx.y) * L + i) * L;
    float limit = -INFINITY;
    for (int j = lane; j < L; j += 32) {
        const half* const key = k + (image + j) * ldk + column;
        float score = bias_row[j];
        for (int c = 0; c < d; c += 8) {
            float eight[8];
            load(key + c, eight);
#pragma unroll
            for (int e = 0; e < 8; e++) {
                score += query[c + e] * eight[e];
            }
        }
        weight[j] = score;
        limit = fmaxf(limit, score);
    }
    limit = lanes_max<32>(limit);
    float sum = 0.0f;
    for (int j = lane; j < L; j += 32) {
        weight[j] = ex2((weight[j] - limit) * Log2e);
        sum += weight[j];
    }
    sum = lanes_sum<32>(sum);
    __syncwarp();

    for (int c = lane; c < d; c += 32) {
        float value = 0.0f;
        for (int j = 0; j < L; j++) {
            value += weight[j] * __half2float(v[(image + j) * ldv + column + c]);
        }
        y[(image + i) * (gridDim.y * d) + column + c] = __float2half_rn(value / sum);
    }
}
KERNEL_FACTS(attention_biased, attention_biased, flop, fixed, ByLaunch, Warps);
