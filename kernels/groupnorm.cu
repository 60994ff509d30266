// Group normalisation of one channels-last input or of two side by side, optionally followed by SiLU:
//
//     y[b, p, c] = act((u[b, p, c] − μ[b, g]) / √(σ²[b, g] + ε) · gamma[c] + beta[c]),
//     u = [x | skip], g = c / group_size
//
//     x         half [B, P, C0]
//     skip      half [B, P, C1], null with C1 = 0 for none; C = C0 + C1
//     gamma, beta  float [C]
//     y         half [B, P, C]
//     moments   Moments [B, ⌈P / slab⌉, C0 / unit], those of skip likewise: of `unit` channels over a slab of pixels
//
// An image is cut into slices: the fewest channels that are whole groups and whole sectors of 32 bytes, width =
// lcm(group_size, 16). For Stable Diffusion's 32 groups that is 80 channels of 320, 640, 1280 and 2560, and 240 of 960
// and 1920.
//
// groupnorm_apply, if the moments of both inputs are known: one launch that reads and writes each element once. The
// kernels that write large maps also gather their moments (gemm.cu, conv.cu, noised_conv.cu: pairs of channels over
// 128 or 256 pixels). A block takes `run` pixels of a slice.
//     grid (C / width, ⌈P / run⌉, B); static shared memory 10240 bytes
// groupnorm, if they are not known and a slice of an image fits into shared memory: one launch, too.
//     grid (C / width, B); dynamic shared memory width · (2 · ⌈P / lines⌉ · lines + 12) bytes, static 1280
// groupnorm_stats, before groupnorm_apply, for an input without moments. Here width is any divisor of its channels.
//     grid (C / width, ⌈P / slab⌉, B); dynamic width · (2 · slab + 4), static 1280
// Threads of these three: 32 · (width / 16) · k, with the largest k that gives at most 640; lines = 16 · k pixels at
// once. groupnorm_any: any channels, element by element; 256 threads, grid (C / group_size, B).
//
// Preconditions: pointers 16-byte aligned; B·P < 2³¹; C a multiple of group_size. All but groupnorm_any: C0 and C1
// multiples of 16, width ≤ 320; unit 1 or 2, a divisor of group_size. groupnorm_any: group_size·P < 2³¹.
// The order of a sum depends on the shape and the slabs, not on run: an image has the same bits whatever else is in the
// batch. (Slabs are the tiles of the kernel before. Another batch size may change them, and results by float32's
// rounding.)
//
// Bound: bytes. An element costs 4 of them. An A100's 1555 GB/s bring these to an SM in 0.28 ns, in which a thread can
// execute 50 instructions; groupnorm_apply, with SiLU, executes 9. Moments are written once, a byte for each `slab`
// bytes of elements, and every block of an image reads them. A slice is therefore cut into few blocks: four, if that
// occupies at least half of the multiprocessors. Counted on the emulated device, bytes asked for, divided by
// 4 · elements:
//     groupnorm_apply   slabs of 128 pixels  64×64  1.041  32×32  1.047, whatever the channels; of 256  1.022, 1.027
//     groupnorm         16×16×1280  1.007   16×16×(1280 + 640)  1.007   8×8×(1280 + 1280)  1.03
//     stats and apply   1.53 to 1.56: a map without moments is read twice. In SD 2.0's UNet at batch 8 this remains for
//                       one norm of 61, 16×16×(1280 + 640), and only on cards with 100 KB of shared memory: its inputs come
//                       from split sums and 64×64 tiles, which gather no moments.
// All accesses of x, skip and y are 16 bytes wide and use their sectors completely (ratio 1.00). The tile in shared
// memory has no bank conflicts (1.00), because a thread reads only what it wrote itself, 16 bytes beside its
// neighbours'. A request touches 16 cache lines where 4 would be the fewest. This is the price of having a channel's
// pixels in one warp, where shuffles sum them. The next warps take the rest of each line.
// groupnorm_apply runs through the map backwards. It thus begins with what was written or read last and is in the L2
// cache.
//
// Occupancy: at most 48 registers, so that two blocks of 640 threads fit on an SM: 40 warps, or 20 if groupnorm's tile
// takes all of the shared memory (32×32×80: 160 KB). groupnorm has its whole tile under way at once by cp.async, 40 KB
// a block or more. groupnorm_apply has 2 loads of 16 bytes a thread, 40 KB an SM. To cover 600 ns of latency, an A100
// needs 9 KB an SM and an H100 15.
//
// Tested against mean and variance in double (NormsTest); MapMomentsTest counts the launches that remain.
// Tried:
//     sums of a shifted u and u², two launches for every shape       6 bytes an element and two launches throughout
//     the tile in registers, 16 loads a thread                       96 registers and spills on sm_80
//     the same, 8 loads a thread, two blocks an SM                   48 registers, 16 to 144 bytes of stack
//     the tile in shared memory, stats and apply for the rest        48 registers, no stack; 64×64 1.52 to 1.56
//     apply with 4 loads a thread instead of 2                       67 registers: one block an SM instead of two
//     moments from the kernel before, 8 runs of an image             64×64 by slabs of 128: 1.07, calculated
//     .. 4 runs: this one                                            47 registers (sm_80); 1.041
#include "activation.cuh"
#include "launch.cuh"
#include "moments.cuh"
#include "ptx.cuh"
#include "reduce.cuh"
#include "vector.cuh"

namespace {

constexpr int MaxThreads = 640, Blocks = 2;     // Blocks fit on an SM by their registers: at most 48
constexpr int Batch = 2;                        // loads of 16 bytes that a thread has under way in groupnorm_apply
constexpr int Channels = 16, Pixels = 16;       // of a warp at once: 16 sectors of 32 bytes, two lanes each
constexpr int MaxWidth = MaxThreads / 32 * Channels;
constexpr int AnyThreads = 256;

// Where this thread works in a slice: on the eight channels from `channel` on, and on every lines-th pixel.
//
//     channel        0 .. 7    8 .. 15 │ 16 .. 23  24 .. 31 │ ..  width
//     pixel  0       lane 0    lane 1  │ lane 0    lane 1   │
//            1       lane 2    lane 3  │ lane 2    lane 3   │
//            ..           warp 0       │      warp 1        │ ..
//           15       lane 30   lane 31 │ lane 30   lane 31  │
//           16         warp width/16   │  warp width/16 + 1 │ ..
struct Place {
    int channel, line, lines;

    __device__ __forceinline__ explicit Place(unsigned width) : lines(blockDim.x / (width / 8))
    {
        const unsigned lane = threadIdx.x % 32;
        const unsigned warp = threadIdx.x / 32;
        const unsigned across = width / Channels;
        channel = warp % across * Channels + lane % 2 * 8;
        line = warp / across * Pixels + lane / 2;
    }
};

// What a thread has of a slice: `count` times eight channels, `step` elements apart.
struct Part {
    const half* first;
    int step, count;
};

// An image of P pixels; the channels of skip stand behind those of x.
struct Image {
    const half* x;
    int C0;
    const half* skip;
    int C1, P;
    int index;                                  // in the batch

    // Of the slice that begins at channel `first`, this thread's part of the pixels begin to end.
    __device__ __forceinline__ Part part(const Place& place, int first, int begin, int end) const
    {
        const int c = first + place.channel;
        const int stride = c < C0 ? C0 : C1;
        const int pixel = index * P + begin + place.line;
        return {(c < C0 ? x + c : skip + (c - C0)) + static_cast<size_t>(pixel) * stride, place.lines * stride,
                (end - begin - place.line + place.lines - 1) / place.lines};
    }

    __device__ __forceinline__ half* output(half* y, const Place& place, int first, int begin) const
    {
        return y + static_cast<size_t>(index * P + begin + place.line) * (C0 + C1) + first + place.channel;
    }
};

// Copies to shared memory. What a thread put there it alone reads, 16 bytes beside its neighbours' 16: no barrier is
// needed, and no two lanes meet on a bank.
__device__ __forceinline__ Part hold(const Part& part, half* shared)
{
    half* const own = shared + threadIdx.x * 8;
    const int step = blockDim.x * 8;
#pragma unroll 4
    for (int i = 0; i < part.count; i++) {
        cp_async_16(own + i * step, part.first + static_cast<size_t>(i) * part.step, 16);
    }
    cp_async_commit();
    cp_async_wait<0>();
    return {own, step, part.count};
}

// Σ (u − center)^Power of each channel over the pixels of a warp, into sums [lines / 16, width].
template <int Power>
__device__ __forceinline__ void sum_channels(const Part& u, const float (&center)[8], float* sums)
{
    float sum[8] = {};
#pragma unroll 2
    for (int i = 0; i < u.count; i++) {
        float v[8];
        load(u.first + i * u.step, v);
#pragma unroll
        for (int j = 0; j < 8; j++) {
            const float d = v[j] - center[j];
            sum[j] += Power == 1 ? d : d * d;
        }
    }
    const float total = eight_sums(sum);
    const int lane = threadIdx.x % 32;
    if (lane % 4 < 2) {
        sums[threadIdx.x / 32 * Channels + lane % 2 * 8 + lane / 4] = total;
    }
}

// The sum of a group's channels, `first` to first + size − 1; for a whole warp.
__device__ __forceinline__ float sum_group(const float* sums, int first, int size, int width)
{
    float sum = 0.0f;
#pragma unroll 1
    for (int row = 0; row < static_cast<int>(blockDim.x) / 32 * Channels; row += width) {
#pragma unroll 1
        for (int c = first + threadIdx.x % 32; c < first + size; c += 32) {
            sum += sums[row + c];
        }
    }
    return lanes_sum<32>(sum);
}

// Calls take(first channel, Σ u / n, Σ (u − Σ u / n)²) for each group of the slice, with a whole warp. The n =
// group_size · pixels numbers of a group are at hand, so the mean comes first and the squares around it after: nothing
// cancels. means is [width], and each channel's group's mean afterwards.
template <class Take>
__device__ __forceinline__ void find_moments(const Part& u, const Place& place, int width, int group_size, int pixels,
                                             float* means, const Take& take)
{
    __shared__ float sums[MaxWidth];
    const int begin = threadIdx.x / 32 * group_size;
    const int step = blockDim.x / 32 * group_size;

    float center[8] = {};
    sum_channels<1>(u, center, sums);
    __syncthreads();
#pragma unroll 1
    for (int first = begin; first < width; first += step) {
        const float mean = __fdividef(sum_group(sums, first, group_size, width), group_size * pixels);
#pragma unroll 1
        for (int c = first + threadIdx.x % 32; c < first + group_size; c += 32) {
            means[c] = mean;
        }
    }
    __syncthreads();
    load(means + place.channel, center);
    sum_channels<2>(u, center, sums);
    __syncthreads();
#pragma unroll 1
    for (int first = begin; first < width; first += step) {
        take(first, means[first], sum_group(sums, first, group_size, width));
    }
}

// (u − μ) / √(σ² + ε) · gamma + beta as u · scale + offset.
struct Affine {
    float* scale;                               // [width], shared
    float* offset;

    // The channels `first` to first + size − 1, which are a group; for a whole warp.
    __device__ __forceinline__ void set(int first, int size, float mean, float variance, float epsilon,
                                        const float* gamma, const float* beta) const
    {
        const float inverse = rsqrtf(variance + epsilon);
#pragma unroll 1
        for (int c = first + threadIdx.x % 32; c < first + size; c += 32) {
            const float factor = inverse * gamma[c];
            scale[c] = factor;
            offset[c] = beta[c] - mean * factor;
        }
    }
};

template <class Activation>
__device__ __forceinline__ void finish(const Part& part, int channel, const Affine& affine, half* y, int y_step)
{
    const half* u = part.first;
#pragma unroll 1
    for (int i = 0; i < part.count; i += Batch) {
        half2 v[Batch][4];
#pragma unroll
        for (int k = 0; k < Batch; k++) {
            if (i + k < part.count) {
                load(u + k * part.step, v[k]);
            } else {
                clear(v[k]);
            }
        }
#pragma unroll
        for (int j = 0; j < 4; j++) {
            const float2 scale = *reinterpret_cast<const float2*>(affine.scale + channel + 2 * j);
            const float2 offset = *reinterpret_cast<const float2*>(affine.offset + channel + 2 * j);
#pragma unroll
            for (int k = 0; k < Batch; k++) {
                const float2 f = __half22float2(v[k][j]);
                v[k][j] = __floats2half2_rn(Activation::apply(f.x * scale.x + offset.x),
                                            Activation::apply(f.y * scale.y + offset.y));
            }
        }
#pragma unroll
        for (int k = 0; k < Batch; k++) {
            if (i + k < part.count) {
                store(y + k * y_step, v[k]);
            }
        }
        u += Batch * part.step;
        y += Batch * y_step;
    }
}

__device__ __forceinline__ void finish(const Part& part, int channel, const Affine& affine, half* y, int y_step,
                                       bool silu)
{
    if (silu) {
        finish<Silu>(part, channel, affine, y, y_step);
    } else {
        finish<Identity>(part, channel, affine, y, y_step);
    }
}

}  // namespace

extern "C" __global__ void __launch_bounds__(MaxThreads, Blocks)
groupnorm(const half* x, int C0, const half* skip, int C1, const float* gamma, const float* beta, half* y, int P,
          int width, int group_size, float epsilon, int silu)
{
    DYNAMIC_SHARED(float, shared);
    float* const means = shared;                                                // [width]
    const Affine affine{means + width, means + 2 * width};
    half* const tile = reinterpret_cast<half*>(means + 3 * width);              // [⌈P / lines⌉ · lines, width]
    const int first = blockIdx.x * width;
    const Place place(width);
    const Image image{x, C0, skip, C1, P, static_cast<int>(blockIdx.y)};

    const Part held = hold(image.part(place, first, 0, P), tile);
    find_moments(held, place, width, group_size, P, means, [&](int c, float mean, float squares) {
        const float variance = __fdividef(squares, group_size * P);
        affine.set(c, group_size, mean, variance, epsilon, gamma + first, beta + first);
    });
    __syncthreads();
    finish(held, place.channel, affine, image.output(y, place, first, 0), place.lines * (C0 + C1), silu != 0);
}
KERNEL_FACTS(groupnorm, groupnorm, bytes, varying, ByLaunch, Channels, Pixels, MaxWidth * 4);

extern "C" __global__ void __launch_bounds__(MaxThreads, Blocks)
groupnorm_stats(const half* x, int C, Moments* moments, int P, int width, int unit, int slab)
{
    DYNAMIC_SHARED(float, means);                                               // [width]
    half* const tile = reinterpret_cast<half*>(means + width);                  // [slab, width]
    __shared__ float sums[MaxWidth];                                            // [lines / 16, width]
    const int first = blockIdx.x * width;
    const int begin = blockIdx.y * slab;
    const int end = min(P, begin + slab);
    const Place place(width);
    const Image image{x, C, nullptr, 0, P, static_cast<int>(blockIdx.z)};
    const auto sum = [&](int c) {
        float total = 0.0f;
        for (int row = 0; row < static_cast<int>(blockDim.x) / 32 * Channels; row += width) {
            total += sums[row + c];
        }
        return total;
    };

    const Part held = hold(image.part(place, first, begin, end), tile);
    float center[8] = {};
    sum_channels<1>(held, center, sums);
    __syncthreads();
    for (int c = threadIdx.x; c < width; c += blockDim.x) {
        means[c] = __fdividef(sum(c), end - begin);
    }
    __syncthreads();
    load(means + place.channel, center);
    sum_channels<2>(held, center, sums);
    __syncthreads();
    moments += (static_cast<size_t>(blockIdx.z * gridDim.y + blockIdx.y) * C + first) / unit;
    for (int i = threadIdx.x; i < width / unit; i += blockDim.x) {
        Moments of_unit{means[i * unit], sum(i * unit)};
        for (int c = 1; c < unit; c++) {
            of_unit.merge({means[i * unit + c], sum(i * unit + c)}, c * (end - begin), end - begin);
        }
        moments[i] = of_unit;
    }
}
KERNEL_FACTS(groupnorm_stats, groupnorm, bytes, varying, ByLaunch, Channels, Pixels, MaxWidth * 4);

extern "C" __global__ void __launch_bounds__(MaxThreads, Blocks)
groupnorm_apply(const half* x, int C0, const Moments* moments0, int slab0, const half* skip, int C1,
                const Moments* moments1, int slab1, const float* gamma, const float* beta, half* y, int P, int width,
                int group_size, int unit, int run, float epsilon, int silu)
{
    __shared__ __align__(16) float scale[MaxWidth];
    __shared__ __align__(16) float offset[MaxWidth];
    const Affine affine{scale, offset};
    const int slice = gridDim.x - 1 - blockIdx.x;                               // backwards: see the head
    const int first = slice * width;
    const int begin = (gridDim.y - 1 - blockIdx.y) * run;
    const Place place(width);
    const Image image{x, C0, skip, C1, P, static_cast<int>(gridDim.z - 1 - blockIdx.z)};

    const Slabs slabs0{moments0, C0 / unit, P, slab0, unit};
    const Slabs slabs1{moments1, C1 / unit, P, slab1, unit};
    join_moments<MaxThreads>(slabs0, slabs1, image.index, first / unit, width / unit, group_size / unit,
                 [&](int group, float mean, float variance) {
                     affine.set(group * group_size, group_size, mean, variance, epsilon, gamma + first, beta + first);
                 });
    __syncthreads();
    finish(image.part(place, first, begin, min(P, begin + run)), place.channel, affine,
           image.output(y, place, first, begin), place.lines * (C0 + C1), silu != 0);
}
KERNEL_FACTS(groupnorm_apply, groupnorm, bytes, varying, 0, Channels, Pixels, 2 * MaxWidth * 4 + MaxThreads * 12);

extern "C" __global__ void __launch_bounds__(AnyThreads)
groupnorm_any(const half* x, int C0, const half* skip, int C1, const float* gamma, const float* beta, half* y, int P,
              int group_size, float epsilon, int silu)
{
    const int C = C0 + C1;
    const size_t image = static_cast<size_t>(blockIdx.y) * P;
    const int first = blockIdx.x * group_size;
    const int n = group_size * P;
    const auto u = [&](int i) {
        const size_t pixel = image + i / group_size;
        const int c = first + i % group_size;
        return __half2float(c < C0 ? x[pixel * C0 + c] : skip[pixel * C1 + c - C0]);
    };
    float sum = 0.0f;
    for (int i = threadIdx.x; i < n; i += AnyThreads) {
        sum += u(i);
    }
    const float mean = block_sum<AnyThreads>(sum) / n;
    float squares = 0.0f;
    for (int i = threadIdx.x; i < n; i += AnyThreads) {
        squares += (u(i) - mean) * (u(i) - mean);
    }
    const float inverse = rsqrtf(block_sum<AnyThreads>(squares) / n + epsilon);
    for (int i = threadIdx.x; i < n; i += AnyThreads) {
        const int c = first + i % group_size;
        const float v = (u(i) - mean) * inverse * gamma[c] + beta[c];
        y[(image + i / group_size) * C + c] = __float2half_rn(silu != 0 ? Silu::apply(v) : v);
    }
}
KERNEL_FACTS(groupnorm_any, groupnorm, bytes, fixed, 0, 1);
