// Driver API: device memory, page-locked host memory, copies and fills.
#include <cstdlib>
#include <cstring>
#include <map>

#include "driver.h"
#include "memory.h"
#include "shadow.h"

namespace simt {

static std::map<const char*, size_t>& pinned() {
    static auto& map = *new std::map<const char*, size_t>;
    return map;
}

bool is_pinned(const void* host) {
    auto after = pinned().upper_bound(static_cast<const char*>(host));
    if (after == pinned().begin()) return false;
    --after;
    return host < after->first + after->second;
}

static bool valid(CUdeviceptr p, size_t bytes) { return bytes == 0 || DeviceMemory::get().live(device(p), bytes); }

// A copy or fill, in a queue. It checks its ranges when it runs: memory may be freed between the call and then.
static Work operation(const char* name, CUdeviceptr written, CUdeviceptr read, size_t bytes,
                      std::function<void()> work) {
    return [=] {
        std::string error;
        if (written && !valid(written, bytes)) error = DeviceMemory::get().describe(device(written));
        if (read && !valid(read, bytes)) error = DeviceMemory::get().describe(device(read));
        HostedOperation hosted(name);
        if (error.empty() && read) error = hosted.read(device(read), bytes);
        if (error.empty() && written) error = hosted.write(device(written), bytes);
        if (!error.empty()) {
            set_last_error(std::string(name) + " of " + std::to_string(bytes) + " bytes: " + error);
            return CUDA_ERROR_ILLEGAL_ADDRESS;
        }
        work();
        return CUDA_SUCCESS;
    };
}

static Work to_device(CUdeviceptr to, const void* from, size_t bytes) {
    return operation("copy to the device", to, 0, bytes, [=] {
        memcpy(device(to), from, bytes);
        shadow_initialise(device(to), bytes);
    });
}

static Work from_device(void* to, CUdeviceptr from, size_t bytes) {
    return operation("copy from the device", 0, from, bytes, [=] { memcpy(to, device(from), bytes); });
}

static Work inside_device(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
    return operation("copy on the device", to, from, bytes, [=] {
        memmove(device(to), device(from), bytes);
        shadow_copy(device(to), device(from), bytes);
    });
}

// A copy without a stream: on the default one, and the call returns when it is done.
static CUresult at_once(Work work) {
    if (capturing(*current_context())) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    enqueue(current_context()->default_stream, std::move(work));
    return drain(current_context()->default_stream);
}

template <class T> static Work fill(CUdeviceptr to, T value, size_t count) {
    return operation("fill", to, 0, count * sizeof(T), [=] {
        for (size_t i = 0; i < count; i++) reinterpret_cast<T*>(to)[i] = value;
        shadow_initialise(device(to), count * sizeof(T));
    });
}

template <class T> static CUresult fill_on(CUstream stream, CUdeviceptr to, T value, size_t count) {
    if (!valid(to, count * sizeof(T)) || to % sizeof(T)) return CUDA_ERROR_INVALID_VALUE;
    enqueue(stream_or_default(stream), fill(to, value, count));
    return CUDA_SUCCESS;
}

}

using namespace simt;

API cuMemAlloc_v2(CUdeviceptr* p, size_t bytes) {
    NEED_CONTEXT;
    if (bytes == 0) return CUDA_ERROR_INVALID_VALUE;
    if (capturing(*current_context())) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    char* memory = DeviceMemory::get().allocate(bytes, current_context()->card);
    if (!memory) return CUDA_ERROR_OUT_OF_MEMORY;
    *p = reinterpret_cast<CUdeviceptr>(memory);
    current_context()->memory.insert(memory);
    return CUDA_SUCCESS;
}

API cuMemFree_v2(CUdeviceptr p) {
    NEED_CONTEXT;
    if (p == 0) return CUDA_SUCCESS;
    if (capturing(*current_context())) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    CUresult result = drain_all(*current_context());
    bool freed = DeviceMemory::get().free(device(p));
    return result != CUDA_SUCCESS ? result : freed ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

API cuMemGetInfo_v2(size_t* available, size_t* total) {
    NEED_CONTEXT;
    *available = DeviceMemory::get().available(current_context()->card);
    *total = DeviceMemory::get().total();
    return CUDA_SUCCESS;
}

API cuMemGetAddressRange_v2(CUdeviceptr* begin, size_t* bytes, CUdeviceptr p) {
    NEED_CONTEXT;
    char* from;
    size_t size;
    if (!valid(p, 1) || !DeviceMemory::get().find(device(p), from, size)) return CUDA_ERROR_INVALID_VALUE;
    if (begin) *begin = reinterpret_cast<CUdeviceptr>(from);
    if (bytes) *bytes = size;
    return CUDA_SUCCESS;
}

API cuMemHostAlloc(void** p, size_t bytes, unsigned) {
    NEED_CONTEXT;
    if (bytes == 0 || posix_memalign(p, 4096, bytes) != 0) {
        return bytes == 0 ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_OUT_OF_MEMORY;
    }
    pinned()[static_cast<char*>(*p)] = bytes;
    return CUDA_SUCCESS;
}

API cuMemAllocHost_v2(void** p, size_t bytes) { return cuMemHostAlloc(p, bytes, 0); }

API cuMemFreeHost(void* p) {
    NEED_CONTEXT;
    CUresult result = drain_all(*current_context());
    if (pinned().erase(static_cast<char*>(p)) == 0) return CUDA_ERROR_INVALID_VALUE;
    free(p);
    return result;
}

API cuMemHostRegister_v2(void* p, size_t bytes, unsigned) {
    NEED_CONTEXT;
    pinned()[static_cast<char*>(p)] = bytes;
    return CUDA_SUCCESS;
}

API cuMemHostUnregister(void* p) {
    NEED_CONTEXT;
    return pinned().erase(static_cast<char*>(p)) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

API cuMemcpyHtoD_v2(CUdeviceptr to, const void* from, size_t bytes) {
    NEED_CONTEXT;
    if (!valid(to, bytes) || DeviceMemory::get().contains(from)) return CUDA_ERROR_INVALID_VALUE;
    return at_once(to_device(to, from, bytes));
}

API cuMemcpyDtoH_v2(void* to, CUdeviceptr from, size_t bytes) {
    NEED_CONTEXT;
    if (!valid(from, bytes) || DeviceMemory::get().contains(to)) return CUDA_ERROR_INVALID_VALUE;
    return at_once(from_device(to, from, bytes));
}

API cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
    NEED_CONTEXT;
    if (!valid(to, bytes) || !valid(from, bytes)) return CUDA_ERROR_INVALID_VALUE;
    return at_once(inside_device(to, from, bytes));
}

// From pageable memory the real driver stages at once, from page-locked memory it reads when the copy's turn comes.
API cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void* from, size_t bytes, CUstream s) {
    NEED_CONTEXT;
    if (!valid(to, bytes) || DeviceMemory::get().contains(from)) return CUDA_ERROR_INVALID_VALUE;
    if (is_pinned(from)) {
        enqueue(stream_or_default(s), to_device(to, from, bytes));
    } else {
        auto staged = std::make_shared<std::string>(static_cast<const char*>(from), bytes);
        enqueue(stream_or_default(s), [=] { return to_device(to, staged->data(), bytes)(); });
    }
    return CUDA_SUCCESS;
}

// To pageable memory it returns only when the copy is done.
API cuMemcpyDtoHAsync_v2(void* to, CUdeviceptr from, size_t bytes, CUstream s) {
    NEED_CONTEXT;
    if (!valid(from, bytes) || DeviceMemory::get().contains(to)) return CUDA_ERROR_INVALID_VALUE;
    Stream& stream = stream_or_default(s);
    enqueue(stream, from_device(to, from, bytes));
    return is_pinned(to) || stream.capture ? CUDA_SUCCESS : drain(stream);
}

API cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream s) {
    NEED_CONTEXT;
    if (!valid(to, bytes) || !valid(from, bytes)) return CUDA_ERROR_INVALID_VALUE;
    enqueue(stream_or_default(s), inside_device(to, from, bytes));
    return CUDA_SUCCESS;
}

API cuMemsetD8Async(CUdeviceptr p, unsigned char value, size_t count, CUstream s) {
    NEED_CONTEXT;
    return fill_on(s, p, value, count);
}

API cuMemsetD16Async(CUdeviceptr p, unsigned short value, size_t count, CUstream s) {
    NEED_CONTEXT;
    return fill_on(s, p, value, count);
}

API cuMemsetD32Async(CUdeviceptr p, unsigned value, size_t count, CUstream s) {
    NEED_CONTEXT;
    return fill_on(s, p, value, count);
}

API cuMemsetD8_v2(CUdeviceptr p, unsigned char value, size_t count) {
    return cuMemsetD8Async(p, value, count, nullptr);
}
API cuMemsetD16_v2(CUdeviceptr p, unsigned short value, size_t count) {
    return cuMemsetD16Async(p, value, count, nullptr);
}
API cuMemsetD32_v2(CUdeviceptr p, unsigned value, size_t count) { return cuMemsetD32Async(p, value, count, nullptr); }
