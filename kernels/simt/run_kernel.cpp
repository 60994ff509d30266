// Runs one kernel once, for a debugger: inputs from a fixed seed, one launch, its result beside the obvious loops.
//
//     run_kernel IMAGE gemm_128x128 M N K       y = x Wᵀ + bias
//     run_kernel IMAGE layernorm ROWS C
//
// IMAGE is simt-kernels-checked.so or simt-kernels.so; K and C are multiples of 8. Exit status 1 if the kernel fails a
// check, or if its largest error is over 1/1000 of the largest value: rounding to fp16 accounts for half of that.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numeric>
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
int cuMemAlloc_v2(Pointer* pointer, size_t bytes);
int cuMemcpyHtoD_v2(Pointer to, const void* from, size_t bytes);
int cuMemcpyDtoH_v2(void* to, Pointer from, size_t bytes);
int cuLaunchKernel(void* function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                   unsigned block_y, unsigned block_z, unsigned shared, void* stream, void** parameters, void** extra);
int cuCtxSynchronize();
}

static void must(int result, const char* call) {
    if (result != 0) fprintf(stderr, "run_kernel: %s returned %d\n", call, result), exit(1);
}

template <class T> static Pointer upload(const std::vector<T>& values) {
    Pointer p = 0;
    must(cuMemAlloc_v2(&p, values.size() * sizeof(T)), "cuMemAlloc");
    must(cuMemcpyHtoD_v2(p, values.data(), values.size() * sizeof(T)), "cuMemcpyHtoD");
    return p;
}

static Pointer upload_halves(const std::vector<float>& values) {
    std::vector<half> h;
    for (float v : values) h.push_back(__float2half_rn(v));
    return upload(h);
}

// Numbers in [-1, 1] that fp16 can hold, the same in every run.
static std::vector<float> random_values(int count) {
    static std::mt19937 random(20230328);
    std::vector<float> v(count);
    for (float& x : v) x = __half2float(__float2half_rn(static_cast<float>(random() * 0x1p-31 - 1)));
    return v;
}

static void* function;

// Arguments must have the types of the kernel's signature: the driver reads that many bytes of each.
template <class... A> static void launch(int grid, int block, int shared, A... arguments) {
    void* parameters[] = {&arguments...};
    must(cuLaunchKernel(function, grid, 1, 1, block, 1, 1, shared, nullptr, parameters, nullptr), "cuLaunchKernel");
    must(cuCtxSynchronize(), "cuCtxSynchronize");
}

// Runs the kernel on y [M, N]; returns what should be there.
static std::vector<double> run_gemm(Pointer y, int M, int N, int K) {
    auto x = random_values(M * K), w = random_values(N * K), bias = random_values(N);
    const int padded = (K + 31) / 32 * 32;              // whole tiles, as the kernel wants its weights
    std::vector<float> packed(N * padded);
    for (int i = 0; i < N * K; i++) packed[i / K * padded + i % K] = w[i];
    launch((M + 127) / 128 * ((N + 127) / 128), 128, 49152, upload_halves(x), K, K, 0ull, 0, 0, upload_halves(packed),
           padded, upload(bias), 0ull, 0, y, N, M, N, 0);
    std::vector<double> expected(M * N);
    for (int i = 0; i < M * N; i++) {
        expected[i] = bias[i % N];
        for (int k = 0; k < K; k++) expected[i] += double(x[i / N * K + k]) * w[i % N * K + k];
    }
    return expected;
}

static std::vector<double> run_layernorm(Pointer y, int rows, int C) {
    auto x = random_values(rows * C), gamma = random_values(C), beta = random_values(C);
    launch((rows + 3) / 4, 128, 0, upload_halves(x), C, upload(gamma), upload(beta), 1e-5f, y, C, rows, C);
    std::vector<double> expected(x.begin(), x.end());
    for (auto row = expected.begin(); row != expected.end(); row += C) {
        const double mean = std::accumulate(row, row + C, 0.0) / C;
        double variance = 0;
        for (int c = 0; c < C; c++) variance += (row[c] - mean) * (row[c] - mean) / C;
        for (int c = 0; c < C; c++) row[c] = (row[c] - mean) / std::sqrt(variance + 1e-5) * gamma[c] + beta[c];
    }
    return expected;
}

int main(int count, char** arguments) {
    const std::string kernel = count > 2 ? arguments[2] : "";
    const bool gemm = kernel == "gemm_128x128" && count == 6, norm = kernel == "layernorm" && count == 5;
    if (!gemm && !norm) return puts("run_kernel IMAGE gemm_128x128 M N K, or run_kernel IMAGE layernorm ROWS C"), 2;
    const int rows = atoi(arguments[3]), columns = atoi(arguments[4]);
    void *context = nullptr, *module = nullptr;
    must(cuInit(0), "cuInit");
    must(cuCtxCreate_v2(&context, 0, 0), "cuCtxCreate");
    must(cuModuleLoad(&module, arguments[1]), "cuModuleLoad");
    must(cuModuleGetFunction(&function, module, arguments[2]), "cuModuleGetFunction");
    Pointer device_y = 0;                               // left unwritten: what the kernel leaves out comes back as NaN
    must(cuMemAlloc_v2(&device_y, sizeof(half) * rows * columns), "cuMemAlloc");
    auto expected = gemm ? run_gemm(device_y, rows, columns, atoi(arguments[5]))
                         : run_layernorm(device_y, rows, columns);
    std::vector<half> y(expected.size());
    must(cuMemcpyDtoH_v2(y.data(), device_y, y.size() * sizeof(half)), "cuMemcpyDtoH");
    unsigned checksum = 0;
    double error = 0, largest = 0;
    for (size_t i = 0; i < y.size(); i++) {
        checksum = checksum * 31 + y[i].bits;
        const double difference = std::abs(__half2float(y[i]) - expected[i]);
        if (difference > error || std::isnan(difference)) error = difference;
        largest = std::max(largest, std::abs(expected[i]));
    }
    printf("%s: %zu values, checksum %08x, error %.1e of %.1f\n", kernel.c_str(), y.size(), checksum, error, largest);
    return error <= largest / 1000 ? 0 : 1;
}
