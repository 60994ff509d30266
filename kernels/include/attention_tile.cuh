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
    float* partial;
    int splits;
    int Lq, Lk;
    float scale;
    int causal;

    // Moves the inputs' pointers to this block's image and head, of d columns.
    __device__ __forceinline__ void select(int d)
    {
        const int image = blockIdx.z / splits;
        const int column = blockIdx.y * d;
        const int source = entry == nullptr ? image : entry[image];
        q += static_cast<size_t>(image) * Lq * ldq + column;
        k += static_cast<size_t>(source) * k_entry + column;
        v += static_cast<size_t>(source) * v_entry + column;
    }

    // Row of y in this block's image and head, of d columns.
    __device__ __forceinline__ half* result_row(int query, int d) const
    {
        const size_t image = blockIdx.z / splits;
        return y + (image * Lq + query) * ldy + blockIdx.y * d;
    }

    // Which part of the keys this block takes.
    __device__ __forceinline__ int split() const
    {
        return blockIdx.z % splits;
    }

    // Row of partial for this block's split, image and head, of d columns.
    __device__ __forceinline__ float* partial_row(int query, int d) const
    {
        const size_t images = gridDim.z / splits;
        const size_t image = blockIdx.z / splits;
        return partial + (((split() * images + image) * Lq + query) * gridDim.y + blockIdx.y) * (d + 8);
    }

    __device__ __forceinline__ bool sees(int query, int key) const
    {
        return key < Lk && (!causal || key <= query);
    }
};

// The running softmax of one row. A score weighs 2^((score − limit) · scale + Slack), where scale is the caller's times
// log2(e): one fused multiply-add in front of 2ˣ. The limit keeps weights in range; any will do, since it cancels in
// Σ weight · value / Σ weight. So it is moved, and all that was summed rescaled, only for a score that would weigh more
// than 2^Slack (the paper's algorithm moves it with every new maximum).
struct Softmax {
    static constexpr float Slack = 8.0f;                 // weights are rounded to fp16, which ends at 2^16

    float limit = -INFINITY;
    float sum = 0.0f;

    // Lets the row's largest score so far weigh 1; returns what everything summed so far must be multiplied by.
    // slack = Slack / scale.
    __device__ __forceinline__ float admit(float score, float scale, float slack)
    {
        const float raised = fmaxf(limit, score + slack);
        const float correction = ex2((limit - raised) * scale);
        limit = raised;
        sum *= correction;
        return correction;
    }

    __device__ __forceinline__ float shift(float scale) const
    {
        return fmaf(-limit, scale, Slack);
    }

    __device__ __forceinline__ float weigh(float score, float scale, float shift)
    {
        const float weight = ex2(fmaf(score, scale, shift));
        sum += weight;
        return weight;
    }
};

// Copies tiles of Keys keys and the values that belong to them to shared memory: one half of the block the keys, the
// other the values. A thread copies chunks of 8 halves at places that are the same in every tile and worked out once.
template <int Keys, int Chunks, int BlockThreads>
struct TileLoader {
    static constexpr int Threads = BlockThreads / 2;
    static constexpr int Copies = (Keys * Chunks + Threads - 1) / Threads;
    // Threads walk along rows, Lanes abreast, if that makes pieces of at least 64 bytes. Otherwise chunks are dealt out
    // in their order. A thread's chunks from number Period on are rows 8·n or Lanes chunks from its first ones: by
    // tile_offset, at constant distances (FragmentRows says why).
    static constexpr bool Walk = Chunks % 4 == 0;
    static constexpr int Lanes = Walk ? common_divisor_with_8(Chunks) : Chunks;
    static constexpr int InRow = Chunks / Lanes;
    static constexpr int Period = Walk ? 1 : Chunks / common_divisor_with_8(Chunks);

    static_assert(Threads % 64 == 0);
    static_assert(!Walk || (Threads / Lanes % 8 == 0 && Keys * Chunks % Threads == 0));

    const half* source;
    int to_previous;                                     // halves
    int from[Copies];                                    // halves from the thread's first chunk
    half* to[Period];

    // stage: keys, then values; k, v: of the tile to begin with
    __device__ __forceinline__ TileLoader(half* stage, const half* k, int ldk, const half* v, int ldv)
    {
        const bool values = threadIdx.x >= Threads;
        const int ld = values ? ldv : ldk;
        source = (values ? v : k) + row(0) * ld + chunk(0) * 8;
        to_previous = -Keys * ld;
#pragma unroll
        for (int i = 0; i < Copies; i++) {
            from[i] = (row(i) - row(0)) * ld + (chunk(i) - chunk(0)) * 8;
        }
#pragma unroll
        for (int i = 0; i < Period; i++) {
            to[i] = stage + (values ? Keys * Chunks * 8 : 0) + tile_offset<Chunks>(row(i), chunk(i));
        }
    }

    static __device__ __forceinline__ int row(int i)
    {
        const int thread = threadIdx.x % Threads;
        return Walk ? thread / Lanes + i / InRow * (Threads / Lanes) : (thread + i * Threads) / Chunks;
    }

    static __device__ __forceinline__ int chunk(int i)
    {
        const int thread = threadIdx.x % Threads;
        return Walk ? thread % Lanes + i % InRow * Lanes : (thread + i * Threads) % Chunks;
    }

    // Whether the thread has a chunk i; where all have, the compiler knows.
    static __device__ __forceinline__ bool exists(int i)
    {
        return (i + 1) * Threads <= Keys * Chunks || threadIdx.x % Threads + i * Threads < Keys * Chunks;
    }

    __device__ __forceinline__ half* target(int i) const
    {
        return Walk ? to[0] + (i / InRow * (Threads / Lanes) * Chunks + i % InRow * Lanes) * 8
                    : to[i % Period] + i / Period * Period * Threads * 8;
    }

    __device__ __forceinline__ void load() const
    {
#pragma unroll
        for (int i = 0; i < Copies; i++) {
            if (exists(i)) {
                cp_async_16(target(i), source + from[i]);
            }
        }
    }

    // The same where there are only rows_left rows; zeros follow.
    __device__ __forceinline__ void load(int rows_left) const
    {
#pragma unroll
        for (int i = 0; i < Copies; i++) {
            if (exists(i)) {
                const bool inside = row(i) < rows_left;
                cp_async_16(target(i), source + (inside ? from[i] : 0), inside ? 16 : 0);
            }
        }
    }

    __device__ __forceinline__ void previous_tile()
    {
        source += to_previous;
    }

    // To the stage that is halves further.
    __device__ __forceinline__ void step(int halves)
    {
#pragma unroll
        for (int i = 0; i < Period; i++) {
            to[i] += halves;
        }
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

// The addresses that a lane gives ldmatrix, of a tile [any, 8·Chunks]. tile_offset's exchange depends on row % 8 alone,
// and stays within groups of g chunks: rows 8 apart and chunks g apart lie at constant distances. So g / 2 addresses,
// one for each pair of chunks in a group, serve the whole tile.
template <int Chunks>
struct FragmentRows {
    static constexpr int Group = common_divisor_with_8(Chunks) > 2 ? common_divisor_with_8(Chunks) : 2;
    static constexpr int Pairs = Group / 2;

    const half* address[Pairs];

    // row and chunk (0 or 1) as fragments.cuh has them for this lane
    __device__ __forceinline__ FragmentRows(const half* tile, int row, int chunk)
    {
#pragma unroll
        for (int i = 0; i < Pairs; i++) {
            address[i] = tile + tile_offset<Chunks>(row, 2 * i + chunk);
        }
    }

    __device__ __forceinline__ void step(int halves)
    {
#pragma unroll
        for (int i = 0; i < Pairs; i++) {
            address[i] += halves;
        }
    }

    // Rows from first (a multiple of 8) and chunks 2·pair and 2·pair + 1.
    __device__ __forceinline__ const half* at(int first, int pair) const
    {
        return address[pair % Pairs] + (pair / Pairs * Group + first * Chunks) * 8;
    }
};

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

// A warp writes accumulators [16, 8·Chunks] of the queries from first on into partial, where rows are row_width wide,
// from column on. Even lanes write the upper row and odd ones the lower, after an exchange of halves: 16 bytes each.
template <int Chunks>
__device__ __forceinline__ void store_partial(const Operands& o, int first, int column, int row_width,
                                              const float (&sum)[Chunks][4])
{
    const int lane = threadIdx.x % 32;
    const bool odd = lane % 2 != 0;
    const int query = first + accumulator_row(lane, odd ? 2 : 0);
    float* const row = o.partial_row(query, row_width) + column + lane % 4 / 2 * 4;
#pragma unroll
    for (int j = 0; j < Chunks; j++) {
        const float x = __shfl_xor_sync(0xffffffffu, odd ? sum[j][0] : sum[j][2], 1);
        const float y = __shfl_xor_sync(0xffffffffu, odd ? sum[j][1] : sum[j][3], 1);
        if (query < o.Lq) {
            *reinterpret_cast<float4*>(row + j * 8) =
                odd ? make_float4(x, y, sum[j][2], sum[j][3]) : make_float4(sum[j][0], sum[j][1], x, y);
        }
    }
}

// One lane writes what attention_merge must know of a row: limit and sum, behind the row's columns.
__device__ __forceinline__ void store_partial_softmax(const Operands& o, int query, int row_width, float limit,
                                                      float sum)
{
    if (query < o.Lq) {
        *reinterpret_cast<float4*>(o.partial_row(query, row_width) + row_width) = make_float4(limit, sum, 0.0f, 0.0f);
    }
}
