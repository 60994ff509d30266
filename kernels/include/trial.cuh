// A trial of the paper's method on one latent: its noise, which is computed where it is needed (philox.cuh), the mix of
// latent and noise, and the loss of a prediction. For every kernel that draws noise or measures a network's output.
#pragma once

#include "half.cuh"
#include "philox.cuh"

constexpr int TrialPixels = 4;          // neighbours in a row, whose noise one Philox block a channel gives

// A trial: where its noise comes from and how it is mixed.
struct Trial {
    const float* x0;
    const float* table;                 // this trial's row, null for Philox
    uint2 key;                          // Philox's: the seed's low and high word
    int noise_index;
    float signal, level;
    int c, pixels;

    __device__ Trial(int m, const float* x0, const uint32_t* seed, const int* noise_index, const float* signal,
                     const float* level, const float* table, int c, int pixels)
        : x0(x0), table(table == nullptr ? nullptr : table + static_cast<size_t>(noise_index[m]) * c * pixels),
          key(make_uint2(seed[0], seed[1])), noise_index(noise_index[m]), signal(signal[m]), level(level[m]), c(c), pixels(pixels)
    {
    }

    // ε of a channel at pixels pixel to pixel + 3; what lies beyond the last is undefined.
    __device__ __forceinline__ void noise(int channel, int pixel, float (&epsilon)[TrialPixels]) const
    {
        if (table != nullptr) {
#pragma unroll
            for (int i = 0; i < TrialPixels; i++) {
                epsilon[i] = pixel + i < pixels ? table[(pixel + i) * c + channel] : 0.0f;
            }
            return;
        }
        const uint32_t element = channel * pixels + pixel;
        const float4 block = philox_normals(key, noise_index, element / 4);
        float normals[2 * TrialPixels] = {block.x, block.y, block.z, block.w};
        if (element % 4 != 0) {         // a latent whose pixels are no multiple of 4: two blocks meet in these four
            const float4 next = philox_normals(key, noise_index, element / 4 + 1);
            normals[4] = next.x;
            normals[5] = next.y;
            normals[6] = next.z;
        }
        // Moved down by element % 4 without an index that the compiler does not know: registers have none.
#pragma unroll
        for (int step = 1; step <= 2; step *= 2) {
#pragma unroll
            for (int i = 0; i + step < 2 * TrialPixels; i++) {
                normals[i] = element & step ? normals[i + step] : normals[i];
            }
        }
#pragma unroll
        for (int i = 0; i < TrialPixels; i++) {
            epsilon[i] = normals[i];
        }
    }

    // x_t of an element.
    __device__ __forceinline__ float mix(int index, float epsilon) const
    {
        return signal * x0[index] + level * epsilon;
    }
};

// How a trial's ε̂ follows from the network's output: ε̂ = a · output + b · x_t. (1, 0) is a network that predicts ε,
// (signal, level) one that predicts v, (1 − level, 1) one that predicts the velocity of flow matching.
struct Estimate {
    float a, b;
    float error_scale;                  // of what a loss is taken of: 1 for ε, 1/a for the output itself

    __device__ Estimate(int m, const float* output_scale, const float* input_scale, const float* error_scale)
        : a(output_scale[m]), b(input_scale[m]), error_scale(error_scale[m])
    {
    }

    // ε − ε̂ of an element. Where b is 0, x0 is not read.
    __device__ __forceinline__ float difference(const Trial& trial, int index, float epsilon, float output) const
    {
        const float noised = b != 0.0f ? trial.mix(index, epsilon) : 0.0f;
        return epsilon - (a * output + b * noised);
    }

    // What a loss is taken of.
    __device__ __forceinline__ float error(const Trial& trial, int index, float epsilon, float output) const
    {
        return error_scale * difference(trial, index, epsilon, output);
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
