// Mean of numbers and squares around it, gathered part by part: what group normalisation needs to know of a map, wherever
// its parts are summed. Two parts are put together by the distance of their means (Chan, Golub and LeVeque, Updating
// Formulae and a Pairwise Algorithm for Computing Sample Variances, 1979): nothing cancels, however far the mean is from 0.
#pragma once

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
