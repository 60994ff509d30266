// copy_tokens: y[b, to + l] = x[b, from + l], l = 0 .. count − 1
//
//     x  half [B, Lx, C], rows ldx apart      y  half [B, Ly, C]
//
// Two of it put two streams of tokens behind each other for one attention, and two take the result apart again (Esser et
// al., 2024, arXiv 2403.03206, figure 2b).
// Launch: 256 threads, grid (ceil(count·C / 2048), B).
//
// pad_heads: y[r, h, c] = c < d ? x[r, h, c] : 0,  c = 0 .. D − 1
//
//     x  half [rows, heads · d], rows ldx apart      y  half [rows, heads · D], dense
//
// Heads of a width that no kernel of attention.cu has take one that has more columns: zeros change neither a score nor a
// sum of values. The same kernel, with D < d, cuts the result. For what comes up in tests and small models only.
// Launch: 256 threads, ceil(rows·heads·D / 256) blocks in x.
//
// No dynamic shared memory. Preconditions: pointers 16-byte aligned; count·C and rows·heads·D < 2³¹ − 2048. copy_tokens
// moves 16 bytes at a time where C and ldx are multiples of 8, else single numbers.
//
// Bound: bytes, 4 an element. In Stable Diffusion 3 medium at 128 × 128 a block joins 4429 rows of 3 · 1536 and takes
// 4429 of 1536 apart: 109 MB a pair, 70 µs on an A100 at 1555 GB/s, beside 370 GFLOP, 1190 µs at 312 TFLOP/s.
// Considered: an attention that takes its keys from two places, which would save three quarters of that; every tile of
// attention.cu would pay for it with a comparison and a second set of addresses. Not timed.
// Tested against copies, to the bit (the Java test of tokens).
#include "copy_rows.cuh"
#include "launch.cuh"

constexpr int Threads = 256;
constexpr int Width = 8;                // elements of a thread

extern "C" __global__ void __launch_bounds__(Threads)
copy_tokens(const half* x, int ldx, int Lx, int from, half* y, int Ly, int to, int count, int C)
{
    copy_rows<Threads, Width>(x + (static_cast<size_t>(blockIdx.y) * Lx + from) * ldx, ldx,
                              y + (static_cast<size_t>(blockIdx.y) * Ly + to) * C, count, C);
}
KERNEL_FACTS(copy_tokens, tokens, bytes, fixed, 0, Threads * Width);

extern "C" __global__ void __launch_bounds__(Threads)
pad_heads(const half* x, int ldx, half* y, int rows, int heads, int d, int D)
{
    const int i = blockIdx.x * Threads + threadIdx.x;
    if (i < rows * heads * D) {
        const int c = i % D;
        const int h = i / D % heads;
        const int r = i / D / heads;
        y[i] = c < d ? x[static_cast<size_t>(r) * ldx + h * d + c] : __float2half_rn(0.0f);
    }
}
KERNEL_FACTS(pad_heads, tokens, bytes, fixed, 0, Threads);
