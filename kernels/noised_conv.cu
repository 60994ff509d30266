// The network's first convolution on latents that exist nowhere: x_t of each trial is computed where it is read.
//
//     y[m, oy, ox, n] = Σ x_t[m, oy + ky − 1, ox + kx − 1, k] w[n, ky, kx, k] + bias[n],
//     x_t[m] = signal[m] · x0 + level[m] · ε[m], rounded to fp16, zero outside      (Ho et al., 2020, eq. 4)
//
//     x0           float [h, w, c]
//     seed         uint [2], low and high word, in memory so that a captured launch draws by another
//     noise_index  int [M]                signal, level  float [M]
//     table        float [N, h, w, c], ε of noise index i in row i; null: Philox by seed
//     filters      half [C, 3, 3, padded], padded ≥ 8 a multiple of 8, zeros from channel c on
//     bias         float [C], null for none
//     y            half [M, h, w, C]
//     moments      Moments [M, h / 8, w / 16, C / 2] of y, stored as fp16: of pairs of channels over a block's pixels, for
//                  the group normalisation behind; null for none
//
// A block makes 8 lines of 16 pixels for all C channels. It draws the noised latent of its pixels and of those around
// them, [10, 18] pixels of 8 halves, into shared memory once. There a filter tap is a constant distance, so that ldmatrix
// takes its rows, 16 neighbouring pixels, from where they lie: the left factor [16 pixels, 2 taps · 8] needs no copy.
//
//     halo   0 1 2 ······ 17          left factor of tap (ky, kx): rows = columns kx to kx + 15 of line oy + ky
//         0  · · · · · · · ·
//         1  · ┌─────────┐ ·          warp i: lines 2i and 2i + 1, in registers for all taps
//         …  · │ 8 × 16  │ ·
//         9  · · · · · · · ·
//
// Preconditions: pointers 16-byte aligned; 1 ≤ c ≤ 8; x0 has fewer than 2³¹ elements. h, w and C are free; a C that is a
// multiple of 8 gets 16-byte stores. With moments h is a multiple of 8, w of 16, C of 2.
//
// Launch: 128 threads, grid (ceil(w / 16), ceil(h / 8), M); 33 KB of shared memory, static.
//
// Bound: bytes, of y: 2·C a pixel. 64×64×320 of 8 trials are 21 MB, 13 µs on an A100; the products, 160 FLOP a byte with
// the eight channels that a tap is padded to, come to two thirds of that. Noise is drawn 1.9 times, half of it for the
// neighbours: 240 Philox blocks a block of 128 pixels. Saved: x_t, written once and read 9·C/64 times (from L2).
// Occupancy: three blocks an SM by shared memory where it is 100 KB, so 12 warps, one of which stores while others
// multiply (two on sm_100 and sm_120, by registers: 172 and 178); there is no long loop to hide behind: the filters,
// 46 KB, come from L2.
// Tested against add_noise and the convolution in double (the Java test of diffusion).
// Counted (diffusion-classifier kernels --model sd-2-base): y in whole sectors, 16 bytes a lane; of all that is asked for
// 0.67 of the sectors' bytes are used, since x0 is read channel by channel and bias pair by pair; bank passes 1.05 times
// the fewest; 2.2 mma FLOP for each useful one, a tap's channels being padded from 4 to 8 and nine taps to ten.
// Tried: a draw_latent that was not inlined kept 16 bytes of stack; a line's numbers in registers for its moments spilled
// 16 bytes on sm_100, and so did bounds of three blocks an SM. Not timed.
#include "fragments.cuh"
#include "launch.cuh"
#include "moments.cuh"
#include "ptx.cuh"
#include "trial.cuh"

namespace {

constexpr int Threads = 128;
constexpr int Lines = 8, Width = 16;                     // output pixels of a block; a warp has two lines
constexpr int HaloLines = Lines + 2, HaloWidth = Width + 2;
constexpr int HaloPixels = HaloLines * HaloWidth;
constexpr int TapHalves = 8;                             // channels of a tap, a chunk
constexpr int Taps = 9, Steps = 5;                       // a k16 step takes two taps; the tenth is zeros
constexpr int Columns = 64;                              // output channels at once
constexpr int RowChunks = 2 * Steps;                     // of a filter's row
constexpr int StagedHalves = Columns + 8;                // 8 more, so that the rows of one store fall on different banks

static_assert(Lines == 2 * (Threads / 32) && Width == 16, "a warp's fragment is a line");

// Fills the halo whose output pixels begin at (first_line, first_column).
__device__ __forceinline__ void draw_latent(half* halo, const Trial& trial, int first_line, int first_column, int h, int w)
{
    constexpr int Groups = (HaloWidth + 2 * TrialPixels - 2) / TrialPixels;              // aligned, a halo's width
    for (int i = threadIdx.x; i < HaloPixels; i += Threads) {
        *reinterpret_cast<uint4*>(halo + i * TapHalves) = make_uint4(0, 0, 0, 0);
    }
    __syncthreads();
    for (int i = threadIdx.x; i < HaloLines * Groups * trial.c; i += Threads) {
        const int group = i % Groups;
        const int line = i / Groups % HaloLines;
        const int channel = i / Groups / HaloLines;
        const int y = first_line - 1 + line;
        const int x = first_column + (group - 1) * TrialPixels;
        if (y < 0 || y >= h || x < 0 || x >= w) {
            continue;
        }
        float epsilon[TrialPixels];
        trial.noise(channel, y * w + x, epsilon);
#pragma unroll
        for (int j = 0; j < TrialPixels; j++) {
            const int column = x + j - (first_column - 1);
            if (column >= 0 && column < HaloWidth && x + j < w) {
                halo[(line * HaloWidth + column) * TapHalves + channel] =
                    __float2half_rn(trial.mix((y * w + x + j) * trial.c + channel, epsilon[j]));
            }
        }
    }
    __syncthreads();
}

// Starts copying rows first to first + 63 of the filters, 8 channels of each tap, into a tile of rows of 80, zeros where
// there are none.
__device__ __forceinline__ void load_filters(half* tile, const half* filters, int padded, int first, int C)
{
    for (int i = threadIdx.x; i < Columns * RowChunks; i += Threads) {
        const int row = i / RowChunks;
        const int chunk = i % RowChunks;
        const bool inside = first + row < C && chunk < Taps;
        cp_async_16(tile + tile_offset<RowChunks>(row, chunk),
                    inside ? filters + (static_cast<size_t>(first + row) * Taps + chunk) * padded : filters,
                    inside ? 16 : 0);
    }
}

// A warp writes a line [16 pixels, 64 channels] out, as far as there are pixels and channels left.
__device__ __forceinline__ void store_line(const half* staged, half* y, int C, int pixels, int channels)
{
    constexpr int Chunks = Columns / 8;
    const int lane = threadIdx.x % 32;
#pragma unroll
    for (int i = lane; i < Width * Chunks; i += 32) {
        const int pixel = i / Chunks;
        const int chunk = i % Chunks;
        if (pixel >= pixels) {
            continue;
        }
        const half* const source = staged + pixel * StagedHalves + chunk * 8;
        half* const destination = y + static_cast<size_t>(pixel) * C + chunk * 8;
        if (C % 8 == 0) {
            if (chunk * 8 < channels) {
                *reinterpret_cast<uint4*>(destination) = *reinterpret_cast<const uint4*>(source);
            }
        } else {
            for (int j = 0; j < 8 && chunk * 8 + j < channels; j++) {
                destination[j] = source[j];
            }
        }
    }
}

// Of a pair of columns of a line in shared memory.
__device__ __forceinline__ Moments line_moments(const half* column)
{
    const auto at = [&](int i) { return __half22float2(*reinterpret_cast<const half2*>(column + i * StagedHalves)); };
    float sum = 0.0f;
#pragma unroll 4
    for (int i = 0; i < Width; i++) {
        sum += at(i).x + at(i).y;
    }
    Moments moments{sum / (2 * Width), 0.0f};
#pragma unroll 4
    for (int i = 0; i < Width; i++) {
        const float even = at(i).x - moments.mean;
        const float odd = at(i).y - moments.mean;
        moments.squares += even * even + odd * odd;
    }
    return moments;
}

}  // namespace

extern "C" __global__ void __launch_bounds__(Threads)
noised_conv(const float* x0, const uint32_t* seed, const int* noise_index, const float* signal, const float* level,
            const float* table, const half* filters, int padded, const float* bias, half* y, Moments* moments, int h,
            int w, int c, int C)
{
    alignas(16) __shared__ half halo[HaloPixels * TapHalves];                            // [10, 18, 8]
    alignas(16) __shared__ half tiles[2][Columns * RowChunks * 8];                       // [64, 80], twice
    alignas(16) __shared__ half staging[Threads / 32][Width * StagedHalves];             // a warp's [16, 64]

    const int lane = threadIdx.x % 32;
    const int warp = threadIdx.x / 32;
    const int m = blockIdx.z;
    const int first_line = blockIdx.y * Lines;
    const int first_column = blockIdx.x * Width;

    load_filters(tiles[0], filters, padded, 0, C);
    cp_async_commit();
    draw_latent(halo, Trial(m, x0, seed, noise_index, signal, level, table, c, h * w), first_line, first_column, h, w);

    uint32_t left[2][Steps][4];                                                          // [2 lines of 16, 80]
#pragma unroll
    for (int i = 0; i < 2; i++) {
#pragma unroll
        for (int s = 0; s < Steps; s++) {
            const int tap = min(2 * s + left_chunk(lane), Taps - 1);
            const int pixel = (2 * warp + i + tap / 3) * HaloWidth + tap % 3 + left_row(lane);
            ldmatrix_x4(left[i][s], halo + pixel * TapHalves);
        }
    }

    static_assert(HaloPixels * TapHalves * 2 >= Threads * sizeof(Moments), "the halo is in registers: its place is free");
    Moments* const of_warps = reinterpret_cast<Moments*>(halo);                          // [4 warps, 32 pairs of columns]
    for (int first = 0, stage = 0; first < C; first += Columns, stage ^= 1) {
        if (first + Columns < C) {
            load_filters(tiles[stage ^ 1], filters, padded, first + Columns, C);
        }
        cp_async_commit();
        cp_async_wait<1>();
        __syncthreads();

        float sum[2][Columns / 8][4] = {};                                               // [2 lines of 16, 64]
#pragma unroll
        for (int s = 0; s < Steps; s++) {
#pragma unroll
            for (int j = 0; j < Columns / 8; j += 2) {
                uint32_t right[4];                                                       // [16 channels, 16]
                ldmatrix_x4(right, tiles[stage] + tile_offset<RowChunks>(j * 8 + right_column(lane),
                                                                         2 * s + right_chunk(lane)));
#pragma unroll
                for (int i = 0; i < 2; i++) {
                    mma_m16n8k16(sum[i][j], left[i][s], {right[0], right[1]});
                    mma_m16n8k16(sum[i][j + 1], left[i][s], {right[2], right[3]});
                }
            }
        }
        __syncthreads();                                 // the tile has been read

        Moments of_lines{0.0f, 0.0f};                    // of this lane's pair of columns
#pragma unroll
        for (int i = 0; i < 2; i++) {
#pragma unroll
            for (int j = 0; j < Columns / 8; j++) {
                const int column = j * 8 + accumulator_column(lane, 0);
                const bool biased = bias != nullptr;
                const float even = biased && first + column < C ? bias[first + column] : 0.0f;
                const float odd = biased && first + column + 1 < C ? bias[first + column + 1] : 0.0f;
#pragma unroll
                for (int e = 0; e < 4; e += 2) {
                    *reinterpret_cast<half2*>(staging[warp] + accumulator_row(lane, e) * StagedHalves + column) =
                        __floats2half2_rn(sum[i][j][e] + even, sum[i][j][e + 1] + odd);
                }
            }
            __syncwarp();
            const int line = first_line + 2 * warp + i;
            if (line < h) {
                store_line(staging[warp], y + ((static_cast<size_t>(m) * h + line) * w + first_column) * C + first, C,
                           w - first_column, C - first);
            }
            if (moments != nullptr) {
                constexpr int Numbers = 2 * Width;
                of_lines.merge(line_moments(staging[warp] + 2 * lane), i * Numbers, Numbers);
            }
            __syncwarp();
        }
        if (moments != nullptr) {
            of_warps[threadIdx.x] = of_lines;
            __syncthreads();
            if (warp == 0 && first + 2 * lane < C) {
                constexpr int Numbers = 2 * 2 * Width;
                for (int i = 1; i < Threads / 32; i++) {
                    of_lines.merge(of_warps[i * 32 + lane], i * Numbers, Numbers);
                }
                const int tile = (m * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
                moments[(static_cast<size_t>(tile) * C + first) / 2 + lane] = of_lines;
            }
        }
    }
}
KERNEL_FACTS(noised_conv, noised_conv, bytes, fixed, 0, Lines, Width, TapHalves);
