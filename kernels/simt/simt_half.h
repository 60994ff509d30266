// The part of cuda_fp16.h that the kernels use: storage and conversion, rounding to nearest even (F16C). Where BFLOAT16 is
// defined, half is bf16, the upper half of a float: see include/half.cuh.
// Arithmetic is absent on purpose: kernels compute in fp32.
#pragma once

#include <cstdint>
#include <cstring>
#include <immintrin.h>

struct half {
    uint16_t bits;
};

struct alignas(4) half2 {
    half x, y;
};

using __half = half;
using __half2 = half2;

#ifdef BFLOAT16
constexpr bool simt_bfloat16 = true;

inline half __float2half_rn(float v) {
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    const uint32_t rounded = bits + 0x7fff + (bits >> 16 & 1);              // a carry runs on into the exponent
    return {static_cast<uint16_t>((v == v ? rounded : bits | 0x400000) >> 16)};
}
inline float __half2float(half v) {
    const uint32_t bits = uint32_t(v.bits) << 16;
    float number;
    memcpy(&number, &bits, sizeof number);
    return number;
}
#else
constexpr bool simt_bfloat16 = false;

inline half __float2half_rn(float v) { return {static_cast<uint16_t>(_cvtss_sh(v, _MM_FROUND_TO_NEAREST_INT))}; }
inline float __half2float(half v) { return _cvtsh_ss(v.bits); }
#endif
inline half __float2half(float v) { return __float2half_rn(v); }

inline half2 __halves2half2(half low, half high) { return {low, high}; }
inline half2 __floats2half2_rn(float low, float high) { return {__float2half_rn(low), __float2half_rn(high)}; }
inline half2 __float22half2_rn(float2 v) { return __floats2half2_rn(v.x, v.y); }
inline half2 __float2half2_rn(float v) { return __floats2half2_rn(v, v); }
inline float2 __half22float2(half2 v) { return {__half2float(v.x), __half2float(v.y)}; }
inline float __low2float(half2 v) { return __half2float(v.x); }
inline float __high2float(half2 v) { return __half2float(v.y); }
inline half __low2half(half2 v) { return v.x; }
inline half __high2half(half2 v) { return v.y; }

inline uint16_t __half_as_ushort(half v) { return v.bits; }
inline half __ushort_as_half(uint16_t bits) { return {bits}; }
