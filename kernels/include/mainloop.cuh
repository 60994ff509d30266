// The inner loop that the matrix product and the convolution share: a block's tile of
//
//     sum[m, n] = Σ_k A[m, k] B[n, k]
//
// on tensor cores. Tiles of both factors, BlockK wide, pass through a ring of Stages buffers in shared memory: while
// one is multiplied, the others are under way by cp.async. Within a tile a warp reads its fragments one step ahead of
// the multiplications: those of A one k-step of 16, those of B one pair of columns of fragments. So neither memory is
// waited for, and the tensor cores always have an instruction that is ready.
//
//     step of k   pair      multiplies      meanwhile reads from shared memory
//     0           0         A₀ · B₀₀        B₀₁
//     0           1 ..      A₀ · B₀₁        B₀₂ ..
//     0           P−2, P−1  A₀ · ..         B₀,P₋₁ B₁₀, A₁
//     1           P−2       A₁ · B₁,P₋₂     B₁,P₋₁, then the only barrier: the tile is read, the next has landed;
//                                           its buffer is refilled at once, for Stages tiles later
//     1           P−1       A₁ · B₁,P₋₁     B₀₀ and A₀ of the next tile
//
// A factor is copied by a loader (loader.cuh, conv.cu). It goes through k in parts, along each of which its addresses
// advance by a constant; what changes between parts stays out of the inner loop:
//
//     int part()          tiles of the part just begun
//     void next_part()    begins the next
//     void load(tile)     copies the next BlockK columns
//     void stop()         from here on load writes zeros and reads nothing
#pragma once

#include "fragments.cuh"
#include "half.cuh"
#include "ptx.cuh"

__host__ __device__ constexpr int ceil_div(int a, int b)
{
    return (a + b - 1) / b;
}

constexpr int BlockK = 32;                           // columns of a tile of either factor
constexpr int ChunkHalves = 8;                       // 16 bytes, what cp.async and ldmatrix move
constexpr int TileChunks = BlockK / ChunkHalves;     // of a row of a tile

// Does not affect results, only speed.
template <int BlockM_, int BlockN_, int WarpM_, int WarpN_, int Stages_>
struct Tile {
    static constexpr int BlockM = BlockM_;
    static constexpr int BlockN = BlockN_;
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

// The table of tiles. Kernels are named after them; what a launch needs of one reaches Java through KERNEL_FACTS, and
// Tiles.java says which is taken when.
//                          block     warp     stages    threads, shared memory, FLOP for a byte of L2
using Tile256x160 = Tile<256, 160, 64, 80, 3>;    // 256, 79872, 98
using Tile128x160 = Tile<128, 160, 64, 80, 3>;    // 128, 55296, 71
using Tile128x256 = Tile<128, 256, 64, 64, 3>;    // 256, 73728, 85
using Tile128x128 = Tile<128, 128, 64, 64, 3>;    // 128, 49152, 64
using Tile64x64 = Tile<64, 64, 32, 32, 4>;        // 128, 32768, 32
using Tile128x16 = Tile<128, 16, 32, 16, 4>;      // 128, 36864, 14
using Tile16x64 = Tile<16, 64, 16, 16, 6>;        // 128, 30720, 13

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

// What a warp multiplies, and where it reads it: fragments of the left factor for two k-steps, and of the right factor
// for two pairs of columns of fragments.
template <class T>
class Fragments {
public:
    static constexpr int Pairs = T::FragmentsN / 2;

    __device__ __forceinline__ explicit Fragments(const half* shared)
        : shared_(reinterpret_cast<const unsigned char*>(shared))
    {
        const int lane = threadIdx.x % 32;
        const int row = threadIdx.x / 32 % T::WarpsM * T::WarpM + left_row(lane);
        const int column = T::BlockM + threadIdx.x / 32 / T::WarpsM * T::WarpN + right_column(lane);
        left_offset_ = 2 * tile_offset<TileChunks>(row, left_chunk(lane));
        right_offset_ = 2 * tile_offset<TileChunks>(column, right_chunk(lane));
    }

    // On to another stage of the ring.
    __device__ __forceinline__ void advance(int bytes)
    {
        left_offset_ += bytes;
        right_offset_ += bytes;
    }

    // Rows from to to − 1, in units of 16, of k-step k.
    __device__ __forceinline__ void load_left(int k, int from, int to)
    {
#pragma unroll
        for (int i = from; i < to; i++) {
            ldmatrix_x4(left_[k % 2][i], at(left_offset_, k) + i * 16 * BlockK);
        }
    }

    __device__ __forceinline__ void load_right(int k, int pair)
    {
        ldmatrix_x4(right_[(k * Pairs + pair) % 2], at(right_offset_, k) + pair * 16 * BlockK);
    }

    __device__ __forceinline__ void multiply(int k, int pair, float (&sum)[T::FragmentsM][T::FragmentsN][4]) const
    {
        const auto& right = right_[(k * Pairs + pair) % 2];
        const uint32_t first[2] = {right[0], right[1]};
        const uint32_t second[2] = {right[2], right[3]};
#pragma unroll
        for (int i = 0; i < T::FragmentsM; i++) {
            mma_m16n8k16(sum[i][2 * pair], left_[k % 2][i], first);
            mma_m16n8k16(sum[i][2 * pair + 1], left_[k % 2][i], second);
        }
    }

private:
    // A k-step is two chunks on, and the swizzle exchanges chunks by XOR: so is the step. (Stages are whole multiples
    // of 64 bytes, and so leave these bits alone.)
    __device__ __forceinline__ const half* at(int offset, int k) const
    {
        return reinterpret_cast<const half*>(shared_ + (offset ^ k * 2 * ChunkHalves * 2));
    }

    const unsigned char* shared_;
    int left_offset_, right_offset_;                                                     // bytes
    uint32_t left_[2][T::FragmentsM][4];                                                 // [WarpM, 16]
    uint32_t right_[2][4];                                                               // [16, 16]
};

// Adds the products of tiles ≥ 1 tiles to sum. All threads of the block must call it.
template <class T, class LoaderA, class LoaderB>
__device__ __forceinline__ void multiply(LoaderA& a, LoaderB& b, int tiles, half* shared,
                                         float (&sum)[T::FragmentsM][T::FragmentsN][4])
{
    constexpr int Steps = BlockK / 16;
    constexpr int Pairs = Fragments<T>::Pairs;
    constexpr int BarrierPair = Pairs > 1 ? Pairs - 2 : 0;     // of the last step: all fragments of the tile are read
    constexpr int LastStage = (T::Stages - 1) * T::StageHalves;
    static_assert(Steps % 2 == 0, "fragments of a tile begin in the first of their two registers");

    int loads = tiles;                                         // not begun
    int part = min(a.part(), loads);                           // of them, before an address jumps
    const auto next_part = [&] {
        if (loads > 0) {
            a.next_part();
            part = min(a.part(), loads);
        } else {
            a.stop();
            b.stop();
            part = tiles;
        }
    };
    const auto load = [&](half* stage) {
        a.load(stage);                                                                   // [BlockM, BlockK]
        b.load(stage + T::BlockM * BlockK);                                              // [BlockN, BlockK]
        cp_async_commit();
    };
#pragma unroll
    for (int stage = 0; stage < T::Stages; stage++) {
        if (part == 0) {
            next_part();
        }
        load(shared + stage * T::StageHalves);
        part--;
        loads--;
    }
    cp_async_wait<T::Stages - 1>();
    __syncthreads();
    Fragments<T> fragments(shared);
    fragments.load_right(0, 0);
    fragments.load_left(0, 0, T::FragmentsM);

    half* stage = shared;
    while (tiles > 0) {
        if (part == 0) {
            next_part();
        }
        int count = min(part, tiles);
        part -= count;
        loads -= count;
        tiles -= count;
#pragma unroll 1
        do {
#pragma unroll
            for (int k = 0; k < Steps; k++) {
                const int next = (k + 1) % Steps;
#pragma unroll
                for (int pair = 0; pair < Pairs; pair++) {
                    if (pair + 1 < Pairs) {
                        fragments.load_right(k, pair + 1);
                    }
                    if (next == 0 && pair == BarrierPair) {
                        cp_async_wait<T::Stages - 2>();
                        __syncthreads();
                        load(stage);
                        const bool wraps = stage == shared + LastStage;
                        fragments.advance(2 * (wraps ? -LastStage : T::StageHalves));
                        stage = wraps ? shared : stage + T::StageHalves;
                    }
                    if (pair + 1 == Pairs) {
                        fragments.load_right(next, 0);
                    }
                    if (pair + 1 == Pairs) {
                        fragments.load_left(next, Pairs > 1 ? T::FragmentsM / 2 : 0, T::FragmentsM);
                    } else if (pair + 2 == Pairs) {
                        fragments.load_left(next, 0, T::FragmentsM / 2);
                    }
                    fragments.multiply(k, pair, sum);
                }
            }
        } while (--count > 0);
    }
}
