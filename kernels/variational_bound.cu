// The variational bound's term at a trial's timestep, of a network that predicts a variance, too (Nichol and Dhariwal,
// Improved Denoising Diffusion Probabilistic Models, 2021, arXiv 2102.09672, eq. 4 to 7 and 15), in bits a
// dimension:
//
//     bits[p] = mean over elements of L / ln 2 (+ (error_scale[m] · (ε − ε̂))² with with_squares = 1),
//     m = trial_of_pair[p],  ε̂ = a[m] · predicted + b[m] · x_t in float32, a = output_scale, b = input_scale
//     u  = (v + 1)/2 · log_range[m]                  ln of the model's variance over β̃_t, the posterior's
//     σ² = exp(log_variance[m] + u),  δ = mean_scale[m] · (ε − ε̂)
//     L  = ½ (u − 1 + e^−u + δ²/σ²)                  for t > 0: KL of the posterior from the model
//     L  = −ln(Φ((−δ + 1/255)/σ) − Φ((−δ − 1/255)/σ)) for t = 0: −ln of the probability of x0's grey level; its
//                                                    lower end is −∞ for x0 < −0.999, its upper end +∞ for x0 > 0.999
//     Φ(x) = ½ (1 + tanh(√(2/π) (x + 0.044715 x³))); no probability counts as less than 10⁻¹²
//
//     predicted      float [P, h, w, 2·c], what ε̂ is made of and then v      trial_of_pair  int [P] in [0, M)
//     timestep       int [M]                mean_scale = β_t/√(α_t(1 − ᾱ_t)), log_variance = ln β̃_t,
//                                           log_range = ln β_t − ln β̃_t: float [M]
//     x0, seed, noise_index, signal, level, table, output_scale, input_scale, error_scale: the trials, as in diffusion.cu
//     bits           float [P]
//
// Launch: 256 threads, P blocks in x, no dynamic shared memory.
//
// Bound: as diffusion.cu's errors, a launch's own latency: 32×32×4 elements, each with two exponentials beside its noise.
// u − 1 + e^−u is computed as u + expm1(−u): for the small u of most timesteps, where β̃ is nearly β, the rest would be
// rounding. Φ's difference is taken in the lower tail, where float tells small probabilities apart.
// Sums are in a fixed order, a pair's own: its error has the same bits whatever else is in the batch.
// Tested against the formulas in double (the Java test of diffusion). Not timed.
#include "half.cuh"
#include "launch.cuh"
#include "reduce.cuh"
#include "trial.cuh"

namespace {

constexpr int Threads = 256;
constexpr int Pixels = TrialPixels;     // of a thread at once

struct ReverseStep {
    bool last;                          // t = 0: the step to x0 itself
    float mean_scale, log_variance, log_range;
};

// Φ as a logistic function, which keeps its digits where it is small.
__device__ __forceinline__ float normal(float x)
{
    return 1.0f / (1.0f + expf(-1.59576912f * (x + 0.044715f * x * x * x)));
}

__device__ __forceinline__ float surprise(float distance, float x0, float inverse)
{
    constexpr float HalfLevel = 1.0f / 255.0f;
    float from = x0 < -0.999f ? -INFINITY : inverse * (distance - HalfLevel);
    float to = x0 > 0.999f ? INFINITY : inverse * (distance + HalfLevel);
    if (from + to > 0.0f) {             // the same by symmetry, in the tail where Φ is small
        const float reflected = -from;
        from = -to;
        to = reflected;
    }
    return -logf(fmaxf(normal(to) - normal(from), 1e-12f));
}

// L of one element, in nats; difference = ε − ε̂.
__device__ __forceinline__ float nats(const ReverseStep& step, float difference, float v, float x0)
{
    const float u = 0.5f * (v + 1.0f) * step.log_range;
    const float delta = step.mean_scale * difference;
    const float inverse = expf(-0.5f * (step.log_variance + u));                           // 1/σ
    if (step.last) {
        return surprise(-delta, x0, inverse);
    }
    return 0.5f * (u + expm1f(-u) + delta * inverse * (delta * inverse));
}

}  // namespace

extern "C" __global__ void __launch_bounds__(Threads, 1)
variational_bound(const float* predicted, const float* x0, const uint32_t* seed, const int* noise_index,
                  const float* signal, const float* level, const float* table, const float* output_scale,
                  const float* input_scale, const float* error_scale, const int* trial_of_pair, const int* timestep,
                  const float* mean_scale, const float* log_variance, const float* log_range, int with_squares,
                  float* bits, int c, int pixels)
{
    const int p = blockIdx.x;
    const int m = trial_of_pair[p];
    const Trial trial(m, x0, seed, noise_index, signal, level, table, c, pixels);
    const Estimate estimate(m, output_scale, input_scale, error_scale);
    const ReverseStep step{timestep[m] == 0, mean_scale[m], log_variance[m], log_range[m]};
    predicted += static_cast<size_t>(p) * pixels * 2 * c;
    float sum = 0.0f;
    float squares = 0.0f;
    for (int pixel = threadIdx.x * Pixels; pixel < pixels; pixel += Threads * Pixels) {
        for (int channel = 0; channel < c; channel++) {
            float epsilon[Pixels];
            trial.noise(channel, pixel, epsilon);
#pragma unroll
            for (int i = 0; i < Pixels; i++) {
                if (pixel + i < pixels) {
                    const float* const output = predicted + (pixel + i) * 2 * c + channel;
                    const int index = (pixel + i) * c + channel;
                    const float difference = estimate.difference(trial, index, epsilon[i], output[0]);
                    sum += nats(step, difference, output[c], x0[index]);
                    const float error = estimate.error_scale * difference;
                    squares += error * error;
                }
            }
        }
    }
    sum = block_sum<Threads>(sum * 1.44269504f + (with_squares ? squares : 0.0f));
    if (threadIdx.x == 0) {
        bits[p] = sum / (static_cast<float>(c) * pixels);
    }
}
KERNEL_FACTS(variational_bound, variational_bound, bytes, fixed, 0, 1);
