// Root mean square normalisation of neighbouring columns (Zhang and Sennrich, 2019, arXiv 1910.07467):
//
//     rms_norm, rms_norm_any: y[r, g, c] = x[r, g, c] / √(mean over c of x[r, g, c]² + ε) · gamma[c]
//
//     x      half [rows, groups · C], rows ldx apart
//     gamma  float [C]
//     y      half [rows, groups · C], dense
//     lanes  threads of a group: 1, 2, 4, 8, 16 or 32
//
// A text encoder's rows are one group; a transformer's queries and keys are as many as it has heads, of 64 columns.
//
// Launch: 128 threads, ceil(rows·groups·lanes / 128) blocks in x, no dynamic shared memory.
// Preconditions: of rms_norm pointers 16-byte aligned, C and ldx multiples of 8; rows·groups·lanes < 2³¹ − 128.
//
// Bound: bytes, 4 an element. A group of 64 takes 8 lanes, so that a warp reads four groups with one request of 16 bytes
// a lane. A second pass finds the group in L1: 4096 columns are 8 KB, of a warp. In Stable Diffusion 3.5 medium at
// 128 × 128 queries and keys of a block are 27 MB a pair, read and written: 35 µs on an A100 at 1555 GB/s.
// Registers and time: not timed; no value is kept between the passes, as rows may be of any width.
// Tested against the formula in double (the Java test of norms).
#include "launch.cuh"
#include "vector.cuh"

namespace {

constexpr int Threads = 128;

template <int V>
__device__ __forceinline__ void normalise_groups(const half* x, int ldx, const float* gamma, float epsilon, half* y,
                                                 int rows, int groups, int C, int lanes)
{
    const int group = (blockIdx.x * Threads + threadIdx.x) / lanes;
    const int lane = threadIdx.x % lanes;
    const bool inside = group < rows * groups;           // all lanes of a warp take part in its exchanges
    const half* const source = x + static_cast<size_t>(group / groups) * ldx + group % groups * C;
    float sum = 0.0f;
    for (int c = lane * V; inside && c < C; c += lanes * V) {
        float v[V];
        load(source + c, v);
#pragma unroll
        for (int i = 0; i < V; i++) {
            sum += v[i] * v[i];
        }
    }
    for (int step = lanes / 2; step > 0; step /= 2) {
        sum += __shfl_xor_sync(0xffffffffu, sum, step);
    }
    const float factor = 1.0f / sqrtf(sum / C + epsilon);
    half* const destination = y + static_cast<size_t>(group) * C;
    for (int c = lane * V; inside && c < C; c += lanes * V) {
        float v[V], scale[V];
        load(source + c, v);
        load(gamma + c, scale);
#pragma unroll
        for (int i = 0; i < V; i++) {
            v[i] *= factor * scale[i];
        }
        store(destination + c, v);
    }
}

}  // namespace

#define RMS_NORM(name, V)                                                                                              \
    extern "C" __global__ void __launch_bounds__(Threads)                                                              \
        name(const half* x, int ldx, const float* gamma, float epsilon, half* y, int rows, int groups, int C,          \
             int lanes)                                                                                                \
    {                                                                                                                  \
        normalise_groups<V>(x, ldx, gamma, epsilon, y, rows, groups, C, lanes);                                        \
    }                                                                                                                  \
    KERNEL_FACTS(name, rms_norm, bytes, fixed, 0, Threads)

RMS_NORM(rms_norm, 8);
RMS_NORM(rms_norm_any, 1);
