// Mean of numbers and squares around it, gathered part by part: what group normalisation needs to know of a map, wherever
// its parts are summed. Two parts are put together by the distance of their means (Chan, Golub and LeVeque, Updating
// Formulae and a Pairwise Algorithm for Computing Sample Variances, 1979): nothing cancels, however far the mean is from 0.
#pragma once

#include "reduce.cuh"

struct alignas(8) Moments {
    float mean;
    float squares;              // Σ (v − mean)²

    // Takes in the moments of `others` numbers where these are of `own`.
    __device__ __forceinline__ void merge(const Moments& other, float own, float others)
    {
        const float distance = other.mean - mean;
        const float part = __fdividef(others, own + others);
        mean += part * distance;
        squares += other.squares + own * part * distance * distance;
    }
};

// What is known of a map's channels, `unit` of them together: moments [B, ⌈P / slab⌉, count].
struct Slabs {
    const Moments* moments;
    int count;                                  // units of the map
    int P, slab, unit;

    // Of a unit of an image: the slabs first, first + step, .. together. Of how many numbers is left in n.
    __device__ __forceinline__ Moments gather(int image, int i, int first, int step, float& n) const
    {
        const int slabs = (P + slab - 1) / slab;
        const Moments* part = moments + static_cast<size_t>(image * slabs + first) * count + i;
        Moments sum{0.0f, 0.0f};
        n = 0.0f;
#pragma unroll 1
        for (int k = first; k < slabs; k += step) {
            const float numbers = unit * min(slab, P - k * slab);
            sum.merge(*part, n, numbers);
            n += numbers;
            part += step * count;
        }
        return sum;
    }
};

// Calls take(group, mean, variance) for each group of the slice that begins at unit `first`, with a whole warp. Each
// thread puts some slabs of one unit together, then each warp units and threads of a group: the order is the same in all
// blocks of an image.
template <int MaxThreads, class Take>
__device__ __forceinline__ void join_moments(const Slabs& x, const Slabs& skip, int image, int first, int units,
                                             int group_units, const Take& take)
{
    __shared__ Moments parts[MaxThreads];       // [rows, units]
    __shared__ float numbers[MaxThreads];       // of each part
    const int rows = blockDim.x / units;
    const int row = threadIdx.x / units;
    if (row < rows) {
        const int i = first + threadIdx.x % units;
        parts[threadIdx.x] = i < x.count ? x.gather(image, i, row, rows, numbers[threadIdx.x])
                                         : skip.gather(image, i - x.count, row, rows, numbers[threadIdx.x]);
    }
    __syncthreads();
    const float whole = __fdividef(1.0f, static_cast<float>(group_units) * x.unit * x.P);
#pragma unroll 1
    for (int group = threadIdx.x / 32; group * group_units < units; group += blockDim.x / 32) {
        const auto part = [&](int k) { return k / group_units * units + group * group_units + k % group_units; };
        float sum = 0.0f;
        for (int k = threadIdx.x % 32; k < rows * group_units; k += 32) {
            sum += numbers[part(k)] * parts[part(k)].mean;
        }
        const float mean = lanes_sum<32>(sum) * whole;
        float squares = 0.0f;
        for (int k = threadIdx.x % 32; k < rows * group_units; k += 32) {
            const float distance = parts[part(k)].mean - mean;
            squares += parts[part(k)].squares + numbers[part(k)] * distance * distance;
        }
        take(group, mean, lanes_sum<32>(squares) * whole);
    }
}

// The moments of four pairs of columns as a lane meets them, around the first number that it sees of each.
struct FourPairs {
    float first[4], sum[4], squares[4];

    __device__ __forceinline__ void start(const float (&v)[8])
    {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            first[i] = v[2 * i];
            sum[i] = 0.0f;
            squares[i] = 0.0f;
        }
    }

    __device__ __forceinline__ void add(const float (&v)[8])
    {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            const float even = v[2 * i] - first[i];
            const float odd = v[2 * i + 1] - first[i];
            sum[i] += even + odd;
            squares[i] += even * even + odd * odd;
        }
    }

    // Pair i over the lanes that meet the same columns, which are every Lanes-th; each has seen count numbers.
    template <int Lanes>
    __device__ __forceinline__ Moments of_warp(int i, float count) const
    {
        const float mean = sum[i] / count;
        Moments moments{first[i] + mean, fmaxf(squares[i] - sum[i] * mean, 0.0f)};
#pragma unroll
        for (int step = Lanes; step < 32; step *= 2, count *= 2.0f) {
            const Moments other{__shfl_xor_sync(0xffffffffu, moments.mean, step),
                                __shfl_xor_sync(0xffffffffu, moments.squares, step)};
            moments.merge(other, count, count);
        }
        return moments;
    }
};
