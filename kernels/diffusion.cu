// The two operations that the paper's method adds to the network. Neither reads a noise tensor: the noise of a trial is
// a function of (seed, noise index, element), computed where it is needed (philox.cuh).
//
// add_noise: xt[m] = signal[m] · x0 + level[m] · ε[m]        (Ho et al., 2020, arXiv 2006.11239, eq. 4)
// epsilon_error_l1, _l2, _huber: error[p] = mean over elements of ℓ(error_scale[m] · (ε[m] − ε̂[p])),
//     m = trial_of_pair[p],  ε̂[p] = a[m] · predicted[p] + b[m] · xt[m] in float32, a = output_scale, b = input_scale
//
//     x0             float [h, w, c], pixels = h·w
//     seed           uint [2], low and high word, in memory so that a captured launch draws by another
//     noise_index    int [M]
//     signal, level  float [M]            output_scale, input_scale, error_scale  float [M]
//     table          float [N, h, w, c], ε of noise index i in row i; null: Philox by seed
//     xt             half [M, h, w, c]
//     predicted      float [P, h, w, c], rows of c numbers ldp apart: a prediction may be the front half of more
//     trial_of_pair  int [P] in [0, M)
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
// Tried: launch bounds without a number of blocks, by which ptxas held itself to 48 registers on sm_100 and spilled.
// Not timed.
#include "half.cuh"
#include "launch.cuh"
#include "reduce.cuh"
#include "trial.cuh"

namespace {

constexpr int Threads = 256;
constexpr int Pixels = TrialPixels;     // of a thread at once

// predicted, error and map are this pair's.
template <class Loss>
__device__ __forceinline__ void epsilon_error(const float* predicted, int ldp, const Trial& trial,
                                              const Estimate& estimate, float* error, float* map)
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
                    const float output = predicted[(pixel + i) * ldp + channel];
                    loss[i] += Loss::of(estimate.error(trial, index, epsilon[i], output));
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
add_noise(const float* x0, const uint32_t* seed, const int* noise_index, const float* signal, const float* level,
          const float* table, half* xt, int c, int pixels)
{
    const int m = blockIdx.y;
    const Trial trial(m, x0, seed, noise_index, signal, level, table, c, pixels);
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
KERNEL_FACTS(add_noise, add_noise, bytes, fixed, 0, Threads * Pixels);

#define EPSILON_ERROR(name, Loss)                                                                                      \
    extern "C" __global__ void __launch_bounds__(Threads, 1) name(                                                      \
        const float* predicted, int ldp, const float* x0, const uint32_t* seed, const int* noise_index,                \
        const float* signal, const float* level, const float* table, const float* output_scale,                        \
        const float* input_scale, const float* error_scale, const int* trial_of_pair, float* error, float* map, int c, \
        int pixels)                                                                                                    \
    {                                                                                                                  \
        const int p = blockIdx.x;                                                                                      \
        const int m = trial_of_pair[p];                                                                                \
        const Trial trial(m, x0, seed, noise_index, signal, level, table, c, pixels);                                  \
        const Estimate estimate(m, output_scale, input_scale, error_scale);                                            \
        epsilon_error<Loss>(predicted + static_cast<size_t>(p) * ldp * pixels, ldp, trial, estimate, error + p,        \
                            map == nullptr ? nullptr : map + static_cast<size_t>(p) * pixels);                         \
    }                                                                                                                  \
    KERNEL_FACTS(name, epsilon_error, bytes, fixed, 0, 1)

EPSILON_ERROR(epsilon_error_l1, Absolute);
EPSILON_ERROR(epsilon_error_l2, Squared);
EPSILON_ERROR(epsilon_error_huber, Huber);
