// Rows of fp16 numbers brought to mean 0 and deviation 1, times a scale, plus an offset: the loop that layernorm.cu and
// adaln.cu share. A warp takes a row and then every (4 · gridDim.x)-th; 128 threads a block.
//
// Affine says what scale and offset are: load_eight(c, inside, scale, offset) for channels c to c + 7, anything where they
// are not inside; at(c) for one, as {scale, offset}.
#pragma once

#include "reduce.cuh"
#include "vector.cuh"

constexpr int NormWarps = 4;
constexpr int NormThreads = 32 * NormWarps;
constexpr int NormColumns = 32 * 8;                 // of a row that a warp has at once
constexpr int AnyColumns = 2147483647;

// Rows of up to Vectors · 256 elements, eight a lane at a time. A row stays in registers, as fp16, from its only read to
// its write; scale and offset stay there from row to row.
template <int Vectors, class Affine>
__device__ __forceinline__ void normalise(const half* x, int ldx, const Affine& affine, float epsilon, half* y, int ldy,
                                          int rows, int C)
{
    const int first = threadIdx.x % 32 * 8;
    const auto has = [&](int i) { return first + i * 256 < C; };
    float scale[Vectors][8], offset[Vectors][8];
#pragma unroll
    for (int i = 0; i < Vectors; i++) {
        affine.load_eight(first + i * 256, has(i), scale[i], offset[i]);
    }
    for (int row = blockIdx.x * NormWarps + threadIdx.x / 32; row < rows; row += gridDim.x * NormWarps) {
        const half* const source = x + static_cast<size_t>(row) * ldx + first;
        half* const destination = y + static_cast<size_t>(row) * ldy + first;
        half2 v[Vectors][4];
        float sum = 0.0f;
#pragma unroll
        for (int i = 0; i < Vectors; i++) {
            if (has(i)) {
                load(source + i * 256, v[i]);
            } else {
                clear(v[i]);
            }
        }
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
            if (has(i)) {
#pragma unroll
                for (int j = 0; j < 4; j++) {
                    const float2 u = __half22float2(v[i][j]);
                    squares += (u.x - mean) * (u.x - mean) + (u.y - mean) * (u.y - mean);
                }
            }
        }
        const float inverse = rsqrtf(__fdividef(lanes_sum<32>(squares), C) + epsilon);
#pragma unroll
        for (int i = 0; i < Vectors; i++) {
            if (has(i)) {
#pragma unroll
                for (int j = 0; j < 4; j++) {
                    const float2 u = __half22float2(v[i][j]);
                    v[i][j] = __floats2half2_rn((u.x - mean) * inverse * scale[i][2 * j] + offset[i][2 * j],
                                                (u.y - mean) * inverse * scale[i][2 * j + 1] + offset[i][2 * j + 1]);
                }
                store(destination + i * 256, v[i]);
            }
        }
    }
}

// The same of rows of any length, which are read three times, twice from the L1 cache.
template <class Affine>
__device__ __forceinline__ void normalise_any(const half* x, int ldx, const Affine& affine, float epsilon, half* y,
                                              int ldy, int rows, int C)
{
    const int lane = threadIdx.x % 32;
    for (int row = blockIdx.x * NormWarps + threadIdx.x / 32; row < rows; row += gridDim.x * NormWarps) {
        const half* const source = x + static_cast<size_t>(row) * ldx;
        half* const destination = y + static_cast<size_t>(row) * ldy;
        float sum = 0.0f;
        for (int c = lane; c < C; c += 32) {
            sum += __half2float(source[c]);
        }
        const float mean = __fdividef(lanes_sum<32>(sum), C);
        float squares = 0.0f;
        for (int c = lane; c < C; c += 32) {
            const float d = __half2float(source[c]) - mean;
            squares += d * d;
        }
        const float inverse = rsqrtf(__fdividef(lanes_sum<32>(squares), C) + epsilon);
        for (int c = lane; c < C; c += 32) {
            const float2 a = affine.at(c);
            destination[c] = __float2half_rn((__half2float(source[c]) - mean) * inverse * a.x + a.y);
        }
    }
}
