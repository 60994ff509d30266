// The border between a kernel image (host-compiled .cu files) and the runtime inside the emulated libcuda.so.1.
// Both sides include this file; everything declared here is exported by the runtime and called by kernel code.
// It leans on one trick: a thread's record lies at the top of its own stack, so the stack pointer finds it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "simt_vector.h"

// A place in a kernel's source. Collectives compare places: all lanes of a warp must meet at the same one.
struct simt_site {
    const char* file;
    int line;
};

// Default argument that captures the caller's place.
#define SIMT_HERE simt_site site = {__builtin_FILE(), __builtin_LINE()}

// What a kernel can see of the thread that runs it.
struct alignas(64) simt_thread {
    uint3 threadIdx;
    uint3 blockIdx;
    dim3 blockDim;
    dim3 gridDim;
    void* dynamic_shared;
};

constexpr uintptr_t SIMT_STACK_BYTES = 64 * 1024;   // per thread, aligned to its size; the lowest page is a guard
constexpr uintptr_t SIMT_THREAD_BYTES = 512;        // reserved at the top of each stack for the thread's record

inline __attribute__((always_inline)) const simt_thread& simt_self() {
    uintptr_t stack;
    asm("mov %%rsp, %0" : "=r"(stack));
    return *reinterpret_cast<const simt_thread*>((stack | (SIMT_STACK_BYTES - 1)) + 1 - SIMT_THREAD_BYTES);
}

enum simt_shuffle_kind { SIMT_SHUFFLE_INDEX, SIMT_SHUFFLE_UP, SIMT_SHUFFLE_DOWN, SIMT_SHUFFLE_XOR };

#pragma GCC visibility push(default)
extern "C" {
void simt_syncthreads(simt_site);
void simt_syncwarp(uint32_t mask, simt_site);
uint64_t simt_shuffle(simt_shuffle_kind, uint32_t mask, uint64_t value, uint32_t lane, int width, simt_site);
uint32_t simt_ballot(uint32_t mask, bool predicate, simt_site);
uint32_t simt_activemask();

// Matrix fragments as the PTX ISA lays them out. matrices: 1, 2 or 4; k: 8 or 16.
void simt_ldmatrix(uint32_t* fragment, int matrices, bool transposed, const void* row, simt_site);
void simt_mma(float* d, const uint32_t* a, const uint32_t* b, int k, bool bfloat16, simt_site);

// Lands at simt_cp_async_wait, not before. bytes: 4, 8 or 16, of which source_bytes are read, the rest is zero.
void simt_cp_async(void* shared, const void* global, int bytes, int source_bytes, simt_site);
void simt_cp_async_commit();
void simt_cp_async_wait(int groups_left);
}
#pragma GCC visibility pop

// One __global__ function. run() reads each parameter at its offset in a packed copy of the launch's parameters.
struct simt_kernel {
    const char* name;
    void (*run)(const char* parameters);
    const uint32_t* sizes;      // bytes of each parameter; each is aligned to 16 in the packed copy
    uint32_t parameters;
    uint32_t max_threads;       // of a block, as __launch_bounds__ declares
};

// What an image exports under the name simt_image.
struct simt_image_table {
    const simt_kernel* const* first;
    const simt_kernel* const* last;
    bool checked;               // compiled with every load and store reported to the runtime
    void (*touch_shared)();     // makes the calling OS thread's copy of the static shared memory exist
};
