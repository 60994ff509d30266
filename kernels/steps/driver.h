// What the programs beside it share: the emulated driver's entry points, tensors of random numbers, a launch, and what
// the driver counted.
#pragma once

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "simt_vector.h"
#include "simt_half.h"

using Pointer = unsigned long long;
extern "C" {
int cuInit(unsigned flags);
int cuCtxCreate_v2(void** context, unsigned flags, int device);
int cuModuleLoad(void** module, const char* path);
int cuModuleGetFunction(void** function, void* module, const char* name);
int cuFuncSetAttribute(void* function, int attribute, int value);
int cuMemAlloc_v2(Pointer* pointer, size_t bytes);
int cuMemFree_v2(Pointer pointer);
int cuMemcpyHtoD_v2(Pointer to, const void* from, size_t bytes);
int cuMemcpyDtoH_v2(void* to, Pointer from, size_t bytes);
int cuLaunchKernel(void* function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                   unsigned block_y, unsigned block_z, unsigned shared, void* stream, void** parameters, void** extra);
int cuCtxSynchronize();
const char* simt_counters();
}

inline void must(int result, const char* call) {
    if (result != 0) fprintf(stderr, "%s returned %d\n", call, result), exit(1);
}

inline void* load_module(const char* path) {
    void* module = nullptr;
    must(cuModuleLoad(&module, path), path);
    return module;
}

inline void* find_kernel(void* module, const char* name) {
    void* function = nullptr;
    must(cuModuleGetFunction(&function, module, name), name);
    return function;
}

// Normal numbers, as fp16 can hold them.
inline std::vector<half> random_halves(size_t count) {
    static std::mt19937 random(20230328);
    static std::normal_distribution<float> normal;
    std::vector<half> v(count);
    for (half& x : v) x = __float2half_rn(normal(random));
    return v;
}

inline Pointer allocate(size_t bytes) {
    Pointer p = 0;
    must(cuMemAlloc_v2(&p, bytes), "cuMemAlloc");
    return p;
}

template <class T> Pointer upload(const std::vector<T>& values) {
    Pointer p = allocate(values.size() * sizeof(T));
    must(cuMemcpyHtoD_v2(p, values.data(), values.size() * sizeof(T)), "cuMemcpyHtoD");
    return p;
}

// Arguments must have the types of the kernel's signature: the driver reads that many bytes of each.
template <class... A> void launch(void* function, dim3 grid, int block, int shared, A... arguments) {
    void* parameters[] = {&arguments...};
    must(cuFuncSetAttribute(function, 8 /* MAX_DYNAMIC_SHARED_SIZE_BYTES */, shared), "cuFuncSetAttribute");
    must(cuLaunchKernel(function, grid.x, grid.y, grid.z, block, 1, 1, shared, nullptr, parameters, nullptr),
         "cuLaunchKernel");
    must(cuCtxSynchronize(), "cuCtxSynchronize");
}

// What the driver counted since it was last asked, of one kernel. Passes and sectors need SIMT_SITES=1 and a checked
// image.
struct Counted {
    double mma, ldmatrix, device_bytes;
    double passes = 0, fewest_passes = 0;               // over the 32 banks of shared memory
    double sectors = 0, fewest_sectors = 0;             // of 32 bytes of device memory

    explicit Counted(const std::string& json) {
        mma = number(json, "\"mma\"");
        ldmatrix = number(json, "\"ldmatrix\"");
        device_bytes = number(json, "\"global_read_bytes\"") + number(json, "\"global_written_bytes\"");
        size_t at = json.find("\"lines\": {");
        while (at != std::string::npos && (at = json.find("\"requests\"", at + 1)) != std::string::npos) {
            const size_t place = json.rfind('"', json.rfind("\": {", at) - 1);
            const std::string line = json.substr(place, json.find('}', at) - place);
            const bool shared = line.find(" shared ") != std::string::npos;
            (shared ? passes : sectors) += number(line, "\"transactions\"");
            (shared ? fewest_passes : fewest_sectors) += number(line, "\"ideal\"");
        }
    }

    double passes_ratio() const { return fewest_passes > 0 ? passes / fewest_passes : 0; }
    double sectors_used() const { return sectors > 0 ? fewest_sectors / sectors : 0; }

private:
    static double number(const std::string& json, const char* key) {
        const size_t at = json.find(key);
        return at == std::string::npos ? 0 : atof(json.c_str() + at + strlen(key) + 1);
    }
};
