// silu, gelu, gelu_tanh, quick_gelu: y[i] = act(x[i]), half [n] to half [n]; y may be x
//     Launch: 256 threads, ceil(n / 2048) blocks in x.
//
// product: y[i] = a[i] · b[i], half [n]
//     Launch: 256 threads, ceil(n / 2048) blocks in x.
//
// gather_rows: y[i, r] = x[index[i], r], r = 0 .. rows − 1
//     x      half [entries of x, rows, width], row stride ldx, entries rows·ldx apart
//     index  int [entries]             y  half [entries, rows, width]
//     Launch: 256 threads, grid (ceil(rows·width / 2048), entries).
//
// swap_axes_f16, swap_axes_f32: y[a, c, b, w] = x[a, b, c, w], half or float. They turn an image into its patches of
// p², where [B, C] is [p, image's width / p] and W is p times its channels, and back.
//     x  [A, B, C, W], n elements in all      y  [A, C, B, W]
//     Launch: 256 threads, ceil(n / 256) blocks in x.
//
// affine_f16, affine_f32: y[r, w] = (x[r, w] − shift) · factor in double, rounded to float
//     x  half or float [rows, width], rows ldx apart, n = rows·width elements      y  float [rows, width]
//     Launch: 256 threads, ceil(n / 256) blocks in x.
//
// No dynamic shared memory. Preconditions: pointers 16-byte aligned; n and rows·width < 2³¹ − 2048.
//
// Bound: bytes; each element is read and written once, 16 bytes at a time. gather_rows does so where width and ldx are
// multiples of 8, else element by element. affine scales a latent once an image. swap_axes moves a latent or a
// prediction, element by element: W neighbours, 16 or 64 bytes for DiT-XL/2, 1 MB of predictions for 16 pairs.
// Tested against the formulas in double, copies to the bit (the Java test of this name).
#include "activation.cuh"
#include "copy_rows.cuh"
#include "launch.cuh"
#include "vector.cuh"

namespace {

constexpr int Threads = 256;
constexpr int Width = 8;                // elements of a thread

template <class Function>
__device__ __forceinline__ void map_elements(const half* x, half* y, int n)
{
    const int first = (blockIdx.x * Threads + threadIdx.x) * Width;
    if (first + Width <= n) {
        float v[Width];
        load(x + first, v);
#pragma unroll
        for (int i = 0; i < Width; i++) {
            v[i] = Function::apply(v[i]);
        }
        store(y + first, v);
    } else {
        for (int i = first; i < n; i++) {
            float v[1];
            load(x + i, v);
            store(y + i, {Function::apply(v[0])});
        }
    }
}

}  // namespace

#define ELEMENTWISE(name, Function)                                                                  \
    extern "C" __global__ void __launch_bounds__(Threads) name(const half* x, half* y, int n)        \
    {                                                                                                \
        map_elements<Function>(x, y, n);                                                             \
    }                                                                                                \
    KERNEL_FACTS(name, activation, bytes, fixed, 0, Threads * Width)

ELEMENTWISE(silu, Silu);
ELEMENTWISE(gelu, Gelu);
ELEMENTWISE(gelu_tanh, GeluTanh);
ELEMENTWISE(quick_gelu, QuickGelu);

extern "C" __global__ void __launch_bounds__(Threads)
product(const half* a, const half* b, half* y, int n)
{
    const int first = (blockIdx.x * Threads + threadIdx.x) * Width;
    if (first + Width <= n) {
        float v[Width], factor[Width];
        load(a + first, v);
        load(b + first, factor);
#pragma unroll
        for (int i = 0; i < Width; i++) {
            v[i] *= factor[i];
        }
        store(y + first, v);
    } else {
        for (int i = first; i < n; i++) {
            y[i] = __float2half_rn(__half2float(a[i]) * __half2float(b[i]));
        }
    }
}
KERNEL_FACTS(product, product, bytes, fixed, 0, Threads * Width);

extern "C" __global__ void __launch_bounds__(Threads)
gather_rows(const half* x, int ldx, const int* index, half* y, int rows, int width)
{
    const half* const source = x + static_cast<size_t>(index[blockIdx.y]) * rows * ldx;
    copy_rows<Threads, Width>(source, ldx, y + static_cast<size_t>(blockIdx.y) * rows * width, rows, width);
}
KERNEL_FACTS(gather_rows, gather, bytes, fixed, 0, Threads * Width);

namespace {

// Writes are in order; reads are in runs of W.
template <class Number>
__device__ __forceinline__ void swap_axes(const Number* x, Number* y, int n, int B, int C, int W)
{
    const int i = blockIdx.x * Threads + threadIdx.x;
    if (i < n) {
        const int w = i % W;
        const int b = i / W % B;
        const int c = i / W / B % C;
        const int a = i / W / B / C;
        y[i] = x[((a * B + b) * C + c) * W + w];
    }
}

}  // namespace

extern "C" __global__ void __launch_bounds__(Threads)
swap_axes_f16(const half* x, half* y, int n, int B, int C, int W)
{
    swap_axes(x, y, n, B, C, W);
}
KERNEL_FACTS(swap_axes_f16, swap_axes, bytes, fixed, 0, Threads);

extern "C" __global__ void __launch_bounds__(Threads)
swap_axes_f32(const float* x, float* y, int n, int B, int C, int W)
{
    swap_axes(x, y, n, B, C, W);
}
KERNEL_FACTS(swap_axes_f32, swap_axes, bytes, fixed, 0, Threads);

namespace {

__device__ __forceinline__ float to_float(half x)
{
    return __half2float(x);
}

__device__ __forceinline__ float to_float(float x)
{
    return x;
}

template <class Number>
__device__ __forceinline__ void affine(const Number* x, int ldx, double shift, double factor, float* y, int n, int width)
{
    const int i = blockIdx.x * Threads + threadIdx.x;
    if (i < n) {
        const double number = to_float(x[i / width * static_cast<size_t>(ldx) + i % width]);
        y[i] = static_cast<float>((number - shift) * factor);
    }
}

}  // namespace

extern "C" __global__ void __launch_bounds__(Threads)
affine_f16(const half* x, int ldx, double shift, double factor, float* y, int n, int width)
{
    affine(x, ldx, shift, factor, y, n, width);
}
KERNEL_FACTS(affine_f16, affine, bytes, fixed, 0, Threads);

extern "C" __global__ void __launch_bounds__(Threads)
affine_f32(const float* x, int ldx, double shift, double factor, float* y, int n, int width)
{
    affine(x, ldx, shift, factor, y, n, width);
}
KERNEL_FACTS(affine_f32, affine, bytes, fixed, 0, Threads);
