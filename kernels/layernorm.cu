// Layer normalisation of rows:
//
//     y[r, c] = (x[r, c] − μ[r]) / √(σ²[r] + ε) · gamma[c] + beta[c]
//
//     x  half [rows, C], row stride ldx       y  half [rows, C], row stride ldy
//     gamma, beta  float [C], null for 1 and 0
//
// Launch: 128 threads, any number of blocks in x, no dynamic shared memory. A warp takes a row, and then every
// (4 · blocks)-th row after it.
// Preconditions: pointers 16-byte aligned; C, ldx and ldy multiples of 8; C ≤ 512, 1024 or 1280 by name, or 2048 for
// layernorm itself. layernorm_any has none.
//
// Bound: bytes, 4 an element. A row is read once. It stays in registers between its three passes (mean, variance,
// result) as the fp16 that it is in memory: this takes half the registers and costs a conversion a pass. gamma and
// beta are read once a warp. Counted on the emulated device: x and y are accessed 16 bytes at a time, and their
// sectors are used completely (ratio 1.00). gamma and beta, 32 bytes a lane in two loads, use half of each sector at a
// time and find the other half in L1. They cost 8 bytes a channel and warp, beside 38 where a warp has 9.5 rows (32768
// rows on an A100), and come from memory once. layernorm_any reads a row three times, twice from the L1 cache. The
// loops are in normalise.cuh.
//
// Occupancy: registers on sm_80 and sm_90 (0 spilled), the warps that fit, and the bytes that an SM's warps have under
// way at once. To cover a latency of 600 ns an A100 needs 9 KB, an H100 15:
//     layernorm_512     56: 36 warps, 23 KB at C = 320     64: 32 warps, 20 KB
//     layernorm_1024    96: 20 warps, 26 KB at C = 640    117: 16 warps, 20 KB
//     layernorm_1280   124: 16 warps, 41 KB at C = 1280   143: 12 warps, 31 KB
//     layernorm        185:  8 warps, 33 KB at C = 2048   221:  8 warps, 33 KB
//
// Tested against mean and variance in double (the Java test of this name).
// Tried:
//     one kernel, the row as 64 floats, gamma and beta for each row     95 registers, 12 bytes an element asked for
//     a kernel a width, the row as fp16                                 38 to 62 registers, 12 bytes an element
//     this one, gamma and beta in registers from row to row             4 bytes an element, and 8 a channel and warp
//
// Refused: gamma and beta folded into the weights of the product behind, W' = W · diag(gamma), b' = b + W · beta, in a
// transformer block all three times. The kernel then needs 32, 39 or 40 registers (sm_80; _512, _1024, _1280) and 13 to
// 15 % fewer instructions a row, and asks for 4 bytes an element, where at SD 2.0's sizes, batch 8, it asks for 4.8, 7.6
// and 12. But what it asks for beyond 4 comes from the caches: of the bytes from memory, which bound it, 10 KB at most
// are saved of 2.6 MB and more, and no launch is. On two cores of a CPU, oneDNN's norm without them takes 8 to 19 % less,
// 2.3 to 2.8 ms of an evaluation that takes 7 s. And W' has to be rounded once more: with gammas of 1 ± 0.3, the error of
// norm and product grows to 1.39 times, in fp16 as in bf16.
#include "launch.cuh"
#include "normalise.cuh"

namespace {

// Eight floats of a vector from c on, or the value that stands for a vector that is not there.
__device__ __forceinline__ void load_or(float value, const float* vector, int c, bool inside, float (&v)[8])
{
    if (vector != nullptr && inside) {
        load(vector + c, v);
    } else {
#pragma unroll
        for (int i = 0; i < 8; i++) {
            v[i] = value;
        }
    }
}

struct Parameters {
    const float* gamma;
    const float* beta;

    __device__ __forceinline__ void load_eight(int c, bool inside, float (&scale)[8], float (&offset)[8]) const
    {
        load_or(1.0f, gamma, c, inside, scale);
        load_or(0.0f, beta, c, inside, offset);
    }

    __device__ __forceinline__ float2 at(int c) const
    {
        return make_float2(gamma == nullptr ? 1.0f : gamma[c], beta == nullptr ? 0.0f : beta[c]);
    }
};

}  // namespace

#define LAYERNORM(name, Vectors)                                                                                      \
    extern "C" __global__ void __launch_bounds__(NormThreads) name(const half* x, int ldx, const float* gamma,        \
                                                                   const float* beta, float epsilon, half* y,         \
                                                                   int ldy, int rows, int C)                          \
    {                                                                                                                 \
        normalise<Vectors>(x, ldx, Parameters{gamma, beta}, epsilon, y, ldy, rows, C);                                \
    }                                                                                                                 \
    KERNEL_FACTS(name, layernorm, bytes, fixed, 0, NormWarps, Vectors * NormColumns)

LAYERNORM(layernorm_512, 2);
LAYERNORM(layernorm_1024, 4);
LAYERNORM(layernorm_1280, 5);
LAYERNORM(layernorm, 8);

extern "C" __global__ void __launch_bounds__(NormThreads)
layernorm_any(const half* x, int ldx, const float* gamma, const float* beta, float epsilon, half* y, int ldy, int rows,
              int C)
{
    normalise_any(x, ldx, Parameters{gamma, beta}, epsilon, y, ldy, rows, C);
}
KERNEL_FACTS(layernorm_any, layernorm, bytes, fixed, 0, NormWarps, AnyColumns);
