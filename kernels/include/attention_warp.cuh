// What a warp of attention.cu holds in registers, and its steps: scores of queries and keys, the softmax that they enter,
// and the sum of values by weight. The tile T says how many queries, keys and columns (AttentionTile).
#pragma once

#include "attention_tile.cuh"
#include "reduce.cuh"

// Queries as left factors: 16 columns at a time, and the last 8 of a width that 16 does not divide.
template <class T>
struct Queries {
    static constexpr int Steps = T::D / 16;
    static constexpr bool Tail = T::D % 16 != 0;
    static constexpr int Kept = T::QueriesInRegisters && Steps > 0 ? Steps : 1;

    FragmentRows<T::Chunks> rows;
    uint32_t kept[Kept][T::RowTiles][4];
    uint32_t tail[T::RowTiles][2];

    __device__ __forceinline__ Queries(const half* tile, int first_row)
        : rows(tile, first_row + left_row(threadIdx.x % 32), left_chunk(threadIdx.x % 32))
    {
        if constexpr (T::QueriesInRegisters) {
#pragma unroll
            for (int s = 0; s < Steps; s++) {
                read(s, kept[s]);
            }
        }
        if constexpr (Tail) {
#pragma unroll
            for (int m = 0; m < T::RowTiles; m++) {
                ldmatrix_x2(tail[m], rows.at(m * 16, Steps));
            }
        }
    }

    __device__ __forceinline__ void read(int step, uint32_t (&left)[T::RowTiles][4]) const
    {
#pragma unroll
        for (int m = 0; m < T::RowTiles; m++) {
            ldmatrix_x4(left[m], rows.at(m * 16, step));
        }
    }
};

// A warp's queries, and what it knows of the keys so far.
template <class T>
struct Warp {
    Queries<T> queries;
    float scale, slack;                                  // of Softmax
    Softmax softmax[T::RowTiles][2] = {};                // of the lane's two rows of each tile
    float sum[T::RowTiles][T::Chunks][4] = {};                                           // [WarpQueries, D]

    __device__ __forceinline__ Warp(const half* tile, int first_row, float scale)
        : queries(tile, first_row), scale(scale * Log2e), slack(Softmax::Slack / (scale * Log2e))
    {
    }

    // score [WarpQueries, Keys] = q kᵀ. The last 8 columns of a row lie as those of V do, a tile before them.
    template <int Keys>
    __device__ __forceinline__ void score_keys(const FragmentRows<T::Chunks>& keys,
                                               const FragmentRows<T::Chunks>& values,
                                               float (&score)[T::RowTiles][Keys / 8][4]) const
    {
#pragma unroll
        for (int s = 0; s < Queries<T>::Steps; s++) {
            uint32_t q[T::RowTiles][4];                                                  // [WarpQueries, 16 columns]
            if constexpr (T::QueriesInRegisters) {
                memcpy(q, queries.kept[s], sizeof q);
            } else {
                queries.read(s, q);
            }
#pragma unroll
            for (int j = 0; j < Keys / 8; j += 2) {
                uint32_t k[4];                                                           // [16 keys, 16 columns]
                ldmatrix_x4(k, keys.at(j * 8, s));
#pragma unroll
                for (int m = 0; m < T::RowTiles; m++) {
                    mma_m16n8k16(score[m][j], q[m], {k[0], k[1]});
                    mma_m16n8k16(score[m][j + 1], q[m], {k[2], k[3]});
                }
            }
        }
        if constexpr (Queries<T>::Tail) {
#pragma unroll
            for (int j = 0; j < Keys / 8; j += 2) {
                uint32_t k[2];                                                           // [16 keys, 8 columns]
                ldmatrix_x2(k, values.at(j * 8, Queries<T>::Steps) - T::TileHalves);
#pragma unroll
                for (int m = 0; m < T::RowTiles; m++) {
                    mma_m16n8k8(score[m][j], queries.tail[m], {k[0]});
                    mma_m16n8k8(score[m][j + 1], queries.tail[m], {k[1]});
                }
            }
        }
    }

    // Turns scores into weights, and makes them count as much as what was summed before.
    template <int Keys>
    __device__ __forceinline__ void weigh(float (&score)[T::RowTiles][Keys / 8][4])
    {
        float maximum[T::RowTiles][2];
        bool rescale = false;
#pragma unroll
        for (int m = 0; m < T::RowTiles; m++) {
#pragma unroll
            for (int h = 0; h < 2; h++) {
                maximum[m][h] = score[m][0][2 * h];
#pragma unroll
                for (int j = 0; j < Keys / 8; j++) {
                    maximum[m][h] = fmaxf(maximum[m][h], fmaxf(score[m][j][2 * h], score[m][j][2 * h + 1]));
                }
                maximum[m][h] = lanes_max<4>(maximum[m][h]);
                rescale |= maximum[m][h] > softmax[m][h].limit;
            }
        }
        if (__any_sync(0xffffffffu, rescale)) {
#pragma unroll
            for (int m = 0; m < T::RowTiles; m++) {
#pragma unroll
                for (int h = 0; h < 2; h++) {
                    const float correction = softmax[m][h].admit(maximum[m][h], scale, slack);
#pragma unroll
                    for (int j = 0; j < T::Chunks; j++) {
                        sum[m][j][2 * h] *= correction;
                        sum[m][j][2 * h + 1] *= correction;
                    }
                }
            }
        }
#pragma unroll
        for (int m = 0; m < T::RowTiles; m++) {
            const float shift[2] = {softmax[m][0].shift(scale), softmax[m][1].shift(scale)};
#pragma unroll
            for (int j = 0; j < Keys / 8; j++) {
#pragma unroll
                for (int e = 0; e < 4; e++) {
                    score[m][j][e] = softmax[m][e / 2].weigh(score[m][j][e], scale, shift[e / 2]);
                }
            }
        }
    }

    // sum [WarpQueries, D] += weight [WarpQueries, Keys] v [Keys, D]
    template <int Keys>
    __device__ __forceinline__ void add_values(const float (&weight)[T::RowTiles][Keys / 8][4],
                                               const FragmentRows<T::Chunks>& values)
    {
#pragma unroll
        for (int s = 0; s < Keys / 16; s++) {
            uint32_t left[T::RowTiles][4];                                               // [WarpQueries, 16 keys]
#pragma unroll
            for (int m = 0; m < T::RowTiles; m++) {
                left_of_accumulators(weight[m][2 * s], weight[m][2 * s + 1], left[m]);
            }
#pragma unroll
            for (int j = 0; j + 1 < T::Chunks; j += 2) {
                uint32_t v[4];                                                           // [16 keys, 16 columns]
                ldmatrix_x4_trans(v, values.at(s * 16, j / 2));
#pragma unroll
                for (int m = 0; m < T::RowTiles; m++) {
                    mma_m16n8k16(sum[m][j], left[m], {v[0], v[1]});
                    mma_m16n8k16(sum[m][j + 1], left[m], {v[2], v[3]});
                }
            }
            if constexpr (T::Chunks % 2 != 0) {
                uint32_t v[2];                                                           // [16 keys, 8 columns]
                ldmatrix_x2_trans(v, values.at(s * 16, T::Chunks / 2));
#pragma unroll
                for (int m = 0; m < T::RowTiles; m++) {
                    mma_m16n8k16(sum[m][T::Chunks - 1], left[m], v);
                }
            }
        }
    }
};
