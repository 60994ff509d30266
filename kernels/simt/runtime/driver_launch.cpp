// Driver API: modules, functions, launches and occupancy; and the harness's own exports.
#include <algorithm>
#include <cstdio>
#include <cstring>

#include "block.h"
#include "driver.h"
#include "memory.h"

using namespace simt;

// Whether a card and a driver like those that are played take an image. Machine code stands for a fatbin that CUDA 13
// made, which drivers for it take. PTX, version 8.k for CUDA 12.k and so on, is taken by drivers of that age or later.
static CUresult loadable(const char* ptx) {
    int version = 13000, target = 80;
    if (ptx) {
        int major = 0, minor = 0;
        if (sscanf(ptx, ".version %d.%d .target sm_%d", &major, &minor, &target) != 3) return CUDA_ERROR_INVALID_IMAGE;
        version = (major + 4) * 1000 + minor * 10;
    }
    if (driver_version() < version) return ptx ? CUDA_ERROR_UNSUPPORTED_PTX_VERSION : CUDA_ERROR_INVALID_IMAGE;
    return compute_capability() < target ? CUDA_ERROR_NO_BINARY_FOR_GPU : CUDA_SUCCESS;
}

static CUresult keep(CUmodule* module, std::unique_ptr<Image> image, bool translated, const std::string& error,
                     CUresult failure) {
    if (!image) {
        set_last_error(error);
        return failure;
    }
    *module = new Module{std::move(image), current_context(), translated, {}};
    return CUDA_SUCCESS;
}

// The head of a PTX text may precede the machine code, with a zero between them: see Driver.java.
API cuModuleLoadData(CUmodule* module, const void* image) {
    NEED_CONTEXT;
    auto bytes = static_cast<const char*>(image);
    const char* ptx = *bytes == '.' ? bytes : nullptr;
    if (CUresult result = loadable(ptx); result != CUDA_SUCCESS) return result;
    std::string error;
    auto loaded = Image::load(ptx ? ptx + strlen(ptx) + 1 : bytes, error);
    return keep(module, std::move(loaded), ptx, error, CUDA_ERROR_INVALID_IMAGE);
}

API cuModuleLoadDataEx(CUmodule* module, const void* elf, unsigned, int*, void**) {
    return cuModuleLoadData(module, elf);
}

API cuModuleLoadFatBinary(CUmodule* module, const void* elf) { return cuModuleLoadData(module, elf); }

API cuModuleLoad(CUmodule* module, const char* path) {
    NEED_CONTEXT;
    if (CUresult result = loadable(nullptr); result != CUDA_SUCCESS) return result;
    std::string error;
    auto image = Image::load_file(strchr(path, '/') ? path : std::string("./") + path, error);     // no library search
    return keep(module, std::move(image), false, error, CUDA_ERROR_FILE_NOT_FOUND);
}

API cuModuleUnload(CUmodule module) {
    NEED_CONTEXT;
    CUresult result = drain_all(*current_context());
    delete module;
    return result;
}

API cuModuleGetFunction(CUfunction* function, CUmodule module, const char* name) {
    NEED_CONTEXT;
    const simt_kernel* kernel = module->image->find(name);
    if (!kernel) return CUDA_ERROR_NOT_FOUND;
    *function = &module->functions.try_emplace(name, Function{kernel, module}).first->second;
    return CUDA_SUCCESS;
}

API cuFuncGetModule(CUmodule* module, CUfunction function) {
    *module = function->module;
    return CUDA_SUCCESS;
}

API cuFuncGetAttribute(int* value, int attribute, CUfunction function) {
    switch (attribute) {                                    // CU_FUNC_ATTRIBUTE_…
        case 0: *value = int(function->kernel->max_threads); break;     // MAX_THREADS_PER_BLOCK
        case 3: *value = function->module->translated ? spilled_bytes() : 0; break;     // LOCAL_SIZE_BYTES
        case 5: case 6: *value = 80; break;                 // PTX_VERSION, BINARY_VERSION
        case 8: *value = function->max_dynamic_shared; break;
        default: *value = 0;                                // registers and static shared memory: not known
    }
    return CUDA_SUCCESS;
}

API cuFuncSetAttribute(CUfunction function, int attribute, int value) {
    if (attribute == 8) {
        if (value < 0 || value > shared_per_block_opt_in()) return CUDA_ERROR_INVALID_VALUE;
        function->max_dynamic_shared = value;
        function->shared_limit = shared_per_block_opt_in();
    }
    return CUDA_SUCCESS;
}

API cuFuncSetCacheConfig(CUfunction, int) { return CUDA_SUCCESS; }

static std::vector<char> pack(const simt_kernel& kernel, void** parameters) {
    std::vector<char> packed;
    for (uint32_t i = 0; i < kernel.parameters; i++) {
        size_t at = packed.size();
        packed.resize(at + (kernel.sizes[i] + 15) / 16 * 16);
        memcpy(packed.data() + at, parameters[i], kernel.sizes[i]);
    }
    return packed;
}

// A card reaches no memory of another, unless peer access was granted, which is not emulated. Of the parameters only
// pointers lie in device memory's addresses.
static std::string elsewhere(const simt_kernel& kernel, const std::vector<char>& packed, int card) {
    for (size_t at = 0; at < packed.size(); at += 8) {
        void* pointer;
        memcpy(&pointer, packed.data() + at, sizeof pointer);
        int owner = DeviceMemory::get().card(pointer);
        if (owner >= 0 && owner != card) {
            return std::string("kernel ") + kernel.name + " on card " + std::to_string(card) + ": memory of card "
                    + std::to_string(owner) + "; " + DeviceMemory::get().describe(pointer);
        }
    }
    return "";
}

// Why the device does not take a launch; empty if it does.
static std::string refusal(const Function& f, dim3 block, unsigned shared_bytes) {
    uint64_t threads = uint64_t(block.x) * block.y * block.z;
    std::string limit;
    if (threads > f.kernel->max_threads) {
        limit = std::to_string(threads) + " threads, of which its __launch_bounds__ or the device allow "
                + std::to_string(f.kernel->max_threads);
    } else if (shared_bytes > unsigned(f.max_dynamic_shared)) {
        limit = std::to_string(shared_bytes) + " bytes of dynamic shared memory, of which it may have "
                + std::to_string(f.max_dynamic_shared);
    }
    char where[192];
    snprintf(where, sizeof where, "kernel %s, block of (%u,%u,%u): ", f.kernel->name, block.x, block.y, block.z);
    return limit.empty() ? limit : where + limit;
}

API cuLaunchKernel(CUfunction f, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                   unsigned block_y, unsigned block_z, unsigned shared_bytes, CUstream stream, void** parameters,
                   void** extra) {
    NEED_CONTEXT;
    Context& context = *current_context();
    if (!f || f->module->context != &context || &stream_or_default(stream).context != &context) {
        return CUDA_ERROR_INVALID_HANDLE;               // another card's
    }
    dim3 grid{grid_x, grid_y, grid_z}, block{block_x, block_y, block_z};
    const auto within = [](dim3 d, unsigned x, unsigned y, unsigned z) {
        return d.x > 0 && d.x <= x && d.y > 0 && d.y <= y && d.z > 0 && d.z <= z;
    };
    if (extra || (!parameters && f->kernel->parameters) || !within(grid, 0x7fffffff, 65535, 65535)
        || !within(block, MAX_THREADS, MAX_THREADS, 64)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (std::string error = refusal(*f, block, shared_bytes); !error.empty()) {
        set_last_error(error);
        return CUDA_ERROR_INVALID_VALUE;
    }
    enqueue(stream_or_default(stream), [=, image = f->module->image.get(), kernel = f->kernel, limit = f->shared_limit,
                                        packed = pack(*f->kernel, parameters), card = context.card] {
        if (std::string error = elsewhere(*kernel, packed, card); !error.empty()) {
            set_last_error(error);
            return CUDA_ERROR_ILLEGAL_ADDRESS;
        }
        Launch launch(*image, *kernel, grid, block, shared_bytes, packed);
        launch.shared_limit = limit;
        return run(launch) ? CUDA_SUCCESS : CUDA_ERROR_ILLEGAL_ADDRESS;
    });
    return CUDA_SUCCESS;
}

// Threads and shared memory are what limits here; registers are not known.
API cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, CUfunction, int block_size, size_t shared_bytes) {
    if (block_size <= 0 || block_size > MAX_THREADS) return CUDA_ERROR_INVALID_VALUE;
    size_t by_threads = 2048 / (size_t(block_size + WARP - 1) / WARP * WARP);
    size_t by_shared = size_t(shared_per_block_opt_in() + 1024) / (shared_bytes + 1024);
    *blocks = static_cast<int>(std::min({by_threads, by_shared, size_t(16)}));
    return CUDA_SUCCESS;
}

API cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* blocks, CUfunction f, int block_size,
                                                         size_t shared_bytes, unsigned) {
    return cuOccupancyMaxActiveBlocksPerMultiprocessor(blocks, f, block_size, shared_bytes);
}

#define HARNESS extern "C" __attribute__((visibility("default")))

// The text of the newest failure, naming kernel, block, thread and source line; empty if there was none.
// Valid until the next call on the same thread.
HARNESS const char* simt_last_error() {
    static thread_local std::string text;
    text = last_error();
    return text.c_str();
}

// Counters per kernel since the last call, as a JSON object. Valid until the next call on the same thread.
HARNESS const char* simt_counters() {
    static thread_local std::string text;
    text = counters_json();
    return text.c_str();
}

HARNESS void simt_reset_counters() { reset_counters(); }

// As SIMT_SITES and SIMT_BLOCKS, for the launches that run from now on; no blocks: as SIMT_BLOCKS says.
HARNESS void simt_count_sites(int on) { set_count_sites(on != 0); }
HARNESS void simt_limit_blocks(unsigned long long blocks) { limit_blocks(blocks); }
