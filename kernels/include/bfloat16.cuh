// bf16 under the names that cuda_fp16.h has for fp16: the toolkit's own header names every function otherwise. A bf16 is
// the upper half of a float. Conversions round to nearest even. Source: PTX ISA 8.0, section 9.7.8.21 (cvt); sm_80.
#pragma once

#include <cstdint>
#include <cstring>

struct alignas(2) half {
    unsigned short bits;
};

struct alignas(4) half2 {
    half x, y;
};

__device__ __forceinline__ half __float2half_rn(float v)
{
    half h;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(h.bits) : "f"(v));
    return h;
}

__device__ __forceinline__ float __half2float(half h)
{
    return __uint_as_float(static_cast<uint32_t>(h.bits) << 16);
}

__device__ __forceinline__ half2 __halves2half2(half low, half high)
{
    return {low, high};
}

// Two at once: one instruction, whose first operand becomes the upper half.
__device__ __forceinline__ half2 __floats2half2_rn(float low, float high)
{
    uint32_t packed;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
    half2 pair;
    memcpy(&pair, &packed, sizeof pair);
    return pair;
}

__device__ __forceinline__ float2 __half22float2(half2 pair)
{
    uint32_t packed;
    memcpy(&packed, &pair, sizeof packed);
    return make_float2(__uint_as_float(packed << 16), __uint_as_float(packed & 0xffff0000u));
}
