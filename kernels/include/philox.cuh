// Counter-based normal noise: ε of noise index i is a function of (seed, i, element) alone, so that it is never stored.
//
// Philox4x32-10 (Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011, section 3.4) with key (seed's low
// word, high word) and counter (element / 4, noise index, 0, 0) gives four words; Box–Muller makes two normals of each
// two: u = (w0 + 1)·2⁻³², v = w1·2⁻³², r = √(−2 ln u), z0 = r cos 2πv, z1 = r sin 2πv. Elements are counted over the
// latent in CHW order, whatever its layout in memory.
#pragma once

#include <cstdint>

__device__ __forceinline__ uint4 philox4x32_10(uint4 counter, uint2 key)
{
#pragma unroll
    for (int round = 0; round < 10; round++) {
        const uint32_t high0 = __umulhi(0xD2511F53u, counter.x);
        const uint32_t low0 = 0xD2511F53u * counter.x;
        const uint32_t high1 = __umulhi(0xCD9E8D57u, counter.z);
        const uint32_t low1 = 0xCD9E8D57u * counter.z;
        counter = make_uint4(high1 ^ counter.y ^ key.x, low1, high0 ^ counter.w ^ key.y, low0);
        key.x += 0x9E3779B9u;
        key.y += 0xBB67AE85u;
    }
    return counter;
}

// ln((w + 1)·2⁻³²) to float's relative precision. Near 1 a float cannot hold the argument, but its distance from 1 is
// the integer ~w.
__device__ __forceinline__ float log_uniform(uint32_t w)
{
    constexpr float Unit = 1.0f / 4294967296.0f;
    return w < 0x80000000u ? logf(static_cast<float>(w + 1) * Unit) : log1pf(-static_cast<float>(~w) * Unit);
}

__device__ __forceinline__ float2 box_muller(uint32_t w0, uint32_t w1)
{
    const float radius = sqrtf(-2.0f * log_uniform(w0));
    // A signed word is the same angle in (−π, π], with a float's precision around 0 too.
    float sine, cosine;
    sincospif(static_cast<float>(static_cast<int32_t>(w1)) * (2.0f / 4294967296.0f), &sine, &cosine);
    return make_float2(radius * cosine, radius * sine);
}

// The four normals of elements 4·block to 4·block + 3.
__device__ __forceinline__ float4 philox_normals(uint2 key, int noise_index, uint32_t block)
{
    const uint4 words = philox4x32_10(make_uint4(block, static_cast<uint32_t>(noise_index), 0, 0), key);
    const float2 first = box_muller(words.x, words.y);
    const float2 second = box_muller(words.z, words.w);
    return make_float4(first.x, first.y, second.x, second.y);
}
