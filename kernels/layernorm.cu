// Layer normalisation of rows:
//
//     y[r, c] = (x[r, c] − μ[r]) / √(σ²[r] + ε) · gamma[c] + beta[c]
//
//     x  half [rows, C], row stride ldx       y  half [rows, C], row stride ldy
//     gamma, beta  float [C], null for 1 and 0
//
// Launch: a warp a row; 128 threads, ceil(rows / 4) blocks in x, no dynamic shared memory.
// Preconditions: pointers 16-byte aligned. layernorm: C, ldx, ldy multiples of 8, C ≤ 2048 (a row stays in registers);
// layernorm_any: free.
//
// Bound: bytes, 4 an element: the row is read once and kept in registers between its three passes (mean, variance,
// result). layernorm_any reads it three times, twice from the L1 cache.
// Tested against mean and variance in double (the Java test of this name).
// Tried: this is the first version. Not timed.
#include "reduce.cuh"
#include "vector.cuh"

namespace {

constexpr int Threads = 128;
constexpr int Vectors = 8;              // of 8 elements, a lane: rows of up to 2048

}  // namespace

extern "C" __global__ void __launch_bounds__(Threads)
layernorm(const half* x, int ldx, const float* gamma, const float* beta, float epsilon, half* y, int ldy, int rows,
          int C)
{
    const int lane = threadIdx.x % 32;
    const int row = blockIdx.x * (Threads / 32) + threadIdx.x / 32;
    if (row >= rows) {
        return;
    }
    x += static_cast<size_t>(row) * ldx;
    y += static_cast<size_t>(row) * ldy;

    float v[Vectors][8];
    float sum = 0.0f;
#pragma unroll
    for (int i = 0; i < Vectors; i++) {
        const int c = (i * 32 + lane) * 8;
        if (c < C) {
            load(x + c, v[i]);
#pragma unroll
            for (int j = 0; j < 8; j++) {
                sum += v[i][j];
            }
        }
    }
    const float mean = lanes_sum<32>(sum) / C;
    float squares = 0.0f;
#pragma unroll
    for (int i = 0; i < Vectors; i++) {
        if ((i * 32 + lane) * 8 < C) {
#pragma unroll
            for (int j = 0; j < 8; j++) {
                v[i][j] -= mean;
                squares += v[i][j] * v[i][j];
            }
        }
    }
    const float inverse = rsqrtf(lanes_sum<32>(squares) / C + epsilon);
#pragma unroll
    for (int i = 0; i < Vectors; i++) {
        const int c = (i * 32 + lane) * 8;
        if (c < C) {
            float scale[8] = {1.0f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f};
            float offset[8] = {};
            if (gamma != nullptr) {
                load(gamma + c, scale);
            }
            if (beta != nullptr) {
                load(beta + c, offset);
            }
#pragma unroll
            for (int j = 0; j < 8; j++) {
                v[i][j] = v[i][j] * inverse * scale[j] + offset[j];
            }
            store(y + c, v[i]);
        }
    }
}

extern "C" __global__ void __launch_bounds__(Threads)
layernorm_any(const half* x, int ldx, const float* gamma, const float* beta, float epsilon, half* y, int ldy, int rows,
              int C)
{
    const int lane = threadIdx.x % 32;
    const int row = blockIdx.x * (Threads / 32) + threadIdx.x / 32;
    if (row >= rows) {
        return;
    }
    x += static_cast<size_t>(row) * ldx;
    y += static_cast<size_t>(row) * ldy;

    float sum = 0.0f;
    for (int c = lane; c < C; c += 32) {
        sum += __half2float(x[c]);
    }
    const float mean = lanes_sum<32>(sum) / C;
    float squares = 0.0f;
    for (int c = lane; c < C; c += 32) {
        const float d = __half2float(x[c]) - mean;
        squares += d * d;
    }
    const float inverse = rsqrtf(lanes_sum<32>(squares) / C + epsilon);
    for (int c = lane; c < C; c += 32) {
        const float scale = gamma == nullptr ? 1.0f : gamma[c];
        const float offset = beta == nullptr ? 0.0f : beta[c];
        y[c] = __float2half_rn((__half2float(x[c]) - mean) * inverse * scale + offset);
    }
}
