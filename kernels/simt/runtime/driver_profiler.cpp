// Driver API: the profiler, by which a program that knows the driver only gets the harness's counters.
// cuProfilerInitialize names a file of settings, a line each (README.md's SIMT_BLOCKS and SIMT_SITES as "blocks 4" and
// "sites 1"), and the file that cuProfilerStop writes the counters since cuProfilerStart to, as JSON.
#include <cstdio>
#include <cstring>
#include <fstream>

#include "driver.h"
#include "requests.h"

using namespace simt;

static std::string& output() {
    static auto& path = *new std::string;
    return path;
}

API cuProfilerInitialize(const char* settings, const char* output_path, int) {
    NEED_CONTEXT;
    if (!settings || !output_path) return CUDA_ERROR_INVALID_VALUE;
    std::ifstream file(settings);
    if (!file) return CUDA_ERROR_FILE_NOT_FOUND;
    std::string name;
    for (unsigned long long value; file >> name >> value;) {
        if (name == "blocks") limit_blocks(value);
        else if (name == "sites") set_count_sites(value != 0);
        else return CUDA_ERROR_INVALID_VALUE;
    }
    output() = output_path;
    return CUDA_SUCCESS;
}

API cuProfilerStart() {
    NEED_CONTEXT;
    CUresult result = drain_all(*current_context());
    reset_counters();
    return result;
}

API cuProfilerStop() {
    NEED_CONTEXT;
    CUresult result = drain_all(*current_context());
    if (result != CUDA_SUCCESS || output().empty()) return result;
    std::ofstream file(output());
    file << counters_json() << '\n';
    return file.flush() ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}
