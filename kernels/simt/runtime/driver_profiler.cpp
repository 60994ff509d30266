// Driver API: the profiler, by which a program that knows the driver only gets the harness's counters.
// cuProfilerInitialize names a file of settings, a line each, and the file that cuProfilerStop writes the counters since
// cuProfilerStart to, as JSON. Between these calls "blocks 4" and "sites 1" are README.md's SIMT_BLOCKS and SIMT_SITES;
// any other of its settings, as "SIMT_MULTIPROCESSORS 108", holds from now on.
#include <cstdlib>
#include <fstream>

#include "driver.h"
#include "requests.h"

using namespace simt;

namespace {

struct Profile {
    std::string output;
    unsigned long long blocks = 0;          // of each grid; 0 for all
    bool sites = false;
};

Profile& profile() {
    static auto& profile = *new Profile;
    return profile;
}

}

API cuProfilerInitialize(const char* settings, const char* output, int) {
    LOCKED;
    if (!settings || !output) return CUDA_ERROR_INVALID_VALUE;
    std::ifstream file(settings);
    if (!file) return CUDA_ERROR_FILE_NOT_FOUND;
    Profile read{output};
    std::string name;
    for (unsigned long long value; file >> name >> value;) {
        if (name == "blocks") read.blocks = value;
        else if (name == "sites") read.sites = value != 0;
        else if (name.rfind("SIMT_", 0) == 0) setenv(name.c_str(), std::to_string(value).c_str(), 1);
        else return CUDA_ERROR_INVALID_VALUE;
    }
    profile() = read;
    return CUDA_SUCCESS;
}

API cuProfilerStart() {
    NEED_CONTEXT;
    CUresult result = drain_all(*current_context());
    reset_counters();
    limit_blocks(profile().blocks);
    set_count_sites(profile().sites);
    return result;
}

API cuProfilerStop() {
    NEED_CONTEXT;
    CUresult result = drain_all(*current_context());
    limit_blocks(0);
    set_count_sites(false);
    if (result != CUDA_SUCCESS || profile().output.empty()) return result;
    std::ofstream file(profile().output);
    file << counters_json() << '\n';
    return file.flush() ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}
