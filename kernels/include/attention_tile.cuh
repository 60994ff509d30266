// What the attention kernels share: their arguments, the online softmax, and rows of heads copied to and from swizzled
// tiles in shared memory.
#pragma once

#include <cmath>

#include "fragments.cuh"
#include "half.cuh"
#include "ptx.cuh"

constexpr float Log2e = 1.44269504f;

// The arguments of every kernel here.
struct Operands {
    const half* q;
    int ldq;
    const half* k;
    int ldk, k_entry;
    const half* v;
    int ldv, v_entry;
    const int* entry;
    half* y;
    int ldy;
    int Lq, Lk;
    float scale;
    int causal;

    // Moves all pointers to this block's image and head, of d columns.
    __device__ __forceinline__ void select(int d)
    {
        const int image = blockIdx.z;
        const int column = blockIdx.y * d;
        const int source = entry == nullptr ? image : entry[image];
        q += static_cast<size_t>(image) * Lq * ldq + column;
        k += static_cast<size_t>(source) * k_entry + column;
        v += static_cast<size_t>(source) * v_entry + column;
        y += static_cast<size_t>(image) * Lq * ldy + column;
    }

    __device__ __forceinline__ bool sees(int query, int key) const
    {
        return key < Lk && (!causal || key <= query);
    }
};

// The running maximum and sum of one row's softmax (the paper's m and ℓ). Scores are in units of log2: the scale and
// log2(e) are one factor, multiplied in by the fused multiply-add in front of 2ˣ.
struct Softmax {
    float maximum = -INFINITY;
    float sum = 0.0f;

    // Takes a tile's largest score into account; returns what everything summed so far must be multiplied by. A row
    // sees at least key 0, which is in the first tile, so the maximum is finite from there on.
    __device__ __forceinline__ float raise(float score, float scale)
    {
        const float raised = fmaxf(maximum, score);
        const float correction = ex2((maximum - raised) * scale);
        maximum = raised;
        sum *= correction;
        return correction;
    }

    __device__ __forceinline__ float weigh(float score, float scale)
    {
        const float weight = ex2(fmaf(score, scale, -maximum * scale));
        sum += weight;
        return weight;
    }
};

// Threads number thread of threads start copying a tile [Rows, 8·Chunks] of the matrix at source. Rows from rows_left
// on become zeros.
template <int Rows, int Chunks>
__device__ __forceinline__ void load_rows(half* tile, const half* source, int ld, int rows_left, int thread,
                                          int threads)
{
#pragma unroll
    for (int i = thread; i < Rows * Chunks; i += threads) {
        const int row = i / Chunks;
        const int chunk = i % Chunks;
        const bool inside = row < rows_left;
        cp_async_16(tile + tile_offset<Chunks>(row, chunk),
                    source + static_cast<size_t>(inside ? row : 0) * ld + chunk * 8, inside ? 16 : 0);
    }
}

// A warp writes a tile [Rows, 8·Chunks] out, as far as there are rows left.
template <int Rows, int Chunks>
__device__ __forceinline__ void store_rows(const half* tile, half* destination, int ld, int rows_left)
{
#pragma unroll
    for (int i = threadIdx.x % 32; i < Rows * Chunks; i += 32) {
        const int row = i / Chunks;
        const int chunk = i % Chunks;
        if (row < rows_left) {
            *reinterpret_cast<uint4*>(destination + static_cast<size_t>(row) * ld + chunk * 8) =
                *reinterpret_cast<const uint4*>(tile + tile_offset<Chunks>(row, chunk));
        }
    }
}

// A warp puts its accumulators [16, 8·Chunks], row r times factor r of its lane's two rows, into row 0 on of a tile.
template <int Chunks>
__device__ __forceinline__ void stage_accumulators(half* tile, int first_row, const float (&sum)[Chunks][4],
                                                   const float (&factor)[2])
{
    const int lane = threadIdx.x % 32;
#pragma unroll
    for (int j = 0; j < Chunks; j++) {
#pragma unroll
        for (int h = 0; h < 2; h++) {
            half* const pair = tile + tile_offset<Chunks>(first_row + accumulator_row(lane, 2 * h), j)
                               + accumulator_column(lane, 2 * h);
            *reinterpret_cast<half2*>(pair) =
                __floats2half2_rn(sum[j][2 * h] * factor[h], sum[j][2 * h + 1] * factor[h]);
        }
    }
}
