// The element-wise functions of the networks, in float. Sources: SiLU, Elfwing et al., arXiv 1702.03118; GELU,
// Hendrycks and Gimpel, arXiv 1606.08415, exact and in its tanh approximation; quick GELU is CLIP's, openai/CLIP's
// model.py.
//
// σ(x) = 1 / (1 + 2^(−x log₂ e)) by the hardware's 2ˣ and reciprocal, 5 instructions with the product; 2⁻²⁰ by the
// instructions' bounds, where fp16 keeps 2⁻¹¹. Far below 0 the power overflows, and the quotient is −0 as it should be.
#pragma once

#include "ptx.cuh"

struct Identity {
    static __device__ __forceinline__ float apply(float x) { return x; }
};

// x · σ(x).
struct Silu {
    static __device__ __forceinline__ float apply(float x) { return __fdividef(x, 1.0f + ex2(-1.44269504f * x)); }
};

// x · Φ(x).
struct Gelu {
    static __device__ __forceinline__ float apply(float x) { return 0.5f * x * (1.0f + erff(x * 0.707106781f)); }
};

// x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³))).
struct GeluTanh {
    static __device__ __forceinline__ float apply(float x)
    {
        return 0.5f * x * (1.0f + tanhf(0.797884561f * (x + 0.044715f * x * x * x)));
    }
};

// x · σ(1.702 x).
struct QuickGelu {
    static __device__ __forceinline__ float apply(float x)
    {
        return __fdividef(x, 1.0f + ex2(-1.702f * 1.44269504f * x));
    }
};

// One of those above, in their order, chosen by a kernel's argument: for kernels that are not worth one of each.
struct Chosen {
    template <int V>
    static __device__ __forceinline__ void apply(int index, float (&v)[V])
    {
        switch (index) {
        case 1:
            each<Silu>(v);
            break;
        case 2:
            each<Gelu>(v);
            break;
        case 3:
            each<GeluTanh>(v);
            break;
        case 4:
            each<QuickGelu>(v);
            break;
        }
    }

private:
    template <class Activation, int V>
    static __device__ __forceinline__ void each(float (&v)[V])
    {
#pragma unroll
        for (int i = 0; i < V; i++) {
            v[i] = Activation::apply(v[i]);
        }
    }
};

// value · gelu(gate) of neighbouring columns (Shazeer, GLU Variants, arXiv 2002.05202): see epilogue.cuh.
struct Geglu {
};
