// Step 1 of the matrix product: y = x Wᵀ as the formula has it.
//
//     x  half [M, K]        w  half [N, K]        y  half [M, N]          sums in float32
//
// All steps take these arguments. Preconditions of the later steps (none here): K a multiple of 8, pointers 16-byte
// aligned. M and N are free.
//
// Launch: 256 threads, one for each element of y; a grid of ceil(M·N / 256) blocks.
// Bound: a product takes two loads of 2 bytes. Neighbouring threads share that of x but not that of w: the 32 lanes of
// a warp read the same half of x, and halves of w that lie K apart, each in its own sector of 32 bytes. One sixteenth
// of what is fetched is used. The rest may still be in the L1 cache when k gets there.
#include "half.cuh"

extern "C" __global__ void __launch_bounds__(256)
gemm_1_naive(const half* x, const half* w, half* y, int M, int N, int K)
{
    const int index = blockIdx.x * 256 + threadIdx.x;
    const int row = index / N;
    const int column = index - row * N;
    if (row >= M) {
        return;
    }
    float sum = 0;
    for (int k = 0; k < K; k++) {
        sum += __half2float(x[static_cast<size_t>(row) * K + k]) * __half2float(w[static_cast<size_t>(column) * K + k]);
    }
    y[static_cast<size_t>(row) * N + column] = __float2half_rn(sum);
}
