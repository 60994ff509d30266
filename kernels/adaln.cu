// The operations by which a diffusion transformer applies an image's condition (Peebles and Xie, Scalable Diffusion
// Models with Transformers, 2023, arXiv 2212.09748, section 3.2): layer normalisation without parameters of its own,
// scaled and shifted by the condition, and the gated sum that ends each half of a block.
//
//     adaptive_norm_512, _1024, _1280, adaptive_norm, adaptive_norm_any:
//         y[b, l, c] = (x[b, l, c] − μ[b, l]) / √(σ²[b, l] + ε) · (1 + scale[b, c]) + shift[b, c]
//     gated_sum, gated_sum_any:
//         y[b, l, c] = x[b, l, c] + gate[b, c] · z[b, l, c]
//
//     x, y, z             half [B, L, C]
//     shift, scale, gate  half [B, C], rows lds, ldg apart: columns of one product [B, 6·C]
//
// Launch, no dynamic shared memory: adaptive_norm*: 128 threads, grid (any, B); a warp takes a row, and then every
// (4 · gridDim.x)-th row after it. gated_sum: 256 threads, grid (ceil(L·C / 2048), B). gated_sum_any: ceil(L·C / 256),
// B.
// Preconditions: pointers 16-byte aligned; C, lds and ldg multiples of 8; C ≤ 512, 1024 or 1280 by name, or 2048 for
// adaptive_norm itself; L·C < 2³¹ − 2048. Those with _any have none.
//
// Bound: bytes, 4 an element of adaptive_norm, 6 of gated_sum. For DiT-XL/2 at 16 pairs, [16, 256, 1152], these are
// 18.9 and 28.3 MB, 12 and 18 µs on an A100. Each occurs twice a block, 61 µs beside the 131 GFLOP of its products,
// 420 µs at 312 TFLOP/s. A row is read once. It stays in a warp's registers between its three passes, as fp16. Scale
// and shift of the image stay there from row to row, as floats (normalise.cuh, as layernorm.cu).
// Registers on sm_80 and sm_90 (0 spilled): adaptive_norm_512 64 and 64, _1024 108 and 125, _1280 127 and
// 155, adaptive_norm 195 and 255; gated_sum 27.
// Tested against the formulas in double (the Java test of adaptive norms).
// Considered: norm and sum before it in one kernel, which would read the sum's result from registers: 2 of 10 bytes an
// element, or 12 µs of a block's 480 at the bounds above; not for a second output in every caller's hands. Not timed.
#include "launch.cuh"
#include "normalise.cuh"

namespace {

constexpr int SumThreads = 256;

// Scale and shift of image blockIdx.y.
class Condition {
public:
    __device__ __forceinline__ Condition(const half* shift, const half* scale, int lds)
        : shift_(shift + static_cast<size_t>(blockIdx.y) * lds), scale_(scale + static_cast<size_t>(blockIdx.y) * lds)
    {
    }

    __device__ __forceinline__ void load_eight(int c, bool inside, float (&scale)[8], float (&offset)[8]) const
    {
        if (inside) {
            load(scale_ + c, scale);
            load(shift_ + c, offset);
        }
#pragma unroll
        for (int i = 0; i < 8; i++) {
            scale[i] += 1.0f;
        }
    }

    __device__ __forceinline__ float2 at(int c) const
    {
        return make_float2(1.0f + __half2float(scale_[c]), __half2float(shift_[c]));
    }

private:
    const half* shift_;
    const half* scale_;
};

}  // namespace

#define ADAPTIVE_NORM(name, normalise, columns)                                                                        \
    extern "C" __global__ void __launch_bounds__(NormThreads)                                                          \
        name(const half* x, const half* shift, const half* scale, int lds, float epsilon, half* y, int L, int C)       \
    {                                                                                                                  \
        const size_t image = static_cast<size_t>(blockIdx.y) * L * C;                                                  \
        normalise(x + image, C, Condition(shift, scale, lds), epsilon, y + image, C, L, C);                            \
    }                                                                                                                  \
    KERNEL_FACTS(name, adaptive_norm, bytes, fixed, 0, NormWarps, columns)

ADAPTIVE_NORM(adaptive_norm_512, normalise<2>, 2 * NormColumns);
ADAPTIVE_NORM(adaptive_norm_1024, normalise<4>, 4 * NormColumns);
ADAPTIVE_NORM(adaptive_norm_1280, normalise<5>, 5 * NormColumns);
ADAPTIVE_NORM(adaptive_norm, normalise<8>, 8 * NormColumns);
ADAPTIVE_NORM(adaptive_norm_any, normalise_any, AnyColumns);

extern "C" __global__ void __launch_bounds__(SumThreads)
gated_sum(const half* x, const half* gate, int ldg, const half* z, half* y, int L, int C)
{
    const int i = (blockIdx.x * SumThreads + threadIdx.x) * 8;
    if (i >= L * C) {
        return;
    }
    const size_t at = static_cast<size_t>(blockIdx.y) * L * C + i;
    float a[8], g[8], b[8];
    load(x + at, a);
    load(gate + static_cast<size_t>(blockIdx.y) * ldg + i % C, g);
    load(z + at, b);
#pragma unroll
    for (int j = 0; j < 8; j++) {
        a[j] += g[j] * b[j];
    }
    store(y + at, a);
}
KERNEL_FACTS(gated_sum, gated_sum, bytes, fixed, 0, SumThreads * 8);

extern "C" __global__ void __launch_bounds__(SumThreads)
gated_sum_any(const half* x, const half* gate, int ldg, const half* z, half* y, int L, int C)
{
    const int i = blockIdx.x * SumThreads + threadIdx.x;
    if (i >= L * C) {
        return;
    }
    const size_t at = static_cast<size_t>(blockIdx.y) * L * C + i;
    const float g = __half2float(gate[static_cast<size_t>(blockIdx.y) * ldg + i % C]);
    y[at] = __float2half_rn(__half2float(x[at]) + g * __half2float(z[at]));
}
KERNEL_FACTS(gated_sum_any, gated_sum, bytes, fixed, 0, SumThreads);
