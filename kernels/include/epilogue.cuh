// What follows the sums of a matrix product: bias, activation, residual, rounding, the store.
//
// An epilogue is what finish_tile (finish_tile.cuh) gives these to:
//
//     float2 bias_pair(column)                        of columns column and column + 1; both may lie outside
//     Residual fetch(row, column)                     what it will need from memory, asked for before the sums turn
//     void finish(row, column, sum[8], residual)      columns column to column + 7 of a row; both may lie outside
//
// A Measured one also gathers the moments of what it stores, of each pair of columns over the rows of the block's tile,
// for a group normalisation that then need not read the map for them.
#pragma once

#include <cstring>
#include <type_traits>

#include "activation.cuh"
#include "mainloop.cuh"
#include "moments.cuh"
#include "vector.cuh"

constexpr int EpilogueColumns = 8;

// y = act(sum + image_addend) + residual, the bias being in the sum; act is Identity, Geglu or Chosen. But for Geglu, what
// was stored is left in the sum.
template <class Activation, class Out>
struct Epilogue {
    static constexpr bool Gated = std::is_same_v<Activation, Geglu>;
    static constexpr int Outputs = Gated ? EpilogueColumns / 2 : EpilogueColumns;
    using Residual = typename Halves<Outputs>::Word;

    const float* bias;         // [N], null for none
    const half* image_addend;  // [M / image_rows, N], row stride ld_image, added before the activation; null for none
    int ld_image, image_rows;
    const half* residual;      // [M, outputs], row stride ldr, null for none
    int ldr;
    Out* y;                    // [M, outputs], row stride ldy
    int ldy;
    int M, N;
    int activation;            // which, for a Chosen one

    __device__ __forceinline__ float2 bias_pair(int column) const
    {
        if (bias == nullptr || column >= N) {
            return make_float2(0, 0);
        }
        return column + 1 < N ? *reinterpret_cast<const float2*>(bias + column) : make_float2(bias[column], 0);
    }

    __device__ __forceinline__ Residual fetch(int row, int column) const
    {
        Residual word = {};
        if (fetches(row, column)) {
            word = *reinterpret_cast<const Residual*>(residual + at(row, ldr, column));
        }
        return word;
    }

    __device__ __forceinline__ void finish(int row, int column, float (&sum)[EpilogueColumns], Residual fetched) const
    {
        if (row >= M || column >= N) {
            return;
        }
        const int left = N - column;
        if (image_addend != nullptr) {
            add(image_addend + static_cast<size_t>(row / image_rows) * ld_image + column,
                left >= EpilogueColumns && ld_image % 8 == 0, left, sum);
        }
        if constexpr (std::is_same_v<Activation, Chosen>) {
            Chosen::apply(activation, sum);
        }
        float result[Outputs];
#pragma unroll
        for (int i = 0; i < Outputs; i++) {
            if constexpr (Gated) {
                result[i] = sum[2 * i] * Gelu::apply(sum[2 * i + 1]);
            } else {
                result[i] = sum[i];
            }
        }
        const int outputs_left = Gated ? left / 2 : left;
        if (fetches(row, column)) {
            half2 pairs[Outputs / 2];
            memcpy(pairs, &fetched, sizeof fetched);
#pragma unroll
            for (int i = 0; i < Outputs / 2; i++) {
                const float2 pair = __half22float2(pairs[i]);
                result[2 * i] += pair.x;
                result[2 * i + 1] += pair.y;
            }
        } else if (residual != nullptr) {
            add(residual + at(row, ldr, column), false, outputs_left, result);
        }
        Out* const destination = y + at(row, ldy, column);
        if (outputs_left >= Outputs && ldy % 8 == 0) {
            store(destination, result);
        } else {
#pragma unroll
            for (int i = 0; i < Outputs; i++) {
                if (i < outputs_left) {
                    store(destination + i, {result[i]});
                }
            }
        }
        if constexpr (std::is_same_v<Out, half> && !Gated) {
#pragma unroll
            for (int i = 0; i < Outputs; i += 2) {
                const float2 stored = __half22float2(__floats2half2_rn(result[i], result[i + 1]));
                sum[i] = stored.x;
                sum[i + 1] = stored.y;
            }
        }
    }

private:
    __device__ __forceinline__ size_t at(int row, int ld, int column) const
    {
        return static_cast<size_t>(row) * ld + (Gated ? column / 2 : column);
    }

    __device__ __forceinline__ bool fetches(int row, int column) const
    {
        return residual != nullptr && row < M && column + EpilogueColumns <= N && ldr % 8 == 0;
    }

    // v += terms, of which left exist: at once, or one by one.
    template <int V>
    static __device__ __forceinline__ void add(const half* terms, bool at_once, int left, float (&v)[V])
    {
        if (at_once) {
            float all[V];
            load(terms, all);
#pragma unroll
            for (int i = 0; i < V; i++) {
                v[i] += all[i];
            }
        } else {
#pragma unroll
            for (int i = 0; i < V; i++) {
                if (i < left) {
                    float term[1];
                    load(terms + i, term);
                    v[i] += term[0];
                }
            }
        }
    }
};

// Of M rows, a multiple of the tile's, and an even number N of columns.
template <class Finisher>
struct Measured : Finisher {
    Moments* moments;          // [M / BlockM, N / 2]: of 2 · BlockM numbers each
};

template <class Finisher>
constexpr bool IsMeasured = false;
template <class Finisher>
constexpr bool IsMeasured<Measured<Finisher>> = true;

// One of several sums over parts of k, kept as it is for splitk.cu to add.
struct PartialSums {
    struct Residual {
    };

    float* sums;               // [M, ld], ld a multiple of 8
    int ld;
    int M, N;

    __device__ __forceinline__ float2 bias_pair(int) const { return make_float2(0, 0); }

    __device__ __forceinline__ Residual fetch(int, int) const { return {}; }

    __device__ __forceinline__ void finish(int row, int column, float (&sum)[EpilogueColumns], Residual) const
    {
        if (row < M && column < N) {
            store(sums + static_cast<size_t>(row) * ld + column, sum);
        }
    }
};
