// CUDA's device math that the C library lacks or names differently. The fast intrinsics (__expf, __fdividef, ...)
// are the accurate functions here: a test's tolerance must cover the device's error, not this one's.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

inline float __expf(float x) { return expf(x); }
inline float __exp2f(float x) { return exp2f(x); }
inline float __logf(float x) { return logf(x); }
inline float __log2f(float x) { return log2f(x); }
inline float __sinf(float x) { return sinf(x); }
inline float __cosf(float x) { return cosf(x); }
inline void __sincosf(float x, float* s, float* c) { *s = sinf(x), *c = cosf(x); }
inline float __powf(float x, float y) { return powf(x, y); }
inline float __fdividef(float x, float y) { return x / y; }
inline float __frcp_rn(float x) { return 1.0f / x; }
inline float __fsqrt_rn(float x) { return sqrtf(x); }
inline float __frsqrt_rn(float x) { return 1.0f / sqrtf(x); }
inline float __fmaf_rn(float x, float y, float z) { return fmaf(x, y, z); }
inline float __fadd_rn(float x, float y) { return x + y; }
inline float __fsub_rn(float x, float y) { return x - y; }
inline float __fmul_rn(float x, float y) { return x * y; }
inline float __fdiv_rn(float x, float y) { return x / y; }
inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }
inline float __saturatef(float x) { return x > 0 ? (x < 1 ? x : 1.0f) : 0.0f; }   // NaN gives 0, as on the device

inline void sincospif(float x, float* s, float* c) {
    double angle = 3.14159265358979323846 * x;
    *s = static_cast<float>(std::sin(angle));
    *c = static_cast<float>(std::cos(angle));
}
inline float sinpif(float x) { float s, c; sincospif(x, &s, &c); return s; }
inline float cospif(float x) { float s, c; sincospif(x, &s, &c); return c; }

// Host compilers see the C library's overloads of these; CUDA takes mixed integer types.
template <class A, class B> constexpr auto min(A a, B b) { return b < a ? b : a; }
template <class A, class B> constexpr auto max(A a, B b) { return a < b ? b : a; }
inline float min(float a, float b) { return fminf(a, b); }
inline float max(float a, float b) { return fmaxf(a, b); }

inline uint32_t __umulhi(uint32_t a, uint32_t b) { return static_cast<uint32_t>((uint64_t(a) * b) >> 32); }
inline int32_t __mulhi(int32_t a, int32_t b) { return static_cast<int32_t>((int64_t(a) * b) >> 32); }
inline int __popc(uint32_t v) { return __builtin_popcount(v); }
inline int __clz(int v) { return v == 0 ? 32 : __builtin_clz(static_cast<uint32_t>(v)); }
inline int __ffs(int v) { return __builtin_ffs(v); }

template <class To, class From> inline To simt_bits(From from) {
    static_assert(sizeof(To) == sizeof(From), "same size");
    To to;
    memcpy(&to, &from, sizeof to);
    return to;
}
inline uint32_t __float_as_uint(float v) { return simt_bits<uint32_t>(v); }
inline int32_t __float_as_int(float v) { return simt_bits<int32_t>(v); }
inline float __uint_as_float(uint32_t v) { return simt_bits<float>(v); }
inline float __int_as_float(int32_t v) { return simt_bits<float>(v); }
inline float __uint2float_rn(uint32_t v) { return static_cast<float>(v); }
inline float __int2float_rn(int32_t v) { return static_cast<float>(v); }
