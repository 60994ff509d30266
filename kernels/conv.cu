// 3×3 convolution as an implicit matrix product: row m = (b, oy, ox) of the product is an output pixel, column n an
// output channel, and the sum runs over k = (ky, kx, c).
//
//     y[b, oy, ox, n] = Σ x'[b, oy·stride + ky − p, ox·stride + kx − p, c] w[n, ky, kx, c]
//                       + bias[n] + addend[b, oy, ox, n] + image_addend[b, n]
//
//     x             half [B, H, W, Cin]; x' is x, or with upsample = 1 x doubled by nearest neighbour; zero outside
//     w             half [Cout, 3, 3, CinPadded], CinPadded = Cin rounded up to a multiple of 8, zeros there
//     bias          float [Cout], null for none
//     addend        half [B, Ho, Wo, Cout], null for none: a residual
//     image_addend  half [B, Cout], null for none: the timestep's embedding
//     y             half (conv3x3_f32out: float) [B, Ho, Wo, Cout]
//     p             pad_top_left: 1, or 0 for the autoencoder's padding of the bottom and right edges only
//
// Ho and Wo are the caller's, so that how far it pads below and to the right follows from them.
//
// Preconditions: pointers 16-byte aligned; x has fewer than 2³¹ elements; Cin a multiple of 8, or else the kernel of
// the name with _any. Cout is free; a multiple of 8 gets 16-byte accesses.
//
// Launch: 128 threads; a grid of ceil(B·Ho·Wo / T) · ceil(Cout / T) blocks in x, T = 128 or, for names with _small or
// _any, 64; dynamic shared memory 49152 bytes, _small and _any 32768. Take _small where the large tiles would not fill
// the card or where Cout ≤ 64. The order of summation over k is the same in all: so are the bits.
//
// Bound: FLOP. 18·B·Ho·Wo·Cin·Cout FLOP; each input is fetched nine times, but eight of these from the caches: at
// 64×64, 320 → 320, 1440 FLOP a byte of memory, of which an A100 needs 200. A block of 128×128 wants 1 byte for 64 FLOP
// from L2.
// Occupancy: as gemm.cu, two blocks of 4 warps an SM (at most 232 registers, 48 KB).
// Tested against the same sums in double (the Java test of this name).
// Tried: this is the first version. ldmatrix without bank conflicts; no spills; not timed.
#include "epilogue.cuh"
#include "mainloop.cuh"
#include "launch.cuh"

namespace {

struct Geometry {
    int H, W, Cin, CinPadded;
    int Ho, Wo;
    int stride, pad_top_left, upsample;
};

// The implicit matrix [B·Ho·Wo, 9·CinPadded]. A thread's chunk lies within one filter tap; where each of its rows reads
// is worked out when the tap changes, in between only the channel advances.
template <int Rows, int Threads, bool Aligned>
class PatchLoader {
    using Slice = TileSlice<Rows, Threads>;

public:
    __device__ __forceinline__ PatchLoader(const half* x, const Geometry& geometry, int first_row, int rows)
        : x_(x), geometry_(geometry), tap_(0), channel_(Slice::chunk() * ChunkHalves)
    {
#pragma unroll
        for (int i = 0; i < Slice::Count; i++) {
            const int pixel = first_row + Slice::row(i);
            const int line = pixel / geometry.Wo;
            const int image = line / geometry.Ho;
            const int oy = line - image * geometry.Ho;
            const int ox = pixel - line * geometry.Wo;
            image_line_[i] = image * geometry.H;
            top_[i] = pixel < rows ? oy * geometry.stride - geometry.pad_top_left : Outside;
            left_[i] = ox * geometry.stride - geometry.pad_top_left;
        }
        find_tap();
    }

    __device__ __forceinline__ void load(half* tile)
    {
        const int count = Aligned ? ChunkHalves : halves_left(channel_, geometry_.Cin);
#pragma unroll
        for (int i = 0; i < Slice::Count; i++) {
            const bool inside = offset_[i] >= 0;
            load_chunk<Aligned>(tile + Slice::offset(i), x_ + (inside ? offset_[i] + channel_ : 0), inside ? count : 0);
        }
        channel_ += TileChunks * ChunkHalves;
        if (channel_ >= geometry_.CinPadded) {
            find_tap();
        }
    }

private:
    static constexpr int Outside = -4;          // even the filter's last row lies above the image

    __device__ __forceinline__ void find_tap()
    {
        while (channel_ >= geometry_.CinPadded) {
            channel_ -= geometry_.CinPadded;
            tap_++;
        }
        const int ky = tap_ / 3;
        const int kx = tap_ - ky * 3;
#pragma unroll
        for (int i = 0; i < Slice::Count; i++) {
            const int y = top_[i] + ky;
            const int x = left_[i] + kx;
            const bool inside = tap_ < 9 && y >= 0 && y < geometry_.H << geometry_.upsample && x >= 0
                                && x < geometry_.W << geometry_.upsample;
            const int line = image_line_[i] + (y >> geometry_.upsample);
            offset_[i] = inside ? (line * geometry_.W + (x >> geometry_.upsample)) * geometry_.Cin : -1;
        }
    }

    const half* x_;
    const Geometry& geometry_;
    int image_line_[Slice::Count];              // b · H
    int top_[Slice::Count], left_[Slice::Count];    // where the filter's first tap falls, in x'
    int offset_[Slice::Count];                  // of channel 0 of the current tap's pixel in x; negative outside
    int tap_, channel_;
};

template <class T, class Out, bool Aligned>
__device__ __forceinline__ void conv(const half* x, const Geometry& geometry, const half* w,
                                     const Epilogue<Identity, Out>& epilogue)
{
    DYNAMIC_SHARED(half, shared);
    const auto [row, column] = block_origin<T>(blockIdx.x, epilogue.M, epilogue.N);
    const int k = 9 * geometry.CinPadded;

    PatchLoader<T::BlockM, T::Threads, Aligned> patches(x, geometry, row, epilogue.M);
    MatrixLoader<T::BlockN, T::Threads, true> weights(w, k, k, column, epilogue.N);
    float sum[T::FragmentsM][T::FragmentsN][4] = {};                                     // [WarpM, WarpN]
    multiply<T>(patches, weights, ceil_div(k, T::BlockK), shared, sum);
    finish_tile<T>(sum, shared, row, column, epilogue);
}

}  // namespace

#define CONV(name, T, Out, aligned)                                                                                    \
    extern "C" __global__ void __launch_bounds__(T::Threads) name(                                                     \
        const half* x, int B, int H, int W, int Cin, const half* w, int CinPadded, const float* bias,                  \
        const half* addend, const half* image_addend, Out* y, int Ho, int Wo, int Cout, int stride, int pad_top_left,  \
        int upsample)                                                                                                  \
    {                                                                                                                  \
        conv<T, Out, aligned>(x, {H, W, Cin, CinPadded, Ho, Wo, stride, pad_top_left, upsample}, w,                    \
                              {bias, image_addend, Ho * Wo, addend, Cout, y, Cout, B * Ho * Wo, Cout});                \
    }

#define CONV_TILES(name, Out)                \
    CONV(name, LargeTile, Out, true)         \
    CONV(name##_small, SmallTile, Out, true) \
    CONV(name##_any, SmallTile, Out, false)

CONV_TILES(conv3x3, half)
CONV_TILES(conv3x3_f32out, float)
