// Step 1 of attention: the formula as it stands, with the scores in memory.
//
//     y[h, i] = Σ_j softmax_j(scale · q[h, i] · k[h, j]) v[h, j]
//
// All steps have the same arguments: q, y half [heads, Lq, 64]; k, v half [heads, Lk, 64]; scores float [heads, Lq, Lk]
// for this step's intermediate results, which no later one uses. Any Lq and Lk; pointers 16-byte aligned.
//
// Launch: 64 threads, grid (Lq, heads). A block computes one row of y. Its threads share the keys for the scores and
// their exponentials, and the columns for the result.
//
// Each score is written twice and read at least twice, in float32. K and V come from memory, or rather from the L2
// cache, anew for each query: 128 bytes of K for 64 multiply-adds. No tensor cores are used. Each later step removes
// one of these costs.
#include "half.cuh"
#include "reduce.cuh"

namespace {
constexpr int D = 64;
}

extern "C" __global__ void __launch_bounds__(D)
attention_1_naive(const half* q, const half* k, const half* v, half* y, float* scores, int Lq, int Lk, float scale)
{
    const size_t head = blockIdx.y;
    const half* const query = q + (head * Lq + blockIdx.x) * D;
    const half* const keys = k + head * Lk * D;
    const half* const values = v + head * Lk * D;
    float* const score = scores + (head * Lq + blockIdx.x) * Lk;
    __shared__ float maxima[2], totals[2];

    float maximum = -INFINITY;
    for (int j = threadIdx.x; j < Lk; j += D) {
        float sum = 0.0f;
        for (int c = 0; c < D; c++) {
            sum += __half2float(query[c]) * __half2float(keys[j * D + c]);
        }
        score[j] = sum * scale;
        maximum = fmaxf(maximum, sum * scale);
    }
    maximum = lanes_max<32>(maximum);
    if (threadIdx.x % 32 == 0) {
        maxima[threadIdx.x / 32] = maximum;
    }
    __syncthreads();
    maximum = fmaxf(maxima[0], maxima[1]);

    float total = 0.0f;
    for (int j = threadIdx.x; j < Lk; j += D) {
        score[j] = expf(score[j] - maximum);
        total += score[j];
    }
    total = lanes_sum<32>(total);
    if (threadIdx.x % 32 == 0) {
        totals[threadIdx.x / 32] = total;
    }
    __syncthreads();
    total = totals[0] + totals[1];

    float sum = 0.0f;
    for (int j = 0; j < Lk; j++) {
        sum += score[j] * __half2float(values[j * D + threadIdx.x]);
    }
    y[(head * Lq + blockIdx.x) * D + threadIdx.x] = __float2half_rn(sum / total);
}
