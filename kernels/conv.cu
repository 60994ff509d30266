// 3×3 convolution as an implicit matrix product: row m = (b, oy, ox) of the product is an output pixel, column n an
// output channel, and the sum runs over k = (ky, kx, c).
//
//     y[b, oy, ox, n] = Σ x'[b, oy·stride + ky − p, ox·stride + kx − p, c] w[n, ky, kx, c]
//                       + bias[n] + addend[b, oy, ox, n] + image_addend[b, n]
//
//     x             half [B, H, W, Cin]; x' is x, or with upsample = 1 x doubled by nearest neighbour; zero outside
//     w             half [Cout, 3, 3, CinPadded], CinPadded = Cin rounded up to a multiple of 32, zeros there
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
//     moments       Moments [M / rows, Cout / 2] of pairs of columns over the rows of a tile (finish_tile.cuh, moments.cuh)
//
// conv3x3_partial: block (.., i) sums split_tiles tiles of 32 columns of k, from the i · split_tiles-th on, into
//
//     sums          float [grid.y, B·Ho·Wo, lds], lds ≥ Cout a multiple of 8
//
// which splitk.cu adds up and finishes. At 8×8 and 16×16 pixels there are otherwise fewer tiles than multiprocessors.
//
// Preconditions: pointers 16-byte aligned; x has fewer than 2³¹ elements; Cin a multiple of 8, or else a kernel with
// _any in its name. Cout is free; a multiple of 8 gets 16-byte accesses. conv3x3_moments: M a multiple of the tile's
// rows, Cout even.
//
// Launch: as gemm.cu, with M = B·Ho·Wo and N = Cout. All kernels sum over k in the same order and give the same bits,
// except that conv3x3_partial's differ by float32's rounding.
//
// Bound: FLOP. There are 18·B·Ho·Wo·Cin·Cout of them. Each input is fetched nine times, eight of these from the
// caches: at 64×64, 320 → 320, that is 1440 FLOP a byte of memory, of which an A100 needs 200. From L2 as gemm.cu.
// Occupancy: as gemm.cu (registers of sm_80: 256×160 and 128×160 250, 128×128 224, 64×64 96).
// Tested against the same sums in double (Conv2dTest), and every tile against every other's bits (TilesTest).
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

// The implicit matrix [B·Ho·Wo, 9·CinPadded]. A part of it is a filter tap, through whose channels the address advances
// by a constant. Of each of its rows a thread keeps where the tap's pixel lies and eight bits: whether the filter's
// rows and columns, three each, lie inside the image, and whether its first row and column are odd ones of x'.
template <class T, bool Aligned>
class PatchLoader {
    using Slice = TileSlice<T, T::BlockM>;

public:
    // Begins at tile number first_tile of a row of the matrix.
    __device__ __forceinline__ PatchLoader(const half* x, const Geometry& geometry, int first_row, int rows,
                                           int first_tile)
        : x_(x), geometry_(geometry), ky_(0), kx_(0)
    {
#pragma unroll
        for (int i = 0; i < Slice::Count; i++) {
            const int pixel = first_row + Slice::row(i);
            const int line = pixel / geometry.Wo;
            const int image = line / geometry.Ho;
            const int top = (line - image * geometry.Ho) * geometry.stride - geometry.pad_top_left;
            const int left = (pixel - line * geometry.Wo) * geometry.stride - geometry.pad_top_left;
            bits_[i] = (pixel < rows ? inside(top, geometry.H) : 0) | inside(left, geometry.W) << 3
                       | (top & 1) << OddRow | (left & 1) << OddColumn;
            const int origin = (image * geometry.H + (top >> geometry.upsample)) * geometry.W
                               + (left >> geometry.upsample);
            offset_[i] = origin * geometry.Cin + Slice::chunk() * ChunkHalves;
        }
        const int tap_tiles = geometry.CinPadded / BlockK;
        const int tap = first_tile / tap_tiles;
        while (ky_ * 3 + kx_ < tap) {
            next_tap();
        }
        start(first_tile - tap * tap_tiles);
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
    static constexpr int OddRow = 6;
    static constexpr int OddColumn = 7;

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
            const int odd_row = bits_[i] >> OddRow & 1;
            const int odd_column = bits_[i] >> OddColumn & 1;
            const int lines = rows_between(ky, odd_row) - rows_between(ky_, odd_row);
            const int pixels = rows_between(kx, odd_column) - rows_between(kx_, odd_column);
            offset_[i] += (lines * geometry_.W + pixels) * geometry_.Cin;
        }
        ky_ = ky;
        kx_ = kx;
    }

    // Begins at a tile of the tap's channels.
    __device__ __forceinline__ void start(int tile)
    {
        part_ = geometry_.CinPadded / BlockK - tile;
        left_ = geometry_.Cin - tile * BlockK - Slice::chunk() * ChunkHalves;
        inside_ = 0;
#pragma unroll
        for (int i = 0; i < Slice::Count; i++) {
            inside_ |= (left_ > 0 && (bits_[i] >> ky_ & bits_[i] >> (3 + kx_) & 1)) << i;
        }
        base_ = x_ + tile * BlockK;
    }

    const half* base_;                   // x, moved on to the channels of the next tile
    unsigned offset_[Slice::Count];      // from there to the thread's chunk of the tap's pixel; any number if outside
    unsigned inside_;                    // bit i: row i's pixel lies inside the image, and has channels left
    int left_;                           // channels of a pixel from the thread's chunk on
    int part_;
    unsigned bits_[Slice::Count];
    const half* x_;
    const Geometry& geometry_;
    int ky_, kx_;
};

// The sums of tiles first_tile to first_tile + tiles − 1 of k, finished.
template <class T, bool Aligned, class Finisher>
__device__ __forceinline__ void conv(const half* x, const Geometry& geometry, const half* w, int first_tile, int tiles,
                                     const Finisher& epilogue)
{
    DYNAMIC_SHARED(half, shared);
    const auto [row, column] = block_origin<T>(blockIdx.x, epilogue.M, epilogue.N);
    const int k = 9 * geometry.CinPadded;

    PatchLoader<T, Aligned> patches(x, geometry, row, epilogue.M, first_tile);
    MatrixLoader<T, T::BlockN, true> weights({w, k, k}, {}, column, epilogue.N, first_tile);
    float sum[T::FragmentsM][T::FragmentsN][4] = {};                                     // [WarpM, WarpN]
    multiply<T>(patches, weights, tiles, shared, sum);
    finish_tile<T>(sum, shared, row, column, epilogue);
}

}  // namespace

#define CONV(name, T, Out, aligned)                                                                                    \
    extern "C" __global__ void __launch_bounds__(T::Threads) name(                                                     \
        const half* x, int B, int H, int W, int Cin, const half* w, int CinPadded, const float* bias,                  \
        const half* addend, const half* image_addend, int ld_image, Out* y, int Ho, int Wo, int Cout, int stride,      \
        int pad_top_left, int upsample)                                                                                \
    {                                                                                                                  \
        const Geometry geometry = {H, W, Cin, CinPadded, Ho, Wo, stride, pad_top_left, upsample};                      \
        conv<T, aligned>(x, geometry, w, 0, 9 * CinPadded / BlockK,                                                    \
                         Epilogue<Identity, Out>{bias, image_addend, ld_image, Ho * Wo, addend, Cout, y, Cout,         \
                                                 B * Ho * Wo, Cout, 0});                                               \
    }                                                                                                                  \
    KERNEL_FACTS(name, conv3x3, flop, fixed, T::SharedBytes, T::BlockM, T::BlockN, BlockK)

#define CONV_MOMENTS(name, T)                                                                                          \
    extern "C" __global__ void __launch_bounds__(T::Threads) name(                                                     \
        const half* x, int B, int H, int W, int Cin, const half* w, int CinPadded, const float* bias,                  \
        const half* addend, const half* image_addend, int ld_image, half* y, int Ho, int Wo, int Cout, int stride,     \
        int pad_top_left, int upsample, Moments* moments)                                                              \
    {                                                                                                                  \
        const Geometry geometry = {H, W, Cin, CinPadded, Ho, Wo, stride, pad_top_left, upsample};                      \
        const Epilogue<Identity, half> epilogue = {bias, image_addend, ld_image, Ho * Wo, addend, Cout, y, Cout,       \
                                                   B * Ho * Wo, Cout, 0};                                              \
        conv<T, true>(x, geometry, w, 0, 9 * CinPadded / BlockK, Measured<Epilogue<Identity, half>>{epilogue, moments}); \
    }                                                                                                                  \
    KERNEL_FACTS(name, conv3x3, flop, fixed, T::SharedBytes, T::BlockM, T::BlockN, BlockK)

#define CONV_PARTIAL(name, T)                                                                                          \
    extern "C" __global__ void __launch_bounds__(T::Threads) name(                                                     \
        const half* x, int B, int H, int W, int Cin, const half* w, int CinPadded, int split_tiles, float* sums,       \
        int lds, int Ho, int Wo, int Cout, int stride, int pad_top_left, int upsample)                                 \
    {                                                                                                                  \
        const Geometry geometry = {H, W, Cin, CinPadded, Ho, Wo, stride, pad_top_left, upsample};                      \
        const int first = blockIdx.y * split_tiles;                                                                    \
        const int M = B * Ho * Wo;                                                                                     \
        conv<T, true>(x, geometry, w, first, min(split_tiles, 9 * CinPadded / BlockK - first),                         \
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
