// A file for catalog_test.sh: what kernels' definitions use of C++.
// Requires: sm_90a
#include "sample.cuh"

constexpr int Threads = 8 * 16, Width = Threads / 3 % 7 + 1;   // 128 / 3 is 42

#define PRODUCT(N, T, Out)                                                                  \
    extern "C" __global__ void __launch_bounds__(T::Warps * 32, 2) product_##N(             \
        const half* x, int ldx, Out* y, float scale)                                        \
    {                                                                                       \
    }                                                                                       \
    KERNEL_FACTS(product_##N, product, flop, fixed, T::SharedBytes, T::Rows, T::Columns)

PRODUCT(128, Tile128x64, float);
PRODUCT(64, Tile64x32, half);

// __global__ void in_a_comment(int x)
extern "C" __global__ void __launch_bounds__(Threads)
plain(const uint32_t* seed,
      int n)
{
}
KERNEL_FACTS(plain, others, bytes, varying, ByLaunch, Threads + Width, Tile64x32::Warps);
