// CUDA C++ for g++: forced in front of every .cu file by build.sh. Qualifiers, built-in variables and the warp's
// and block's collectives; types, math and half precision come from the headers beside it.
// Each .cu file is compiled inside an unnamed namespace, so what it may include from the C++ library stands here.
#pragma once

#include <climits>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include "simt_abi.h"
#include "simt_half.h"
#include "simt_launch.h"
#include "simt_math.h"
#include "simt_ptx.h"

#ifndef SIMT_LIST_KERNELS       // build.sh finds the kernels by these words in the preprocessed text
#define __global__
#define __launch_bounds__(...)
#else
#define __launch_bounds__(...) @__VA_ARGS__@
#endif
#define __device__
#define __host__
#define __constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __grid_constant__
#define __align__(N) __attribute__((aligned(N)))
#define __shared__ static thread_local      // one OS thread runs a block at a time

#define threadIdx (simt_self().threadIdx)
#define blockIdx (simt_self().blockIdx)
#define blockDim (simt_self().blockDim)
#define gridDim (simt_self().gridDim)
constexpr int warpSize = 32;

// The last parameter is the caller's place, so that a report names the kernel's line.
inline void __syncthreads(SIMT_HERE) { simt_syncthreads(site); }
inline void __syncwarp(uint32_t mask = 0xffffffffu, SIMT_HERE) { simt_syncwarp(mask, site); }
inline uint32_t __activemask() { return simt_activemask(); }
inline uint32_t __ballot_sync(uint32_t mask, int predicate, SIMT_HERE) {
    return simt_ballot(mask, predicate != 0, site);
}
inline int __any_sync(uint32_t mask, int predicate, SIMT_HERE) { return simt_ballot(mask, predicate != 0, site) != 0; }
inline int __all_sync(uint32_t mask, int predicate, SIMT_HERE) { return simt_ballot(mask, predicate == 0, site) == 0; }

template <class T>
inline T simt_shuffle_as(simt_shuffle_kind kind, uint32_t mask, T value, uint32_t lane, int width, simt_site site) {
    static_assert(sizeof(T) <= 8, "shuffles move up to eight bytes");
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof value);
    bits = simt_shuffle(kind, mask, bits, lane, width, site);
    memcpy(&value, &bits, sizeof value);
    return value;
}
template <class T> inline T __shfl_sync(uint32_t mask, T value, int lane, int width = 32, SIMT_HERE) {
    return simt_shuffle_as(SIMT_SHUFFLE_INDEX, mask, value, lane, width, site);
}
template <class T> inline T __shfl_up_sync(uint32_t mask, T value, uint32_t delta, int width = 32, SIMT_HERE) {
    return simt_shuffle_as(SIMT_SHUFFLE_UP, mask, value, delta, width, site);
}
template <class T> inline T __shfl_down_sync(uint32_t mask, T value, uint32_t delta, int width = 32, SIMT_HERE) {
    return simt_shuffle_as(SIMT_SHUFFLE_DOWN, mask, value, delta, width, site);
}
template <class T> inline T __shfl_xor_sync(uint32_t mask, T value, int lane_mask, int width = 32, SIMT_HERE) {
    return simt_shuffle_as(SIMT_SHUFFLE_XOR, mask, value, lane_mask, width, site);
}

template <class T> inline T __ldg(const T* address) { return *address; }
