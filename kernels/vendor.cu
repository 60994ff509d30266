// What stands before and behind the vendor variants' matrix product (cuBLAS) and convolution (cuDNN), which these
// libraries do not do themselves.
//
// finish_none, finish_silu, finish_gelu, finish_gelu_tanh, finish_quick_gelu:
//     y[m, n] = act(product[m, n] + bias[n]) + residual[m, n]
// finish_geglu:
//     y[m, n] = (product[m, n] + bias[n]) · gelu(product[m, N + n] + bias[N + n]) + residual[m, n]
//     product   float [M, N], of GEGLU [M, 2N]     bias  float [N], of GEGLU [2N], or null
//     residual  half [M, N], row stride ldr, or null
//     y         half [M, N]
//     Launch: 256 threads, ceil(M · ceil(N / 8) / 256) blocks in x.
// The product comes in float so that a value is rounded once, as in gemm.cu: with a product in half it would be twice,
// and where bias and product nearly cancel, the first rounding would be all that is left.
//
// arrange (half), arrange_float: z[b, i, j] = [x | skip | 0] at (b, i / scale, j / scale), 0 below and right of it
//     x     half [B, H, W, C0]      skip  half [B, H, W, C1], or null and C1 = 0
//     z     half or float [B, Hz, Wz, C], C ≥ C0 + C1 a multiple of 8
//     Doubles (scale 2), appends a row and a column of zeros (Hz = H + 1, Wz = W + 1), puts two inputs side by side,
//     and fills the channels up.
//     Launch: 256 threads, ceil(B · Hz · Wz · C / 8 / 256) blocks in x.
//
// spread (half), spread_float: z[m, n] = addend[m / rows, n]
//     addend  half [M / rows, N], row stride lda    z  half or float [M, N]
//     The convolution's addend as one value an output: rows = Hz · Wz for one row an image, 1 to widen only.
//     Launch: 256 threads, ceil(M · ceil(N / 8) / 256) blocks in x.
//
// No shared memory. Preconditions: pointers 16-byte aligned; fewer than 2³¹ threads.
//
// Bound: bytes, 16 an access where N, C0, C1, lda and ldr are multiples of 8, else element by element. finish reads
// 4 and writes 2 bytes a value (GEGLU 8 and 2), 2 more for a residual, where gemm.cu's epilogue writes 2 and reads the
// residual: the price of a library that ends at the product. In sm_80's machine code a value takes 14 instructions (38
// to 44 with σ or erf, 30 in arrange with its divisions); the time of a byte is that of 12 on an A100 (108 · 4 · 32
// lanes at 1.41 GHz over 1.555 TB/s), of 9 on an H100, so that the 6 bytes of finish leave 53 and the 4 of arrange 35.
// Occupancy: at most 48 registers let 5 blocks of 256 onto a multiprocessor. Their 40 warps have 40 KB of loads under
// way with 2 of 16 bytes a lane; bandwidth a multiprocessor times 600 ns is 9 KB on an A100, 15 KB on an H100.
// Versions: this one.
// Tested as part of the layers, against their references in double (LinearTest, Conv2dTest with -Dkernels=vendor).
#include <type_traits>

#include "activation.cuh"
#include "launch.cuh"
#include "vector.cuh"

namespace {

constexpr int Threads = 256;
constexpr int Width = 8;                // neighbouring elements of a thread
static_assert(Width * sizeof(half) == 16, "one access");

// A thread's elements of a matrix whose rows are read Width columns at a time.
struct Chunk {
    int row, column;

    __device__ __forceinline__ explicit Chunk(int columns)
    {
        const int chunks = (columns + Width - 1) / Width;
        const int index = blockIdx.x * Threads + threadIdx.x;
        row = index / chunks;
        column = index % chunks * Width;
    }
};

template <class T>
__device__ __forceinline__ T* advanced(T* optional, size_t elements)
{
    return optional == nullptr ? nullptr : optional + elements;
}

template <int V>
__device__ __forceinline__ void load_sum(const float* product, const float* bias, float (&sum)[V])
{
    load(product, sum);
    if (bias != nullptr) {
        float b[V];
        load(bias, b);
#pragma unroll
        for (int i = 0; i < V; i++) {
            sum[i] += b[i];
        }
    }
}

// V columns of a row, all pointers at the first of them; GEGLU's gates stand N columns behind the values.
template <class Activation, int V>
__device__ __forceinline__ void finish_columns(const float* product, const float* bias, const half* residual, half* y,
                                               int N)
{
    float v[V];
    load_sum(product, bias, v);
    if constexpr (std::is_same_v<Activation, Geglu>) {
        float gate[V];
        load_sum(product + N, advanced(bias, N), gate);
#pragma unroll
        for (int i = 0; i < V; i++) {
            v[i] *= Gelu::apply(gate[i]);
        }
    } else {
#pragma unroll
        for (int i = 0; i < V; i++) {
            v[i] = Activation::apply(v[i]);
        }
    }
    if (residual != nullptr) {
        float r[V];
        load(residual, r);
#pragma unroll
        for (int i = 0; i < V; i++) {
            v[i] += r[i];
        }
    }
    store(y, v);
}

template <class Activation>
__device__ __forceinline__ void finish(const float* product, const float* bias, const half* residual, int ldr, half* y,
                                       int M, int N)
{
    const Chunk at(N);
    if (at.row >= M) {
        return;
    }
    const int ldp = std::is_same_v<Activation, Geglu> ? 2 * N : N;
    product += static_cast<size_t>(at.row) * ldp;
    residual = advanced(residual, static_cast<size_t>(at.row) * ldr);
    y += static_cast<size_t>(at.row) * N;
    if (N % Width == 0 && ldr % Width == 0) {
        const int n = at.column;
        finish_columns<Activation, Width>(product + n, advanced(bias, n), advanced(residual, n), y + n, N);
    } else {
        for (int n = at.column; n < N && n < at.column + Width; n++) {
            finish_columns<Activation, 1>(product + n, advanced(bias, n), advanced(residual, n), y + n, N);
        }
    }
}

template <class Out>
__device__ __forceinline__ void arrange_channels(const half* x, int C0, const half* skip, int C1, Out* z, int B, int H,
                                                 int W, int Hz, int Wz, int C, int scale)
{
    const Chunk at(C);                                      // row: a pixel of z
    const int image = at.row / (Hz * Wz);
    if (image >= B) {
        return;
    }
    const int i = at.row / Wz % Hz / scale;
    const int j = at.row % Wz / scale;
    const bool inside = i < H && j < W;
    const size_t pixel = (static_cast<size_t>(image) * H + i) * W + j;
    const auto source = [&](int c) -> const half* {         // null: a zero
        return !inside ? nullptr
            : c < C0 ? x + pixel * C0 + c
            : c < C0 + C1 ? skip + pixel * C1 + c - C0 : nullptr;
    };
    float v[Width] = {};
    if (C0 % Width == 0 && C1 % Width == 0) {
        if (const half* const channels = source(at.column)) {
            load(channels, v);
        }
    } else {
#pragma unroll
        for (int k = 0; k < Width; k++) {
            if (const half* const channel = source(at.column + k)) {
                v[k] = __half2float(*channel);
            }
        }
    }
    store(z + static_cast<size_t>(at.row) * C + at.column, v);
}

template <class Out>
__device__ __forceinline__ void spread_rows(const half* addend, int lda, int rows, Out* z, int M, int N)
{
    const Chunk at(N);
    if (at.row >= M) {
        return;
    }
    addend += static_cast<size_t>(at.row / rows) * lda;
    z += static_cast<size_t>(at.row) * N;
    if (N % Width == 0 && lda % Width == 0) {
        float v[Width];
        load(addend + at.column, v);
        store(z + at.column, v);
    } else {
        for (int n = at.column; n < N && n < at.column + Width; n++) {
            store(z + n, {__half2float(addend[n])});
        }
    }
}

}  // namespace

#define FINISH(name, Activation)                                                                                   \
    extern "C" __global__ void __launch_bounds__(Threads)                                                          \
        name(const float* product, const float* bias, const half* residual, int ldr, half* y, int M, int N)        \
    {                                                                                                              \
        finish<Activation>(product, bias, residual, ldr, y, M, N);                                                 \
    }                                                                                                              \
    KERNEL_FACTS(name, finish, bytes, fixed, 0, Threads * Width)

FINISH(finish_none, Identity);
FINISH(finish_silu, Silu);
FINISH(finish_gelu, Gelu);
FINISH(finish_gelu_tanh, GeluTanh);
FINISH(finish_quick_gelu, QuickGelu);
FINISH(finish_geglu, Geglu);

extern "C" __global__ void __launch_bounds__(Threads)
arrange(const half* x, int C0, const half* skip, int C1, half* z, int B, int H, int W, int Hz, int Wz, int C, int scale)
{
    arrange_channels(x, C0, skip, C1, z, B, H, W, Hz, Wz, C, scale);
}
KERNEL_FACTS(arrange, arrange, bytes, fixed, 0, Threads * Width);

extern "C" __global__ void __launch_bounds__(Threads)
arrange_float(const half* x, int C0, const half* skip, int C1, float* z, int B, int H, int W, int Hz, int Wz, int C,
              int scale)
{
    arrange_channels(x, C0, skip, C1, z, B, H, W, Hz, Wz, C, scale);
}
KERNEL_FACTS(arrange_float, arrange, bytes, fixed, 0, Threads * Width);

extern "C" __global__ void __launch_bounds__(Threads)
spread(const half* addend, int lda, int rows, half* z, int M, int N)
{
    spread_rows(addend, lda, rows, z, M, N);
}
KERNEL_FACTS(spread, arrange, bytes, fixed, 0, Threads * Width);

extern "C" __global__ void __launch_bounds__(Threads)
spread_float(const half* addend, int lda, int rows, float* z, int M, int N)
{
    spread_rows(addend, lda, rows, z, M, N);
}
KERNEL_FACTS(spread_float, arrange, bytes, fixed, 0, Threads * Width);
