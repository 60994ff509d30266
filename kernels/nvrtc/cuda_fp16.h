// fp16 for NVRTC where the toolkit's header of this name is not installed: what half.cuh lists, under the same names.
// Conversions round to nearest even. Source: PTX ISA 8.0, section 9.7.8.21 (cvt).
#pragma once

struct alignas(2) half {
    unsigned short bits;
};

struct alignas(4) half2 {
    half x, y;
};

__device__ __forceinline__ half __float2half_rn(float v)
{
    half h;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(h.bits) : "f"(v));
    return h;
}

__device__ __forceinline__ float __half2float(half h)
{
    float v;
    asm("cvt.f32.f16 %0, %1;" : "=f"(v) : "h"(h.bits));
    return v;
}

__device__ __forceinline__ half2 __halves2half2(half low, half high)
{
    return {low, high};
}

// Two at once: on sm_80 and later one instruction, whose first operand becomes the upper half.
__device__ __forceinline__ half2 __floats2half2_rn(float low, float high)
{
    unsigned int packed;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
    half2 pair;
    memcpy(&pair, &packed, sizeof pair);
    return pair;
}

__device__ __forceinline__ float2 __half22float2(half2 pair)
{
    return {__half2float(pair.x), __half2float(pair.y)};
}
