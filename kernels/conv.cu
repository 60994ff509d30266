// 3×3 convolution as an implicit matrix product: row m = (b, oy, ox) of the product is an output pixel, column n an
// output channel, and the sum runs over k = (ky, kx, c), then over the channels of a shortcut.
//
//     y[b, oy, ox, n] = Σ x'[b, oy·stride + ky − p, ox·stride + kx − p, c] w[n, ky, kx, c]
//                       + Σ [s0 | s1][b, oy, ox, c] v[n, c] + bias[n] + addend[b, oy, ox, n] + image_addend[b, n]
//
//     x             half [B, H, W, Cin]; x' is x, or with upsample = 1 x doubled by nearest neighbour; zero outside.
//                   Doubled: Ho = 2H, Wo = 2W, stride = 1, p = 1, and no shortcut
//     s0, s1        half [B, Ho, Wo, k0] and [B, Ho, Wo, k1], what a residual block's shortcut takes; null, 0 for none
//     w             half [Cout, 9·CinPadded + K0 + K1]: [w | v], CinPadded, K0 and K1 being Cin, k0 and k1 rounded up
//                   to a multiple of 32, with zeros there. Doubled: [4, Cout, 4·CinPadded], see below
//     bias          float [Cout], null for none
//     addend        half [B, Ho, Wo, Cout], null for none: a residual
//     image_addend  half [B, Cout], row stride ld_image, null for none: the timestep's embedding
//     y             half (conv3x3_f32out: float) [B, Ho, Wo, Cout]
//     p             pad_top_left: 1, or 0 for the autoencoder's padding of the bottom and right edges only
//
// The caller chooses Ho and Wo, and thus how far it pads below and to the right, unless x is doubled.
//
// Doubled: of the nine pixels of x' that an output sees four differ, 2×2 of x. Which weights meet in one of these
// depends on whether the output's row and column are even or odd. Their sums are four filters of 2×2, one for each
// parity 2·(oy mod 2) + ox mod 2 (DoubledFilters.java). A launch computes one after the other, each as a product with
// B·H·W rows. That takes 4/9 of the FLOP and 16/9 of the weights. An image has the moments of one parity behind those
// of another.
//
// conv3x3_moments also gathers the moments of y, stored as fp16, that a group normalisation needs:
//
//     moments       Moments [M / rows, Cout / 2] of pairs of columns over a tile's rows (finish_tile.cuh, moments.cuh)
//
// conv3x3_partial: block (.., i) sums split_tiles tiles of 32 columns of k, from the i · split_tiles-th on, into
//
//     sums          float [grid.y, B·Ho·Wo, lds], lds ≥ Cout a multiple of 8
//
// which splitk.cu adds up and finishes. At 8×8 and 16×16 pixels there are otherwise fewer tiles than multiprocessors.
//
// Preconditions: pointers 16-byte aligned; x, s0 and s1 have fewer than 2³¹ elements each; Cin, k0 and k1 multiples of
// 8, or else a kernel with _any in its name. Cout is free; a multiple of 8 gets 16-byte accesses. conv3x3_moments: M a
// multiple of the tile's rows, Cout even; of a doubled map, H·W a multiple of them.
//
// Launch: as gemm.cu, with M = B·Ho·Wo and N = Cout, or doubled four times the blocks of M = B·H·W. All kernels sum
// over k in the same order and give the same bits, except that conv3x3_partial's differ by float32's rounding.
//
// Bound: FLOP. There are 2·B·Ho·Wo·(9·Cin + k0 + k1)·Cout of them, doubled with 4 for 9. Each element of x is fetched
// nine times, eight of these from the caches: at 64×64, 320 → 320, that is 1440 FLOP a byte of memory, of which an A100
// needs 200. From L2 as gemm.cu.
// Occupancy: as gemm.cu (registers of sm_80: 256×160 246, 128×160 255, 128×128 231, 64×64 96).
// Tested against the same sums in double (Conv2dTest, ResidualConv2dTest), and every tile against every other's bits
// (TilesTest).
//
// Tried, on sm_80 (instructions of the main loop, of them mma; integer and move instructions for one mma; tensor clocks
// to these plus all other instructions; registers):
//
//     128×128, a pixel's address computed in the loop          311  21 %  3.25  0.68  229     9 blocks, gap 201
//     .. filter taps around the loop, a bit for each row       146  44 %  0.80  0.86  224     gap 7
//     .. the bits cleared behind the last channel              143  45 %  0.75  0.87  224     gap 8: taken
//     128×160, the same                                        164  49 %  0.62  0.88  250     gap 6: taken
//     256×160, the same                                        156  51 %  0.55  0.89  250     gap 7: taken
//     128×256                                                  133  48 %  0.62  0.88  221     256×160 is better
//     with moments: 128×128                                    147  44 %  0.81  0.86  216     gap 8: taken
//     .. 128×160                                               168  48 %  0.68  0.88  250     gap 7: taken
//     .. 256×160                                               160  50 %  0.60  0.89  248     gap 7: taken
//
// Those with moments are separate kernels, so that their four additional moves are not in every loop.
//
// Taken since then, with loops of the same instructions (256×160 two fewer), gaps of 6 to 9 and 244 to 255 registers
// with 160 columns, 223 to 231 with 128; counted over SD 2.0's UNet at batch 8, on an A100:
//
//     the shortcut as more columns of k, where a launch of gemm.cu wrote the addend: 362 launches for 376, 12.97 GB to
//         move at least for 13.23. With a register for each row's bits 128×160 spilled 12 bytes: four share one
//     doubling by parity, where the loader had halved the filter's rows and columns: 6.10 TFLOP for 6.40, 13.02 GB. The
//         parity is worked out again behind the loop: kept, it made 128×160 spill 20 bytes on sm_86 and sm_89
//
// From tap to tap, each 10 to 80 tiles, another 100 instructions (128×128). By ptxas's stall counts the tensor cores
// are busy for 0.98 (128×128) or 0.99 of a warp's time; banks and sectors as in gemm.cu.
#include "finish_tile.cuh"
#include "launch.cuh"
#include "loader.cuh"
#include "mainloop.cuh"

namespace {

constexpr int AllTiles = 1 << 30;
constexpr int AllPixels = -1;

// Of a filter of taps × taps over x, which makes Ho × Wo pixels: all, or of a doubled x those of one parity.
struct Geometry {
    int H, W, Cin, CinPadded;
    int Ho, Wo;
    int taps, stride, pad_top, pad_left;
};

struct Shortcut {
    const half* s0;            // [B·Ho·Wo, k0]
    int k0;
    const half* s1;            // [B·Ho·Wo, k1]
    int k1;

    __device__ __forceinline__ int tiles() const { return ceil_div(k0, BlockK) + ceil_div(k1, BlockK); }
};

// The implicit matrix [B·Ho·Wo, taps²·CinPadded + K0 + K1]. A part of it is a filter tap, or one of the shortcut's
// inputs, which are counted as the first taps of one more row; through a part's channels the address advances by a
// constant. Of each of its rows a thread keeps where the part's pixel lies and six bits: whether the filter's rows and
// columns lie inside the image.
template <class T, bool Aligned>
class PatchLoader {
    using Slice = TileSlice<T, T::BlockM>;

public:
    // Begins at tile number first_tile of a row of the matrix.
    __device__ __forceinline__ PatchLoader(const half* x, const Geometry& geometry, const Shortcut& shortcut,
                                           int first_row, int rows, int first_tile)
        : x_(x), geometry_(geometry), shortcut_(shortcut), first_row_(first_row), bits_(0), ky_(0), kx_(0)
    {
#pragma unroll
        for (int i = 0; i < Slice::Count; i++) {
            const int pixel = first_row + Slice::row(i);
            const int line = pixel / geometry.Wo;
            const int image = line / geometry.Ho;
            const int top = (line - image * geometry.Ho) * geometry.stride - geometry.pad_top;
            const int left = (pixel - line * geometry.Wo) * geometry.stride - geometry.pad_left;
            const unsigned bits = (pixel < rows ? inside(top, geometry.H) : 0) | inside(left, geometry.W) << 3;
            bits_ |= bits << Bits * i;
            const int origin = (image * geometry.H + top) * geometry.W + left;
            offset_[i] = origin * geometry.Cin + Slice::chunk() * ChunkHalves;
        }
        const int tap_tiles = geometry.CinPadded / BlockK;
        const int taps = geometry.taps * geometry.taps;
        const int tap = min(first_tile / tap_tiles, taps);
        while (ky_ * geometry.taps + kx_ < tap) {
            next_tap();
        }
        const int tile = first_tile - tap * tap_tiles;
        const int before = ceil_div(shortcut.k0, BlockK);
        if (tap < taps || tile < before) {
            start(tile);
        } else {
            kx_++;
            start(tile - before);
        }
    }

    __device__ __forceinline__ int part() const { return part_; }

    __device__ __forceinline__ void next_part()
    {
        next_tap();
        start(0);
    }

    __device__ __forceinline__ void load(half* tile)
    {
        const int left = Aligned ? ChunkHalves : left_;
#pragma unroll
        for (int i = 0; i < Slice::Count; i++) {
            if (Slice::has(i)) {
                load_chunk<Aligned>(tile + Slice::offset(i), base_ + offset_[i], inside_ & 1 << i ? left : 0);
            }
        }
        left_ -= BlockK;
        if (left_ <= 0) {
            inside_ = 0;
        }
        base_ += BlockK;
        opaque(base_);         // or the compiler advances a pointer for each row: more instructions and registers
    }

    __device__ __forceinline__ void stop() { inside_ = 0; }

private:
    static constexpr int Bits = 8;
    static_assert(Slice::Count * Bits <= 32);

    // Bits 0 to 2: whether rows (or columns) first to first + 2 of x lie inside, which has size of them.
    __device__ __forceinline__ unsigned inside(int first, int size) const
    {
        unsigned bits = 0;
#pragma unroll
        for (int k = 0; k < 3; k++) {
            bits |= (first + k >= 0 && first + k < size) << k;
        }
        return bits;
    }

    __device__ __forceinline__ void next_tap()
    {
        const bool wraps = kx_ + 1 == geometry_.taps;
        const int pixels = wraps ? geometry_.W - kx_ : 1;
#pragma unroll
        for (int i = 0; i < Slice::Count; i++) {
            offset_[i] += pixels * geometry_.Cin;
        }
        ky_ += wraps;
        kx_ = wraps ? 0 : kx_ + 1;
    }

    // Begins at a tile of the part's channels.
    __device__ __forceinline__ void start(int tile)
    {
        if (ky_ == geometry_.taps) {
            start_shortcut(kx_ == 0 ? shortcut_.s0 : shortcut_.s1, kx_ == 0 ? shortcut_.k0 : shortcut_.k1, tile);
            return;
        }
        part_ = geometry_.CinPadded / BlockK - tile;
        left_ = geometry_.Cin - tile * BlockK - Slice::chunk() * ChunkHalves;
        inside_ = 0;
#pragma unroll
        for (int i = 0; i < Slice::Count; i++) {
            inside_ |= (left_ > 0 && (bits_ >> (Bits * i + ky_) & bits_ >> (Bits * i + 3 + kx_) & 1)) << i;
        }
        base_ = x_ + tile * BlockK;
    }

    // The same for an input of the shortcut, which has a pixel for each of the result's.
    __device__ __forceinline__ void start_shortcut(const half* s, int channels, int tile)
    {
        part_ = ceil_div(channels, BlockK) - tile;
        left_ = channels - tile * BlockK - Slice::chunk() * ChunkHalves;
        inside_ = 0;
#pragma unroll
        for (int i = 0; i < Slice::Count; i++) {
            const int pixel = first_row_ + Slice::row(i);
            offset_[i] = pixel * channels + Slice::chunk() * ChunkHalves;
            inside_ |= (left_ > 0 && (bits_ >> Bits * i & 7) != 0) << i;
        }
        base_ = s + tile * BlockK;
    }

    const half* base_;                   // x, s0 or s1, moved on to the channels of the next tile
    unsigned offset_[Slice::Count];      // from there to the thread's chunk of the part's pixel; any number if outside
    unsigned inside_;                    // bit i: row i's pixel lies inside the image, and has channels left
    int left_;                           // channels of a pixel from the thread's chunk on
    int part_;
    unsigned bits_;                      // those of row i from Bits · i on: a register each is too many
    const half* x_;
    const Geometry& geometry_;
    const Shortcut& shortcut_;
    int first_row_;
    int ky_, kx_;
};

__device__ __forceinline__ int all_tiles(const Geometry& geometry, const Shortcut& shortcut)
{
    return geometry.taps * geometry.taps * geometry.CinPadded / BlockK + shortcut.tiles();
}

// An epilogue whose rows are those pixels of the result that have one parity, if its map was doubled, or all pixels.
template <class Finisher>
struct Placed : Finisher {
    int parity;                // of row and column, 2 · row + column; or AllPixels
    int rows, width;           // of the product, and of a line of its pixels

    __device__ __forceinline__ auto fetch(int row, int column) const { return Finisher::fetch(place(row), column); }

    __device__ __forceinline__ void finish(int row, int column, float (&sum)[EpilogueColumns],
                                           typename Finisher::Residual fetched) const
    {
        Finisher::finish(place(row), column, sum, fetched);
    }

private:
    // Line and column of the pixel are twice the product's, plus the parity.
    __device__ __forceinline__ int place(int row) const
    {
        if (parity == AllPixels) {
            return row;
        }
        return row < rows ? 4 * row - 2 * (row % width) + parity / 2 * 2 * width + parity % 2 : Finisher::M;
    }
};

// What a block makes: a tile of all pixels, or of those of one parity.
struct Work {
    int parity;
    Origin tile;
};

template <class T>
__device__ __forceinline__ Work work_of(int block, int rows, int columns, int upsample)
{
    int parity = AllPixels;
    if (upsample) {
        const int blocks = gridDim.x / 4;
        parity = block / blocks;
        block -= parity * blocks;
    }
    return {parity, block_origin<T>(block, rows, columns)};
}

// The sums of split_tiles tiles of k, from first_tile on, or what there are, finished.
template <class T, bool Aligned, bool HasMoments, class Finisher>
__device__ __forceinline__ void conv(const half* x, int B, int H, int W, int Cin, const Shortcut& shortcut,
                                     const half* w, int CinPadded, int Ho, int Wo, int stride, int pad_top_left,
                                     int upsample, int first_tile, int split_tiles, const Finisher& epilogue,
                                     Moments* moments = nullptr)
{
    DYNAMIC_SHARED(half, shared);
    const int rows = B * Ho * Wo >> 2 * upsample;
    float sum[T::FragmentsM][T::FragmentsN][4] = {};                                     // [WarpM, WarpN]
    {
        const Work work = work_of<T>(blockIdx.x, rows, epilogue.N, upsample);
        Geometry geometry = {H, W, Cin, CinPadded, Ho, Wo, 3, stride, pad_top_left, pad_top_left};
        if (upsample) {
            geometry = {H, W, Cin, CinPadded, H, W, 2, 1, 1 - work.parity / 2, 1 - work.parity % 2};
        }
        const int k = all_tiles(geometry, shortcut) * BlockK;
        const half* const filters = upsample ? w + static_cast<size_t>(work.parity) * epilogue.N * k : w;
        PatchLoader<T, Aligned> patches(x, geometry, shortcut, work.tile.row, rows, first_tile);
        MatrixLoader<T, T::BlockN, true> weights({filters, k, k}, {}, work.tile.column, epilogue.N, first_tile);
        multiply<T>(patches, weights, min(split_tiles, k / BlockK - first_tile), shared, sum);
    }
    unsigned block = blockIdx.x;
    opaque(block);             // or what is worked out of it takes registers from the loop
    const auto [parity, tile] = work_of<T>(block, rows, epilogue.N, upsample);
    const Placed<Finisher> placed = {epilogue, parity, rows, W};
    if constexpr (HasMoments) {
        const int slabs = H * W / T::BlockM;
        Moments* const own = upsample
            ? moments + static_cast<size_t>(tile.row / (H * W) * 3 + parity) * slabs * epilogue.N / 2 : moments;
        finish_tile<T>(sum, shared, tile.row, tile.column, Measured<Placed<Finisher>>{placed, own});
    } else {
        finish_tile<T>(sum, shared, tile.row, tile.column, placed);
    }
}

}  // namespace

#define CONV(name, T, Out, aligned)                                                                                    \
    extern "C" __global__ void __launch_bounds__(T::Threads) name(                                                     \
        const half* x, int B, int H, int W, int Cin, const half* s0, int k0, const half* s1, int k1, const half* w,    \
        int CinPadded, const float* bias, const half* addend, const half* image_addend, int ld_image, Out* y, int Ho,  \
        int Wo, int Cout, int stride, int pad_top_left, int upsample)                                                  \
    {                                                                                                                  \
        conv<T, aligned, false>(x, B, H, W, Cin, Shortcut{s0, k0, s1, k1}, w, CinPadded, Ho, Wo, stride, pad_top_left, \
                                upsample, 0, AllTiles,                                                                 \
                                Epilogue<Identity, Out>{bias, image_addend, ld_image, Ho * Wo, addend, Cout, y, Cout,  \
                                                        B * Ho * Wo, Cout, 0});                                        \
    }                                                                                                                  \
    KERNEL_FACTS(name, conv3x3, flop, fixed, T::SharedBytes, T::BlockM, T::BlockN, BlockK)

#define CONV_MOMENTS(name, T)                                                                                          \
    extern "C" __global__ void __launch_bounds__(T::Threads) name(                                                     \
        const half* x, int B, int H, int W, int Cin, const half* s0, int k0, const half* s1, int k1, const half* w,    \
        int CinPadded, const float* bias, const half* addend, const half* image_addend, int ld_image, half* y, int Ho, \
        int Wo, int Cout, int stride, int pad_top_left, int upsample, Moments* moments)                                \
    {                                                                                                                  \
        conv<T, true, true>(x, B, H, W, Cin, Shortcut{s0, k0, s1, k1}, w, CinPadded, Ho, Wo, stride, pad_top_left,     \
                            upsample, 0, AllTiles,                                                                     \
                            Epilogue<Identity, half>{bias, image_addend, ld_image, Ho * Wo, addend, Cout, y, Cout,     \
                                                     B * Ho * Wo, Cout, 0},                                            \
                            moments);                                                                                  \
    }                                                                                                                  \
    KERNEL_FACTS(name, conv3x3, flop, fixed, T::SharedBytes, T::BlockM, T::BlockN, BlockK)

#define CONV_PARTIAL(name, T)                                                                                          \
    extern "C" __global__ void __launch_bounds__(T::Threads) name(                                                     \
        const half* x, int B, int H, int W, int Cin, const half* s0, int k0, const half* s1, int k1, const half* w,    \
        int CinPadded, int split_tiles, float* sums, int lds, int Ho, int Wo, int Cout, int stride, int pad_top_left,  \
        int upsample)                                                                                                  \
    {                                                                                                                  \
        const int M = B * Ho * Wo;                                                                                     \
        conv<T, true, false>(x, B, H, W, Cin, Shortcut{s0, k0, s1, k1}, w, CinPadded, Ho, Wo, stride, pad_top_left,    \
                             upsample, blockIdx.y * split_tiles, split_tiles,                                          \
                             PartialSums{sums + blockIdx.y * static_cast<size_t>(M) * lds, lds, M, Cout});             \
    }                                                                                                                  \
    KERNEL_FACTS(name, conv3x3, flop, fixed, T::SharedBytes, T::BlockM, T::BlockN, BlockK)

CONV(conv3x3_256x160, Tile256x160, half, true);
CONV(conv3x3_128x160, Tile128x160, half, true);
CONV(conv3x3_128x128, Tile128x128, half, true);
CONV(conv3x3_64x64, Tile64x64, half, true);
CONV(conv3x3_any, Tile64x64, half, false);
CONV(conv3x3_f32out_128x16, Tile128x16, float, true);
CONV(conv3x3_f32out_any, Tile64x64, float, false);

CONV_MOMENTS(conv3x3_moments_256x160, Tile256x160);
CONV_MOMENTS(conv3x3_moments_128x160, Tile128x160);
CONV_MOMENTS(conv3x3_moments_128x128, Tile128x128);

CONV_PARTIAL(conv3x3_partial_128x160, Tile128x160);
CONV_PARTIAL(conv3x3_partial_128x128, Tile128x128);
