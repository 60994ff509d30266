// The network's last convolution and what is asked of it: the error of its prediction, which is never written.
//
//     output[p] = conv3x3(x[p], w) + bias,  ε̂[p] = a[m] · output[p] + b[m] · x_t[m],  m = trial_of_pair[p],
//     x_t[m] = signal[m] · x0 + level[m] · ε[m] in float32, a = output_scale, b = input_scale
//     error_conv_l1, _l2, _huber:  partial[p, tile] = Σ over the tile's pixels and channels of
//                                  ℓ(error_scale[m] · (ε[m] − ε̂[p]))
//     error_mean:                  error[p] = Σ_tile partial[p, tile] / (h·w·c)
//
//     x            half [P, h, w, C]
//     filters      half [c, 3, 3, padded], padded ≥ C a multiple of 8             bias  float [c], null for none
//     trial_of_pair  int [P] in [0, M)
//     x0, seed, noise_index, signal, level, table: the trials, as in noised_conv.cu
//     output_scale, input_scale, error_scale  float [M]
//     partial      float [P, tiles], tiles = ceil(h / 8) · ceil(w / 16)
//     map          float [P, h, w], ℓ's mean over channels; null for none
//     error        float [P]
//
// A block has 8 lines of 16 pixels of one pair. A stage is 32 channels of its [10, 18] input pixels, fetched once for all
// nine taps: there a tap is a constant distance, and ldmatrix takes 16 neighbouring pixels as the rows of a left factor.
// The right factor is one fragment of 8 output channels. Then predictions pass through shared memory to threads that draw
// the noise of four neighbours of a channel, and losses to threads that have a pixel each. All sums are in a fixed order
// and a pair's own: its error has the same bits whatever else is in the batch.
//
// Preconditions: pointers 16-byte aligned; 1 ≤ c ≤ 8; C a multiple of 8; x0 and a pair's x have fewer than 2³¹ elements.
//
// Launch: 128 threads, grid (ceil(w / 16), ceil(h / 8), P), 48384 bytes of dynamic shared memory; error_mean: 128
// threads, ceil(P / 128) blocks.
//
// Bound: bytes, of x: 2·C a pixel, 1.4 times for the pixels around a tile (from L2). 64×64×320 of 8 pairs are 21 MB,
// 13 µs on an A100; the products, with 4 output channels padded to 8, 18·8·C FLOP a pixel: 1.5 GFLOP, 5 µs. A left
// fragment serves one mma only, so shared memory has 512 bytes to read for each: 1.6 µs. Saved: ε̂, written and read.
// Occupancy: two blocks an SM by shared memory (100 KB), each with two stages of 16 KB under way: 64 KB in flight an SM,
// where an A100 wants 14 KB (1555 GB/s · 1 µs / 108).
// Tested against the convolution and ℓ in double (the Java test of diffusion).
// Counted (diffusion-classifier kernels --model sd-2-base): 0.97 of the bytes are asked for 16 at a time, 0.99 of the
// sectors' bytes are used, bank passes 1.01 times the fewest; 2 mma FLOP for each useful one.
// Tried: launch bounds without a number of blocks, by which ptxas held itself to 64 registers and spilled. Not timed.
#include "fragments.cuh"
#include "launch.cuh"
#include "ptx.cuh"
#include "reduce.cuh"
#include "trial.cuh"

namespace {

constexpr int Threads = 128;
constexpr int Lines = 8, Width = 16;                     // output pixels of a block; a warp has two lines
constexpr int HaloWidth = Width + 2;
constexpr int HaloPixels = (Lines + 2) * HaloWidth;
constexpr int Taps = 9;
constexpr int Outputs = 8;                               // c, padded to a fragment's columns
constexpr int Chunks = 4;                                // of 8 channels, in a stage
constexpr int Stages = 3;
constexpr int FilterHalves = Taps * Outputs * Chunks * 8;
constexpr int StageHalves = HaloPixels * Chunks * 8 + FilterHalves;
constexpr int SharedBytes = Stages * StageHalves * 2;
constexpr int Slots = (HaloPixels * Chunks + Threads - 1) / Threads;                     // a thread's share of a halo
constexpr int PixelFloats = Outputs + 1;                 // 1 more, so that a warp's pixels fall on different banks

static_assert(Lines == 2 * (Threads / 32) && Width == 16, "a warp's fragment is a line");
static_assert(Lines * Width == Threads, "in the end a thread has a pixel");
static_assert(Threads * PixelFloats * 4 <= SharedBytes, "losses take the place of the stages");

// Copies a pair's input, 32 channels a call, with the filters that belong to them.
class StageLoader {
public:
    __device__ __forceinline__ StageLoader(const half* x, const half* filters, int padded, int C, int c, int h,
                                           int w)
        : x_(x), filters_(filters), padded_(padded), C_(C), c_(c), channel_(threadIdx.x % Chunks * 8)
    {
#pragma unroll
        for (int i = 0; i < Slots; i++) {
            const int pixel = (threadIdx.x + i * Threads) / Chunks;
            const int y = static_cast<int>(blockIdx.y) * Lines - 1 + pixel / HaloWidth;
            const int x = static_cast<int>(blockIdx.x) * Width - 1 + pixel % HaloWidth;
            offset_[i] = y >= 0 && y < h && x >= 0 && x < w ? (y * w + x) * C : -1;
        }
    }

    __device__ __forceinline__ void load(half* stage)
    {
        const bool left = channel_ < C_;
        const int chunk = threadIdx.x % Chunks;
#pragma unroll
        for (int i = 0; i < Slots; i++) {
            const int pixel = (threadIdx.x + i * Threads) / Chunks;
            if (pixel < HaloPixels) {
                const bool inside = left && offset_[i] >= 0;
                cp_async_16(stage + tile_offset<Chunks>(pixel, chunk), inside ? x_ + offset_[i] + channel_ : x_,
                            inside ? 16 : 0);
            }
        }
        for (int row = threadIdx.x / Chunks; row < Taps * Outputs; row += Threads / Chunks) {
            const int tap = row / Outputs;
            const int n = row % Outputs;
            const bool inside = left && n < c_;
            cp_async_16(stage + HaloPixels * Chunks * 8 + tile_offset<Chunks>(row, chunk),
                        inside ? filters_ + (n * Taps + tap) * padded_ + channel_ : filters_, inside ? 16 : 0);
        }
        channel_ += Chunks * 8;
    }

private:
    const half* x_;
    const half* filters_;
    int padded_, C_, c_, channel_;
    int offset_[Slots];                                  // of channel 0 of a pixel in x; negative outside
};

// sum [2 lines of 16, 8] += a stage's products
__device__ __forceinline__ void multiply_stage(const half* stage, float (&sum)[2][4])
{
    const int lane = threadIdx.x % 32;
    const int warp = threadIdx.x / 32;
    const half* const filters = stage + HaloPixels * Chunks * 8;                         // [9, 8, 32]
#pragma unroll
    for (int tap = 0; tap < Taps; tap++) {
        uint32_t right[4];                                                               // [8 outputs, 32]
        ldmatrix_x4(right, filters + tile_offset<Chunks>(tap * Outputs + lane % 8, lane / 8));
#pragma unroll
        for (int i = 0; i < 2; i++) {
            const int pixel = (2 * warp + i + tap / 3) * HaloWidth + tap % 3 + left_row(lane);
#pragma unroll
            for (int s = 0; s < Chunks / 2; s++) {
                uint32_t left[4];                                                        // [16 pixels, 16]
                ldmatrix_x4(left, stage + tile_offset<Chunks>(pixel, 2 * s + left_chunk(lane)));
                mma_m16n8k16(sum[i], left, {right[2 * s], right[2 * s + 1]});
            }
        }
    }
}

// Where a pixel of the block, counted line by line, lies in the image.
struct Place {
    int y, x;

    __device__ __forceinline__ explicit Place(int pixel)
        : y(blockIdx.y * Lines + pixel / Width), x(blockIdx.x * Width + pixel % Width)
    {
    }
};

// Turns the predictions [128, 8] in shared memory into their losses.
template <class Loss>
__device__ __forceinline__ void measure(float* predictions, const Trial& trial, const Estimate& estimate, int h, int w)
{
    for (int i = threadIdx.x; i < Threads / TrialPixels * trial.c; i += Threads) {
        const int channel = i / (Threads / TrialPixels);
        const int pixel = i % (Threads / TrialPixels) * TrialPixels;
        const Place place(pixel);
        if (place.y >= h || place.x >= w) {
            continue;
        }
        float epsilon[TrialPixels];
        trial.noise(channel, place.y * w + place.x, epsilon);
#pragma unroll
        for (int j = 0; j < TrialPixels; j++) {
            if (place.x + j < w) {
                float& value = predictions[(pixel + j) * PixelFloats + channel];
                const int index = (place.y * w + place.x + j) * trial.c + channel;
                value = Loss::of(estimate.error(trial, index, epsilon[j], value));
            }
        }
    }
}

template <class Loss>
__device__ __forceinline__ void error_conv(const half* x, int C, const half* filters, int padded, const float* bias,
                                           const Trial& trial, const Estimate& estimate, float* partial, float* map,
                                           int h, int w)
{
    DYNAMIC_SHARED(half, shared);
    const int lane = threadIdx.x % 32;
    const int warp = threadIdx.x / 32;

    StageLoader loader(x, filters, padded, C, trial.c, h, w);
    const int stages = (C + Chunks * 8 - 1) / (Chunks * 8);
#pragma unroll
    for (int stage = 0; stage < Stages - 1; stage++) {
        if (stage < stages) {
            loader.load(shared + stage * StageHalves);
        }
        cp_async_commit();
    }
    float sum[2][4] = {};                                                                // [2 lines of 16, 8]
    for (int stage = 0; stage < stages; stage++) {
        cp_async_wait<Stages - 2>();
        __syncthreads();
        if (stage + Stages - 1 < stages) {
            loader.load(shared + (stage + Stages - 1) % Stages * StageHalves);
        }
        cp_async_commit();
        multiply_stage(shared + stage % Stages * StageHalves, sum);
    }
    cp_async_wait<0>();
    __syncthreads();

    float* const predictions = reinterpret_cast<float*>(shared);                         // [128, 8]
#pragma unroll
    for (int i = 0; i < 2; i++) {
#pragma unroll
        for (int e = 0; e < 4; e++) {
            const int pixel = (2 * warp + i) * Width + accumulator_row(lane, e);
            const int channel = accumulator_column(lane, e);
            const float offset = bias != nullptr && channel < trial.c ? bias[channel] : 0.0f;
            predictions[pixel * PixelFloats + channel] = sum[i][e] + offset;
        }
    }
    __syncthreads();
    measure<Loss>(predictions, trial, estimate, h, w);
    __syncthreads();

    const Place place(threadIdx.x);
    float loss = 0.0f;
    if (place.y < h && place.x < w) {
        for (int channel = 0; channel < trial.c; channel++) {
            loss += predictions[threadIdx.x * PixelFloats + channel];
        }
        if (map != nullptr) {
            map[place.y * w + place.x] = loss / trial.c;
        }
    }
    loss = block_sum<Threads>(loss);
    if (threadIdx.x == 0) {
        partial[blockIdx.y * gridDim.x + blockIdx.x] = loss;
    }
}

}  // namespace

#define ERROR_CONV(name, Loss)                                                                                         \
    extern "C" __global__ void __launch_bounds__(Threads, 1) name(                                                      \
        const half* x, int C, const half* filters, int padded, const float* bias, const float* x0,                     \
        const uint32_t* seed, const int* noise_index, const float* signal, const float* level, const float* table,     \
        const float* output_scale, const float* input_scale, const float* error_scale, const int* trial_of_pair,       \
        float* partial, float* map, int h, int w, int c)                                                               \
    {                                                                                                                  \
        const int p = blockIdx.z;                                                                                      \
        const int tiles = gridDim.x * gridDim.y;                                                                       \
        const int m = trial_of_pair[p];                                                                                \
        const Trial trial(m, x0, seed, noise_index, signal, level, table, c, h * w);                                   \
        const Estimate estimate(m, output_scale, input_scale, error_scale);                                            \
        error_conv<Loss>(x + static_cast<size_t>(p) * h * w * C, C, filters, padded, bias, trial, estimate,            \
                         partial + p * tiles,                                                                          \
                         map == nullptr ? nullptr : map + static_cast<size_t>(p) * h * w, h, w);                       \
    }                                                                                                                  \
    KERNEL_FACTS(name, error_conv, bytes, fixed, SharedBytes, Lines, Width, Outputs)

ERROR_CONV(error_conv_l1, Absolute);
ERROR_CONV(error_conv_l2, Squared);
ERROR_CONV(error_conv_huber, Huber);

extern "C" __global__ void __launch_bounds__(Threads)
error_mean(const float* partial, int tiles, float* error, int P, int elements)
{
    const int p = blockIdx.x * Threads + threadIdx.x;
    if (p < P) {
        float sum = 0.0f;
        for (int tile = 0; tile < tiles; tile++) {
            sum += partial[p * tiles + tile];
        }
        error[p] = sum / elements;
    }
}
KERNEL_FACTS(error_mean, error_conv, bytes, fixed, 0, Threads);
