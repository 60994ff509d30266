// Step 2 of attention (arguments: attention_1_naive.cu): an online softmax, so that no score is ever stored.
//
// A row's maximum m is not known before its last score. But Σ 2^(s − m) v for the maximum so far becomes the sum for a
// larger one, m', by a factor 2^(m − m') (Milakov and Gimelshein, 2018, arXiv 1805.02867). Keys and values are then
// read only once, in tiles that a block shares. Scores live in registers, and memory is accessed for Q, K, V and y
// alone. The scale and log2(e) are one factor before 2ˣ, for which the GPU has an instruction, as it has not for eˣ.
//
// Launch: 64 threads, grid (ceil(Lq / 64), heads), 16 KB of shared memory. A thread has one query, and keeps its 64
// columns of q and of the sum in registers.
//
// A tile of K and V from memory now serves 64 queries. Shared memory is the new limit: each multiply-add of a thread
// reads an operand there, though one that all threads of a warp share (a broadcast). Still no tensor cores are used.
#include "half.cuh"
#include "ptx.cuh"
#include "vector.cuh"

namespace {
constexpr int D = 64;
constexpr int Keys = 64;                                 // a tile
constexpr float Log2e = 1.44269504f;
}

extern "C" __global__ void __launch_bounds__(64)
attention_2_online(const half* q, const half* k, const half* v, half* y, float*, int Lq, int Lk, float scale)
{
    alignas(16) __shared__ half keys[Keys * D];
    alignas(16) __shared__ half values[Keys * D];
    const size_t head = blockIdx.y;
    const int query = blockIdx.x * 64 + threadIdx.x;

    float row[D] = {};
    float sum[D] = {};
    float maximum = -INFINITY;
    float total = 0.0f;
    if (query < Lq) {
#pragma unroll
        for (int c = 0; c < D; c += 8) {
            float part[8];
            load<8>(q + (head * Lq + query) * D + c, part);
#pragma unroll
            for (int i = 0; i < 8; i++) {
                row[c + i] = part[i] * (scale * Log2e);
            }
        }
    }
    for (int first = 0; first < Lk; first += Keys) {
        const int count = min(Keys, Lk - first);
        __syncthreads();
        for (int i = threadIdx.x; i < count * D / 8; i += 64) {
            reinterpret_cast<uint4*>(keys)[i] = reinterpret_cast<const uint4*>(k + (head * Lk + first) * D)[i];
            reinterpret_cast<uint4*>(values)[i] = reinterpret_cast<const uint4*>(v + (head * Lk + first) * D)[i];
        }
        __syncthreads();
        for (int j = 0; j < count; j++) {
            float score = 0.0f;
#pragma unroll
            for (int c = 0; c < D; c += 8) {
                float part[8];
                load<8>(keys + j * D + c, part);
#pragma unroll
                for (int i = 0; i < 8; i++) {
                    score += row[c + i] * part[i];
                }
            }
            const float raised = fmaxf(maximum, score);
            const float correction = ex2(maximum - raised);
            const float weight = ex2(score - raised);
            maximum = raised;
            total = total * correction + weight;
#pragma unroll
            for (int c = 0; c < D; c += 8) {
                float part[8];
                load<8>(values + j * D + c, part);
#pragma unroll
                for (int i = 0; i < 8; i++) {
                    sum[c + i] = sum[c + i] * correction + weight * part[i];
                }
            }
        }
    }
    if (query < Lq) {
#pragma unroll
        for (int c = 0; c < D; c += 8) {
            float part[8];
#pragma unroll
            for (int i = 0; i < 8; i++) {
                part[i] = sum[c + i] / total;
            }
            store<8>(y + (head * Lq + query) * D + c, part);
        }
    }
}
