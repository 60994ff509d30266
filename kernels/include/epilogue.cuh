// What follows the sums of a matrix product: bias, activation, residual, rounding, the store.
//
// In the accumulators a lane has two neighbouring columns of a row. Each warp turns its own sums in shared memory, 16
// rows at a time, so that a lane gets eight: then bias, residual and result are accesses of 16 bytes. The sums stay
// float32 up to the one rounding at the end.
#pragma once

#include <type_traits>

#include "activation.cuh"
#include "mainloop.cuh"
#include "vector.cuh"

template <class Activation, class Out>
struct Epilogue {
    static constexpr bool Gated = std::is_same_v<Activation, Geglu>;
    static constexpr int Columns = 8;                                // of the sums at once
    static constexpr int Outputs = Gated ? Columns / 2 : Columns;

    const float* bias;         // [N], null for none
    const half* image_addend;  // [M / image_rows, N], added before the activation; null for none
    int image_rows;
    const half* residual;      // [M, outputs], null for none
    int ldr;
    Out* y;                    // [M, outputs]
    int ldy;
    int M, N;

    // Columns column to column + 7 of a row; column is a multiple of 8.
    __device__ __forceinline__ void finish(int row, int column, float (&sum)[Columns]) const
    {
        if (row >= M || column >= N) {
            return;
        }
        const bool whole = column + Columns <= N;
        add(bias == nullptr ? nullptr : bias + column, whole, N - column, sum);
        if (image_addend != nullptr) {
            add(image_addend + static_cast<size_t>(row / image_rows) * N + column, whole && N % 8 == 0, N - column,
                sum);
        }
        float result[Outputs];
        activate(sum, result);
        const int first = Gated ? column / 2 : column;
        const int outputs = Gated ? N / 2 : N;
        add(residual == nullptr ? nullptr : residual + static_cast<size_t>(row) * ldr + first, whole && ldr % 8 == 0,
            outputs - first, result);
        Out* const destination = y + static_cast<size_t>(row) * ldy + first;
        if (whole && ldy % 8 == 0) {
            store(destination, result);
        } else {
#pragma unroll
            for (int i = 0; i < Outputs; i++) {
                if (first + i < outputs) {
                    store(destination + i, {result[i]});
                }
            }
        }
    }

private:
    // v += addend, of which left elements exist; at once if it is whole and aligned. Nothing if addend is null.
    template <class Element, int V>
    static __device__ __forceinline__ void add(const Element* addend, bool at_once, int left, float (&v)[V])
    {
        if (addend == nullptr) {
            return;
        }
        if (at_once) {
            float terms[V];
            load(addend, terms);
#pragma unroll
            for (int i = 0; i < V; i++) {
                v[i] += terms[i];
            }
        } else {
#pragma unroll
            for (int i = 0; i < V; i++) {
                if (i < left) {
                    float term[1];
                    load(addend + i, term);
                    v[i] += term[0];
                }
            }
        }
    }

    static __device__ __forceinline__ void activate(const float (&sum)[Columns], float (&result)[Outputs])
    {
#pragma unroll
        for (int i = 0; i < Outputs; i++) {
            if constexpr (Gated) {
                result[i] = sum[2 * i] * Gelu::apply(sum[2 * i + 1]);
            } else {
                result[i] = Activation::apply(sum[i]);
            }
        }
    }
};

// Finishes a block's tile whose first element is [block_row, block_column]. All threads of the block must call it,
// after multiply; it uses the same shared memory.
template <class T, class Activation, class Out>
__device__ __forceinline__ void finish_tile(const float (&sum)[T::FragmentsM][T::FragmentsN][4], half* shared,
                                            int block_row, int block_column, const Epilogue<Activation, Out>& epilogue)
{
    constexpr int StagingWidth = T::WarpN + 8;          // 8 more, so that the rows of one store fall on different banks
    constexpr int RowChunks = T::WarpN / 8;
    static_assert(T::Threads / 32 * 16 * StagingWidth * 4 <= T::SharedBytes);

    const int lane = threadIdx.x % 32;
    const int warp = threadIdx.x / 32;
    const int warp_row = block_row + warp % T::WarpsM * T::WarpM;
    const int warp_column = block_column + warp / T::WarpsM * T::WarpN;
    float* const staging = reinterpret_cast<float*>(shared) + warp * 16 * StagingWidth;     // [16, WarpN]

    cp_async_wait<0>();
    __syncthreads();
#pragma unroll
    for (int i = 0; i < T::FragmentsM; i++) {
#pragma unroll
        for (int j = 0; j < T::FragmentsN; j++) {
#pragma unroll
            for (int e = 0; e < 4; e += 2) {
                float* const row = staging + accumulator_row(lane, e) * StagingWidth;
                *reinterpret_cast<float2*>(row + j * 8 + accumulator_column(lane, e)) =
                    make_float2(sum[i][j][e], sum[i][j][e + 1]);
            }
        }
        __syncwarp();
#pragma unroll
        for (int chunk = lane; chunk < 16 * RowChunks; chunk += 32) {
            const int row = chunk / RowChunks;
            const int column = chunk % RowChunks * 8;
            float eight[8];
            load(staging + row * StagingWidth + column, eight);
            epilogue.finish(warp_row + i * 16 + row, warp_column + column, eight);
        }
        __syncwarp();
    }
}
