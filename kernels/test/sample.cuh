#pragma once

constexpr int Depth = 32;

template <int Rows_, int Columns_>
struct Tile {
    static constexpr int Rows = Rows_;
    static constexpr int Columns = Columns_;
    static constexpr int Warps = Rows <= 64 || Columns % 48 == 0 ? 2 : 4;
    static constexpr int SharedBytes = (Rows + Columns) * Depth * 2;
};

using Tile128x64 = Tile<128, 64>;
using Tile64x32 = Tile<64, 32>;
