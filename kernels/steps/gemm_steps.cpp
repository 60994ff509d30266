// Runs the steps of the matrix product, and gemm_128x128 behind them, on the emulated driver: checks each against
// double loops at sizes that tiles divide and at sizes that they do not, and prints what the driver counted.
//
//     gemm_steps STEPS KERNELS [M N K]
//
// STEPS and KERNELS are the images of *.cu here and of ../*.cu; with SIMT_SITES=1 and checked images, shared memory and
// sectors are counted too. Sizes are those of the table (default 256 256 256). Exit status 1 if a kernel fails a check,
// or if its largest error is over 1/1000 of the largest value: rounding to fp16 accounts for half of that.
#include <algorithm>

#include "driver.h"

struct Shape {
    int M, N, K;
    double flops() const { return 2.0 * M * N * K; }
};

struct Step {
    const char* kernel;
    int tile;                                           // rows and columns of y that a block computes; 0: 256 elements
    int threads, shared;                                // of a block; dynamic shared memory
    void* function;
};

static const char* const last = "gemm_128x128";

static Step steps[] = {{"gemm_1_naive", 0, 256, 0, nullptr},
                       {"gemm_2_shared", 64, 256, 0, nullptr},
                       {"gemm_3_vectors", 64, 256, 0, nullptr},
                       {"gemm_4_tensor_cores", 128, 128, 0, nullptr},
                       {"gemm_5_ring", 128, 128, 49152, nullptr},
                       {"gemm_6_swizzle", 128, 128, 49152, nullptr},
                       {"gemm_7_double_buffered", 128, 128, 49152, nullptr},
                       {last, 128, 128, 49152, nullptr}};

static std::vector<double> expected(const Shape& s, const std::vector<half>& x, const std::vector<half>& w) {
    std::vector<double> y(size_t(s.M) * s.N);
    for (int m = 0; m < s.M; m++) {
        for (int n = 0; n < s.N; n++) {
            double sum = 0;
            for (int k = 0; k < s.K; k++) sum += double(__half2float(x[m * s.K + k])) * __half2float(w[n * s.K + k]);
            y[size_t(m) * s.N + n] = sum;
        }
    }
    return y;
}

// w as gemm.cu wants it: rows padded with zeros to whole tiles of 32.
static std::vector<half> padded(const Shape& s, const std::vector<half>& w) {
    const int width = (s.K + 31) / 32 * 32;
    std::vector<half> packed(size_t(s.N) * width, __float2half_rn(0));
    for (int n = 0; n < s.N; n++) std::copy_n(w.begin() + n * s.K, s.K, packed.begin() + n * width);
    return packed;
}

static void run(const Step& step, const Shape& s, Pointer x, Pointer w, Pointer packed, Pointer y) {
    const auto tiles = [&](int size) { return unsigned(size + step.tile - 1) / step.tile; };
    const unsigned blocks = step.tile == 0 ? (s.M * s.N + 255) / 256 : tiles(s.M) * tiles(s.N);
    if (step.kernel == last) {
        const Pointer none = 0;
        launch(step.function, dim3(blocks), step.threads, step.shared, x, s.K, s.K, none, 0, 0, packed,
               (s.K + 31) / 32 * 32, none, none, 0, y, s.N, s.M, s.N, 0);
    } else {
        launch(step.function, dim3(blocks), step.threads, step.shared, x, w, y, s.M, s.N, s.K);
    }
}

// Whether all steps are right; prints the table's rows if asked to.
static bool check(const Shape& s, bool table) {
    const auto x = random_halves(size_t(s.M) * s.K), w = random_halves(size_t(s.N) * s.K);
    const auto exact = expected(s, x, w);
    const Pointer device_x = upload(x), device_w = upload(w), device_packed = upload(padded(s, w));
    bool right = true;
    for (const Step& step : steps) {
        const Pointer y = allocate(exact.size() * sizeof(half));    // unwritten: what is left out comes back as NaN
        simt_counters();
        run(step, s, device_x, device_w, device_packed, y);
        const Counted c(simt_counters());
        std::vector<half> found(exact.size());
        must(cuMemcpyDtoH_v2(found.data(), y, found.size() * sizeof(half)), "cuMemcpyDtoH");
        double error = 0, largest = 0;
        for (size_t i = 0; i < found.size(); i++) {
            const double difference = std::abs(__half2float(found[i]) - exact[i]);
            if (difference > error || std::isnan(difference)) error = difference;
            largest = std::max(largest, std::abs(exact[i]));
        }
        if (!(error <= largest / 1000)) {               // NaN is not either
            right = false;
            printf("%s of %d×%d×%d: error %.1e of %.1f\n", step.kernel, s.M, s.N, s.K, error, largest);
        }
        if (table) {
            printf("| `%s` | %.1e | %.2f | %.2f | %.2f | %.4f |\n", step.kernel, error / largest,
                   c.mma * 4096 / s.flops(), c.passes_ratio(), c.sectors_used(), c.device_bytes / s.flops());
        }
        cuMemFree_v2(y);
    }
    cuMemFree_v2(device_x), cuMemFree_v2(device_w), cuMemFree_v2(device_packed);
    return right;
}

int main(int count, char** arguments) {
    if (count != 3 && count != 6) return puts("gemm_steps STEPS KERNELS [M N K]"), 2;
    void* context = nullptr;
    must(cuInit(0), "cuInit");
    must(cuCtxCreate_v2(&context, 0, 0), "cuCtxCreate");
    void *const own = load_module(arguments[1]), *const production = load_module(arguments[2]);
    for (Step& step : steps) step.function = find_kernel(step.kernel == last ? production : own, step.kernel);
    const Shape table = count == 6 ? Shape{atoi(arguments[3]), atoi(arguments[4]), atoi(arguments[5])}
                                   : Shape{256, 256, 256};
    bool right = true;
    for (const Shape& s : {Shape{1, 1, 8}, Shape{70, 131, 40}, Shape{200, 136, 104}}) right &= check(s, false);
    printf("| kernel | error | mma FLOP issued / useful | shared-memory passes / fewest | sectors used | "
           "device bytes / FLOP |\n|---|---|---|---|---|---|\n");
    right &= check(table, true);
    return right ? 0 : 1;
}
