// Who holds what in a matrix multiply-accumulate, and where a tile's elements lie in shared memory.
//
// A fragment is loaded by ldmatrix, to which each lane names one row of 8 halves (16 bytes, here a "chunk"): the
// functions below say which. Source of the layouts: PTX ISA 8.0, sections 9.7.14.5.8 and 9.7.14.5.15.
#pragma once

#include <cstdint>
#include <cstring>

#include "half.cuh"

// Element i = 0 .. 3 of a lane's part of a [16, 8] accumulator.
__device__ __forceinline__ int accumulator_row(int lane, int i)
{
    return lane / 4 + i / 2 * 8;
}

__device__ __forceinline__ int accumulator_column(int lane, int i)
{
    return lane % 4 * 2 + i % 2;
}

// Left factor [16 rows, 16 k] by ldmatrix_x4: the row and the chunk of k whose address a lane gives. The same lanes
// name the right factor [16 k, 16 columns] of a tile that is stored row after row of k, by ldmatrix_x4_trans: registers
// 0 and 1 are then columns 0 to 7, registers 2 and 3 columns 8 to 15.
__device__ __forceinline__ int left_row(int lane)
{
    return lane % 16;
}

__device__ __forceinline__ int left_chunk(int lane)
{
    return lane / 16;
}

// Right factor [16 k, 16 columns] of a tile that is stored column after column (k contiguous), by ldmatrix_x4:
// registers 0 and 1 are columns 0 to 7, registers 2 and 3 columns 8 to 15.
__device__ __forceinline__ int right_column(int lane)
{
    return lane / 16 * 8 + lane % 8;
}

__device__ __forceinline__ int right_chunk(int lane)
{
    return lane / 8 % 2;
}

__host__ __device__ constexpr int common_divisor_with_8(int n)
{
    return n % 8 == 0 ? 8 : n % 4 == 0 ? 4 : n % 2 == 0 ? 2 : 1;
}

// Offset in halves of a chunk in a tile whose rows have Chunks chunks. The eight rows that one ldmatrix phase reads,
// one chunk each, must fall on eight different sixteen-byte columns of shared memory's 128-byte lines. Rows of an odd
// number of chunks do by themselves; if the number shares a factor g with 8, every (8/g)-th row falls on the same
// column, and exchanging chunks within groups of g by XOR separates them.
template <int Chunks>
__device__ __forceinline__ int tile_offset(int row, int chunk)
{
    constexpr int g = common_divisor_with_8(Chunks);
    return (row * Chunks + (chunk ^ (row / (8 / g) % g))) * 8;
}

// The left factor [16, 16] that two neighbouring accumulators [16, 8] make when rounded to fp16: same lanes, same rows.
__device__ __forceinline__ void left_of_accumulators(const float (&first)[4], const float (&second)[4],
                                                     uint32_t (&left)[4])
{
#pragma unroll
    for (int i = 0; i < 2; i++) {
        const half2 a = __floats2half2_rn(first[2 * i], first[2 * i + 1]);
        const half2 b = __floats2half2_rn(second[2 * i], second[2 * i + 1]);
        memcpy(&left[i], &a, sizeof a);
        memcpy(&left[i + 2], &b, sizeof b);
    }
}
