// Every instruction that has no C++ spelling: asynchronous copies, matrix loads, matrix multiply-accumulate, 2ˣ; but for
// conversions of bf16, which are in bfloat16.cuh.
// Which lane holds which element is in fragments.cuh. Source: PTX ISA 8.0, sections 9.7.8.22 (cp.async), 9.7.14.5
// (mma.m16n8k8, m16n8k16, ldmatrix), 9.7.3.19 (ex2). All need sm_80.
#pragma once

#ifdef __SIMT__
#include "simt_ptx.h"
#else
#include <cstdint>

#include "half.cuh"

__device__ __forceinline__ uint32_t shared_address(const void* shared)
{
    return static_cast<uint32_t>(__cvta_generic_to_shared(shared));
}

// Nothing happens, but the compiler no longer knows how the value came about: it cannot fold it into others, nor
// compute it again where it is used.
__device__ __forceinline__ void opaque(const half*& pointer)
{
    asm volatile("" : "+l"(pointer));
}

__device__ __forceinline__ void opaque(unsigned& value)
{
    asm volatile("" : "+r"(value));
}

// Copies source_bytes (0 to 16) to shared memory past the L1 cache and fills the rest of the 16 bytes with zeros. Both
// addresses are multiples of 16; global is not read if source_bytes is 0.
__device__ __forceinline__ void cp_async_16(void* shared, const void* global, int source_bytes)
{
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(shared)), "l"(global),
                 "r"(source_bytes)
                 : "memory");
}

// All 16 bytes.
__device__ __forceinline__ void cp_async_16(void* shared, const void* global)
{
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(shared_address(shared)), "l"(global) : "memory");
}

// Ends a group of this thread's copies.
__device__ __forceinline__ void cp_async_commit()
{
    asm volatile("cp.async.commit_group;" ::: "memory");
}

// Waits until all but the newest N groups of this thread have landed.
template <int N>
__device__ __forceinline__ void cp_async_wait()
{
    asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
}

// Four 8×8 matrices of 16-bit elements; lane 8·i + j holds the address of row j of matrix i (16 bytes).
__device__ __forceinline__ void ldmatrix_x4(uint32_t (&r)[4], const void* row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address(row))
                 : "memory");
}

__device__ __forceinline__ void ldmatrix_x4_trans(uint32_t (&r)[4], const void* row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address(row))
                 : "memory");
}

// Two matrices; the addresses of lanes 16 to 31 are not used.
__device__ __forceinline__ void ldmatrix_x2(uint32_t (&r)[2], const void* row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];"
                 : "=r"(r[0]), "=r"(r[1])
                 : "r"(shared_address(row))
                 : "memory");
}

__device__ __forceinline__ void ldmatrix_x2_trans(uint32_t (&r)[2], const void* row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
                 : "=r"(r[0]), "=r"(r[1])
                 : "r"(shared_address(row))
                 : "memory");
}

// The type of the factors of a matrix multiply-accumulate: half's.
#ifdef BFLOAT16
#define MMA_FACTORS "bf16.bf16"
#else
#define MMA_FACTORS "f16.f16"
#endif

// d [16,8] += a [16,16] b [16,8], fp32 sums.
__device__ __forceinline__ void mma_m16n8k16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2])
{
    asm("mma.sync.aligned.m16n8k16.row.col.f32." MMA_FACTORS ".f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
                 "{%0, %1, %2, %3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// d [16,8] += a [16,8] b [8,8].
__device__ __forceinline__ void mma_m16n8k8(float (&d)[4], const uint32_t (&a)[2], const uint32_t (&b)[1])
{
    asm("mma.sync.aligned.m16n8k8.row.col.f32." MMA_FACTORS ".f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(b[0]));
}

// 2ˣ to 2 ulp; 0 for −∞.
__device__ __forceinline__ float ex2(float x)
{
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}
#endif
