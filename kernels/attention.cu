// Multi-head scaled dot-product attention without a matrix of scores in memory (Dao, FlashAttention-2, 2023,
// arXiv 2307.08691, algorithm 1):
//
//     y[b, i, h] = Σ_j softmax_j(scale · q[b, i, h] · k[e, j, h]) v[e, j, h],   e = entry[b], or b without entry
//
//     q      half [B, Lq, heads·d], row stride ldq
//     k, v   half [N, Lk, heads·d], row strides ldk and ldv, entries k_entry and v_entry elements apart
//     entry  int [B] in [0, N), null if each b has its own keys and values
//     y      half [B, Lq, heads·d], row stride ldy
//     causal 1: query i sees keys 0 .. i only
//
// Head h is columns h·d to (h + 1)·d. attention_d8 to attention_d160 in steps of 8; attention_wide.cu has d = 512.
// Preconditions: pointers 16-byte aligned; strides multiples of 8; Lq, Lk ≥ 1, otherwise free.
//
// Launch: 128 threads, grid (ceil(Lq / R), heads, B), R = 128 for d ≤ 64, else 64; dynamic shared memory 8·T·d bytes,
// T = 64 for d ≤ 96, else 32 (at most 49152).
//
// Bound: FLOP. 4·Lq·Lk·d FLOP a head over 4·(Lq + Lk)·d bytes: at L = 4096, 2048 FLOP a byte. Beside them goes one 2ˣ a
// score: an A100's SM has 16 a clock against 2048 FLOP, so the two meet at 4·d = 128, and from d = 40 on the tensor
// cores are the limit. Widths that 16 does not divide take one k8 step more, no padding: 40 = 16 + 16 + 8.
// Occupancy: two blocks of 4 warps an SM. The launch bounds say so: for the sake of a third ptxas would spill.
// Tested against softmax(q kᵀ) v in double (the Java test of this name).
// Tried: this is the first version. ldmatrix without bank conflicts at every d; no spills; not timed.
#include "attention_tile.cuh"
#include "launch.cuh"
#include "reduce.cuh"

namespace {

// Does not affect results beyond rounding, only speed.
template <int D_>
struct AttentionTile {
    static constexpr int D = D_;
    static constexpr int Chunks = D / 8;
    static constexpr int Warps = 4;
    static constexpr int Threads = Warps * 32;
    static constexpr int RowTiles = D <= 64 ? 2 : 1;               // of 16 queries, a warp
    static constexpr int WarpQueries = RowTiles * 16;
    static constexpr int Queries = Warps * WarpQueries;
    static constexpr int Keys = D <= 96 ? 64 : 32;                 // at once
    static constexpr int TileHalves = Keys * D;
    static constexpr int SharedBytes = 2 * 2 * TileHalves * 2;     // K and V, twice

    static_assert(D % 8 == 0 && Keys % 32 == 0);
    static_assert(Queries * D * 2 <= SharedBytes && SharedBytes <= 49152);
};

// Queries in registers, as left factors: 16 columns at a time, and the last 8 of a width that 16 does not divide.
template <class T>
struct Queries {
    static constexpr int Steps = T::D / 16;
    static constexpr bool Tail = T::D % 16 != 0;

    uint32_t full[T::RowTiles][Steps + (Steps == 0)][4];
    uint32_t tail[T::RowTiles][2];

    __device__ __forceinline__ void read(const half* tile, int first_row)
    {
        const int lane = threadIdx.x % 32;
#pragma unroll
        for (int m = 0; m < T::RowTiles; m++) {
            const int row = first_row + m * 16 + left_row(lane);
#pragma unroll
            for (int s = 0; s < Steps; s++) {
                ldmatrix_x4(full[m][s], tile + tile_offset<T::Chunks>(row, 2 * s + left_chunk(lane)));
            }
            if constexpr (Tail) {
                ldmatrix_x2(tail[m], tile + tile_offset<T::Chunks>(row, T::Chunks - 1));
            }
        }
    }
};

// score [WarpQueries, Keys] = q kᵀ
template <class T>
__device__ __forceinline__ void score_keys(const Queries<T>& q, const half* keys,
                                           float (&score)[T::RowTiles][T::Keys / 8][4])
{
    const int lane = threadIdx.x % 32;
#pragma unroll
    for (int s = 0; s < Queries<T>::Steps; s++) {
#pragma unroll
        for (int j = 0; j < T::Keys / 8; j += 2) {
            uint32_t k[4];                                                               // [16 keys, 16 columns]
            ldmatrix_x4(k, keys + tile_offset<T::Chunks>(j * 8 + right_column(lane), 2 * s + right_chunk(lane)));
#pragma unroll
            for (int m = 0; m < T::RowTiles; m++) {
                mma_m16n8k16(score[m][j], q.full[m][s], {k[0], k[1]});
                mma_m16n8k16(score[m][j + 1], q.full[m][s], {k[2], k[3]});
            }
        }
    }
    if constexpr (Queries<T>::Tail) {
#pragma unroll
        for (int j = 0; j < T::Keys / 8; j += 4) {
            uint32_t k[4];                                                               // [32 keys, 8 columns]
            ldmatrix_x4(k, keys + tile_offset<T::Chunks>(j * 8 + lane, T::Chunks - 1));
#pragma unroll
            for (int m = 0; m < T::RowTiles; m++) {
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    mma_m16n8k8(score[m][j + i], q.tail[m], {k[i]});
                }
            }
        }
    }
}

// sum [WarpQueries, D] += weight [WarpQueries, Keys] v [Keys, D]
template <class T>
__device__ __forceinline__ void add_values(const float (&weight)[T::RowTiles][T::Keys / 8][4], const half* values,
                                           float (&sum)[T::RowTiles][T::Chunks][4])
{
    const int lane = threadIdx.x % 32;
#pragma unroll
    for (int s = 0; s < T::Keys / 16; s++) {
        uint32_t left[T::RowTiles][4];                                                   // [16 queries, 16 keys]
#pragma unroll
        for (int m = 0; m < T::RowTiles; m++) {
            left_of_accumulators(weight[m][2 * s], weight[m][2 * s + 1], left[m]);
        }
        const int key = s * 16 + left_row(lane);
#pragma unroll
        for (int j = 0; j + 1 < T::Chunks; j += 2) {
            uint32_t v[4];                                                               // [16 keys, 16 columns]
            ldmatrix_x4_trans(v, values + tile_offset<T::Chunks>(key, j + left_chunk(lane)));
#pragma unroll
            for (int m = 0; m < T::RowTiles; m++) {
                mma_m16n8k16(sum[m][j], left[m], {v[0], v[1]});
                mma_m16n8k16(sum[m][j + 1], left[m], {v[2], v[3]});
            }
        }
        if constexpr (T::Chunks % 2 != 0) {
            uint32_t v[2];                                                               // [16 keys, 8 columns]
            ldmatrix_x2_trans(v, values + tile_offset<T::Chunks>(key, T::Chunks - 1));
#pragma unroll
            for (int m = 0; m < T::RowTiles; m++) {
                mma_m16n8k16(sum[m][T::Chunks - 1], left[m], v);
            }
        }
    }
}

template <class T>
__device__ __forceinline__ void attention(Operands o)
{
    DYNAMIC_SHARED(half, shared);                        // stage s: keys at 2s, values at 2s + 1, in tiles
    const int lane = threadIdx.x % 32;
    const int warp = threadIdx.x / 32;
    const int block_query = blockIdx.x * T::Queries;
    const int first_query = block_query + warp * T::WarpQueries;
    const float scale = o.scale * Log2e;
    o.select(T::D);

    load_rows<T::Queries, T::Chunks>(shared, o.q + static_cast<size_t>(block_query) * o.ldq, o.ldq, o.Lq - block_query,
                                     threadIdx.x, T::Threads);
    cp_async_commit();
    cp_async_wait<0>();
    __syncthreads();
    Queries<T> queries;
    queries.read(shared, warp * T::WarpQueries);
    __syncthreads();

    const auto load_tile = [&](int tile) {
        half* const keys = shared + tile % 2 * 2 * T::TileHalves;
        const int first = tile * T::Keys;
        load_rows<T::Keys, T::Chunks>(keys, o.k + static_cast<size_t>(first) * o.ldk, o.ldk, o.Lk - first, threadIdx.x,
                                      T::Threads);
        load_rows<T::Keys, T::Chunks>(keys + T::TileHalves, o.v + static_cast<size_t>(first) * o.ldv, o.ldv,
                                      o.Lk - first, threadIdx.x, T::Threads);
    };

    float sum[T::RowTiles][T::Chunks][4] = {};                                           // [WarpQueries, D]
    Softmax softmax[T::RowTiles][2];                     // of the lane's two rows of each tile
    const int seen = o.causal ? min(o.Lk, block_query + T::Queries) : o.Lk;
    const int tiles = (seen + T::Keys - 1) / T::Keys;
    load_tile(0);
    cp_async_commit();
    for (int tile = 0; tile < tiles; tile++) {
        if (tile + 1 < tiles) {
            load_tile(tile + 1);
        }
        cp_async_commit();
        cp_async_wait<1>();
        __syncthreads();

        const half* const keys = shared + tile % 2 * 2 * T::TileHalves;
        const int first_key = tile * T::Keys;
        float score[T::RowTiles][T::Keys / 8][4] = {};                                   // [WarpQueries, Keys]
        score_keys<T>(queries, keys, score);

        if (!o.sees(first_query, first_key + T::Keys - 1)) {
#pragma unroll
            for (int m = 0; m < T::RowTiles; m++) {
#pragma unroll
                for (int j = 0; j < T::Keys / 8; j++) {
#pragma unroll
                    for (int e = 0; e < 4; e++) {
                        if (!o.sees(first_query + m * 16 + accumulator_row(lane, e),
                                    first_key + j * 8 + accumulator_column(lane, e))) {
                            score[m][j][e] = -INFINITY;
                        }
                    }
                }
            }
        }
#pragma unroll
        for (int m = 0; m < T::RowTiles; m++) {
#pragma unroll
            for (int h = 0; h < 2; h++) {
                float maximum = score[m][0][2 * h];
#pragma unroll
                for (int j = 0; j < T::Keys / 8; j++) {
                    maximum = fmaxf(maximum, fmaxf(score[m][j][2 * h], score[m][j][2 * h + 1]));
                }
                const float correction = softmax[m][h].raise(lanes_max<4>(maximum), scale);
#pragma unroll
                for (int j = 0; j < T::Keys / 8; j++) {
                    score[m][j][2 * h] = softmax[m][h].weigh(score[m][j][2 * h], scale);
                    score[m][j][2 * h + 1] = softmax[m][h].weigh(score[m][j][2 * h + 1], scale);
                }
#pragma unroll
                for (int j = 0; j < T::Chunks; j++) {
                    sum[m][j][2 * h] *= correction;
                    sum[m][j][2 * h + 1] *= correction;
                }
            }
        }
        add_values<T>(score, keys + T::TileHalves, sum);
        __syncthreads();
    }

    half* const staged = shared + warp * T::WarpQueries * T::D;
#pragma unroll
    for (int m = 0; m < T::RowTiles; m++) {
        const float factor[2] = {1.0f / lanes_sum<4>(softmax[m][0].sum), 1.0f / lanes_sum<4>(softmax[m][1].sum)};
        stage_accumulators<T::Chunks>(staged, m * 16, sum[m], factor);
    }
    __syncwarp();
    store_rows<T::WarpQueries, T::Chunks>(staged, o.y + static_cast<size_t>(first_query) * o.ldy, o.ldy,
                                          o.Lq - first_query);
}

}  // namespace

#define ATTENTION(D)                                                                                                   \
    extern "C" __global__ void __launch_bounds__(AttentionTile<D>::Threads, 2) attention_d##D(                         \
        const half* q, int ldq, const half* k, int ldk, int k_entry, const half* v, int ldv, int v_entry,              \
        const int* entry, half* y, int ldy, int Lq, int Lk, float scale, int causal)                                   \
    {                                                                                                                  \
        attention<AttentionTile<D>>({q, ldq, k, ldk, k_entry, v, ldv, v_entry, entry, y, ldy, Lq, Lk, scale, causal}); \
    }

ATTENTION(8)
ATTENTION(16)
ATTENTION(24)
ATTENTION(32)
ATTENTION(40)
ATTENTION(48)
ATTENTION(56)
ATTENTION(64)
ATTENTION(72)
ATTENTION(80)
ATTENTION(88)
ATTENTION(96)
ATTENTION(104)
ATTENTION(112)
ATTENTION(120)
ATTENTION(128)
ATTENTION(136)
ATTENTION(144)
ATTENTION(152)
ATTENTION(160)
