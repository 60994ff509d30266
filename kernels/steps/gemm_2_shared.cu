// Step 2 of the matrix product (arguments: gemm_1_naive.cu): a block reads its factors once and keeps them in shared
// memory.
//
// A block computes 64×64 elements of y. For 32 columns of k at a time it copies 64 rows of x and of w to shared
// memory. Each thread then has 4×4 sums, and reads 8 numbers for 16 products. Device memory is read once for 64 rows
// or columns of y instead of once for each: an element gives 32 products instead of half a one.
//
// Tiles lie as in memory, row after row of k, with one float of padding. Without it, threads that read one column of k
// in different rows would all read from one bank.
//
// Launch: 256 threads; a grid of ceil(M / 64) · ceil(N / 64) blocks in x; 16896 bytes of shared memory.
// Bound: loads from shared memory. A quarter of an A100's SM does 16 FMA a clock, so that a warp's 16 take 32 clocks.
// Its 8 loads take a clock each at best, but all four quarters share them: 32 of 32 clocks, to which the copying adds.
#include "half.cuh"

namespace {
constexpr int Block = 64;
constexpr int BlockK = 32;
constexpr int Each = 4;                                  // rows and columns of a thread

__device__ __forceinline__ void load_tile(float (&tile)[Block][BlockK + 1], const half* matrix, int first_row, int rows,
                                          int first_k, int K)
{
    for (int i = threadIdx.x; i < Block * BlockK; i += 256) {
        const int row = first_row + i / BlockK;
        const int k = first_k + i % BlockK;
        tile[i / BlockK][i % BlockK] =
            row < rows && k < K ? __half2float(matrix[static_cast<size_t>(row) * K + k]) : 0.0f;
    }
}
}  // namespace

extern "C" __global__ void __launch_bounds__(256)
gemm_2_shared(const half* x, const half* w, half* y, int M, int N, int K)
{
    __shared__ float left[Block][BlockK + 1];
    __shared__ float right[Block][BlockK + 1];
    const int columns = (N + Block - 1) / Block;
    const int first_row = blockIdx.x / columns * Block;
    const int first_column = blockIdx.x % columns * Block;
    const int row = threadIdx.x / 16;                    // and every 16th from there on
    const int column = threadIdx.x % 16;
    float sum[Each][Each] = {};

    for (int k = 0; k < K; k += BlockK) {
        __syncthreads();
        load_tile(left, x, first_row, M, k, K);
        load_tile(right, w, first_column, N, k, K);
        __syncthreads();
        for (int i = 0; i < BlockK; i++) {
            float a[Each], b[Each];
#pragma unroll
            for (int n = 0; n < Each; n++) {
                a[n] = left[row + 16 * n][i];
                b[n] = right[column + 16 * n][i];
            }
#pragma unroll
            for (int m = 0; m < Each; m++) {
#pragma unroll
                for (int n = 0; n < Each; n++) {
                    sum[m][n] += a[m] * b[n];
                }
            }
        }
    }
#pragma unroll
    for (int m = 0; m < Each; m++) {
#pragma unroll
        for (int n = 0; n < Each; n++) {
            const int r = first_row + row + 16 * m;
            const int c = first_column + column + 16 * n;
            if (r < M && c < N) {
                y[static_cast<size_t>(r) * N + c] = __float2half_rn(sum[m][n]);
            }
        }
    }
}
