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
using CUcontext = struct Context*;
using CUmodule = struct Module*;
using CUfunction = struct Function*;
using CUstream = simt::Stream*;
using CUevent = simt::Event*;
using CUgraph = simt::Graph*;
using CUgraphExec = simt::GraphExec*;

struct Context {
    unsigned flags = 0;
    std::set<char*> memory;             // device memory that goes with the context
};

struct Function {
    const simt_kernel* kernel;
    Module* module;
    int max_dynamic_shared = 48 * 1024;
};

struct Module {
    std::unique_ptr<simt::Image> image;
    std::map<std::string, Function> functions;
};

namespace simt {

// The device that the emulation pretends to be: settings SIMT_SHARED_KB and SIMT_MEMORY_MB.
constexpr int MULTIPROCESSORS = 8;
int shared_per_block_opt_in();

std::recursive_mutex& api_lock();
#define LOCKED std::lock_guard lock(simt::api_lock())

// The calling thread's current context; null if it has none.
Context* current_context();

inline char* device(CUdeviceptr p) { return reinterpret_cast<char*>(p); }

// Page-locked host memory that the program asked for: asynchronous copies read and write it late.
bool is_pinned(const void* host);

}

// Every call but the few that need none fails without a context, as in the real driver.
#define NEED_CONTEXT                                                                   \
    LOCKED;                                                                            \
    if (!simt::current_context()) return CUDA_ERROR_INVALID_CONTEXT
