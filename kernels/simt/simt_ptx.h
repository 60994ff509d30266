// The CPU side of include/ptx.cuh: the same functions, with the PTX ISA's fragment layouts.
// Copies land and fragments are exchanged in the runtime (simt_abi.h), where all lanes of the warp are seen at once.
#pragma once

#include "simt_abi.h"
#include "simt_math.h"

template <class T> inline void opaque(T&) {}

inline void cp_async_16(void* shared, const void* global, int source_bytes = 16, SIMT_HERE) {
    simt_cp_async(shared, global, 16, source_bytes, site);
}
inline void cp_async_8(void* shared, const void* global, int source_bytes = 8, SIMT_HERE) {
    simt_cp_async(shared, global, 8, source_bytes, site);
}
inline void cp_async_4(void* shared, const void* global, int source_bytes = 4, SIMT_HERE) {
    simt_cp_async(shared, global, 4, source_bytes, site);
}
inline void cp_async_commit() { simt_cp_async_commit(); }
template <int N> inline void cp_async_wait() { simt_cp_async_wait(N); }

inline void ldmatrix_x4(uint32_t (&r)[4], const void* row, SIMT_HERE) { simt_ldmatrix(r, 4, false, row, site); }
inline void ldmatrix_x4_trans(uint32_t (&r)[4], const void* row, SIMT_HERE) { simt_ldmatrix(r, 4, true, row, site); }
inline void ldmatrix_x2(uint32_t (&r)[2], const void* row, SIMT_HERE) { simt_ldmatrix(r, 2, false, row, site); }
inline void ldmatrix_x2_trans(uint32_t (&r)[2], const void* row, SIMT_HERE) { simt_ldmatrix(r, 2, true, row, site); }

inline void mma_m16n8k16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], SIMT_HERE) {
    simt_mma(d, a, b, 16, simt_bfloat16, site);
}
inline void mma_m16n8k8(float (&d)[4], const uint32_t (&a)[2], const uint32_t (&b)[1], SIMT_HERE) {
    simt_mma(d, a, b, 8, simt_bfloat16, site);
}

inline float ex2(float x) { return exp2f(x); }
