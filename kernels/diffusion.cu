// The two operations that the paper's method adds to the network. Neither reads a noise tensor: the noise of a trial is
// a function of (seed, noise index, element), computed where it is needed (philox.cuh).
//
// add_noise: xt[m] = signal[m] · x0 + level[m] · ε[m]        (Ho et al., 2020, arXiv 2006.11239, eq. 4)
// epsilon_error_l1, _l2, _huber: error[p] = mean over elements of ℓ(ε − ε̂[p]), ε = ε[m], m = trial_of_pair[p]
//     ε̂ = predicted[p], or with prediction_is_v = 1: signal[m] · predicted[p] + level[m] · x_t
//     (Salimans and Ho, 2022, arXiv 2202.00512, appendix D)
//
//     x0             float [h, w, c], pixels = h·w
//     noise_index    int [M]              signal = √ᾱ_t, level = √(1 − ᾱ_t): float [M]
//     table          float [N, h, w, c], ε of noise index i in row i; null: Philox with seed
//     xt             half [M, h, w, c]
//     predicted      float [P, h, w, c]   trial_of_pair  int [P] in [0, M)
//     error          float [P]            map            float [P, h, w], the mean over channels; null for none
//
// A thread works on four neighbouring pixels: in CHW order one Philox block a channel, in memory 4·c neighbours.
//
// Launch, 256 threads, no dynamic shared memory: add_noise grid (ceil(pixels / 1024), M); epsilon_error P blocks in x.
//
// Bound: at 64×64×4 a trial has 16384 elements, some 40 integer and 20 float operations each: microseconds, less than a
// launch. What they save is the noise tensor: 4 bytes an element of each trial, written and read.
// Sums are in a fixed order, a pair's own: its error has the same bits whatever else is in the batch.
// Tested against Philox.java and the formulas in double (the Java test of this name).
// Tried: this is the first version. Not timed.
#include "half.cuh"
#include "philox.cuh"
#include "reduce.cuh"

namespace {

constexpr int Threads = 256;
constexpr int Pixels = 4;               // of a thread at once

// A trial: where its noise comes from and how it is mixed.
struct Trial {
    const float* x0;
    const float* table;                 // this trial's row, null for Philox
    unsigned long long seed;
    int noise_index;
    float signal, level;
    int c, pixels;

    __device__ Trial(int m, const float* x0, const int* noise_index, const float* signal, const float* level,
                     unsigned long long seed, const float* table, int c, int pixels)
        : x0(x0), table(table == nullptr ? nullptr : table + static_cast<size_t>(noise_index[m]) * c * pixels),
          seed(seed), noise_index(noise_index[m]), signal(signal[m]), level(level[m]), c(c), pixels(pixels)
    {
    }

    // ε of a channel at pixels pixel to pixel + 3; what lies beyond the last is undefined.
    __device__ __forceinline__ void noise(int channel, int pixel, float (&epsilon)[Pixels]) const
    {
        if (table != nullptr) {
#pragma unroll
            for (int i = 0; i < Pixels; i++) {
                epsilon[i] = pixel + i < pixels ? table[(pixel + i) * c + channel] : 0.0f;
            }
            return;
        }
        const uint32_t element = channel * pixels + pixel;
        const float4 block = philox_normals(seed, noise_index, element / 4);
        const float four[Pixels] = {block.x, block.y, block.z, block.w};
        const int shift = element % 4;
        if (shift == 0) {
#pragma unroll
            for (int i = 0; i < Pixels; i++) {
                epsilon[i] = four[i];
            }
        } else {                        // a latent whose pixels are no multiple of 4: two blocks meet in these four
            const float4 next = philox_normals(seed, noise_index, element / 4 + 1);
            const float more[Pixels] = {next.x, next.y, next.z, next.w};
#pragma unroll
            for (int i = 0; i < Pixels; i++) {
#pragma unroll
                for (int from = 0; from < Pixels; from++) {
                    if (from == i + shift) {
                        epsilon[i] = four[from];
                    }
                    if (from + Pixels == i + shift) {
                        epsilon[i] = more[from];
                    }
                }
            }
        }
    }

    __device__ __forceinline__ float mix(int index, float epsilon) const
    {
        return signal * x0[index] + level * epsilon;
    }
};

struct Absolute {
    static __device__ __forceinline__ float of(float d) { return fabsf(d); }
};

struct Squared {
    static __device__ __forceinline__ float of(float d) { return d * d; }
};

// PyTorch's huber_loss with δ = 1.
struct Huber {
    static __device__ __forceinline__ float of(float d)
    {
        const float magnitude = fabsf(d);
        return magnitude <= 1.0f ? 0.5f * d * d : magnitude - 0.5f;
    }
};

// predicted, error and map are this pair's.
template <class Loss>
__device__ __forceinline__ void epsilon_error(const float* predicted, const Trial& trial, bool prediction_is_v,
                                              float* error, float* map)
{
    float sum = 0.0f;
    for (int pixel = threadIdx.x * Pixels; pixel < trial.pixels; pixel += Threads * Pixels) {
        float loss[Pixels] = {};                         // summed over channels
        for (int channel = 0; channel < trial.c; channel++) {
            float epsilon[Pixels];
            trial.noise(channel, pixel, epsilon);
#pragma unroll
            for (int i = 0; i < Pixels; i++) {
                if (pixel + i < trial.pixels) {
                    const int index = (pixel + i) * trial.c + channel;
                    float estimate = predicted[index];
                    if (prediction_is_v) {
                        estimate = trial.signal * estimate + trial.level * trial.mix(index, epsilon[i]);
                    }
                    loss[i] += Loss::of(epsilon[i] - estimate);
                }
            }
        }
#pragma unroll
        for (int i = 0; i < Pixels; i++) {
            sum += loss[i];
            if (map != nullptr && pixel + i < trial.pixels) {
                map[pixel + i] = loss[i] / trial.c;
            }
        }
    }
    sum = block_sum<Threads>(sum);
    if (threadIdx.x == 0) {
        *error = sum / (static_cast<float>(trial.c) * trial.pixels);
    }
}

}  // namespace

extern "C" __global__ void __launch_bounds__(Threads)
add_noise(const float* x0, const int* noise_index, const float* signal, const float* level, unsigned long long seed,
          const float* table, half* xt, int c, int pixels)
{
    const int m = blockIdx.y;
    const Trial trial(m, x0, noise_index, signal, level, seed, table, c, pixels);
    const int pixel = (blockIdx.x * Threads + threadIdx.x) * Pixels;
    if (pixel >= pixels) {
        return;
    }
    xt += static_cast<size_t>(m) * c * pixels;
    for (int channel = 0; channel < c; channel++) {
        float epsilon[Pixels];
        trial.noise(channel, pixel, epsilon);
#pragma unroll
        for (int i = 0; i < Pixels; i++) {
            if (pixel + i < pixels) {
                const int index = (pixel + i) * c + channel;
                xt[index] = __float2half_rn(trial.mix(index, epsilon[i]));
            }
        }
    }
}

#define EPSILON_ERROR(name, Loss)                                                                                      \
    extern "C" __global__ void __launch_bounds__(Threads) name(                                                        \
        const float* predicted, const float* x0, const int* noise_index, const float* signal, const float* level,      \
        unsigned long long seed, const float* table, const int* trial_of_pair, int prediction_is_v, float* error,      \
        float* map, int c, int pixels)                                                                                 \
    {                                                                                                                  \
        const int p = blockIdx.x;                                                                                      \
        const Trial trial(trial_of_pair[p], x0, noise_index, signal, level, seed, table, c, pixels);                   \
        epsilon_error<Loss>(predicted + static_cast<size_t>(p) * c * pixels, trial, prediction_is_v != 0, error + p,   \
                            map == nullptr ? nullptr : map + static_cast<size_t>(p) * pixels);                         \
    }

EPSILON_ERROR(epsilon_error_l1, Absolute)
EPSILON_ERROR(epsilon_error_l2, Squared)
EPSILON_ERROR(epsilon_error_huber, Huber)
