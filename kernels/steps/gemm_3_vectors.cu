// Step 3 of the matrix product (arguments: gemm_1_naive.cu): 16 bytes at a time.
//
// As step 2, but a lane copies 8 halves with one instruction. This takes an eighth of the instructions for loads and a
// quarter of those for address arithmetic. Tiles are transposed on the way, [k][row], so that a thread's four rows lie
// next to each other: two loads of 16 bytes for 16 products instead of eight of 4. (The transposing stores have bank
// conflicts, but there are 32 products for each.)
//
// Launch: 256 threads; a grid of ceil(M / 64) · ceil(N / 64) blocks in x; 17408 bytes of shared memory.
// Bound: FMA, 32 clocks for a warp's 16, beside two loads. Their 16 bytes a lane are 4 passes, of which equal
// addresses save half. FP32 units get no further: an A100 has 19.5 TFLOP/s of these, and 312 of tensor cores.
#include "vector.cuh"

namespace {
constexpr int Block = 64;
constexpr int BlockK = 32;
constexpr int Stride = Block + 4;                        // rows of k stay 16-byte aligned
constexpr int Each = 4;                                  // rows and columns of a thread

// Chunk threadIdx.x % 4 of row threadIdx.x / 4, transposed.
__device__ __forceinline__ void load_tile(float (&tile)[BlockK][Stride], const half* matrix, int first_row, int rows,
                                          int first_k, int K)
{
    const int row = threadIdx.x / 4;
    const int k = threadIdx.x % 4 * 8;
    float eight[8] = {};
    if (first_row + row < rows && first_k + k < K) {
        load(matrix + static_cast<size_t>(first_row + row) * K + first_k + k, eight);
    }
#pragma unroll
    for (int i = 0; i < 8; i++) {
        tile[k + i][row] = eight[i];
    }
}
}  // namespace

extern "C" __global__ void __launch_bounds__(256)
gemm_3_vectors(const half* x, const half* w, half* y, int M, int N, int K)
{
    alignas(16) __shared__ float left[BlockK][Stride];
    alignas(16) __shared__ float right[BlockK][Stride];
    const int columns = (N + Block - 1) / Block;
    const int first_row = blockIdx.x / columns * Block;
    const int first_column = blockIdx.x % columns * Block;
    const int row = threadIdx.x / 16 * Each;
    const int column = threadIdx.x % 16 * Each;
    float sum[Each][Each] = {};

    for (int k = 0; k < K; k += BlockK) {
        __syncthreads();
        load_tile(left, x, first_row, M, k, K);
        load_tile(right, w, first_column, N, k, K);
        __syncthreads();
        for (int i = 0; i < BlockK; i++) {
            float a[Each], b[Each];
            load(&left[i][row], a);
            load(&right[i][column], b);
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
        const int r = first_row + row + m;
        const int c = first_column + column;
        if (r < M && c + Each <= N && N % Each == 0) {
            store(y + static_cast<size_t>(r) * N + c, sum[m]);
        } else if (r < M) {
#pragma unroll
            for (int n = 0; n < Each; n++) {
                if (c + n < N) {
                    y[static_cast<size_t>(r) * N + c + n] = __float2half_rn(sum[m][n]);
                }
            }
        }
    }
}
