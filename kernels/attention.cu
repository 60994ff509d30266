// Multi-head scaled dot-product attention without a matrix of scores in memory (Dao, FlashAttention-2, 2023,
// arXiv 2307.08691, algorithm 1):
//
//     y[b, i, h] = Σ_j softmax_j(scale · q[b, i, h] · k[e, j, h]) v[e, j, h],   e = entry[b], or b without entry
//
//     q        half [B, Lq, heads·d], row stride ldq
//     k, v     half [N, Lk, heads·d], row strides ldk and ldv, entries k_entry and v_entry elements apart
//     entry    int [B] in [0, N), null if each b has its own keys and values
//     y        half [B, Lq, heads·d], row stride ldy; not written if splits > 1
//     partial  float [splits, B, Lq, heads, d + 8], what attention_merge.cu makes y of; null if splits = 1
//     splits   parts of ceil(ceil(Lk / T) / splits) tiles of keys, one a block; none may be empty; causal: 1
//     causal   1: query i sees keys 0 .. i only
//
// Head h is columns h·d to (h + 1)·d. attention_d8 to attention_d160 in steps of 8; attention_wide.cu has d = 512.
// Preconditions: pointers 16-byte aligned; strides multiples of 8; Lq, Lk ≥ 1, otherwise free.
//
// Launch: 128 threads, grid (ceil(Lq / R), heads, B·splits), dynamic shared memory 2·d·(R + 4·T) bytes, with R queries
// a block (128; 64 at d = 136 and 152) and T keys at once (64 for d ≤ 80, else 32): 48 KB at d = 64, 80 KB at d = 160.
//
// A warp has 32 queries (16 at d = 136 and 152). Scores, weights and sums stay in its registers; K and V come in tiles,
// in two stages: one is copied while the other is computed with, one barrier a tile. The last tile comes first, since
// it alone can end before its last row: masks are a loop of their own, 16 keys at a time (77 keys are a tile and 16),
// and the loop that counts has none. Widths that 16 does not divide take one k8 step more, no padding: 40 = 16 + 16 +
// 8.
//
// Bound: FLOP. 4·Lq·Lk·d FLOP a head over 4·(Lq + Lk)·d bytes: at L = 4096, 2048 FLOP a byte (A100: 201); with 77 keys,
// 76, and it is bytes. Beside the FLOP goes one 2ˣ a score, 16 a clock on an SM: at d = 40, 544 of a tile's 640 clocks.
// mma FLOP issued / useful in an SD 2.0 UNet (4096, 1024, 256, 64 queries): self 1.000, with 77 keys 1.046 (80 / 77,
// and half a block idle at 64 queries), both together 1.001.
// Shared memory: one pass a request everywhere. Global: 16 bytes a lane, whole sectors; except at d = 40, where a
// head's row of 80 bytes is 2.5 sectors, and 0.82 of what is fetched is used, and in partial, 0.95 at d = 64.
//
// Occupancy: registers allow two blocks of 4 warps an SM, and the launch bounds say so: two warps a scheduler, of which
// one does its softmax while the other multiplies. A copy has a tile's time, 128 mma of 8 clocks at d = 64, twice that
// with both blocks, against a latency of some 600. With 100 KB an SM (8.6, 8.9, 12.0) d = 80 and 160 leave one block;
// there a mma takes 32 clocks, 5120 a tile at d = 80, beside 522 other instructions. A third block spills at d = 40
// already.
//
// Tested against softmax(q kᵀ) v in double (the Java test of this name).
//
// A trip of the loop as ptxas makes it for sm_80 (cuobjdump -sass), first with all instructions, then without those
// that are skipped while no maximum rises by much: with normal k, and q of deviation 1, 2 and 4, d = 64 and 4096 keys,
// a warp needs them in 1, 1.2 and 5.5 of 64 tiles. mma among all instructions; integer and move instructions a mma;
// ldmatrix a mma; tensor clocks / (tensor clocks + other instructions); tensor clocks / (sum of ptxas's stalls):
//
//     d     registers   share          int + move     ldmatrix   serial         scheduled
//     40    194         16.7  19.2 %   0.30   0.25    0.27       0.59   0.63    0.54   0.60
//     64    242         21.0  24.7 %   0.27   0.23    0.25       0.68   0.72    0.63   0.71
//     80    244         23.5  27.9 %   0.24   0.21    0.31       0.71   0.76    0.69   0.78
//     160   255         26.2  37.9 %   0.13   0.11    0.38       0.74   0.83    0.66   0.81
//
// The best public kernels, built by the same nvcc and counted with all instructions, have 21 %, 0.26, 0.28, 0.69, 0.56
// at d = 64, and 27 %, 0.40, 0.31, 0.75, 0.71 at d = 128. What the first columns lack is the dozen instructions that
// decide whether to rescale; the paper's algorithm rescales in every tile. At d = 40 and 80 a score's softmax has fewer
// mma to hide behind. At d = 160 Q is read again every 32 keys, hence 0.38; 64 would take 32 registers more.
//
// Tried, at d = 64 if not said otherwise:
//     the first version (masks in the loop, addresses worked out anew)   10.1 %, 4.70 int + move, serial 0.47
//     16 queries a warp, 140 registers, three blocks an SM               18.9 %, 0.39, ldmatrix 0.50, serial 0.65
//     32 keys at once                                                    17.2 %, 0.41, serial 0.62
//     rescaling in every tile                                            21.4 %, 0.26, serial 0.69; d = 160 spills
//     Q read from shared memory                                          20.7 %, ldmatrix 0.31
//     Q in registers at d = 80                                           23.8 %, ldmatrix 0.25, spills 8 bytes
//     64 keys at once at d = 128                                         27.4 %, ldmatrix 0.31, spills 72 bytes
//     2ˣ of packed halves (ex2.approx.f16x2): two MUFU as before, and 1.2 to 1.6 times the error of plain fp16
//     a warp without queries skips its products: 12 instructions a tile for everybody
// Nothing here was timed on a GPU.
#include "attention_warp.cuh"
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
    static constexpr int RowTiles = D <= 128 || D % 16 == 0 ? 2 : 1;   // of 16 queries, a warp
    static constexpr int WarpQueries = RowTiles * 16;
    static constexpr int Queries = Warps * WarpQueries;
    static constexpr int Keys = D <= 80 ? 64 : 32;                 // at once
    static constexpr bool QueriesInRegisters = D <= 64;
    static constexpr int QueryHalves = Queries * D;
    static constexpr int TileHalves = Keys * D;
    static constexpr int SharedBytes = (QueryHalves + 2 * 2 * TileHalves) * 2;     // Q; K and V, twice

    static_assert(D % 8 == 0 && Keys % WarpQueries == 0);
    static_assert(SharedBytes <= 99 * 1024);
};

// score [WarpQueries, 16], of the queries and keys from first on. A warp's first keys are those of a tile, which begins
// no later than the warp's queries: one at least is seen by every query, so that no softmax begins with −∞ alone.
template <class T>
__device__ __forceinline__ void hide_unseen(const Operands& o, int first_query, int first_key,
                                            float (&score)[T::RowTiles][2][4])
{
    const int lane = threadIdx.x % 32;
#pragma unroll
    for (int m = 0; m < T::RowTiles; m++) {
#pragma unroll
        for (int j = 0; j < 2; j++) {
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

template <class T>
__device__ __forceinline__ void attention(Operands o)
{
    DYNAMIC_SHARED(half, shared);
    half* const stages = shared + T::QueryHalves;        // stage s: keys at 2s, values at 2s + 1, in tiles
    const int lane = threadIdx.x % 32;
    const int warp_query = threadIdx.x / 32 * T::WarpQueries;
    const int block_query = blockIdx.x * T::Queries;
    const int first_query = block_query + warp_query;
    o.select(T::D);

    // Tiles before full are seen whole by every query of the block.
    const int seen = o.causal ? min(o.Lk, block_query + T::Queries) : o.Lk;
    const int full = (o.causal ? min(o.Lk, block_query + 1) : o.Lk) / T::Keys;
    const int tiles = (seen + T::Keys - 1) / T::Keys;
    const int tiles_a_split = (tiles + o.splits - 1) / o.splits;
    const int begin = o.split() * tiles_a_split;
    const int end = min(begin + tiles_a_split, tiles);

    load_rows<T::Queries, T::Chunks>(shared, o.q + static_cast<size_t>(block_query) * o.ldq, o.ldq, o.Lq - block_query,
                                     threadIdx.x, T::Threads);
    const size_t last_keys = static_cast<size_t>(end - 1) * T::Keys;
    TileLoader<T::Keys, T::Chunks, T::Threads> loader(stages, o.k + last_keys * o.ldk, o.ldk, o.v + last_keys * o.ldv,
                                                      o.ldv);
    int to_other_stage = 2 * T::TileHalves;
    loader.load(o.Lk - (end - 1) * T::Keys);
    loader.previous_tile();
    if (end - begin > 1) {
        loader.step(to_other_stage);
        loader.load();
        loader.step(-to_other_stage);
    }
    cp_async_commit();
    cp_async_wait<0>();
    __syncthreads();

    Warp<T> warp(shared, warp_query, o.scale);
    FragmentRows<T::Chunks> keys(stages, right_column(lane), right_chunk(lane));
    FragmentRows<T::Chunks> values(stages + T::TileHalves, left_row(lane), left_chunk(lane));
    int left = end - begin;                              // tiles, the last first
    const auto next_tile = [&] {                         // the one after it takes this one's place
        cp_async_wait<0>();
        __syncthreads();
        loader.previous_tile();
        if (left > 2) {
            loader.load();
        }
        cp_async_commit();
        left--;
        keys.step(to_other_stage);
        values.step(to_other_stage);
        loader.step(to_other_stage);
        to_other_stage = -to_other_stage;
    };

    while (left > max(full - begin, 0)) {                // at the end of the keys, and on the causal diagonal
        const int first_key = (begin + left - 1) * T::Keys;
        const int seen_by_warp = o.causal ? min(o.Lk, first_query + T::WarpQueries) : o.Lk;
        FragmentRows<T::Chunks> some_keys = keys, some_values = values;
        for (int key = first_key; key < min(seen_by_warp, first_key + T::Keys); key += 16) {
            float score[T::RowTiles][2][4] = {};
            warp.template score_keys<16>(some_keys, some_values, score);
            hide_unseen<T>(o, first_query, key, score);
            warp.template weigh<16>(score);
            warp.template add_values<16>(score, some_values);
            some_keys.step(16 * T::D);
            some_values.step(16 * T::D);
        }
        next_tile();
    }
    while (left > 0) {
        float score[T::RowTiles][T::Keys / 8][4] = {};
        warp.template score_keys<T::Keys>(keys, values, score);
        warp.template weigh<T::Keys>(score);
        warp.template add_values<T::Keys>(score, values);
        next_tile();
    }

    float row_sum[T::RowTiles][2];
#pragma unroll
    for (int m = 0; m < T::RowTiles; m++) {
        row_sum[m][0] = lanes_sum<4>(warp.softmax[m][0].sum);
        row_sum[m][1] = lanes_sum<4>(warp.softmax[m][1].sum);
    }
    if (o.splits > 1) {
#pragma unroll
        for (int m = 0; m < T::RowTiles; m++) {
            const int query = first_query + m * 16;
            store_partial<T::Chunks>(o, query, 0, T::D, warp.sum[m]);
            if (lane % 4 == 0) {
                store_partial_softmax(o, query + lane / 4, T::D, warp.softmax[m][0].limit, row_sum[m][0]);
                store_partial_softmax(o, query + lane / 4 + 8, T::D, warp.softmax[m][1].limit, row_sum[m][1]);
            }
        }
    } else {
        half* const staged = shared + warp_query * T::D; // where this warp's queries were
#pragma unroll
        for (int m = 0; m < T::RowTiles; m++) {
            stage_accumulators<T::Chunks>(staged, m * 16, warp.sum[m], {1.0f / row_sum[m][0], 1.0f / row_sum[m][1]});
        }
        __syncwarp();
        store_rows<T::WarpQueries, T::Chunks>(staged, o.result_row(first_query, T::D), o.ldy, o.Lq - first_query);
    }
}

}  // namespace

#define ATTENTION(D)                                                                                                   \
    extern "C" __global__ void __launch_bounds__(AttentionTile<D>::Threads, 2) attention_d##D(                         \
        const half* q, int ldq, const half* k, int ldk, int k_entry, const half* v, int ldv, int v_entry,              \
        const int* entry, half* y, int ldy, float* partial, int splits, int Lq, int Lk, float scale, int causal)       \
    {                                                                                                                  \
        attention<AttentionTile<D>>({q, ldq, k, ldk, k_entry, v, ldv, v_entry, entry, y, ldy, partial, splits,         \
                                     Lq, Lk, scale, causal});                                                          \
    }                                                                                                                  \
    KERNEL_FACTS(attention_d##D, attention, flop, fixed, AttentionTile<D>::SharedBytes, AttentionTile<D>::Queries,     \
                 AttentionTile<D>::Keys);

ATTENTION(8) ATTENTION(16) ATTENTION(24) ATTENTION(32) ATTENTION(40)
ATTENTION(48) ATTENTION(56) ATTENTION(64) ATTENTION(72) ATTENTION(80)
ATTENTION(88) ATTENTION(96) ATTENTION(104) ATTENTION(112) ATTENTION(120)
ATTENTION(128) ATTENTION(136) ATTENTION(144) ATTENTION(152) ATTENTION(160)
