// A row of fp16 numbers and its moments, for kernels that normalise rows: a warp a row.
#pragma once

#include "reduce.cuh"
#include "vector.cuh"

struct Moments {
    float mean, inverse;                // μ and 1 / √(σ² + ε)
};

// A row of up to Vectors · 256 numbers in a warp's registers, eight neighbours a lane at a time, as the fp16 it is in
// memory: half the registers, for a conversion a pass. C is a multiple of 8.
template <int Vectors>
struct Row {
    half2 v[Vectors][4];

    // The first of a lane's numbers; the others follow 256 apart.
    static __device__ __forceinline__ int first() { return threadIdx.x % 32 * 8; }

    static __device__ __forceinline__ bool has(int i, int C) { return first() + i * 256 < C; }

    // source is the row's start plus first().
    __device__ __forceinline__ void load_from(const half* source, int C)
    {
#pragma unroll
        for (int i = 0; i < Vectors; i++) {
            if (has(i, C)) {
                load(source + i * 256, v[i]);
            } else {
                clear(v[i]);
            }
        }
    }

    __device__ __forceinline__ Moments moments(int C, float epsilon) const
    {
        float sum = 0.0f;
#pragma unroll
        for (int i = 0; i < Vectors; i++) {
#pragma unroll
            for (int j = 0; j < 4; j++) {
                const float2 u = __half22float2(v[i][j]);
                sum += u.x + u.y;
            }
        }
        const float mean = __fdividef(lanes_sum<32>(sum), C);
        float squares = 0.0f;
#pragma unroll
        for (int i = 0; i < Vectors; i++) {
            if (has(i, C)) {
#pragma unroll
                for (int j = 0; j < 4; j++) {
                    const float2 u = __half22float2(v[i][j]);
                    squares += (u.x - mean) * (u.x - mean) + (u.y - mean) * (u.y - mean);
                }
            }
        }
        return {mean, rsqrtf(__fdividef(lanes_sum<32>(squares), C) + epsilon)};
    }
};

// The same of a row of any length, read twice where it is.
__device__ __forceinline__ Moments moments_of(const half* row, int C, float epsilon)
{
    const int lane = threadIdx.x % 32;
    float sum = 0.0f;
    for (int c = lane; c < C; c += 32) {
        sum += __half2float(row[c]);
    }
    const float mean = __fdividef(lanes_sum<32>(sum), C);
    float squares = 0.0f;
    for (int c = lane; c < C; c += 32) {
        const float d = __half2float(row[c]) - mean;
        squares += d * d;
    }
    return {mean, rsqrtf(__fdividef(lanes_sum<32>(squares), C) + epsilon)};
}
