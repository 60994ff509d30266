// The second pass of an attention whose keys were split among blocks (attention.cu, attention_wide.cu). Each split s
// has left, for every query and head, v_s = Σ weight · v, w_s = Σ weight, and the limit m_s that its weights refer to:
//
//     y = Σ_s f_s v_s / Σ_s f_s w_s,   f_s = 2^((m_s − max m) · scale · log2(e))
//
//     partial  float [splits, rows, d + 8]: v_s, m_s, w_s, six unused
//     y        half [rows / heads, heads·d], row stride ldy; row r of partial is head r % heads of row r / heads
//
// Splits are added in their order: the same launch gives the same bits.
// Preconditions: pointers 16-byte aligned; d and ldy multiples of 8.
//
// Launch: 256 threads, grid ceil(rows · d / 8 / 256), no shared memory. A thread makes 8 columns.
//
// Bound: bytes, 4·splits·(d + 8) read and 2·d written a row; the limits are read by d / 8 threads but once from memory.
// Tested against softmax(q kᵀ) v in double (the Java test of attention).
#include <cmath>

#include "half.cuh"
#include "launch.cuh"
#include "ptx.cuh"
#include "vector.cuh"

constexpr float Log2e = 1.44269504f;

extern "C" __global__ void __launch_bounds__(256)
attention_merge(const float* partial, int splits, half* y, int ldy, int rows, int heads, int d, float scale)
{
    const int chunks = d / 8;
    const int i = blockIdx.x * 256 + threadIdx.x;
    const int row = i / chunks;
    const int chunk = i % chunks;
    if (row >= rows) {
        return;
    }
    const size_t split = static_cast<size_t>(rows) * (d + 8);
    const float* const first = partial + static_cast<size_t>(row) * (d + 8);

    float limit = -INFINITY;
    for (int s = 0; s < splits; s++) {
        limit = fmaxf(limit, *(first + s * split + d));
    }
    float value[8] = {};
    float weight = 0.0f;
    for (int s = 0; s < splits; s++) {
        float softmax[4], part[8];
        load<4>(first + s * split + d, softmax);
        load<8>(first + s * split + chunk * 8, part);
        const float factor = ex2((softmax[0] - limit) * (scale * Log2e));
        weight += factor * softmax[1];
#pragma unroll
        for (int c = 0; c < 8; c++) {
            value[c] += factor * part[c];
        }
    }
#pragma unroll
    for (int c = 0; c < 8; c++) {
        value[c] /= weight;
    }
    store<8>(y + static_cast<size_t>(row / heads) * ldy + row % heads * d + chunk * 8, value);
}
KERNEL_FACTS(attention_merge, attention, bytes, fixed, 0, 256 * 8);
