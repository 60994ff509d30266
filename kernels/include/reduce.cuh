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

// Eight sums at once, each over the 16 lanes of one parity: a lane gets that of v[lane / 4]. At each exchange a lane
// keeps one half of the sums and gives the other away: 8 shuffles instead of eight times 4.
__device__ __forceinline__ float eight_sums(float (&v)[8])
{
    const int lane = threadIdx.x % 32;
#pragma unroll
    for (int left = 4, step = 16; left > 0; left /= 2, step /= 2) {
        const bool upper = (lane & step) != 0;
#pragma unroll
        for (int i = 0; i < left; i++) {
            const float kept = upper ? v[i + left] : v[i];
            v[i] = kept + __shfl_xor_sync(0xffffffffu, upper ? v[i] : v[i + left], step);
        }
    }
    return v[0] + __shfl_xor_sync(0xffffffffu, v[0], 2);
}

// Over a block of Threads threads, all of which must call it; all of them get the result.
template <int Threads>
__device__ __forceinline__ float block_sum(float x)
{
    static_assert(Threads % 32 == 0 && Threads <= 1024);
    __shared__ float warps[Threads / 32];
    x = lanes_sum<32>(x);
    __syncthreads();                    // an earlier sum has been read
    if (threadIdx.x % 32 == 0) {
        warps[threadIdx.x / 32] = x;
    }
    __syncthreads();
    float sum = 0.0f;
#pragma unroll
    for (int i = 0; i < Threads / 32; i++) {
        sum += warps[i];
    }
    return sum;
}
