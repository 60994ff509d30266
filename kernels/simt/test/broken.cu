// Kernels with one fault each. The harness must name the line marked "fault", the kernel, the block and the thread.
// Two marks where either side of a race or of a mismatch may be the one that is caught, as the order will have it.
#include "half.cuh"
#include "launch.cuh"
#include "ptx.cuh"

extern "C" __global__ void missing_syncthreads(float* out) {
    __shared__ float s[64];
    s[threadIdx.x] = 0;
    __syncthreads();
    s[threadIdx.x] = threadIdx.x;                                   // fault
    out[threadIdx.x] = s[63 - threadIdx.x];                         // fault
}

// The loop's second turn overwrites what others still read.
extern "C" __global__ void missing_second_syncthreads(float* out) {
    __shared__ float s[64];
    float sum = 0;
    for (int i = 0; i < 2; i++) {
        s[threadIdx.x] = i;                                         // fault
        __syncthreads();
        sum += s[63 - threadIdx.x];                                 // fault
    }
    out[threadIdx.x] = sum;
}

extern "C" __global__ void off_by_one_store(float* out) {
    out[blockIdx.x * blockDim.x + threadIdx.x + 1] = 0;             // fault
}

extern "C" __global__ void off_by_one_shared(float* out) {
    DYNAMIC_SHARED(float, s);
    s[threadIdx.x + 1] = 0;                                         // fault
    out[threadIdx.x] = 0;
}

extern "C" __global__ void exit_before_barrier(float* out) {
    if (threadIdx.x == 5) return;
    __syncthreads();                                                // fault
    out[threadIdx.x] = 0;
}

extern "C" __global__ void divergent_barrier(float* out) {
    if (threadIdx.x % 2) {
        __syncthreads();                                            // fault
    } else {
        __syncthreads();                                            // fault
    }
    out[threadIdx.x] = 0;
}

extern "C" __global__ void missing_wait(const uint4* x, uint4* out) {
    __shared__ uint4 s[64];
    cp_async_16(&s[threadIdx.x], &x[threadIdx.x], 16);
    cp_async_commit();
    out[threadIdx.x] = s[threadIdx.x];                              // fault
}

extern "C" __global__ void wait_for_the_wrong_group(const uint4* x, uint4* out) {
    __shared__ uint4 s[2][64];
    for (int i = 0; i < 2; i++) {
        cp_async_16(&s[i][threadIdx.x], &x[threadIdx.x], 16);
        cp_async_commit();
    }
    cp_async_wait<1>();
    __syncthreads();
    out[threadIdx.x] = s[1][threadIdx.x];                           // fault
}

extern "C" __global__ void wait_without_barrier(const uint4* x, uint4* out) {
    __shared__ uint4 s[64];
    s[threadIdx.x] = make_uint4(0, 0, 0, 0);
    __syncthreads();
    cp_async_16(&s[threadIdx.x], &x[threadIdx.x], 16);              // fault
    cp_async_commit();
    cp_async_wait<0>();
    out[threadIdx.x] = s[63 - threadIdx.x];                         // fault
}

extern "C" __global__ void ldmatrix_without_wait(const uint4* x, uint32_t* out) {
    __shared__ uint4 s[32];
    cp_async_16(&s[threadIdx.x], &x[threadIdx.x], 16);
    cp_async_commit();
    uint32_t r[4];
    ldmatrix_x4(r, &s[threadIdx.x]);                                // fault
    out[threadIdx.x] = r[0] + r[1] + r[2] + r[3];
}

extern "C" __global__ void wrong_mask(float* out) {
    float v = threadIdx.x;
    if (threadIdx.x < 16) {
        v += __shfl_xor_sync(0xffffffffu, v, 1);                    // fault
    } else {
        v += __shfl_xor_sync(0xffff0000u, v, 1);
    }
    out[threadIdx.x] = v;
}

extern "C" __global__ void different_places(float* out) {
    float v = threadIdx.x;
    if (threadIdx.x < 16) {
        v += __shfl_xor_sync(0xffffffffu, v, 1);                    // fault
    } else {
        v += __shfl_xor_sync(0xffffffffu, v, 1);                    // fault
    }
    out[threadIdx.x] = v;
}

extern "C" __global__ void exited_lane(float* out) {
    if (threadIdx.x >= 24) return;
    out[threadIdx.x] = __shfl_xor_sync(0xffffffffu, 1.0f, 1);       // fault
}

extern "C" __global__ void shuffle_from_outside(float* out) {
    if (threadIdx.x < 16) out[threadIdx.x] = __shfl_sync(0xffffu, 1.0f, 20);    // fault
}

extern "C" __global__ void host_pointer(const float* host, float* out) {
    out[threadIdx.x] = host[threadIdx.x];                           // fault
}

extern "C" __global__ void unwritten_shared(float* out) {
    __shared__ float s[64];
    if (threadIdx.x < 63) s[threadIdx.x] = 0;
    __syncthreads();
    out[threadIdx.x] = s[threadIdx.x];                              // fault
}

extern "C" __global__ void unwritten_device(const half* x, half* out) {
    out[threadIdx.x] = x[threadIdx.x];                              // fault
}

extern "C" __global__ void misaligned(const float* x, float4* out) {
    out[threadIdx.x] = *reinterpret_cast<const float4*>(x + 1 + 4 * threadIdx.x);   // fault
}

extern "C" __global__ void misaligned_ldmatrix(const uint4* x, uint32_t* out) {
    __shared__ __align__(16) half s[32 * 9];
    s[threadIdx.x * 9] = __float2half_rn(0);
    __syncwarp();
    uint32_t r[4];
    ldmatrix_x4(r, &s[threadIdx.x * 8 + 4]);                        // fault
    out[threadIdx.x] = r[0];
}

extern "C" __global__ void race_between_blocks(float* out) {
    out[threadIdx.x] = blockIdx.x;                                  // fault
}

extern "C" __global__ void read_from_another_block(float* out) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    out[i] = 1;                                                     // fault
    float v = out[(i + blockDim.x) % (gridDim.x * blockDim.x)];     // fault
    if (v == 0) out[i] = 0;
}

extern "C" __global__ void race_within_a_warp(float* out) {
    __shared__ float s[32];
    s[threadIdx.x] = 0;
    __syncwarp();
    s[threadIdx.x] = 1;                                             // fault
    out[threadIdx.x] = s[31 - threadIdx.x];                         // fault
}

// A shuffle makes lanes meet, but puts no memory in order.
extern "C" __global__ void shuffle_for_syncwarp(float* out) {
    __shared__ float s[32];
    s[threadIdx.x] = 0;
    __syncwarp();
    s[threadIdx.x] = threadIdx.x;                                   // fault
    float one = __shfl_xor_sync(0xffffffffu, 1.0f, 1);
    out[threadIdx.x] = one + s[31 - threadIdx.x];                   // fault
}

// Each half of the warp is in order with itself only.
extern "C" __global__ void syncwarp_of_half(float* out) {
    __shared__ float s[32];
    s[threadIdx.x] = 0;
    __syncwarp();
    s[threadIdx.x] = threadIdx.x;                                   // fault
    if (threadIdx.x < 16) __syncwarp(0x0000ffffu);
    else __syncwarp(0xffff0000u);
    out[threadIdx.x] = s[31 - threadIdx.x];                         // fault
}

// Each lane names the row that it wrote itself, but gets parts of others.
extern "C" __global__ void ldmatrix_without_syncwarp(uint32_t* out) {
    __shared__ uint4 s[32];
    s[31 - threadIdx.x] = make_uint4(0, 0, 0, 0);
    __syncwarp();
    s[threadIdx.x] = make_uint4(1, 1, 1, 1);                        // fault
    uint32_t r[4];
    ldmatrix_x4(r, &s[threadIdx.x]);                                // fault
    out[threadIdx.x] = r[0] + r[1] + r[2] + r[3];
}

extern "C" __global__ void store_after_ldmatrix(uint32_t* out) {
    __shared__ uint4 s[32];
    s[threadIdx.x] = make_uint4(0, 0, 0, 0);
    __syncwarp();
    uint32_t r[4];
    ldmatrix_x4(r, &s[threadIdx.x]);                                // fault
    s[threadIdx.x] = make_uint4(r[0], r[1], r[2], r[3]);            // fault
    out[threadIdx.x] = s[threadIdx.x].x;
}

extern "C" __global__ void wait_without_syncwarp(const uint4* x, uint4* out) {
    __shared__ uint4 s[32];
    s[threadIdx.x] = make_uint4(0, 0, 0, 0);
    __syncwarp();
    cp_async_16(&s[threadIdx.x], &x[threadIdx.x], 16);              // fault
    cp_async_commit();
    cp_async_wait<0>();
    out[threadIdx.x] = s[31 - threadIdx.x];                         // fault
}

// 16 KB beside the 40 KB of dynamic shared memory that it is launched with.
extern "C" __global__ void large_static_and_dynamic(float* out) {
    __shared__ float s[4096];
    for (int i = threadIdx.x; i < 4096; i += 32) s[i] = 0;          // fault
    out[threadIdx.x] = s[threadIdx.x];
}

extern "C" __global__ void freed_memory(float* out) {
    out[threadIdx.x] = 0;                                           // fault
}

// Caught without checks too: it meets the unmapped page behind the allocation.
extern "C" __global__ void far_beyond(float* out) { out[2000 + threadIdx.x] = 0; }              // fault

extern "C" __global__ void stack_overflow(float* out) {
    volatile float large[20000];
    for (int i = 19999; i >= 0; i -= 100) large[i] = i;                                         // fault
    out[threadIdx.x] = large[threadIdx.x];
}
