// The way of a block's sums from the accumulators to an epilogue (epilogue.cuh), and of the moments of what it stores.
//
//     accumulators    a lane has two neighbouring columns of a row, the same for all its rows: + bias
//          │ 16 rows of a warp at a time, through its own part of shared memory      Staging
//          ▼
//     eights          a lane has eight neighbours of a row: residual and result are accesses of 16 bytes
//          │ Epilogue::finish; the sums stay float32 up to the one rounding there
//          ▼
//     y, and where a group normalisation follows, the moments of its pairs of columns      TileMoments
//
// Moments are put together in the order of rows: the same launch, the same bits.
#pragma once

#include <cstring>

#include "epilogue.cuh"

// Where a warp turns 16 rows of its sums, WarpN wide. The first four columns of each eight lie in one half of a row,
// the last four in another, so that lanes next to each other read float4s next to each other. With the halves 4 modulo
// 8 floats apart and the rows 8 or 24 modulo 32, neither the accumulators' float2s nor these float4s meet in a bank.
template <int WarpN>
struct Staging {
    static constexpr int Half = WarpN / 2 + 4;
    static constexpr int Stride = 2 * Half;
    static constexpr int RowEights = WarpN / 8;
    static constexpr int LaneEights = 16 * RowEights / 32;       // eights that a lane takes of the 16 rows

    static_assert(WarpN % 16 == 0 && Stride % 16 == 8);

    static __device__ __forceinline__ int offset(int row, int column)
    {
        return row * Stride + column % 8 / 4 * Half + column / 8 * 4 + column % 4;
    }

    static constexpr int Whole = RowEights / 8 * 8;
    static constexpr int Rest = RowEights % 8;
    static_assert(Whole <= 8 && (Rest == 0 || Rest == 2 || Rest == 4));

    // The lane's i-th eight. Eight lanes in a row take the eights of one row, of two rows that are 2 apart, or of 4
    // rows: as many as they need to read 8 float4s from different banks, and to write whole sectors.
    static __device__ __forceinline__ Origin eight(int lane, int i)
    {
        const int n = i * 32 + lane;
        if (n < 16 * Whole) {
            return {n / 8, n % 8 * 8};
        }
        const int m = n - 16 * Whole;
        if constexpr (Rest == 4) {
            return {m / 16 * 4 + m / 4 % 2 * 2 + m / 8 % 2, (Whole + m % 4) * 8};
        } else if constexpr (Rest == 2) {
            return {m / 2, (Whole + m % 2) * 8};
        }
        return {};
    }

    // An eight of the rows' first Whole or of their Rest: of either kind a lane has always the same columns, that is every
    // Lanes-th lane has the same, and Eights of them in 16 rows.
    static __device__ __forceinline__ constexpr bool is_rest(int i) { return i * 32 >= 16 * Whole; }

    template <bool IsRest>
    struct Kind {
        static constexpr int Lanes = IsRest ? Rest : Whole;
        static constexpr int Eights = Lanes / 2;
        static constexpr int First = IsRest ? Whole : 0;
    };
};

// The moments of the pairs of columns of a block's tile, [T::BlockN / 2], as its threads store it.
template <class T>
class TileMoments {
    using Stage = Staging<T::WarpN>;
    static constexpr int Pairs = T::WarpN / 2;

public:
    // The lane's n-th eight of its i-th 16 rows.
    __device__ __forceinline__ void add(int i, int n, const float (&v)[8])
    {
        FourPairs& pairs = Stage::is_rest(n) ? rest_ : whole_;
        if (i == 0 && (n == 0 || Stage::is_rest(n) != Stage::is_rest(n - 1))) {
            pairs.start(v);
        }
        pairs.add(v);
    }

    // For all threads of the block; moments are those of the tile's first pair of columns, of which `left` exist.
    __device__ __forceinline__ void store(float* shared, Moments* moments, int left)
    {
        constexpr int WarpFloats = 16 * Stage::Stride;
        const int warp = threadIdx.x / 32;
        Moments* const own = reinterpret_cast<Moments*>(shared + warp * WarpFloats);     // [4, RowEights]
        put<false>(whole_, own);
        put<true>(rest_, own);
        __syncthreads();
        for (int pair = threadIdx.x; pair < min(T::BlockN / 2, left); pair += T::Threads) {
            const int first_warp = pair / Pairs * T::WarpsM;
            const int place = pair % Pairs % 4 * Stage::RowEights + pair % Pairs / 4;
            Moments sum = reinterpret_cast<const Moments*>(shared + first_warp * WarpFloats)[place];
#pragma unroll
            for (int i = 1; i < T::WarpsM; i++) {
                sum.merge(reinterpret_cast<const Moments*>(shared + (first_warp + i) * WarpFloats)[place],
                          2 * T::WarpM * i, 2 * T::WarpM);
            }
            moments[pair] = sum;
        }
    }

private:
    template <bool IsRest>
    __device__ __forceinline__ void put(const FourPairs& pairs, Moments* own) const
    {
        using Kind = typename Stage::template Kind<IsRest>;
        if constexpr (Kind::Lanes > 0) {
            const int lane = threadIdx.x % 32;
#pragma unroll
            for (int i = 0; i < 4; i++) {
                const Moments sum = pairs.of_warp<Kind::Lanes>(i, 2 * T::FragmentsM * Kind::Eights);
                if (lane < Kind::Lanes) {
                    own[i * Stage::RowEights + Kind::First + lane] = sum;
                }
            }
        }
    }

    FourPairs whole_, rest_;
};

// Finishes a block's tile whose first element is [block_row, block_column]. All threads of the block must call it,
// after multiply; it uses the same shared memory.
template <class T, class Finisher>
__device__ __forceinline__ void finish_tile(const float (&sum)[T::FragmentsM][T::FragmentsN][4], half* shared,
                                            int block_row, int block_column, const Finisher& epilogue)
{
    using Stage = Staging<T::WarpN>;
    static_assert(T::Threads / 32 * 16 * Stage::Stride * 4 <= T::SharedBytes);

    const int lane = threadIdx.x % 32;
    const int warp = threadIdx.x / 32;
    const int warp_row = block_row + warp % T::WarpsM * T::WarpM;
    const int warp_column = block_column + warp / T::WarpsM * T::WarpN;
    float* const staging = reinterpret_cast<float*>(shared) + warp * 16 * Stage::Stride;    // [16, WarpN]

    float2 bias[T::FragmentsN];
#pragma unroll
    for (int j = 0; j < T::FragmentsN; j++) {
        bias[j] = epilogue.bias_pair(warp_column + j * 8 + accumulator_column(lane, 0));
    }
    TileMoments<T> moments;
    cp_async_wait<0>();
    __syncthreads();
#pragma unroll
    for (int i = 0; i < T::FragmentsM; i++) {
        typename Finisher::Residual residual[Stage::LaneEights];
#pragma unroll
        for (int n = 0; n < Stage::LaneEights; n++) {
            const auto [row, column] = Stage::eight(lane, n);
            residual[n] = epilogue.fetch(warp_row + i * 16 + row, warp_column + column);
        }
#pragma unroll
        for (int j = 0; j < T::FragmentsN; j++) {
#pragma unroll
            for (int e = 0; e < 4; e += 2) {
                const int column = j * 8 + accumulator_column(lane, e);
                *reinterpret_cast<float2*>(staging + Stage::offset(accumulator_row(lane, e), column)) =
                    make_float2(sum[i][j][e] + bias[j].x, sum[i][j][e + 1] + bias[j].y);
            }
        }
        __syncwarp();
#pragma unroll
        for (int n = 0; n < Stage::LaneEights; n++) {
            const auto [row, column] = Stage::eight(lane, n);
            float eight[8];
            const float4 first = *reinterpret_cast<const float4*>(staging + Stage::offset(row, column));
            const float4 second = *reinterpret_cast<const float4*>(staging + Stage::offset(row, column + 4));
            memcpy(eight, &first, sizeof first);
            memcpy(eight + 4, &second, sizeof second);
            epilogue.finish(warp_row + i * 16 + row, warp_column + column, eight, residual[n]);
            if constexpr (IsMeasured<Finisher>) {
                moments.add(i, n, eight);
            }
        }
        __syncwarp();
    }
    if constexpr (IsMeasured<Finisher>) {
        moments.store(reinterpret_cast<float*>(shared),
                      epilogue.moments + (static_cast<size_t>(block_row / T::BlockM) * epilogue.N + block_column) / 2,
                      (epilogue.N - block_column) / 2);
    }
}
