// Tests of the CPU harness through the emulated driver's C API. Arguments: the directory with libcuda.so.1 and the test
// kernels, and that of broken.cu. Kernels run plain and checked, with several seeds.
#include "driver_calls.h"

int main(int, char** arguments) {
    std::string directory = arguments[1];
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
    test_sample();
    test_streams();
    test_faults();
    load(directory + "/test-kernels-checked.so");
    for (const char* seed : {"0", "1", "12345"}) {
        setenv("SIMT_SEED", seed, 1);
        test_correct(std::string("checked, seed ") + seed);
        test_broken(arguments[2]);
    }
    test_races_of_streams();
    test_counters();
    test_cards(directory);
    test_settings(directory);
    printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
