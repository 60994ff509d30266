// 3×3 convolution as an implicit matrix product: row m = (b, oy, ox) of the product is an output pixel, column n an
// output channel, and the sum runs over k = (ky, kx, c), then over the channels of a shortcut.
//
//     y[b, oy, ox, n] = Σ x'[b, oy·stride + ky − p, ox·stride + kx − p, c] w[n, ky, kx, c]
//                       + Σ [s0 | s1][b, oy, ox, c] v[n, c] + bias[n] + addend[b, oy, ox, n] + image_addend[b, n]
//
//     x             half [B, H, W, Cin]; x' is x, or with upsample = 1 x doubled by nearest neighbour; zero outside
//     s0, s1        half [B, Ho, Wo, k0] and [B, Ho, Wo, k1], what a residual block's shortcut takes; null, 0 for none
//     w             half [Cout, 9·CinPadded + K0 + K1]: [w | v], CinPadded, K0 and K1 being Cin, k0 and k1 rounded up
//                   to a multiple of 32, with zeros there
//     bias          float [Cout], null for none
//     addend        half [B, Ho, Wo, Cout], null for none: a residual
//     image_addend  half [B, Cout], row stride ld_image, null for none: the timestep's embedding
//     y             half (conv3x3_f32out: float) [B, Ho, Wo, Cout]
//     p             pad_top_left: 1, or 0 for the autoencoder's padding of the bottom and right edges only
//
// The caller chooses Ho and Wo, and thus how far it pads below and to the right.
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
// multiple of the tile's rows, Cout even.
//
// Launch: as gemm.cu, with M = B·Ho·Wo and N = Cout. All kernels sum over k in the same order and give the same bits,
// except that conv3x3_partial's differ by float32's rounding.
//
// Bound: FLOP. There are 2·B·Ho·Wo·(9·Cin + k0 + k1)·Cout of them. Each element of x is fetched nine times, eight of
// these from the caches: at 64×64, 320 → 320, that is 1440 FLOP a byte of memory, of which an A100 needs 200. From L2
// as gemm.cu.
// Occupancy: as gemm.cu (registers of sm_80: 256×160 248, 128×160 255, 128×128 238, 64×64 96).
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
// The shortcut as more columns of k, where it was a launch of gemm.cu that wrote the addend: taken. The loops have the
// same instructions (256×160 with moments two more) and gaps of 7 to 11; registers are 250 to 255 with 160 columns, 228
// to 238 with 128. With a register for each row's bits 128×160 spilled 12 bytes; the four of a thread share one. At SD
// 2.0, batch 8, on an A100 this saves 14 of 376 launches, and 0.26 of the 13.23 GB that launches must move at least.
//
// From tap to tap, each 10 to 80 tiles, another 100 instructions (128×128). By ptxas's stall counts the tensor cores
// are busy for 0.98 (128×128) or 0.99 of a warp's time; banks and sectors as in gemm.cu.
#include "finish_tile.cuh"
#include "launch.cuh"
#include "loader.cuh"
#include "mainloop.cuh"

namespace {

struct Geometry {
    int H, W, Cin, CinPadded;
    int Ho, Wo;
    int stride, pad_top_left, upsample;
};

struct Shortcut {
    const half* s0;            // [B·Ho·Wo, k0]
    int k0;
    const half* s1;            // [B·Ho·Wo, k1]
    int k1;

    __device__ __forceinline__ int tiles() const { return ceil_div(k0, BlockK) + ceil_div(k1, BlockK); }
};

// The implicit matrix [B·Ho·Wo, 9·CinPadded + K0 + K1]. A part of it is a filter tap, or one of the shortcut's inputs,
// which are counted as the first taps of a fourth row; through a part's channels the address advances by a constant.
// Of each of its rows a thread keeps where the part's pixel lies and eight bits: whether the filter's rows and columns,
// three each, lie inside the image, and whether its first row and column are odd ones of x'.
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
            const int top = (line - image * geometry.Ho) * geometry.stride - geometry.pad_top_left;
            const int left = (pixel - line * geometry.Wo) * geometry.stride - geometry.pad_top_left;
            const unsigned bits = (pixel < rows ? inside(top, geometry.H) : 0) | inside(left, geometry.W) << 3
                                  | (top & 1) << OddRow | (left & 1) << OddColumn;
            bits_ |= bits << Bits * i;
            const int origin = (image * geometry.H + (top >> geometry.upsample)) * geometry.W
                               + (left >> geometry.upsample);
            offset_[i] = origin * geometry.Cin + Slice::chunk() * ChunkHalves;
        }
        const int tap_tiles = geometry.CinPadded / BlockK;
        const int tap = min(first_tile / tap_tiles, 9);
        while (ky_ * 3 + kx_ < tap) {
            next_tap();
        }
        const int tile = first_tile - tap * tap_tiles;
        const int before = ceil_div(shortcut.k0, BlockK);
        if (tap < 9 || tile < before) {
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
    static constexpr int OddRow = 6;
    static constexpr int OddColumn = 7;
    static_assert(Slice::Count * Bits <= 32);

    // Bits 0 to 2: whether rows (or columns) first to first + 2 of x' lie inside, x having size of them.
    __device__ __forceinline__ unsigned inside(int first, int size) const
    {
        unsigned bits = 0;
#pragma unroll
        for (int k = 0; k < 3; k++) {
            bits |= (first + k >= 0 && first + k < size << geometry_.upsample) << k;
        }
        return bits;
    }

    // How many rows of x lie between rows first and first + k of x'. Doubled, x' has two for each of x.
    __device__ __forceinline__ int rows_between(int k, int first_is_odd) const
    {
        return geometry_.upsample ? (k + first_is_odd) / 2 : k;
    }

    __device__ __forceinline__ void next_tap()
    {
        const int ky = kx_ < 2 ? ky_ : ky_ + 1;
        const int kx = kx_ < 2 ? kx_ + 1 : 0;
#pragma unroll
        for (int i = 0; i < Slice::Count; i++) {
            const int odd_row = bits_ >> (Bits * i + OddRow) & 1;
            const int odd_column = bits_ >> (Bits * i + OddColumn) & 1;
            const int lines = rows_between(ky, odd_row) - rows_between(ky_, odd_row);
            const int pixels = rows_between(kx, odd_column) - rows_between(kx_, odd_column);
            offset_[i] += (lines * geometry_.W + pixels) * geometry_.Cin;
        }
        ky_ = ky;
        kx_ = kx;
    }

    // Begins at a tile of the part's channels.
    __device__ __forceinline__ void start(int tile)
    {
        if (ky_ == 3) {
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
    return 9 * geometry.CinPadded / BlockK + shortcut.tiles();
}

// The sums of tiles first_tile to first_tile + tiles − 1 of k, finished.
template <class T, bool Aligned, class Finisher>
__device__ __forceinline__ void conv(const half* x, const Geometry& geometry, const Shortcut& shortcut, const half* w,
                                     int first_tile, int tiles, const Finisher& epilogue)
{
    DYNAMIC_SHARED(half, shared);
    const auto [row, column] = block_origin<T>(blockIdx.x, epilogue.M, epilogue.N);
    const int k = all_tiles(geometry, shortcut) * BlockK;

    PatchLoader<T, Aligned> patches(x, geometry, shortcut, row, epilogue.M, first_tile);
    MatrixLoader<T, T::BlockN, true> weights({w, k, k}, {}, column, epilogue.N, first_tile);
    float sum[T::FragmentsM][T::FragmentsN][4] = {};                                     // [WarpM, WarpN]
    multiply<T>(patches, weights, tiles, shared, sum);
    finish_tile<T>(sum, shared, row, column, epilogue);
}

}  // namespace

#define CONV(name, T, Out, aligned)                                                                                    \
    extern "C" __global__ void __launch_bounds__(T::Threads) name(                                                     \
        const half* x, int B, int H, int W, int Cin, const half* s0, int k0, const half* s1, int k1, const half* w,    \
        int CinPadded, const float* bias, const half* addend, const half* image_addend, int ld_image, Out* y, int Ho,  \
        int Wo, int Cout, int stride, int pad_top_left, int upsample)                                                  \
    {                                                                                                                  \
        const Geometry geometry = {H, W, Cin, CinPadded, Ho, Wo, stride, pad_top_left, upsample};                      \
        const Shortcut shortcut = {s0, k0, s1, k1};                                                                    \
        conv<T, aligned>(x, geometry, shortcut, w, 0, all_tiles(geometry, shortcut),                                   \
                         Epilogue<Identity, Out>{bias, image_addend, ld_image, Ho * Wo, addend, Cout, y, Cout,         \
                                                 B * Ho * Wo, Cout, 0});                                               \
    }                                                                                                                  \
    KERNEL_FACTS(name, conv3x3, flop, fixed, T::SharedBytes, T::BlockM, T::BlockN, BlockK)

#define CONV_MOMENTS(name, T)                                                                                          \
    extern "C" __global__ void __launch_bounds__(T::Threads) name(                                                     \
        const half* x, int B, int H, int W, int Cin, const half* s0, int k0, const half* s1, int k1, const half* w,    \
        int CinPadded, const float* bias, const half* addend, const half* image_addend, int ld_image, half* y, int Ho, \
        int Wo, int Cout, int stride, int pad_top_left, int upsample, Moments* moments)                                \
    {                                                                                                                  \
        const Geometry geometry = {H, W, Cin, CinPadded, Ho, Wo, stride, pad_top_left, upsample};                      \
        const Shortcut shortcut = {s0, k0, s1, k1};                                                                    \
        const Epilogue<Identity, half> epilogue = {bias, image_addend, ld_image, Ho * Wo, addend, Cout, y, Cout,       \
                                                   B * Ho * Wo, Cout, 0};                                              \
        conv<T, true>(x, geometry, shortcut, w, 0, all_tiles(geometry, shortcut),                                      \
                      Measured<Epilogue<Identity, half>>{epilogue, moments});                                          \
    }                                                                                                                  \
    KERNEL_FACTS(name, conv3x3, flop, fixed, T::SharedBytes, T::BlockM, T::BlockN, BlockK)

#define CONV_PARTIAL(name, T)                                                                                          \
    extern "C" __global__ void __launch_bounds__(T::Threads) name(                                                     \
        const half* x, int B, int H, int W, int Cin, const half* s0, int k0, const half* s1, int k1, const half* w,    \
        int CinPadded, int split_tiles, float* sums, int lds, int Ho, int Wo, int Cout, int stride, int pad_top_left,  \
        int upsample)                                                                                                  \
    {                                                                                                                  \
        const Geometry geometry = {H, W, Cin, CinPadded, Ho, Wo, stride, pad_top_left, upsample};                      \
        const Shortcut shortcut = {s0, k0, s1, k1};                                                                    \
        const int first = blockIdx.y * split_tiles;                                                                    \
        const int M = B * Ho * Wo;                                                                                     \
        conv<T, true>(x, geometry, shortcut, w, first, min(split_tiles, all_tiles(geometry, shortcut) - first),        \
                      PartialSums{sums + blockIdx.y * static_cast<size_t>(M) * lds, lds, M, Cout});                    \
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
