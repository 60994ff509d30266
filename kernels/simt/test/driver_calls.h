// The emulated driver's C API as the tests use it, loaded as JCuda loads it; and their count.
#pragma once

#include <dlfcn.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "../runtime/errors.h"

using Pointer = unsigned long long;
using Handle = void*;

inline Handle library, module;
inline int passed = 0, failed = 0;

inline void expect(bool good, const std::string& name, const std::string& detail = "") {
    good ? passed++ : failed++;
    if (!good) printf("FAILED %s: %s\n", name.c_str(), detail.c_str());
}

// A driver function by name; its arguments must have the API's types.
template <class... A> int call(const char* name, A... arguments) {
    auto function = reinterpret_cast<int (*)(A...)>(dlsym(library, name));
    if (!function) {
        printf("no symbol %s\n", name);
        exit(1);
    }
    return function(arguments...);
}

// ... which must succeed.
template <class... A> void must(const char* name, A... arguments) {
    int result = call(name, arguments...);
    if (result != 0) expect(false, name, "returned " + std::to_string(result));
}

inline std::string last_error() { return reinterpret_cast<const char* (*)()>(dlsym(library, "simt_last_error"))(); }

inline Pointer allocate(size_t bytes) {
    Pointer p = 0;
    must("cuMemAlloc_v2", &p, bytes);
    return p;
}

template <class T> Pointer upload(const std::vector<T>& v) {
    Pointer p = allocate(v.size() * sizeof(T));
    must("cuMemcpyHtoD_v2", p, static_cast<const void*>(v.data()), v.size() * sizeof(T));
    return p;
}

template <class T> std::vector<T> download(Pointer p, size_t count) {
    std::vector<T> v(count);
    must("cuMemcpyDtoH_v2", static_cast<void*>(v.data()), p, count * sizeof(T));
    return v;
}

template <class... A>
int launch_on(Handle stream, const char* name, unsigned grid, unsigned block, unsigned shared, A... arguments) {
    Handle function = nullptr;
    if (call("cuModuleGetFunction", &function, module, name) != 0) return -1;
    void* parameters[] = {&arguments..., nullptr};
    return call("cuLaunchKernel", function, grid, 1u, 1u, block, 1u, 1u, shared, stream,
                static_cast<void**>(parameters), static_cast<void**>(nullptr));
}

template <class... A>
int run(const char* name, unsigned grid, unsigned block, unsigned shared, A... arguments) {
    int result = launch_on(nullptr, name, grid, block, shared, arguments...);
    return result != 0 ? result : call("cuCtxSynchronize");
}

inline void load(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::vector<char> bytes((std::istreambuf_iterator<char>(file)), {});
    must("cuModuleLoadData", &module, static_cast<const void*>(bytes.data()));
}

// A failure stays with its context until that is reset; the memory is gone with it.
inline void start_again(const char* name) {
    Pointer p = 0;
    expect(call("cuCtxSynchronize") == CUDA_ERROR_ILLEGAL_ADDRESS && call("cuMemAlloc_v2", &p, size_t(4))
           == CUDA_ERROR_ILLEGAL_ADDRESS, name, "the context goes on after a failure");
    must("cuDevicePrimaryCtxReset_v2", 0);
    expect(call("cuCtxSynchronize") == 0, name, "the failure outlives its context");
}

// The tests, by file.
void test_correct(const std::string& how);
void test_faults();
void test_broken(const std::string& source_directory);
void test_counters();
void test_sample();
void test_streams();
void test_races_of_streams();
void test_cards(const std::string& directory);
void test_settings(const std::string& directory);
