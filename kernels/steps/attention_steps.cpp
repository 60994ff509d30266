// Runs the steps of attention, and attention_d64 behind them, on the emulated driver: checks each against double loops,
// at sizes that tiles divide and at others, and prints what the driver counted.
//
//     attention_steps STEPS KERNELS [HEADS LQ LK]
//
// STEPS and KERNELS are the images of *.cu here and of ../*.cu; with SIMT_SITES=1 and checked images, shared memory and
// sectors are counted too. Sizes are those of the table (default 1 256 512). Exit status 1 if a kernel fails a check,
// or if its largest error is over 1/500 of the largest value: results and weights are rounded to fp16.
#include <algorithm>

#include "driver.h"

constexpr int D = 64;

struct Shape {
    int heads, Lq, Lk;
    double flops() const { return 4.0 * heads * Lq * Lk * D; }
};

static std::vector<double> expected(const Shape& s, const std::vector<half>& q, const std::vector<half>& k,
                                    const std::vector<half>& v) {
    std::vector<double> y(q.size()), weight(s.Lk);
    for (size_t row = 0; row < size_t(s.heads) * s.Lq; row++) {
        const size_t first_key = row / s.Lq * s.Lk;
        double total = 0;
        for (int j = 0; j < s.Lk; j++) {
            double score = 0;
            for (int c = 0; c < D; c++) {
                score += double(__half2float(q[row * D + c])) * __half2float(k[(first_key + j) * D + c]);
            }
            total += weight[j] = std::exp(score / 8);
        }
        for (int j = 0; j < s.Lk; j++) {
            for (int c = 0; c < D; c++) {
                y[row * D + c] += weight[j] / total * __half2float(v[(first_key + j) * D + c]);
            }
        }
    }
    return y;
}

struct Step {
    const char* kernel;
    unsigned queries, block;                            // of a block, threads of it
    void* function;
};

static Step steps[] = {{"attention_1_naive", 1, 64, nullptr},
                       {"attention_2_online", 64, 64, nullptr},
                       {"attention_3_tensor_cores", 64, 128, nullptr},
                       {"attention_4_registers", 64, 128, nullptr},
                       {"attention_5_swizzle", 64, 128, nullptr},
                       {"attention_6_double_buffered", 64, 128, nullptr},
                       {"attention_d64", 128, 128, nullptr}};

static void run(const Step& step, const Shape& s, Pointer q, Pointer k, Pointer v, Pointer y, Pointer scores) {
    const unsigned blocks = (s.Lq + step.queries - 1) / step.queries;
    const float scale = 0.125f;
    if (strcmp(step.kernel, "attention_d64") == 0) {    // which takes heads side by side: here, as images of one head
        const int none = 0, one = 1, entry = s.Lk * D;
        launch(step.function, dim3(blocks, 1, s.heads), step.block, 49152, q, D, k, D, entry, v, D, entry, Pointer(0),
               y, D, Pointer(0), one, s.Lq, s.Lk, scale, none);
    } else {
        launch(step.function, dim3(blocks, s.heads), step.block, 0, q, k, v, y, scores, s.Lq, s.Lk, scale);
    }
}

// Whether all steps are right at this shape; prints the table's rows if asked to.
static bool check(const Shape& s, bool table) {
    const auto q = random_halves(size_t(s.heads) * s.Lq * D);
    const auto k = random_halves(size_t(s.heads) * s.Lk * D), v = random_halves(k.size());
    const auto exact = expected(s, q, k, v);
    const Pointer device_q = upload(q), device_k = upload(k), device_v = upload(v);
    bool right = true;
    for (const Step& step : steps) {
        const Pointer y = allocate(q.size() * sizeof(half));        // unwritten: what is left out comes back as NaN
        const Pointer scores = allocate(sizeof(float) * s.heads * s.Lq * s.Lk);
        simt_counters();
        run(step, s, device_q, device_k, device_v, y, scores);
        const Counted c(simt_counters());
        std::vector<half> found(q.size());
        must(cuMemcpyDtoH_v2(found.data(), y, found.size() * sizeof(half)), "cuMemcpyDtoH");
        double error = 0, largest = 0;
        for (size_t i = 0; i < found.size(); i++) {
            const double difference = std::abs(__half2float(found[i]) - exact[i]);
            if (difference > error || std::isnan(difference)) error = difference;
            largest = std::max(largest, std::abs(exact[i]));
        }
        if (!(error <= largest / 500)) {                // NaN is not either
            right = false;
            printf("%s of %d heads, %d queries, %d keys: error %.1e of %.1f\n", step.kernel, s.heads, s.Lq, s.Lk,
                   error, largest);
        }
        if (table) {
            printf("| `%s` | %.1e | %.2f | %.2f | %.2f | %.2f | %.4f |\n", step.kernel, error / largest,
                   c.mma * 4096 / s.flops(), c.ldmatrix / std::max(c.mma, 1.0), c.passes_ratio(), c.sectors_used(),
                   c.device_bytes / s.flops());
        }
        cuMemFree_v2(y), cuMemFree_v2(scores);
    }
    cuMemFree_v2(device_q), cuMemFree_v2(device_k), cuMemFree_v2(device_v);
    return right;
}

int main(int count, char** arguments) {
    if (count != 3 && count != 6) return puts("attention_steps STEPS KERNELS [HEADS LQ LK]"), 2;
    void* context = nullptr;
    must(cuInit(0), "cuInit");
    must(cuCtxCreate_v2(&context, 0, 0), "cuCtxCreate");
    void* const modules[] = {load_module(arguments[1]), load_module(arguments[2])};
    for (Step& step : steps) {
        step.function = find_kernel(modules[strcmp(step.kernel, "attention_d64") == 0], step.kernel);
    }
    const Shape table = count == 6 ? Shape{atoi(arguments[3]), atoi(arguments[4]), atoi(arguments[5])}
                                   : Shape{1, 256, 512};
    bool right = true;
    for (const Shape& s : {Shape{2, 70, 141}, Shape{1, 1, 1}, Shape{1, 130, 77}}) right &= check(s, false);
    printf("| kernel | error | mma FLOP issued / useful | 8×8 matrices read / mma | shared-memory passes / fewest | "
           "sectors used | device bytes / FLOP |\n|---|---|---|---|---|---|---|\n");
    right &= check(table, true);
    return right ? 0 : 1;
}
