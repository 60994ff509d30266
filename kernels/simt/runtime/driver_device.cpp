// Driver API: initialisation, the cards, contexts.
#include <cstdio>
#include <cstring>
#include <map>
#include <vector>

#include "driver.h"
#include "memory.h"

namespace simt {

std::recursive_mutex& api_lock() {
    static auto& mutex = *new std::recursive_mutex;
    return mutex;
}

// 99 KB is what compute capability 8.6, 8.9 and 12.0 grant; 163 KB is 8.0's, 227 KB 9.0's.
int multiprocessors() { return static_cast<int>(setting("SIMT_MULTIPROCESSORS", 8)); }
int shared_per_block_opt_in() { return static_cast<int>(setting("SIMT_SHARED_KB", 99)) * 1024; }

// As a card and a driver that these kernels run on, unless a test wants others.
int compute_capability() { return static_cast<int>(setting("SIMT_COMPUTE_CAPABILITY", 80)); }
int driver_version() { return static_cast<int>(setting("SIMT_DRIVER_VERSION", 13000)); }
int spilled_bytes() { return static_cast<int>(setting("SIMT_SPILLED_BYTES", 0)); }
static int devices() { return static_cast<int>(setting("SIMT_DEVICES", 1)); }

static bool initialised = false;

struct Primary {
    explicit Primary(int card) : context(card) {}

    Context context;
    int uses = 0;
    unsigned flags = 0;
};

static Primary& primary(int card) {
    static auto& all = *new std::map<int, Primary>;
    return all.try_emplace(card, card).first->second;
}

static thread_local std::vector<Context*> contexts;

Context* current_context() { return contexts.empty() ? nullptr : contexts.back(); }

CUresult context_state() { return contexts.empty() ? CUDA_ERROR_INVALID_CONTEXT : contexts.back()->failure; }

}

using namespace simt;

#define NEED_DEVICE(D)                                        \
    LOCKED;                                                   \
    if (!initialised) return CUDA_ERROR_NOT_INITIALIZED;      \
    if ((D) < 0 || (D) >= devices()) return CUDA_ERROR_INVALID_DEVICE

API cuInit(unsigned flags) {
    LOCKED;
    if (flags != 0) return CUDA_ERROR_INVALID_VALUE;
    if (devices() == 0) return CUDA_ERROR_NO_DEVICE;
    initialised = true;
    return CUDA_SUCCESS;
}

API cuDriverGetVersion(int* version) {
    *version = driver_version();
    return CUDA_SUCCESS;
}

API cuDeviceGetCount(int* count) {
    NEED_DEVICE(0);
    *count = devices();
    return CUDA_SUCCESS;
}

API cuDeviceGet(CUdevice* device, int ordinal) {
    NEED_DEVICE(ordinal);
    *device = ordinal;
    return CUDA_SUCCESS;
}

API cuDeviceGetName(char* name, int length, CUdevice device) {
    NEED_DEVICE(device);
    snprintf(name, static_cast<size_t>(length), "emulated (SIMT on CPU)");
    return CUDA_SUCCESS;
}

API cuDeviceGetUuid(char* uuid, CUdevice device) {
    NEED_DEVICE(device);
    memcpy(uuid, "SIMT on the CPU.", 16);
    uuid[15] = static_cast<char>(uuid[15] + device);
    return CUDA_SUCCESS;
}

API cuDeviceTotalMem_v2(size_t* bytes, CUdevice device) {
    NEED_DEVICE(device);
    *bytes = DeviceMemory::get().total();
    return CUDA_SUCCESS;
}

API cuDeviceComputeCapability(int* major, int* minor, CUdevice device) {
    NEED_DEVICE(device);
    *major = compute_capability() / 10, *minor = compute_capability() % 10;
    return CUDA_SUCCESS;
}

API cuDeviceGetAttribute(int* value, int attribute, CUdevice device) {
    NEED_DEVICE(device);
    int opt_in = shared_per_block_opt_in();
    switch (attribute) {                                    // CU_DEVICE_ATTRIBUTE_…
        case 1: *value = 1024; break;                       // MAX_THREADS_PER_BLOCK
        case 2: case 3: *value = 1024; break;               // MAX_BLOCK_DIM_X, _Y
        case 4: *value = 64; break;                         // MAX_BLOCK_DIM_Z
        case 5: *value = 0x7fffffff; break;                 // MAX_GRID_DIM_X
        case 6: case 7: *value = 65535; break;              // MAX_GRID_DIM_Y, _Z
        case 8: *value = SHARED_PER_BLOCK; break;           // MAX_SHARED_MEMORY_PER_BLOCK
        case 9: *value = 64 * 1024; break;                  // TOTAL_CONSTANT_MEMORY
        case 10: *value = 32; break;                        // WARP_SIZE
        case 12: case 82: *value = 65536; break;            // MAX_REGISTERS_PER_BLOCK, _PER_MULTIPROCESSOR
        case 13: case 36: *value = 1000000; break;          // CLOCK_RATE, MEMORY_CLOCK_RATE, kHz
        case 14: *value = 512; break;                       // TEXTURE_ALIGNMENT
        case 15: case 31: *value = 1; break;                // GPU_OVERLAP, CONCURRENT_KERNELS
        case 16: *value = multiprocessors(); break;
        case 37: *value = 64; break;                        // GLOBAL_MEMORY_BUS_WIDTH, bits
        case 38: *value = 4 << 20; break;                   // L2_CACHE_SIZE
        case 39: *value = 2048; break;                      // MAX_THREADS_PER_MULTIPROCESSOR
        case 40: *value = 1; break;                         // ASYNC_ENGINE_COUNT
        case 41: *value = 1; break;                         // UNIFIED_ADDRESSING
        case 75: *value = compute_capability() / 10; break; // COMPUTE_CAPABILITY_MAJOR
        case 76: *value = compute_capability() % 10; break; // COMPUTE_CAPABILITY_MINOR
        case 81: *value = opt_in + 1024; break;             // MAX_SHARED_MEMORY_PER_MULTIPROCESSOR
        case 97: *value = opt_in; break;                    // MAX_SHARED_MEMORY_PER_BLOCK_OPTIN
        case 106: *value = 16; break;                       // MAX_BLOCKS_PER_MULTIPROCESSOR
        case 111: *value = 1024; break;                     // RESERVED_SHARED_MEMORY_PER_BLOCK
        default: *value = 0;                                // features that the emulation does not have
    }
    return CUDA_SUCCESS;
}

API cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice device) {
    NEED_DEVICE(device);
    primary(device).uses++;
    *context = &primary(device).context;
    return CUDA_SUCCESS;
}

API cuDevicePrimaryCtxRelease_v2(CUdevice device) {
    NEED_DEVICE(device);
    Primary& p = primary(device);
    if (p.uses == 0) return CUDA_ERROR_INVALID_CONTEXT;
    return --p.uses == 0 ? p.context.empty() : drain_all(p.context);
}

API cuDevicePrimaryCtxReset_v2(CUdevice device) {
    NEED_DEVICE(device);
    return primary(device).context.empty();
}

API cuDevicePrimaryCtxSetFlags_v2(CUdevice device, unsigned flags) {
    NEED_DEVICE(device);
    primary(device).flags = flags;
    return CUDA_SUCCESS;
}

API cuDevicePrimaryCtxGetState(CUdevice device, unsigned* flags, int* active) {
    NEED_DEVICE(device);
    *flags = primary(device).flags;
    *active = primary(device).uses > 0;
    return CUDA_SUCCESS;
}

API cuCtxCreate_v2(CUcontext* context, unsigned flags, CUdevice device) {
    NEED_DEVICE(device);
    *context = new Context(device);
    (*context)->flags = flags;
    contexts.push_back(*context);
    return CUDA_SUCCESS;
}

API cuCtxDestroy_v2(CUcontext context) {
    LOCKED;
    if (!context || context == &primary(context->card).context) return CUDA_ERROR_INVALID_CONTEXT;
    CUresult result = context->empty();
    if (current_context() == context) contexts.pop_back();
    delete context;
    return result;
}

API cuCtxGetCurrent(CUcontext* context) {
    *context = current_context();
    return CUDA_SUCCESS;
}

API cuCtxSetCurrent(CUcontext context) {
    if (!contexts.empty()) contexts.pop_back();
    if (context) contexts.push_back(context);
    return CUDA_SUCCESS;
}

API cuCtxPushCurrent_v2(CUcontext context) {
    if (!context) return CUDA_ERROR_INVALID_CONTEXT;
    contexts.push_back(context);
    return CUDA_SUCCESS;
}

API cuCtxPopCurrent_v2(CUcontext* context) {
    if (contexts.empty()) return CUDA_ERROR_INVALID_CONTEXT;
    if (context) *context = contexts.back();
    contexts.pop_back();
    return CUDA_SUCCESS;
}

API cuCtxGetDevice(CUdevice* device) {
    NEED_CONTEXT;
    *device = current_context()->card;
    return CUDA_SUCCESS;
}

API cuCtxGetApiVersion(CUcontext, unsigned* version) {
    *version = 12060;
    return CUDA_SUCCESS;
}

API cuCtxGetFlags(unsigned* flags) {
    NEED_CONTEXT;
    *flags = current_context()->flags;
    return CUDA_SUCCESS;
}

API cuCtxGetStreamPriorityRange(int* least, int* greatest) {
    *least = 0, *greatest = -1;
    return CUDA_SUCCESS;
}

API cuCtxSynchronize() {
    NEED_CONTEXT;
    if (capturing(*current_context())) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    return drain_all(*current_context());
}
