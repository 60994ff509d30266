// Groups of V neighbouring fp16 (or float) numbers as floats: one memory access of 2·V bytes where V = 8, 4 or 1; and
// eight fp16 numbers as they are in memory, which take half the registers.
#pragma once

#include <cstring>

#include "half.cuh"

template <int V>
struct Halves;

template <>
struct Halves<8> {
    using Word = uint4;
};

template <>
struct Halves<4> {
    using Word = uint2;
};

// 2·N numbers; N = 4 or 2.
template <int N>
__device__ __forceinline__ void load(const half* x, half2 (&pairs)[N])
{
    const auto word = *reinterpret_cast<const typename Halves<2 * N>::Word*>(x);
    memcpy(pairs, &word, sizeof word);
}

template <int N>
__device__ __forceinline__ void store(half* y, const half2 (&pairs)[N])
{
    typename Halves<2 * N>::Word word;
    memcpy(&word, pairs, sizeof word);
    *reinterpret_cast<typename Halves<2 * N>::Word*>(y) = word;
}

template <int N>
__device__ __forceinline__ void clear(half2 (&pairs)[N])
{
#pragma unroll
    for (int i = 0; i < N; i++) {
        pairs[i] = __floats2half2_rn(0.0f, 0.0f);
    }
}

template <int V>
__device__ __forceinline__ void load(const half* x, float (&v)[V])
{
    if constexpr (V == 1) {
        v[0] = __half2float(*x);
    } else {
        half2 pairs[V / 2];
        load(x, pairs);
#pragma unroll
        for (int i = 0; i < V / 2; i++) {
            const float2 pair = __half22float2(pairs[i]);
            v[2 * i] = pair.x;
            v[2 * i + 1] = pair.y;
        }
    }
}

template <int V>
__device__ __forceinline__ void store(half* y, const float (&v)[V])
{
    if constexpr (V == 1) {
        *y = __float2half_rn(v[0]);
    } else {
        half2 pairs[V / 2];
#pragma unroll
        for (int i = 0; i < V / 2; i++) {
            pairs[i] = __floats2half2_rn(v[2 * i], v[2 * i + 1]);
        }
        store(y, pairs);
    }
}

template <int V>
__device__ __forceinline__ void load(const float* x, float (&v)[V])
{
    if constexpr (V == 1) {
        v[0] = *x;
    } else {
#pragma unroll
        for (int i = 0; i < V; i += 4) {
            const float4 four = *reinterpret_cast<const float4*>(x + i);
            v[i] = four.x;
            v[i + 1] = four.y;
            v[i + 2] = four.z;
            v[i + 3] = four.w;
        }
    }
}

template <int V>
__device__ __forceinline__ void store(float* y, const float (&v)[V])
{
    if constexpr (V == 1) {
        *y = v[0];
    } else {
#pragma unroll
        for (int i = 0; i < V; i += 4) {
            *reinterpret_cast<float4*>(y + i) = make_float4(v[i], v[i + 1], v[i + 2], v[i + 3]);
        }
    }
}
