// From global memory into a tile of shared memory: which chunks of 16 bytes a thread copies, how, and the loader of
// plain matrices for the main loop (mainloop.cuh says what a loader must have).
#pragma once

#include "mainloop.cuh"

// The part of a tile [Rows, BlockK] that one thread copies: chunk threadIdx.x % 4 of every (Threads / 4)-th row. Eight
// neighbouring lanes write the 128 bytes of two rows: no bank conflicts.
template <class T, int Rows>
struct TileSlice {
    static constexpr int RowStep = T::Threads / TileChunks;
    static constexpr int Count = ceil_div(Rows, RowStep);

    static_assert(RowStep % 8 == 0, "the swizzle repeats every 8 rows: a constant distance from row to row");

    static __device__ __forceinline__ int chunk() { return threadIdx.x % TileChunks; }
    static __device__ __forceinline__ int row(int i) { return threadIdx.x / TileChunks + i * RowStep; }
    static __device__ __forceinline__ bool has(int i) { return (i + 1) * RowStep <= Rows || row(i) < Rows; }
    static __device__ __forceinline__ int offset(int i)
    {
        return tile_offset<TileChunks>(row(0), chunk()) + i * RowStep * BlockK;
    }
};

// Copies a chunk of which left halves exist (all of it if 8 or more, none if 0 or less), zeros behind them. Aligned:
// left is a multiple of 8, and the copy is asynchronous.
template <bool Aligned>
__device__ __forceinline__ void load_chunk(half* shared, const half* global, int left)
{
    if constexpr (Aligned) {
        cp_async_16(shared, global, left > 0 ? 16 : 0);
    } else {
        const half zero = __float2half_rn(0.0f);
#pragma unroll
        for (int j = 0; j < ChunkHalves; j++) {
            shared[j] = j < left ? global[j] : zero;
        }
    }
}

struct Matrix {
    const half* data;          // [rows, columns]
    int ld;
    int columns;
};

// Rows of a matrix, and behind each, zeros filling the last tile, the row of a second one. Rows past the last repeat
// it, for sums that nobody stores.
template <class T, int Rows, bool Aligned>
class MatrixLoader {
    using Slice = TileSlice<T, Rows>;

public:
    // Begins at tile number first_tile of the two matrices' columns; second.columns may be 0.
    __device__ __forceinline__ MatrixLoader(const Matrix& first, const Matrix& second, int first_row, int rows,
                                            int first_tile)
        : second_(second), first_row_(first_row), rows_(rows)
    {
        const int tiles = ceil_div(first.columns, BlockK);
        if (first_tile < tiles) {
            start(first, first_tile);
        } else {
            start(second, first_tile - tiles);
        }
    }

    __device__ __forceinline__ int part() const { return part_; }

    __device__ __forceinline__ void next_part() { start(second_, 0); }

    __device__ __forceinline__ void load(half* tile)
    {
#pragma unroll
        for (int i = 0; i < Slice::Count; i++) {
            if (Slice::has(i)) {
                load_chunk<Aligned>(tile + Slice::offset(i), base_ + offset_[i], left_);
            }
        }
        left_ -= BlockK;
        base_ += BlockK;
        opaque(base_);         // or the compiler advances a pointer for each row: more instructions and registers
    }

    __device__ __forceinline__ void stop() { left_ = 0; }

private:
    __device__ __forceinline__ void start(const Matrix& matrix, int tile)
    {
        const int column = tile * BlockK + Slice::chunk() * ChunkHalves;
        part_ = ceil_div(matrix.columns, BlockK) - tile;
        left_ = matrix.columns - column;
        base_ = matrix.data + static_cast<size_t>(first_row_) * matrix.ld + column;
#pragma unroll
        for (int i = 0; i < Slice::Count; i++) {
            offset_[i] = (min(first_row_ + Slice::row(i), rows_ - 1) - first_row_) * matrix.ld;
            opaque(offset_[i]);      // or it is computed again in every tile, to save its register
        }
    }

    const half* base_;                   // the thread's chunk of the block's first row in the next tile
    unsigned offset_[Slice::Count];      // from there to its rows
    int left_;                           // halves of a row from that chunk on
    int part_;
    Matrix second_;
    int first_row_, rows_;
};
