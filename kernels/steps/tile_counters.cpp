// Runs ../gemm.cu and ../conv.cu at Stable Diffusion's channel counts, with few rows, on the emulated driver, and
// prints what it counted: passes over shared memory's banks and sectors of device memory beside the fewest that their
// bytes need. The values are LinearTest's and Conv2dTest's business, not this program's.
//
//     tile_counters STEPS KERNELS
//
// KERNELS is the checked image of ../*.cu (SIMT_SITES=1); STEPS is not used. Exit status 1 if there is a bank conflict,
// or if less than 98 % of what is fetched or written is used.
#include "driver.h"

static void* production;
static bool good = true;

static void report(const char* kernel, const std::string& shape, double flops) {
    const Counted c(simt_counters());
    printf("| `%s` | %s | %.3f | %.3f | %.3f |\n", kernel, shape.c_str(), c.mma * 4096 / flops, c.passes_ratio(),
           c.sectors_used());
    good = good && c.passes_ratio() == 1 && c.sectors_used() >= 0.98;
}

static int tiles(int size, int tile) { return (size + tile - 1) / tile; }

static void gemm(const char* kernel, int tile_m, int tile_n, int threads, int shared, int M, int N, int K) {
    const bool geglu = strstr(kernel, "geglu") != nullptr;
    const int outputs = geglu ? N / 2 : N;
    const Pointer x = upload(random_halves(size_t(M) * K)), w = upload(random_halves(size_t(N) * K)), none = 0;
    const Pointer bias = upload(std::vector<float>(N, 1)), residual = upload(random_halves(size_t(M) * outputs));
    const Pointer y = allocate(size_t(M) * outputs * sizeof(half));
    simt_counters();
    launch(find_kernel(production, kernel), dim3(tiles(M, tile_m) * tiles(N, tile_n)), threads, shared, x, K, K, none,
           0, 0, w, K, bias, geglu ? none : residual, outputs, y, outputs, M, N, 0);
    report(kernel, "[" + std::to_string(M) + ", " + std::to_string(K) + "] → " + std::to_string(N), 2.0 * M * N * K);
    for (Pointer p : {x, w, bias, residual, y}) cuMemFree_v2(p);
}

static void conv(const char* kernel, int tile_m, int tile_n, int threads, int shared, int size, int in, int out,
                 int stride, int upsample, int around = 0) {
    const int H = size * stride >> upsample, M = size * size, K = (upsample ? 4 : 9) * in + around;
    const int parts = upsample ? 4 : 1;
    const Pointer x = upload(random_halves(size_t(H) * H * in)), w = upload(random_halves(size_t(parts) * out * K));
    const Pointer s = upload(random_halves(size_t(M) * around + 1)), none = 0;
    const Pointer bias = upload(std::vector<float>(out, 1)), addend = upload(random_halves(size_t(M) * out));
    const Pointer image = upload(random_halves(out)), y = allocate(size_t(M) * out * sizeof(half));
    simt_counters();
    launch(find_kernel(production, kernel), dim3(parts * tiles(M / parts, tile_m) * tiles(out, tile_n)), threads,
           shared, x, 1, H, H, in, s, around, none, 0, w, in, bias, addend, image, out, y, size, size, out, stride, 1,
           upsample);
    report(kernel, std::to_string(H) + "² · " + std::to_string(in) + " → " + std::to_string(size) + "² · "
                       + std::to_string(out) + (around ? ", shortcut of " + std::to_string(around) : ""),
           2.0 * M * K * out);
    for (Pointer p : {x, s, w, bias, addend, image, y}) cuMemFree_v2(p);
}

int main(int count, char** arguments) {
    if (count != 3) return puts("tile_counters STEPS KERNELS"), 2;
    void* context = nullptr;
    must(cuInit(0), "cuInit");
    must(cuCtxCreate_v2(&context, 0, 0), "cuCtxCreate");
    production = load_module(arguments[2]);
    printf("| kernel | shape | mma FLOP issued / useful | shared-memory passes / fewest | sectors used |\n"
           "|---|---|---|---|---|\n");
    gemm("gemm_256x160", 256, 160, 256, 79872, 256, 960, 320);
    gemm("gemm_128x160", 128, 160, 128, 55296, 256, 320, 1280);
    gemm("gemm_128x128", 128, 128, 128, 49152, 128, 640, 640);
    gemm("gemm_64x64", 64, 64, 128, 32768, 64, 1280, 640);
    gemm("gemm_geglu_128x256", 128, 256, 256, 73728, 128, 2560, 320);
    gemm("gemm_geglu_128x128", 128, 128, 128, 49152, 128, 2560, 320);
    conv("conv3x3_256x160", 256, 160, 256, 79872, 16, 320, 320, 1, 0);
    conv("conv3x3_128x160", 128, 160, 128, 55296, 16, 320, 320, 1, 0);
    conv("conv3x3_128x128", 128, 128, 128, 49152, 16, 320, 640, 2, 0);
    conv("conv3x3_128x128", 128, 128, 128, 49152, 32, 320, 640, 1, 1);
    conv("conv3x3_128x128", 128, 128, 128, 49152, 16, 640, 640, 1, 0, 320);
    return good ? 0 : 1;
}
