// A block's part of a copy of rows · width halves, from rows ldx apart to dense ones: Width elements a thread, as one
// access of 2·Width bytes where width and ldx are multiples of Width, else number by number. Pointers are 16-byte
// aligned, rows·width < 2³¹ − Threads·Width. Grid: ceil(rows·width / (Threads·Width)) blocks in x.
#pragma once

#include "vector.cuh"

template <int Threads, int Width>
__device__ __forceinline__ void copy_rows(const half* x, int ldx, half* y, int rows, int width)
{
    const int size = rows * width;
    const int first = (blockIdx.x * Threads + threadIdx.x) * Width;
    const auto at = [&](int i) { return ldx == width ? i : i / width * static_cast<size_t>(ldx) + i % width; };
    if (width % Width == 0 && ldx % Width == 0) {
        if (first < size) {
            half2 v[Width / 2];
            load(x + at(first), v);
            store(y + first, v);
        }
    } else {
        for (int i = first; i < min(size, first + Width); i++) {
            y[i] = x[at(i)];
        }
    }
}
