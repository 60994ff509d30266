// Tests of the CPU harness through the emulated driver's C API, loaded as JCuda loads it. Argument: the directory
// with libcuda.so.1 and the test kernels. Each broken kernel must be caught at its marked line; each correct one
// must give its reference's result, plain and checked, with several seeds.
#include <dlfcn.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "../runtime/stream.h"

using Pointer = unsigned long long;
using Handle = void*;

static Handle library;
static int passed = 0, failed = 0;

static void expect(bool good, const std::string& name, const std::string& detail = "") {
    good ? passed++ : failed++;
    if (!good) printf("FAILED %s: %s\n", name.c_str(), detail.c_str());
}

// A driver function by name; its arguments must have the API's types.
template <class... A> static int call(const char* name, A... arguments) {
    auto function = reinterpret_cast<int (*)(A...)>(dlsym(library, name));
    if (!function) {
        printf("no symbol %s\n", name);
        exit(1);
    }
    return function(arguments...);
}

// ... which must succeed.
template <class... A> static void must(const char* name, A... arguments) {
    int result = call(name, arguments...);
    if (result != 0) expect(false, name, "returned " + std::to_string(result));
}

static std::string last_error() { return reinterpret_cast<const char* (*)()>(dlsym(library, "simt_last_error"))(); }

static Pointer allocate(size_t bytes) {
    Pointer p = 0;
    must("cuMemAlloc_v2", &p, bytes);
    return p;
}

template <class T> static Pointer upload(const std::vector<T>& v) {
    Pointer p = allocate(v.size() * sizeof(T));
    must("cuMemcpyHtoD_v2", p, static_cast<const void*>(v.data()), v.size() * sizeof(T));
    return p;
}

template <class T> static std::vector<T> download(Pointer p, size_t count) {
    std::vector<T> v(count);
    must("cuMemcpyDtoH_v2", static_cast<void*>(v.data()), p, count * sizeof(T));
    return v;
}

static Handle module;

template <class... A>
static int launch_on(Handle stream, const char* name, unsigned grid, unsigned block, unsigned shared, A... arguments) {
    Handle function = nullptr;
    if (call("cuModuleGetFunction", &function, module, name) != 0) return -1;
    void* parameters[] = {&arguments..., nullptr};
    return call("cuLaunchKernel", function, grid, 1u, 1u, block, 1u, 1u, shared, stream,
                static_cast<void**>(parameters), static_cast<void**>(nullptr));
}

template <class... A>
static int run(const char* name, unsigned grid, unsigned block, unsigned shared, A... arguments) {
    int result = launch_on(nullptr, name, grid, block, shared, arguments...);
    return result != 0 ? result : call("cuCtxSynchronize");
}

static void load(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::vector<char> bytes((std::istreambuf_iterator<char>(file)), {});
    must("cuModuleLoadData", &module, static_cast<const void*>(bytes.data()));
}

static float fp16(uint16_t h) {
    int exponent = h >> 10 & 31, fraction = h & 1023;
    float v = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
    return h >> 15 ? -v : v;
}

// Multiples of 1/8 in [-2, 2]: sums of products are exact.
static std::vector<uint16_t> small_halves(size_t n, uint32_t seed) {
    std::vector<uint16_t> v(n);
    for (auto& h : v) {
        seed = seed * 1664525 + 1013904223;
        int eighths = static_cast<int>(seed >> 24) % 17;
        uint16_t bits = 0;
        for (uint16_t b = 0; b < 0x7c00; b++) {
            if (fp16(b) == eighths / 8.0f) bits = b;
        }
        h = static_cast<uint16_t>(bits | (seed & 0x10000 ? 0x8000 : 0));
    }
    return v;
}

static void test_correct(const std::string& how) {
    {
        int n = 1000, rows = 5;
        std::vector<float> x(n * rows), sum(rows);
        for (int i = 0; i < n * rows; i++) sum[i / n] += x[i] = static_cast<float>(i % 13 - 3);
        Pointer in = upload(x), out = allocate(rows * 4);
        int result = run("row_sum", rows, 256, 0, in, out, n);
        expect(result == 0 && download<float>(out, rows) == sum, "row_sum " + how, last_error());
    }
    {
        int n = 3 * 512 + 37, tiles = 5;
        std::vector<char> x(n), padded(tiles * 512);
        for (int i = 0; i < n; i++) padded[i] = x[i] = static_cast<char>(i * 7);
        Pointer in = upload(x), out = allocate(padded.size());
        int result = run("async_copy", 1, 32, 1024, in, out, n, tiles);
        expect(result == 0 && download<char>(out, padded.size()) == padded, "async_copy " + how, last_error());
    }
    for (int variant = 0; variant < 4; variant++) {
        int transposed = variant & 1, split = variant >> 1;
        auto a = small_halves(256, 1), b = small_halves(128, 2);
        std::vector<float> d(128);
        for (int i = 0; i < 16; i++) {
            for (int j = 0; j < 8; j++) {
                for (int k = 0; k < 16; k++) {
                    d[i * 8 + j] += fp16(a[i * 16 + k]) * fp16(transposed ? b[j * 16 + k] : b[k * 8 + j]);
                }
            }
        }
        Pointer pa = upload(a), pb = upload(b), pd = allocate(512);
        int result = run("one_mma", 1, 32, 0, pa, pb, pd, transposed, split);
        expect(result == 0 && download<float>(pd, 128) == d, "one_mma " + how, last_error());
    }
    {
        Pointer out = allocate(128);
        std::vector<int> want(32);
        for (int l = 0; l < 32; l++) want[l] = 1000 + (l < 15 ? l + 1 : l == 15 ? 15 : 400 + l / 8 * 8 + 3);
        int result = run("half_warps", 1, 32, 0, out);
        expect(result == 0 && download<int>(out, 32) == want, "half_warps " + how, last_error());
    }
    {
        std::vector<uint32_t> x(32), want(32);
        for (uint32_t i = 0; i < 32; i++) x[i] = 100 * i;
        for (uint32_t i = 0; i < 32; i++) want[i] = 15 - i % 16 + x[31 - i];
        Pointer in = upload(x), out = allocate(128);
        int result = run("lanes_exchange", 1, 32, 0, in, out);
        expect(result == 0 && download<uint32_t>(out, 32) == want, "lanes_exchange " + how, last_error());
    }
    {
        std::vector<float> x = {1, -2.5f, 65504, 1e-7f, 2049, 2051, 0.1f, INFINITY};
        std::vector<uint16_t> want = {0x3c00, 0xc100, 0x7bff, 0x0002, 0x6800, 0x6802, 0x2e66, 0x7c00};
        Pointer in = upload(x), out = allocate(16);
        int result = run("round_trip", 1, 32, 0, in, out, 8);
        expect(result == 0 && download<uint16_t>(out, 8) == want, "round_trip " + how, last_error());
    }
    {
        struct alignas(16) { float x, y, z, w; } c = {3, 0, 0, 4};
        Pointer out = allocate(4);
        int result = run("parameters", 1, 32, 0, out, char(1), short(2), c, 5LL, 6);
        expect(result == 0 && download<float>(out, 1)[0] == 5727, "parameters " + how, last_error());
    }
}

static void test_counters() {
    auto counters = reinterpret_cast<const char* (*)()>(dlsym(library, "simt_counters"));
    Pointer x = upload(std::vector<float>(64)), out = allocate(128);
    counters();
    expect(run("counted", 1, 32, 0, x, out) == 0, "counted", last_error());
    std::string json = counters();
    for (const char* want : {
             "shared store\": {\"requests\": 32, \"bytes\": 4096, \"transactions\": 32, \"ideal\": 32}",
             "shared load\": {\"requests\": 1, \"bytes\": 128, \"transactions\": 32, \"ideal\": 1}",
             "device load\": {\"requests\": 1, \"bytes\": 128, \"transactions\": 8, \"ideal\": 4}",
             "device store\": {\"requests\": 1, \"bytes\": 128, \"transactions\": 4, \"ideal\": 4}"}) {
        expect(json.find(want) != std::string::npos, "counted", json);
    }
}

static std::string source_directory;

// The lines of a kernel in broken.cu that carry the mark, as "broken.cu:N".
static std::vector<std::string> marked(const std::string& kernel) {
    std::ifstream file(source_directory + "/broken.cu");
    std::vector<std::string> places;
    std::string line;
    bool inside = false;
    for (int n = 1; std::getline(file, line); n++) {
        if (line.find("__global__") != std::string::npos) inside = line.find(" " + kernel + "(") != std::string::npos;
        if (inside && line.find("// fault") != std::string::npos) places.push_back("broken.cu:" + std::to_string(n));
    }
    return places;
}

// The kernel must fail with a report that names it, a block, a thread, one of its marked lines, and the text.
template <class... A>
static void broken(const char* text, const char* name, unsigned grid, unsigned block, unsigned shared, A... arguments) {
    int result = run(name, grid, block, shared, arguments...);
    std::string error = last_error();
    bool line = false;
    for (auto& place : marked(name)) line |= error.find(place + ": ") != std::string::npos;
    expect(result == CUDA_ERROR_ILLEGAL_ADDRESS, name, "returned " + std::to_string(result));
    expect(error.find(std::string("kernel ") + name + ", block (") == 0 && error.find("thread (") != std::string::npos
           && line && error.find(text) != std::string::npos, name, "wanted \"" + std::string(text) + "\": " + error);
    expect(call("cuCtxSynchronize") == 0, name, "the failure was reported twice");
}

static void test_broken() {
    Pointer x = upload(std::vector<float>(512, 1.0f)), out = allocate(64 * 16);
    std::vector<float> host(64);
    broken("race: ", "missing_syncthreads", 1, 64, 0, out);
    broken("race: ", "missing_second_syncthreads", 1, 64, 0, out);
    broken("beyond the allocation of 1024 bytes", "off_by_one_store", 4, 64, 0, out);
    broken("out of bounds of the block's 256 bytes", "off_by_one_shared", 1, 64, 256, out);
    broken("not reached by all threads", "exit_before_barrier", 1, 64, 0, out);
    broken("divergent __syncthreads", "divergent_barrier", 1, 64, 0, out);
    broken("has not landed", "missing_wait", 1, 64, 0, x, out);
    broken("has not landed", "wait_for_the_wrong_group", 1, 64, 0, x, out);
    broken("", "wait_without_barrier", 1, 64, 0, x, out);
    broken("has not landed", "ldmatrix_without_wait", 1, 32, 0, x, out);
    broken("shuffle", "wrong_mask", 1, 32, 0, out);
    broken("waits at simt/test/broken.cu", "different_places", 1, 32, 0, out);
    broken("exited", "exited_lane", 1, 32, 0, out);
    broken("reads lane 20", "shuffle_from_outside", 1, 32, 0, out);
    broken("not device memory", "host_pointer", 1, 32, 0, host.data(), out);
    broken("uninitialised shared", "unwritten_shared", 1, 64, 0, out);
    broken("uninitialised device", "unwritten_device", 1, 64, 0, allocate(128), out);
    broken("misaligned", "misaligned", 1, 32, 0, x, out);
    broken("not 16-byte aligned", "misaligned_ldmatrix", 1, 32, 0, x, out);
    broken("race: write", "race_between_blocks", 2, 32, 0, out);
    broken("race: ", "read_from_another_block", 2, 32, 0, out);
    broken("race: ", "race_within_a_warp", 1, 32, 0, out);
    broken("race: ", "shuffle_for_syncwarp", 1, 32, 0, out);
    broken("race: ", "syncwarp_of_half", 1, 32, 0, out);
    broken("race: ", "ldmatrix_without_syncwarp", 1, 32, 0, out);
    broken("race: write", "store_after_ldmatrix", 1, 32, 0, out);
    broken("", "wait_without_syncwarp", 1, 32, 0, x, out);
    broken("beyond the allocation of 1024 bytes", "far_beyond", 1, 32, 0, out);
    must("cuMemFree_v2", x);
    broken("in no allocation", "freed_memory", 1, 32, 0, x);
}

// The plain image has no line numbers and no checks, but a fault must not end the process.
static void test_faults() {
    Pointer out = allocate(1024);
    int result = run("far_beyond", 1, 32, 0, out);
    expect(result == CUDA_ERROR_ILLEGAL_ADDRESS && last_error().find("memory fault: ") != std::string::npos,
           "far_beyond", last_error());
    result = run("stack_overflow", 1, 32, 0, out);
    expect(result == CUDA_ERROR_ILLEGAL_ADDRESS && last_error().find("stack overflow") != std::string::npos,
           "stack_overflow", last_error());
}

static std::vector<float> constant(float v) { return std::vector<float>(64, v); }

static void test_streams() {
    Handle stream = nullptr, other = nullptr, event = nullptr, graph = nullptr, exec = nullptr;
    void* pinned = nullptr;
    must("cuStreamCreate", &stream, 1u);
    must("cuStreamCreate", &other, 1u);
    must("cuEventCreate", &event, 0u);
    must("cuMemAllocHost_v2", &pinned, size_t(256));
    auto host = static_cast<float*>(pinned);
    Pointer x = upload(constant(0));

    launch_on(stream, "add_one", 1, 64, 0, x);
    expect(download<float>(x, 64) == constant(0), "a missing stream synchronisation shows");
    must("cuStreamSynchronize", stream);
    expect(download<float>(x, 64) == constant(1), "a synchronisation runs the stream");

    std::fill_n(host, 64, 5.0f);
    must("cuMemcpyHtoDAsync_v2", x, static_cast<const void*>(host), size_t(256), stream);
    std::fill_n(host, 64, 6.0f);                            // before the copy is done
    must("cuStreamSynchronize", stream);
    expect(download<float>(x, 64) == constant(6), "pinned memory is read late");

    launch_on(stream, "add_one", 1, 64, 0, x);
    must("cuEventRecord", event, stream);
    must("cuStreamWaitEvent", other, event, 0u);
    must("cuMemcpyDtoHAsync_v2", pinned, x, size_t(256), other);
    expect(host[0] == 6, "a copy to pinned memory is late");
    must("cuStreamSynchronize", other);
    expect(host[0] == 7 && host[63] == 7, "an event orders two streams");

    must("cuStreamBeginCapture_v2", stream, 0);
    launch_on(stream, "add_one", 1, 64, 0, x);
    must("cuEventRecord", event, stream);
    must("cuStreamWaitEvent", other, event, 0u);
    launch_on(other, "add_one", 1, 64, 0, x);
    expect(call("cuStreamSynchronize", stream) == CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "no waiting in a capture");
    must("cuEventRecord", event, other);
    must("cuStreamWaitEvent", stream, event, 0u);
    must("cuStreamEndCapture", stream, &graph);
    must("cuGraphInstantiateWithFlags", &exec, graph, 0ull);
    must("cuGraphDestroy", graph);
    expect(download<float>(x, 64) == constant(7), "capturing runs nothing");
    for (int i = 0; i < 3; i++) must("cuGraphLaunch", exec, stream);
    must("cuStreamSynchronize", stream);
    expect(download<float>(x, 64) == constant(13), "a graph runs at each launch");
    must("cuGraphExecDestroy", exec);

    must("cuStreamBeginCapture_v2", stream, 0);
    must("cuEventRecord", event, stream);
    must("cuStreamWaitEvent", other, event, 0u);
    launch_on(other, "add_one", 1, 64, 0, x);
    expect(call("cuStreamEndCapture", stream, &graph) == CUDA_ERROR_STREAM_CAPTURE_UNJOINED, "unjoined capture");

    Handle begin = nullptr, end = nullptr;
    float milliseconds = -1;
    must("cuEventCreate", &begin, 0u);
    must("cuEventCreate", &end, 0u);
    must("cuEventRecord", begin, stream);
    launch_on(stream, "add_one", 1, 64, 0, x);
    must("cuEventRecord", end, stream);
    expect(call("cuEventElapsedTime", &milliseconds, begin, end) == CUDA_ERROR_NOT_READY, "events are late");
    must("cuEventSynchronize", end);
    must("cuEventElapsedTime", &milliseconds, begin, end);
    expect(milliseconds > 0, "elapsed time", std::to_string(milliseconds));

    size_t before = 0, during = 0, after = 0, total = 0;
    Handle second = nullptr;
    must("cuMemGetInfo_v2", &before, &total);
    must("cuCtxCreate_v2", &second, 0u, 0);
    allocate(1 << 20);
    must("cuMemGetInfo_v2", &during, &total);
    must("cuCtxDestroy_v2", second);
    must("cuMemGetInfo_v2", &after, &total);
    expect(during == before - (1 << 20) && after == before, "a context's memory goes with it");

    Pointer none = 0;
    expect(call("cuMemAlloc_v2", &none, size_t(1) << 50) == CUDA_ERROR_OUT_OF_MEMORY, "out of memory");
    expect(launch_on(stream, "add_one", 1, 2048, 0, x) == CUDA_ERROR_INVALID_VALUE, "too many threads");
    expect(launch_on(stream, "add_one", 1, 32, 64 << 10, x) == CUDA_ERROR_INVALID_VALUE, "shared memory not opted in");
    expect(launch_on(stream, "no_such_kernel", 1, 32, 0) == -1, "unknown kernel");
    expect(call("cuTexRefCreate", &none) == CUDA_ERROR_NOT_SUPPORTED, "a stub reports itself");
}

int main(int, char** arguments) {
    std::string directory = arguments[1];
    source_directory = arguments[2];
    library = dlopen((directory + "/libcuda.so.1").c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        printf("%s\n", dlerror());
        return 1;
    }
    setenv("SIMT_SITES", "1", 1);
    Handle context = nullptr;
    must("cuInit", 0u);
    must("cuDevicePrimaryCtxRetain", &context, 0);
    must("cuCtxPushCurrent_v2", context);

    load(directory + "/test-kernels.so");
    for (const char* seed : {"0", "1", "12345"}) {
        setenv("SIMT_SEED", seed, 1);
        test_correct(std::string("plain, seed ") + seed);
    }
    test_streams();
    test_faults();
    load(directory + "/test-kernels-checked.so");
    for (const char* seed : {"0", "1", "12345"}) {
        setenv("SIMT_SEED", seed, 1);
        test_correct(std::string("checked, seed ") + seed);
        test_broken();
    }
    test_counters();
    printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
