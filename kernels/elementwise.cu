// silu, gelu, gelu_tanh, quick_gelu: y[i] = act(x[i]), half [n] to half [n]; y may be x
// float_to_half, half_to_float: y[i] = x[i] rounded to nearest even, or exactly
//     Launch: 256 threads, ceil(n / 2048) blocks in x.
//
// gather_rows: y[i, r] = x[index[i], r], r = 0 .. rows − 1
//     x      half [entries of x, rows, width], row stride ldx, entries rows·ldx apart
//     index  int [entries]             y  half [entries, rows, width]
//     Launch: 256 threads, grid (ceil(rows·width / 2048), entries).
//
// No dynamic shared memory. Preconditions: pointers 16-byte aligned; n < 2³¹.
//
// Bound: bytes; each element is read and written once, 16 bytes at a time. gather_rows does so where width and ldx are
// multiples of 8, else element by element.
// Tested against the formulas in double, copies to the bit (the Java test of this name).
#include "activation.cuh"
#include "vector.cuh"

namespace {

constexpr int Threads = 256;
constexpr int Width = 8;                // elements of a thread

template <class Function, class In, class Out>
__device__ __forceinline__ void map_elements(const In* x, Out* y, int n)
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

#define ELEMENTWISE(name, Function, In, Out)                                                    \
    extern "C" __global__ void __launch_bounds__(Threads) name(const In* x, Out* y, int n)      \
    {                                                                                           \
        map_elements<Function>(x, y, n);                                                        \
    }

ELEMENTWISE(silu, Silu, half, half)
ELEMENTWISE(gelu, Gelu, half, half)
ELEMENTWISE(gelu_tanh, GeluTanh, half, half)
ELEMENTWISE(quick_gelu, QuickGelu, half, half)
ELEMENTWISE(float_to_half, Identity, float, half)
ELEMENTWISE(half_to_float, Identity, half, float)

extern "C" __global__ void __launch_bounds__(Threads)
gather_rows(const half* x, int ldx, const int* index, half* y, int rows, int width)
{
    const size_t size = static_cast<size_t>(rows) * width;
    const half* const source = x + static_cast<size_t>(index[blockIdx.y]) * rows * ldx;
    half* const destination = y + blockIdx.y * size;
    const size_t first = (static_cast<size_t>(blockIdx.x) * Threads + threadIdx.x) * Width;
    if (width % Width == 0 && ldx % Width == 0) {
        if (first < size) {
            *reinterpret_cast<uint4*>(destination + first) =
                *reinterpret_cast<const uint4*>(source + first / width * ldx + first % width);
        }
    } else {
        for (size_t i = first; i < size && i < first + Width; i++) {
            destination[i] = source[i / width * ldx + i % width];
        }
    }
}
