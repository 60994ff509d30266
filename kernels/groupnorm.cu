// Group normalisation of one or two channels-last inputs side by side, with SiLU behind it where wanted:
//
//     y[b, p, c] = act((u[b, p, c] − μ[b, g]) / √(σ²[b, g] + ε) · gamma[c] + beta[c]),
//     u = [x | skip], g = c / (C / groups)
//
//     x         half [B, P, C0]
//     skip      half [B, P, C1], null with C1 = 0 for none; C = C0 + C1
//     gamma, beta  float [C]
//     partial   float2 [B, slabs, groups]: sums of (u − s) and (u − s)² over a slab of pixels, s = u[b, 0, first of g]
//     y         half [B, P, C]
//
// Two launches, because a group of the large maps does not fit on chip:
//     groupnorm_stats: 256 threads, grid (slabs, B), slabs = min(32, ceil(P·C / 16384)), no dynamic shared memory
//     groupnorm_apply: 256 threads, grid (ceil(P·C / 16384), B), no dynamic shared memory; the same slabs
// slabs depends on the shape alone: an image's result does not depend on what else is in the batch.
// Preconditions: pointers 16-byte aligned; C a multiple of groups; groups ≤ 128. C0 and C1 multiples of 8 get 16-byte
// accesses; others are read element by element.
//
// Bound: bytes. 6 an element, where 4 are the fewest (read, write); the second read comes from the L2 cache as far as
// the batch's map fits there (64×64×320 at batch 8: 21 MB, of an A100's 40). Each block of the second launch reads at
// most 8 KB of slabs' sums from L2, beside 64 KB of elements.
// Shared memory: 20 KB static (stats), 1 KB (apply). Sums are shifted by a sample s of the group, so that they do not
// cancel where the mean is large beside the deviation; their order is fixed.
// Tested against mean and variance in double (the Java test of this name).
// Tried: this is the first version. Not timed.
#include "activation.cuh"
#include "reduce.cuh"
#include "vector.cuh"

namespace {

constexpr int Threads = 256;
constexpr int MaxGroups = 128;

// An image's channels: x's, and skip's behind them.
struct Image {
    const half* x;
    int C0;
    const half* skip;
    int C1;

    __device__ Image(const half* x, int C0, const half* skip, int C1, int P)
        : x(x + static_cast<size_t>(blockIdx.y) * P * C0), C0(C0),
          skip(skip + static_cast<size_t>(C1 == 0 ? 0 : blockIdx.y) * P * C1), C1(C1)
    {
    }

    __device__ int channels() const { return C0 + C1; }
    __device__ bool vectors() const { return (C0 | C1) % 8 == 0; }

    // A channel at pixel 0, and how far on it is at the next.
    __device__ const half* channel(int c) const { return c < C0 ? x + c : skip + (c - C0); }
    __device__ int stride(int c) const { return c < C0 ? C0 : C1; }
};

// What this block does of P pixels, cut into as many runs as the grid is wide.
struct PixelRun {
    int begin, end;

    __device__ explicit PixelRun(int P)
    {
        const int length = (P + gridDim.x - 1) / gridDim.x;
        begin = min(P, static_cast<int>(blockIdx.x) * length);
        end = min(P, begin + length);
    }
};

// Threads beside each other take columns of V channels beside each other; if there are fewer columns than threads, the
// rest take further pixels.
template <int V>
struct Columns {
    int first, count, lines;            // channels first to first + count·V, this many pixels at once
    int line, channel;                  // this thread's; line ≥ lines if it has none

    __device__ Columns(int first, int channels)
        : first(first), count(min(Threads, (channels - first) / V)), lines(Threads / count),
          line(threadIdx.x / count), channel(first + static_cast<int>(threadIdx.x) % count * V)
    {
    }
};

template <int V>
__device__ void sum_groups(const Image& image, float2* partial, int P, int groups)
{
    __shared__ float2 sums[Threads * V];                 // [lines, count·V]
    __shared__ float2 totals[MaxGroups];
    const int lane = threadIdx.x % 32;
    const int group_size = image.channels() / groups;
    const PixelRun pixels(P);

    for (int g = threadIdx.x; g < groups; g += Threads) {
        totals[g] = make_float2(0.0f, 0.0f);
    }
    for (int first = 0; first < image.channels(); first += Threads * V) {
        const Columns<V> columns(first, image.channels());
        if (columns.line < columns.lines) {
            const half* const source = image.channel(columns.channel);
            const int stride = image.stride(columns.channel);
            float shift[V];
            float2 sum[V];
#pragma unroll
            for (int i = 0; i < V; i++) {
                shift[i] = __half2float(*image.channel((columns.channel + i) / group_size * group_size));
                sum[i] = make_float2(0.0f, 0.0f);
            }
            for (int p = pixels.begin + columns.line; p < pixels.end; p += columns.lines) {
                float v[V];
                load(source + static_cast<size_t>(p) * stride, v);
#pragma unroll
                for (int i = 0; i < V; i++) {
                    const float d = v[i] - shift[i];
                    sum[i].x += d;
                    sum[i].y += d * d;
                }
            }
#pragma unroll
            for (int i = 0; i < V; i++) {
                sums[columns.line * columns.count * V + columns.channel - first + i] = sum[i];
            }
        }
        __syncthreads();
        for (int g = threadIdx.x / 32; g < groups; g += Threads / 32) {
            const int begin = max(g * group_size, first);
            const int width = min((g + 1) * group_size, first + columns.count * V) - begin;
            float2 sum = make_float2(0.0f, 0.0f);
            for (int i = lane; i < width * columns.lines; i += 32) {
                const float2 term = sums[i / width * columns.count * V + begin - first + i % width];
                sum.x += term.x;
                sum.y += term.y;
            }
            sum.x = lanes_sum<32>(sum.x);
            sum.y = lanes_sum<32>(sum.y);
            if (lane == 0) {
                totals[g].x += sum.x;
                totals[g].y += sum.y;
            }
        }
        __syncthreads();
    }
    for (int g = threadIdx.x; g < groups; g += Threads) {
        partial[(static_cast<size_t>(blockIdx.y) * gridDim.x + blockIdx.x) * groups + g] = totals[g];
    }
}

// μ and 1/√(σ² + ε) of each of this block's image's groups, from the slabs' sums.
__device__ void find_moments(const Image& image, const float2* partial, int slabs, int P, int groups, float epsilon,
                             float2 (&moments)[MaxGroups])
{
    const int lane = threadIdx.x % 32;
    const int group_size = image.channels() / groups;
    const float count = static_cast<float>(group_size) * P;
    for (int g = threadIdx.x / 32; g < groups; g += Threads / 32) {
        float2 sum = make_float2(0.0f, 0.0f);
        for (int slab = lane; slab < slabs; slab += 32) {
            const float2 term = partial[(static_cast<size_t>(blockIdx.y) * slabs + slab) * groups + g];
            sum.x += term.x;
            sum.y += term.y;
        }
        const float distance = lanes_sum<32>(sum.x) / count;
        const float variance = fmaxf(lanes_sum<32>(sum.y) / count - distance * distance, 0.0f);
        if (lane == 0) {
            const float shift = __half2float(*image.channel(g * group_size));
            moments[g] = make_float2(shift + distance, rsqrtf(variance + epsilon));
        }
    }
    __syncthreads();
}

template <int V>
__device__ void normalise(const Image& image, const float2 (&moments)[MaxGroups], const float* gamma, const float* beta,
                          half* y, int P, int groups, bool silu)
{
    const int channels = image.channels();
    const int group_size = channels / groups;
    const PixelRun pixels(P);
    y += static_cast<size_t>(blockIdx.y) * P * channels;

    for (int first = 0; first < channels; first += Threads * V) {
        const Columns<V> columns(first, channels);
        if (columns.line >= columns.lines) {
            continue;
        }
        const half* const source = image.channel(columns.channel);
        const int stride = image.stride(columns.channel);
        float scale[V], offset[V];
#pragma unroll
        for (int i = 0; i < V; i++) {
            const int c = columns.channel + i;
            const float2 moment = moments[c / group_size];
            scale[i] = moment.y * gamma[c];
            offset[i] = beta[c] - moment.x * scale[i];
        }
        for (int p = pixels.begin + columns.line; p < pixels.end; p += columns.lines) {
            float v[V];
            load(source + static_cast<size_t>(p) * stride, v);
#pragma unroll
            for (int i = 0; i < V; i++) {
                v[i] = v[i] * scale[i] + offset[i];
                if (silu) {
                    v[i] = Silu::apply(v[i]);
                }
            }
            store(y + static_cast<size_t>(p) * channels + columns.channel, v);
        }
    }
}

}  // namespace

extern "C" __global__ void __launch_bounds__(Threads)
groupnorm_stats(const half* x, int C0, const half* skip, int C1, float2* partial, int P, int groups)
{
    const Image image(x, C0, skip, C1, P);
    if (image.vectors()) {
        sum_groups<8>(image, partial, P, groups);
    } else {
        sum_groups<1>(image, partial, P, groups);
    }
}

extern "C" __global__ void __launch_bounds__(Threads)
groupnorm_apply(const half* x, int C0, const half* skip, int C1, const float2* partial, int slabs, const float* gamma,
                const float* beta, half* y, int P, int groups, float epsilon, int silu)
{
    __shared__ float2 moments[MaxGroups];
    const Image image(x, C0, skip, C1, P);
    find_moments(image, partial, slabs, P, groups, epsilon, moments);
    if (image.vectors()) {
        normalise<8>(image, moments, gamma, beta, y, P, groups, silu != 0);
    } else {
        normalise<1>(image, moments, gamma, beta, y, P, groups, silu != 0);
    }
}
