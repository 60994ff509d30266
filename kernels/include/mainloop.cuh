// The inner loop that the matrix product and the convolution share: a block's tile of
//
//     sum[m, n] = Σ_k A[m, k] B[n, k]
//
// on tensor cores. Tiles of both factors, BlockK wide, pass through a ring of Stages buffers in shared memory: while
// one is multiplied, the next Stages − 1 are under way by cp.async. One barrier a tile: it says both that the tile has
// landed for every thread and that the buffer about to be refilled has been read.
//
// A loader has load(tile): it copies its factor's next tile and advances. The loader decides what a row is; see
// MatrixLoader, and conv.cu.
#pragma once

#include "fragments.cuh"
#include "half.cuh"
#include "ptx.cuh"

__device__ __forceinline__ int ceil_div(int a, int b)
{
    return (a + b - 1) / b;
}

// Does not affect results, only speed.
template <int BlockM_, int BlockN_, int WarpM_, int WarpN_, int Stages_>
struct Tile {
    static constexpr int BlockM = BlockM_;
    static constexpr int BlockN = BlockN_;
    static constexpr int BlockK = 32;
    static constexpr int WarpM = WarpM_;
    static constexpr int WarpN = WarpN_;
    static constexpr int Stages = Stages_;
    static constexpr int WarpsM = BlockM / WarpM;
    static constexpr int Threads = WarpsM * (BlockN / WarpN) * 32;
    static constexpr int FragmentsM = WarpM / 16;
    static constexpr int FragmentsN = WarpN / 8;
    static constexpr int StageHalves = (BlockM + BlockN) * BlockK;
    static constexpr int SharedBytes = Stages * StageHalves * 2;

    static_assert(BlockM % WarpM == 0 && BlockN % WarpN == 0 && WarpM % 16 == 0 && WarpN % 16 == 0);
    static_assert(Stages >= 2);
};

using LargeTile = Tile<128, 128, 64, 64, 3>;
using SmallTile = Tile<64, 64, 32, 32, 4>;

static_assert(LargeTile::Threads == 128 && LargeTile::SharedBytes == 49152);
static_assert(SmallTile::Threads == 128 && SmallTile::SharedBytes == 32768);

// The first element of the tile that block number index works on, of a product [M, N]. Blocks that run at the same time
// take a patch of Band rows of tiles, column by column, so that they share both factors in the L2 cache.
struct Origin {
    int row, column;
};

template <class T>
__device__ __forceinline__ Origin block_origin(int index, int M, int N)
{
    constexpr int Band = 8;
    const int columns = ceil_div(N, T::BlockN);
    const int band = index / (Band * columns);
    const int height = min(Band, ceil_div(M, T::BlockM) - band * Band);
    const int within = index - band * Band * columns;
    return {(band * Band + within % height) * T::BlockM, within / height * T::BlockN};
}

constexpr int ChunkHalves = 8;                       // 16 bytes, what cp.async and ldmatrix move
constexpr int TileChunks = 32 / ChunkHalves;         // of a row of a tile

// The part of a tile [Rows, 32] that one thread copies: chunk threadIdx.x % 4 of every (Threads / 4)-th row.
template <int Rows, int Threads>
struct TileSlice {
    static constexpr int RowStep = Threads / TileChunks;
    static constexpr int Count = Rows / RowStep;

    static_assert(Rows % RowStep == 0 && RowStep % 8 == 0);

    static __device__ __forceinline__ int chunk() { return threadIdx.x % TileChunks; }
    static __device__ __forceinline__ int row(int i) { return threadIdx.x / TileChunks + i * RowStep; }
    static __device__ __forceinline__ int offset(int i)
    {
        // The swizzle repeats every 8 rows: a constant distance from slice to slice.
        return tile_offset<TileChunks>(row(0), chunk()) + i * RowStep * TileChunks * ChunkHalves;
    }
};

// Copies count (0 to 8) halves into a chunk of shared memory, zeros behind them. Aligned: at once, count 0 or 8.
template <bool Aligned>
__device__ __forceinline__ void load_chunk(half* shared, const half* global, int count)
{
    if constexpr (Aligned) {
        cp_async_16(shared, global, 2 * count);
    } else {
        const half zero = __float2half_rn(0.0f);
#pragma unroll
        for (int j = 0; j < ChunkHalves; j++) {
            shared[j] = j < count ? global[j] : zero;
        }
    }
}

__device__ __forceinline__ int halves_left(int k, int width)
{
    return max(0, min(ChunkHalves, width - k));
}

// A width in whole chunks: where a second matrix begins behind a first one of k columns.
__device__ __forceinline__ int whole_chunks(int k)
{
    return (k + ChunkHalves - 1) / ChunkHalves * ChunkHalves;
}

// Rows of a matrix [rows, k0], and behind each, zeros filling the last chunk, the row of a second one [rows, k1].
template <int Rows, int Threads, bool Aligned>
class MatrixLoader {
    using Slice = TileSlice<Rows, Threads>;

public:
    __device__ __forceinline__ MatrixLoader(const half* first, int ld0, int k0, const half* second, int ld1, int k1,
                                            int first_row, int rows)
        : second_(second), ld1_(ld1), width_(k0), width1_(k1), first_row_(first_row), rows_(rows),
          k_(Slice::chunk() * ChunkHalves)
    {
        start(first, ld0);
    }

    __device__ __forceinline__ MatrixLoader(const half* matrix, int ld, int k, int first_row, int rows)
        : MatrixLoader(matrix, ld, k, nullptr, 0, 0, first_row, rows)
    {
    }

    __device__ __forceinline__ void load(half* tile)
    {
        if (k_ >= whole_chunks(width_) && width1_ > 0) {
            k_ -= whole_chunks(width_);
            width_ = width1_;
            width1_ = 0;
            start(second_, ld1_);
        }
        const int count = Aligned ? (k_ < width_ ? ChunkHalves : 0) : halves_left(k_, width_);
#pragma unroll
        for (int i = 0; i < Slice::Count; i++) {
            const bool inside = first_row_ + Slice::row(i) < rows_;
            load_chunk<Aligned>(tile + Slice::offset(i), source_[i] + k_, inside ? count : 0);
        }
        k_ += TileChunks * ChunkHalves;
    }

private:
    __device__ __forceinline__ void start(const half* matrix, int ld)
    {
#pragma unroll
        for (int i = 0; i < Slice::Count; i++) {
            const int row = min(first_row_ + Slice::row(i), rows_ - 1);
            source_[i] = matrix + static_cast<size_t>(row) * ld;
        }
    }

    const half* source_[Slice::Count];
    const half* second_;
    int ld1_, width_, width1_, first_row_, rows_;
    int k_;
};

// Adds the products of tiles tiles to sum. All threads of the block must call it.
template <class T, class LoaderA, class LoaderB>
__device__ __forceinline__ void multiply(LoaderA& a, LoaderB& b, int tiles, half* shared,
                                         float (&sum)[T::FragmentsM][T::FragmentsN][4])
{
    const int lane = threadIdx.x % 32;
    const int warp_row = threadIdx.x / 32 % T::WarpsM * T::WarpM;
    const int warp_column = threadIdx.x / 32 / T::WarpsM * T::WarpN;

#pragma unroll
    for (int stage = 0; stage < T::Stages - 1; stage++) {
        if (stage < tiles) {
            a.load(shared + stage * T::StageHalves);
            b.load(shared + stage * T::StageHalves + T::BlockM * T::BlockK);
        }
        cp_async_commit();
    }
    int reading = 0;
    int writing = T::Stages - 1;
    for (int tile = 0; tile < tiles; tile++) {
        cp_async_wait<T::Stages - 2>();
        __syncthreads();
        if (tile + T::Stages - 1 < tiles) {
            a.load(shared + writing * T::StageHalves);
            b.load(shared + writing * T::StageHalves + T::BlockM * T::BlockK);
        }
        cp_async_commit();

        const half* const tile_a = shared + reading * T::StageHalves;                    // [BlockM, BlockK]
        const half* const tile_b = tile_a + T::BlockM * T::BlockK;                       // [BlockN, BlockK]
#pragma unroll
        for (int k = 0; k < T::BlockK / 16; k++) {
            uint32_t left[T::FragmentsM][4];                                             // [WarpM, 16]
            uint32_t right[T::FragmentsN][2];                                            // [WarpN, 16]
#pragma unroll
            for (int i = 0; i < T::FragmentsM; i++) {
                ldmatrix_x4(left[i], tile_a + tile_offset<TileChunks>(warp_row + i * 16 + left_row(lane),
                                                                      2 * k + left_chunk(lane)));
            }
#pragma unroll
            for (int j = 0; j < T::FragmentsN; j += 2) {
                uint32_t pair[4];
                ldmatrix_x4(pair, tile_b + tile_offset<TileChunks>(warp_column + j * 8 + right_column(lane),
                                                                   2 * k + right_chunk(lane)));
                right[j][0] = pair[0];
                right[j][1] = pair[1];
                right[j + 1][0] = pair[2];
                right[j + 1][1] = pair[3];
            }
#pragma unroll
            for (int i = 0; i < T::FragmentsM; i++) {
#pragma unroll
                for (int j = 0; j < T::FragmentsN; j++) {
                    mma_m16n8k16(sum[i][j], left[i], right[j]);
                }
            }
        }
        reading = reading + 1 == T::Stages ? 0 : reading + 1;
        writing = writing + 1 == T::Stages ? 0 : writing + 1;
    }
}
