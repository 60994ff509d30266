// The emulated driver's own types behind the CUDA driver API's handles, and the API's numbers that it uses.
// Calls are serialised by one lock. The functions themselves stand in driver_*.cpp under their exported names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "launch.h"
#include "stream.h"

#define API extern "C" __attribute__((visibility("default"))) CUresult

using CUdevice = int;
using CUdeviceptr = unsigned long long;
using CUcontext = simt::Context*;
using CUmodule = struct Module*;
using CUfunction = struct Function*;
using CUstream = simt::Stream*;
using CUevent = simt::Event*;
using CUgraph = simt::Graph*;
using CUgraphExec = simt::GraphExec*;

namespace simt {
constexpr int SHARED_PER_BLOCK = 48 * 1024;     // static and dynamic, unless a kernel opts in to more
}

struct Function {
    const simt_kernel* kernel;
    Module* module;
    int max_dynamic_shared = simt::SHARED_PER_BLOCK;
    int shared_limit = simt::SHARED_PER_BLOCK;          // of static and dynamic together
};

struct Module {
    std::unique_ptr<simt::Image> image;
    simt::Context* context;
    bool translated;                                    // from PTX, as far as the program can tell
    std::map<std::string, Function> functions;
};

namespace simt {

// The cards, all alike, and the driver that the emulation pretends to be: settings SIMT_DEVICES, SIMT_MULTIPROCESSORS,
// SIMT_SHARED_KB, SIMT_MEMORY_MB, SIMT_COMPUTE_CAPABILITY, SIMT_DRIVER_VERSION and SIMT_SPILLED_BYTES.
int multiprocessors();
int shared_per_block_opt_in();
int compute_capability();
int driver_version();
int spilled_bytes();

std::recursive_mutex& api_lock();
#define LOCKED std::lock_guard lock(simt::api_lock())

// The calling thread's current context; null if it has none. Whether calls may use it: not once something has failed.
Context* current_context();
CUresult context_state();

inline Stream& stream_or_default(CUstream s) {
    // 0x1 and 0x2 are the handles of the legacy and of the per-thread default stream
    return reinterpret_cast<uintptr_t>(s) <= 2 ? current_context()->default_stream : *s;
}

inline char* device(CUdeviceptr p) { return reinterpret_cast<char*>(p); }

// Page-locked host memory that the program asked for: asynchronous copies read and write it late.
bool is_pinned(const void* host);

}

// Every call but the few that need none fails without a context, or in one that has failed, as in the real driver.
#define NEED_CONTEXT                                                                   \
    LOCKED;                                                                            \
    if (CUresult state = simt::context_state(); state != CUDA_SUCCESS) return state
