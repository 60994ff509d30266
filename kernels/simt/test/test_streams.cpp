// Streams, events, graphs, contexts and refusals; races between streams; settings.
#include <unistd.h>

#include <functional>

#include "driver_calls.h"

static std::vector<float> constant(float v) { return std::vector<float>(64, v); }

void test_streams() {
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
    expect(launch_on(stream, "row_sum", 1, 288, 0, x, x, 1) == CUDA_ERROR_INVALID_VALUE && last_error()
           == "kernel row_sum, block of (288,1,1): 288 threads, of which its __launch_bounds__ or the device allow 256",
           "launch bounds", last_error());
    expect(launch_on(stream, "row_sum", 1, 256, 0, x, x, 1) == 0 && call("cuStreamSynchronize", stream) == 0,
           "as many threads as the bounds allow", last_error());
    expect(launch_on(stream, "no_such_kernel", 1, 32, 0) == -1, "unknown kernel");
    expect(call("cuTexRefCreate", &none) == CUDA_ERROR_NOT_SUPPORTED, "a stub reports itself");
}

// Two streams, each with a kernel or copy that touches x. Unordered they race, whichever is run first; an event, the
// default stream's rule or a synchronisation puts them in order.
void test_races_of_streams() {
    struct Case {
        const char *name, *wanted;          // wanted: in the report, null if there must be none
        std::function<void(Handle, Handle, Handle, Pointer, void*)> run;
    };
    const auto add = [](Handle s, Pointer x) { launch_on(s, "add_one", 1, 64, 0, x); };
    const auto copy = [](Handle s, Pointer x, void* host) {
        must("cuMemcpyHtoDAsync_v2", x, static_cast<const void*>(host), size_t(256), s);
    };
    const std::vector<Case> cases = {
        {"two launches", "by kernel add_one on another stream", [&](Handle a, Handle b, Handle, Pointer x, void*) {
            add(a, x), add(b, x);
        }},
        {"two launches of other bytes", nullptr, [&](Handle a, Handle b, Handle, Pointer x, void*) {
            add(a, x), add(b, x + 256);
        }},
        {"two launches, event", nullptr, [&](Handle a, Handle b, Handle event, Pointer x, void*) {
            add(a, x);
            must("cuEventRecord", event, a);
            must("cuStreamWaitEvent", b, event, 0u);
            add(b, x);
        }},
        {"event before the launch", "by kernel add_one on another stream",
         [&](Handle a, Handle b, Handle event, Pointer x, void*) {
            must("cuEventRecord", event, a);
            add(a, x);
            must("cuStreamWaitEvent", b, event, 0u);
            add(b, x);
        }},
        {"synchronisation between", nullptr, [&](Handle a, Handle b, Handle, Pointer x, void*) {
            add(a, x);
            must("cuStreamSynchronize", a);
            add(b, x);
        }},
        {"the other stream's synchronisation", "by kernel add_one on another stream",
         [&](Handle a, Handle b, Handle, Pointer x, void*) {
            add(a, x);
            must("cuStreamSynchronize", b);
            add(b, x);
        }},
        {"launch and copy", "on another stream", [&](Handle a, Handle b, Handle, Pointer x, void* host) {
            add(a, x), copy(b, x, host);
        }},
        {"two reads", nullptr, [&](Handle a, Handle b, Handle, Pointer x, void* host) {
            must("cuMemcpyDtoHAsync_v2", host, x, size_t(256), a);
            must("cuMemcpyDtoHAsync_v2", static_cast<void*>(static_cast<char*>(host) + 256), x, size_t(256), b);
        }},
        {"fill and copy back", "copy from the device", [&](Handle a, Handle b, Handle, Pointer x, void* host) {
            must("cuMemcpyDtoHAsync_v2", host, x, size_t(256), a);
            must("cuStreamSynchronize", b);
            must("cuMemsetD8Async", x, static_cast<unsigned char>(0), size_t(256), b);
        }},
        {"default stream and a non-blocking one", "on another stream",
         [&](Handle a, Handle, Handle, Pointer x, void* host) {
            add(a, x), copy(nullptr, x, host);
        }},
    };
    for (int reversed = 0; reversed < 2; reversed++) {
        for (const Case& c : cases) {
            Handle a = nullptr, b = nullptr, event = nullptr;
            void* host = nullptr;
            Pointer x = upload(std::vector<float>(128));
            must("cuStreamCreate", &a, 1u);
            must("cuStreamCreate", &b, 1u);
            must("cuEventCreate", &event, 0u);
            must("cuMemAllocHost_v2", &host, size_t(512));
            c.run(a, b, event, x, host);
            int result = reversed ? call("cuStreamSynchronize", b) : 0;
            if (result == 0) result = call("cuCtxSynchronize");
            std::string error = last_error();
            expect(result == (c.wanted ? CUDA_ERROR_ILLEGAL_ADDRESS : 0)
                   && (!c.wanted || error.find(c.wanted) != std::string::npos), c.name, error);
            if (result != 0) start_again(c.name);
        }
    }
    Handle a = nullptr;                     // a blocking stream and the default stream wait for each other
    Pointer x = upload(std::vector<float>(64));
    must("cuStreamCreate", &a, 0u);
    for (Handle s : {a, Handle(nullptr), a}) add(s, x);
    expect(call("cuCtxSynchronize") == 0, "blocking stream", last_error());
}

// Two cards: each has memory, streams and failures of its own, and does not reach the other's.
void test_cards(const std::string& directory) {
    setenv("SIMT_DEVICES", "2", 1);
    int value = 0;
    must("cuDeviceGetCount", &value);
    expect(value == 2, "two cards");
    expect(call("cuDeviceGet", &value, 2) == CUDA_ERROR_INVALID_DEVICE, "no third card");
    Handle first = nullptr, second = nullptr, here = nullptr, there = nullptr, modules = module;
    size_t before = 0, after = 0, total = 0;
    must("cuCtxGetCurrent", &first);
    must("cuStreamCreate", &here, 1u);
    Pointer x = upload(constant(0));
    must("cuDevicePrimaryCtxRetain", &second, 1);
    expect(first != second, "a context a card");
    must("cuMemGetInfo_v2", &before, &total);
    must("cuCtxSetCurrent", second);
    must("cuCtxGetDevice", &value);
    expect(value == 1, "the context's card");
    must("cuStreamCreate", &there, 1u);
    load(directory + "/test-kernels.so");
    Pointer y = upload(constant(0));
    must("cuMemGetInfo_v2", &after, &total);
    expect(after == total - 4096, "a card's memory is its own", std::to_string(total - after));
    launch_on(there, "add_one", 1, 64, 0, y);
    must("cuStreamSynchronize", there);
    expect(download<float>(y, 64) == constant(1), "a kernel on the second card");
    Handle function = nullptr;
    void* parameters[] = {&y};
    must("cuModuleGetFunction", &function, module, "add_one");
    const auto launch = [&](Handle on) {
        return call("cuLaunchKernel", function, 1u, 1u, 1u, 64u, 1u, 1u, 0u, on, static_cast<void**>(parameters),
                    static_cast<void**>(nullptr));
    };
    expect(launch(here) == CUDA_ERROR_INVALID_HANDLE, "another card's stream");
    must("cuCtxSetCurrent", first);
    expect(launch(here) == CUDA_ERROR_INVALID_HANDLE, "another card's module");
    must("cuMemGetInfo_v2", &after, &total);
    expect(after == before, "the first card's memory");
    must("cuCtxSetCurrent", second);
    parameters[0] = &x;
    expect(launch(there) == 0 && call("cuStreamSynchronize", there) == CUDA_ERROR_ILLEGAL_ADDRESS
           && last_error().find("on card 1: memory of card 0") != std::string::npos,
           "another card's memory", last_error());
    must("cuDevicePrimaryCtxReset_v2", 1);
    must("cuDevicePrimaryCtxRelease_v2", 1);
    must("cuCtxSetCurrent", first);
    module = modules;
    launch_on(here, "add_one", 1, 64, 0, x);
    must("cuStreamSynchronize", here);
    expect(download<float>(x, 64) == constant(1), "the first card outlives the second's failure");
    must("cuStreamDestroy_v2", here);
    unsetenv("SIMT_DEVICES");
}

// What a card or a driver that the kernels do not run on would say.
void test_settings(const std::string& directory) {
    Handle image = nullptr;
    int value = 0;
    const auto with = [&](const char* name, const char* text, int wanted, const std::string& head = "") {
        setenv(name, text, 1);
        std::ifstream file(directory + "/test-kernels.so", std::ios::binary);
        std::vector<char> bytes(head.begin(), head.end());
        bytes.insert(bytes.end(), std::istreambuf_iterator<char>(file), {});
        int result = call("cuModuleLoadData", &image, static_cast<const void*>(bytes.data()));
        expect(result == wanted, name, "returned " + std::to_string(result));
    };
    with("SIMT_COMPUTE_CAPABILITY", "75", CUDA_ERROR_NO_BINARY_FOR_GPU);
    must("cuDeviceGetAttribute", &value, 76, 0);
    expect(value == 5, "compute capability, minor");
    with("SIMT_COMPUTE_CAPABILITY", "120", 0);
    must("cuDeviceGetAttribute", &value, 75, 0);
    expect(value == 12, "compute capability, major");
    unsetenv("SIMT_COMPUTE_CAPABILITY");
    const std::string ptx(".version 8.0\n.target sm_80\n\0", 28);
    with("SIMT_DRIVER_VERSION", "12080", CUDA_ERROR_INVALID_IMAGE);
    with("SIMT_DRIVER_VERSION", "12000", CUDA_SUCCESS, ptx);
    with("SIMT_DRIVER_VERSION", "11080", CUDA_ERROR_UNSUPPORTED_PTX_VERSION, ptx);
    must("cuDriverGetVersion", &value);
    expect(value == 11080, "driver version");
    with("SIMT_DRIVER_VERSION", "13000", CUDA_ERROR_NO_BINARY_FOR_GPU, std::string(".version 8.0\n.target sm_90\n\0", 28));
    unsetenv("SIMT_DRIVER_VERSION");
    setenv("SIMT_DEVICES", "0", 1);
    expect(call("cuInit", 0u) == CUDA_ERROR_NO_DEVICE, "no device");
    unsetenv("SIMT_DEVICES");
    const char* name = nullptr;
    must("cuGetErrorName", CUDA_ERROR_UNSUPPORTED_PTX_VERSION, &name);
    expect(std::string(name) == "CUDA_ERROR_UNSUPPORTED_PTX_VERSION", "error name");
    expect(chdir(directory.c_str()) == 0 && call("cuModuleLoad", &image, "test-kernels.so") == 0,
           "a path without a slash");
}
