// attention_d512: attention (attention.cu: the same arguments, the same maths) with heads of 512 columns, of which the
// autoencoder has one. A warp cannot hold a row of sums that wide: each of 8 warps has a slice of 64 columns of Q, K, V
// and the result. Their partial scores meet in shared memory, where they overwrite the keys they came from; the softmax
// is spread over all warps, four rows each, and its weights go back through shared memory as a left factor for every
// warp.
//
// Launch: 256 threads, grid (ceil(Lq / 32), heads, B·splits), T = 16, no dynamic shared memory (34 KB static).
//
// Bound: FLOP, as attention.cu; but it runs once an image, and is written to be small: keys are not double-buffered
// against the scores, and 8 partial scores are summed through shared memory for each score. Registers allow one block
// of 8 warps an SM; the autoencoder's 4096 queries are 128 blocks, and keys are split to even out the last wave.
// Shared memory: one pass a request. Global: 16 bytes a lane, whole sectors.
// Tested against softmax(q kᵀ) v in double (the Java test of attention).
// Tried: partial scores in plain rows take two passes a store (partial_offset). Not timed.
#include "attention_tile.cuh"
#include "launch.cuh"
#include "reduce.cuh"

namespace {

// Does not affect results beyond rounding, only speed.
template <int D_>
struct WideTile {
    static constexpr int D = D_;
    static constexpr int Warps = 8;
    static constexpr int Threads = Warps * 32;
    static constexpr int Chunks = D / Warps / 8;                   // of a warp's slice
    static constexpr int Queries = 32;
    static constexpr int Keys = 16;
    static constexpr int SliceHalves = Keys * Chunks * 8;

    static_assert(D % (Warps * 16) == 0);
    static_assert(Queries * Keys * 4 <= SliceHalves * 2, "partial scores take the place of the keys");
    static_assert(Queries * Chunks * 8 == 2 * SliceHalves, "so do queries and results, of keys and values");
};

// Of a partial score, in floats. Accumulators are stored 8 columns of 8 rows at a time; since two rows of 16 fill all
// banks, every other pair of rows has its halves exchanged.
template <class T>
__device__ __forceinline__ int partial_offset(int row, int key)
{
    return row * T::Keys + (key ^ row / 2 % 2 * 8);
}

template <class T>
__device__ __forceinline__ void wide_attention(Operands o)
{
    alignas(16) __shared__ half slices[T::Warps][2][T::SliceHalves];                   // a warp's keys and values
    alignas(16) __shared__ half weights[T::Queries * T::Keys];
    __shared__ float factors[T::Queries];

    const int lane = threadIdx.x % 32;
    const int warp = threadIdx.x / 32;
    const int first_query = blockIdx.x * T::Queries;
    const int column = warp * T::Chunks * 8;
    const float scale = o.scale * Log2e;
    const float slack = Softmax::Slack / scale;
    half* const keys = slices[warp][0];
    half* const values = slices[warp][1];
    o.select(T::D);

    const auto load_keys = [&](int first) {
        load_rows<T::Keys, T::Chunks>(keys, o.k + static_cast<size_t>(first) * o.ldk + column, o.ldk, o.Lk - first,
                                      lane, 32);
    };
    const auto load_values = [&](int first) {
        load_rows<T::Keys, T::Chunks>(values, o.v + static_cast<size_t>(first) * o.ldv + column, o.ldv, o.Lk - first,
                                      lane, 32);
    };

    load_rows<T::Queries, T::Chunks>(keys, o.q + static_cast<size_t>(first_query) * o.ldq + column, o.ldq,
                                     o.Lq - first_query, lane, 32);
    cp_async_commit();
    cp_async_wait<0>();
    __syncwarp();
    uint32_t query[2][T::Chunks / 2][4];                                                 // [32, slice]
#pragma unroll
    for (int m = 0; m < 2; m++) {
#pragma unroll
        for (int s = 0; s < T::Chunks / 2; s++) {
            ldmatrix_x4(query[m][s], keys + tile_offset<T::Chunks>(m * 16 + left_row(lane), 2 * s + left_chunk(lane)));
        }
    }
    __syncwarp();

    float sum[2][T::Chunks][4] = {};                                                     // [32, slice]
    Softmax softmax;                                     // of row 4·warp + lane / 8, a lane's own keys in the sum
    const int softmax_row = warp * 4 + lane / 8;
    const int softmax_key = lane % 8 * 2;
    const int seen = o.causal ? min(o.Lk, first_query + T::Queries) : o.Lk;
    const int keys_a_split = (seen + o.splits * T::Keys - 1) / (o.splits * T::Keys) * T::Keys;
    const int begin = o.split() * keys_a_split;
    const int end = min(begin + keys_a_split, seen);
    load_keys(begin);
    load_values(begin);
    cp_async_commit();
    for (int first_key = begin; first_key < end; first_key += T::Keys) {
        cp_async_wait<0>();
        __syncwarp();
        float score[2][2][4] = {};                                                       // [32, 16], of this slice
#pragma unroll
        for (int s = 0; s < T::Chunks / 2; s++) {
            uint32_t k[4];
            ldmatrix_x4(k, keys + tile_offset<T::Chunks>(right_column(lane), 2 * s + right_chunk(lane)));
#pragma unroll
            for (int m = 0; m < 2; m++) {
                mma_m16n8k16(score[m][0], query[m][s], {k[0], k[1]});
                mma_m16n8k16(score[m][1], query[m][s], {k[2], k[3]});
            }
        }
        __syncwarp();
        float* const partial = reinterpret_cast<float*>(keys);                           // [32, 16]
#pragma unroll
        for (int m = 0; m < 2; m++) {
#pragma unroll
            for (int j = 0; j < 2; j++) {
#pragma unroll
                for (int e = 0; e < 4; e += 2) {
                    const int row = m * 16 + accumulator_row(lane, e);
                    *reinterpret_cast<float2*>(partial + partial_offset<T>(row, j * 8 + accumulator_column(lane, e))) =
                        make_float2(score[m][j][e], score[m][j][e + 1]);
                }
            }
        }
        __syncthreads();

        float2 total = make_float2(0.0f, 0.0f);
#pragma unroll
        for (int w = 0; w < T::Warps; w++) {
            const float2 part = reinterpret_cast<const float2*>(
                slices[w][0])[partial_offset<T>(softmax_row, softmax_key) / 2];
            total.x += part.x;
            total.y += part.y;
        }
        const int key = first_key + softmax_key;
        total.x = o.sees(first_query + softmax_row, key) ? total.x : -INFINITY;
        total.y = o.sees(first_query + softmax_row, key + 1) ? total.y : -INFINITY;
        const float correction = softmax.admit(lanes_max<8>(fmaxf(total.x, total.y)), scale, slack);
        if (lane % 8 == 0) {
            factors[softmax_row] = correction;
        }
        const float shift = softmax.shift(scale);
        const float weight = softmax.weigh(total.x, scale, shift);
        *reinterpret_cast<half2*>(weights + tile_offset<T::Keys / 8>(softmax_row, softmax_key / 8) + softmax_key % 8) =
            __floats2half2_rn(weight, softmax.weigh(total.y, scale, shift));
        __syncthreads();

        if (first_key + T::Keys < end) {
            load_keys(first_key + T::Keys);
        }
        uint32_t left[2][4];                                                             // [32 queries, 16 keys]
#pragma unroll
        for (int m = 0; m < 2; m++) {
            ldmatrix_x4(left[m], weights + tile_offset<T::Keys / 8>(m * 16 + left_row(lane), left_chunk(lane)));
#pragma unroll
            for (int e = 0; e < 4; e++) {
#pragma unroll
                for (int j = 0; j < T::Chunks; j++) {
                    sum[m][j][e] *= factors[m * 16 + accumulator_row(lane, e)];
                }
            }
        }
#pragma unroll
        for (int j = 0; j < T::Chunks; j += 2) {
            uint32_t v[4];                                                               // [16 keys, 16 columns]
            ldmatrix_x4_trans(v, values + tile_offset<T::Chunks>(left_row(lane), j + left_chunk(lane)));
#pragma unroll
            for (int m = 0; m < 2; m++) {
                mma_m16n8k16(sum[m][j], left[m], {v[0], v[1]});
                mma_m16n8k16(sum[m][j + 1], left[m], {v[2], v[3]});
            }
        }
        __syncwarp();
        if (first_key + T::Keys < end) {
            load_values(first_key + T::Keys);
        }
        cp_async_commit();
    }

    const float total = lanes_sum<8>(softmax.sum);
    if (o.splits > 1) {
#pragma unroll
        for (int m = 0; m < 2; m++) {
            store_partial<T::Chunks>(o, first_query + m * 16, column, T::D, sum[m]);
        }
        if (lane % 8 == 0) {
            store_partial_softmax(o, first_query + softmax_row, T::D, softmax.limit, total);
        }
        return;
    }
    __syncthreads();
    if (lane % 8 == 0) {
        factors[softmax_row] = 1.0f / total;
    }
    __syncthreads();
#pragma unroll
    for (int m = 0; m < 2; m++) {
        const int row = m * 16 + accumulator_row(lane, 0);
        stage_accumulators<T::Chunks>(keys, m * 16, sum[m], {factors[row], factors[row + 8]});
    }
    __syncwarp();
    store_rows<T::Queries, T::Chunks>(keys, o.result_row(first_query, T::D) + column, o.ldy, o.Lq - first_query);
}

}  // namespace

extern "C" __global__ void __launch_bounds__(WideTile<512>::Threads)
attention_d512(const half* q, int ldq, const half* k, int ldk, int k_entry, const half* v, int ldv, int v_entry,
               const int* entry, half* y, int ldy, float* partial, int splits, int Lq, int Lk, float scale, int causal)
{
    wide_attention<WideTile<512>>(
        {q, ldq, k, ldk, k_entry, v, ldv, v_entry, entry, y, ldy, partial, splits, Lq, Lk, scale, causal});
}
KERNEL_FACTS(attention_d512, attention, flop, fixed, 0, WideTile<512>::Queries, WideTile<512>::Keys);
