// Sums and maxima over lanes and blocks in a fixed order, so that the same input gives the same bits.
#pragma once

// Over the lanes whose numbers differ in the bits below Width; all of them get the result.
template <int Width>
__device__ __forceinline__ float lanes_max(float x)
{
#pragma unroll
    for (int step = Width / 2; step > 0; step /= 2) {
        x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, step));
    }
    return x;
}

template <int Width>
__device__ __forceinline__ float lanes_sum(float x)
{
#pragma unroll
    for (int step = Width / 2; step > 0; step /= 2) {
        x += __shfl_xor_sync(0xffffffffu, x, step);
    }
    return x;
}

// Over a block of Threads threads, all of which must call it; thread 0 gets the result.
template <int Threads>
__device__ __forceinline__ float block_sum(float x)
{
    static_assert(Threads % 32 == 0 && Threads <= 1024);
    __shared__ float warps[Threads / 32];
    x = lanes_sum<32>(x);
    if (threadIdx.x % 32 == 0) {
        warps[threadIdx.x / 32] = x;
    }
    __syncthreads();
    float sum = 0.0f;
    if (threadIdx.x == 0) {
        for (int i = 0; i < Threads / 32; i++) {
            sum += warps[i];
        }
    }
    return sum;
}
