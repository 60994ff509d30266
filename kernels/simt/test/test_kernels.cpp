// Right kernels (correct.cu) must give their references' results, broken ones (broken.cu) be caught at a marked line.
#include <cmath>
#include <cstring>
#include <functional>

#include "driver_calls.h"

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

void test_correct(const std::string& how) {
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
        // 1 + ¾ of float32's last place, once and twice: a tensor core cuts ¾ to the ½ that it keeps of a term.
        const uint16_t one = 0x3c00, small = 0x0c00, three_halves = 0x0e00;     // 1, 2⁻¹², 1.5 · 2⁻¹²
        std::vector<uint16_t> a(256), b(128);
        a[0] = a[16] = one, a[1] = a[17] = a[18] = small;
        b[0] = one, b[8] = b[16] = three_halves;
        Pointer pa = upload(a), pb = upload(b), pd = allocate(512);
        const float place = 0x1p-23f;
        for (int truncates : {1, 0}) {
            setenv("SIMT_TRUNCATE", truncates ? "1" : "0", 1);
            int result = run("one_mma", 1, 32, 0, pa, pb, pd, 0, 0);
            auto d = download<float>(pd, 128);
            expect(result == 0 && d[0] == (truncates ? 1 : 1 + place) && d[8] == (truncates ? 1 + place : 1 + 2 * place),
                   "truncation " + how, last_error());
        }
        unsetenv("SIMT_TRUNCATE");
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
    start_again(name);
}

static Pointer memory() { return allocate(64 * 16); }
static Pointer ones() { return upload(std::vector<float>(512, 1.0f)); }

void test_broken(const std::string& directory) {
    source_directory = directory;
    std::vector<float> host(64);
    broken("race: ", "missing_syncthreads", 1, 64, 0, memory());
    broken("race: ", "missing_second_syncthreads", 1, 64, 0, memory());
    broken("beyond the allocation of 1024 bytes", "off_by_one_store", 4, 64, 0, memory());
    broken("out of bounds of the block's 256 bytes", "off_by_one_shared", 1, 64, 256, memory());
    broken("not reached by all threads", "exit_before_barrier", 1, 64, 0, memory());
    broken("divergent __syncthreads", "divergent_barrier", 1, 64, 0, memory());
    broken("has not landed", "missing_wait", 1, 64, 0, ones(), memory());
    broken("has not landed", "wait_for_the_wrong_group", 1, 64, 0, ones(), memory());
    broken("", "wait_without_barrier", 1, 64, 0, ones(), memory());
    broken("has not landed", "ldmatrix_without_wait", 1, 32, 0, ones(), memory());
    broken("shuffle", "wrong_mask", 1, 32, 0, memory());
    broken("waits at simt/test/broken.cu", "different_places", 1, 32, 0, memory());
    broken("exited", "exited_lane", 1, 32, 0, memory());
    broken("reads lane 20", "shuffle_from_outside", 1, 32, 0, memory());
    broken("not device memory", "host_pointer", 1, 32, 0, host.data(), memory());
    broken("uninitialised shared", "unwritten_shared", 1, 64, 0, memory());
    broken("uninitialised device", "unwritten_device", 1, 64, 0, allocate(128), memory());
    broken("misaligned", "misaligned", 1, 32, 0, ones(), memory());
    broken("not 16-byte aligned", "misaligned_ldmatrix", 1, 32, 0, ones(), memory());
    broken("race: write", "race_between_blocks", 2, 32, 0, memory());
    broken("race: ", "read_from_another_block", 2, 32, 0, ones());
    broken("race: ", "race_within_a_warp", 1, 32, 0, memory());
    broken("race: ", "shuffle_for_syncwarp", 1, 32, 0, memory());
    broken("race: ", "syncwarp_of_half", 1, 32, 0, memory());
    broken("race: ", "ldmatrix_without_syncwarp", 1, 32, 0, memory());
    broken("race: write", "store_after_ldmatrix", 1, 32, 0, memory());
    broken("", "wait_without_syncwarp", 1, 32, 0, ones(), memory());
    broken("beyond the allocation of 1024 bytes", "far_beyond", 1, 32, 0, memory());
    Pointer freed = memory();
    must("cuMemFree_v2", freed);
    broken("in no allocation", "freed_memory", 1, 32, 0, freed);
    broken("a block may have 49152", "large_static_and_dynamic", 1, 32, 40 << 10, memory());
}

// The plain image has no line numbers and no checks, but a fault must not end the process.
void test_faults() {
    int result = run("far_beyond", 1, 32, 0, memory());
    expect(result == CUDA_ERROR_ILLEGAL_ADDRESS && last_error().find("memory fault: ") != std::string::npos,
           "far_beyond", last_error());
    start_again("far_beyond");
    result = run("stack_overflow", 1, 32, 0, memory());
    expect(result == CUDA_ERROR_ILLEGAL_ADDRESS && last_error().find("stack overflow") != std::string::npos,
           "stack_overflow", last_error());
    start_again("stack_overflow");
}

void test_counters() {
    auto counters = reinterpret_cast<const char* (*)()>(dlsym(library, "simt_counters"));
    Pointer x = upload(std::vector<float>(64)), y = upload(std::vector<float>(128)), out = allocate(128);
    auto a = small_halves(256, 1), b = small_halves(128, 2);
    reinterpret_cast<void (*)()>(dlsym(library, "simt_reset_counters"))();
    expect(run("counted", 1, 32, 0, x, y, out) == 0, "counted", last_error());
    expect(run("one_mma", 1, 32, 0, upload(a), upload(b), allocate(512), 0, 1) == 0, "one_mma", last_error());
    std::string json = counters();
    for (const char* want : {
             "shared store\": {\"requests\": 32, \"bytes\": 4096, \"useful_bytes\": 4096, \"transactions\": 32, "
             "\"ideal\": 32, \"widest\": 4}",
             "shared load\": {\"requests\": 1, \"bytes\": 128, \"useful_bytes\": 128, \"transactions\": 32, "
             "\"ideal\": 1, \"widest\": 4}",
             "device load\": {\"requests\": 2, \"bytes\": 256, \"useful_bytes\": 132, \"transactions\": 9, "
             "\"ideal\": 5, \"widest\": 4}",
             "device store\": {\"requests\": 1, \"bytes\": 128, \"useful_bytes\": 128, \"transactions\": 4, "
             "\"ideal\": 4, \"widest\": 4}",
             "device cp.async from\": {\"requests\": 1, \"bytes\": 512, \"useful_bytes\": 512, "
             "\"transactions\": 16, \"ideal\": 16, \"widest\": 16}",
             "shared cp.async to\": {\"requests\": 1, \"bytes\": 512, \"useful_bytes\": 512, "
             "\"transactions\": 32, \"ideal\": 4, \"widest\": 16}",
             "\"mma\": 2, \"mma_flop\": 4096, \"ldmatrix\": 6, \"ldmatrix_bank_conflicts\": 0, "}) {
        expect(json.find(want) != std::string::npos, want, json);
    }
    expect(std::string(counters()) == "{\n}\n", "counters start again");
}

// 7 of 15 blocks, evenly: 0, 2, 4, 6, 8, 10, 12. Run on the plain image: what the others leave unwritten is NaN.
void test_sample() {
    Pointer out = allocate(15 * 4);
    auto limit_blocks = reinterpret_cast<void (*)(unsigned long long)>(dlsym(library, "simt_limit_blocks"));
    limit_blocks(7);
    expect(run("mark_block", 15, 1, 0, out) == 0, "mark_block", last_error());
    limit_blocks(0);
    auto marks = download<float>(out, 15);
    for (int i = 0; i < 15; i++) expect((marks[i] == 1) == (i < 13 && i % 2 == 0), "block", std::to_string(i));
}
