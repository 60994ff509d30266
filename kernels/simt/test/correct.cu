// Kernels that are right: the harness must run them to their exact results, with any seed, checked or not.
// Their references are loops in run_tests.cpp.
#include "half.cuh"
#include "launch.cuh"
#include "ptx.cuh"

// Static shared memory inside a template: each instance has its own.
template <int WARPS> __device__ float block_sum(float v) {
    __shared__ float partial[WARPS];
    for (int d = 16; d > 0; d /= 2) v += __shfl_xor_sync(0xffffffffu, v, d);
    if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = v;
    __syncthreads();
    float sum = 0;
    for (int w = 0; w < WARPS; w++) sum += partial[w];
    __syncthreads();
    return sum;
}

// out[b] = Σ x[b·n .. b·n + n); 256 threads, one block per row
extern "C" __global__ void __launch_bounds__(256) row_sum(const float* __restrict__ x, float* out, int n) {
    float sum = 0;
    for (int i = threadIdx.x; i < n; i += blockDim.x) sum += x[blockIdx.x * n + i];
    sum = block_sum<8>(sum);
    if (threadIdx.x == 0) out[blockIdx.x] = sum;
}

// out = x, through two tiles of dynamic shared memory of 32·16 bytes; what lies beyond n bytes reads as zero
extern "C" __global__ void async_copy(const char* x, uint4* out, int n, int tiles) {
    DYNAMIC_SHARED(uint4, tile);
    int lane = threadIdx.x;
    auto load = [&](int t) {
        int at = (t * 32 + lane) * 16;
        int bytes = max(0, min(16, n - at));
        cp_async_16(&tile[t % 2 * 32 + lane], x + (bytes > 0 ? at : 0), bytes);
        cp_async_commit();
    };
    load(0);
    for (int t = 0; t < tiles; t++) {
        if (t + 1 < tiles) {
            load(t + 1);
            cp_async_wait<1>();
        } else {
            cp_async_wait<0>();
        }
        __syncthreads();
        out[t * 32 + 31 - lane] = tile[t % 2 * 32 + 31 - lane];     // written by another thread
        __syncthreads();
    }
}

// d[16][8] = a[16][16] · b, with b[16][8] as it stands (transposed on load) or as its transpose [8][16]
extern "C" __global__ void one_mma(const half* a, const half* b, float* d, int b_transposed, int split) {
    __shared__ __align__(16) half as[16][24];
    __shared__ __align__(16) half bs[16][24];
    int lane = threadIdx.x;
    for (int i = lane; i < 256; i += 32) as[i / 16][i % 16] = a[i];
    for (int i = lane; i < 128; i += 32) {
        if (b_transposed) bs[i / 16][i % 16] = b[i];
        else bs[i / 8][i % 8] = b[i];
    }
    __syncwarp();
    uint32_t fa[4], fb[2];
    ldmatrix_x4(fa, &as[lane % 16][lane / 16 * 8]);
    if (b_transposed) ldmatrix_x2(fb, &bs[lane % 8][lane / 8 % 2 * 8]);
    else ldmatrix_x2_trans(fb, &bs[lane % 16][0]);
    float acc[4] = {0, 0, 0, 0};
    if (split) {
        uint32_t a0[2] = {fa[0], fa[1]}, a1[2] = {fa[2], fa[3]}, b0[1] = {fb[0]}, b1[1] = {fb[1]};
        mma_m16n8k8(acc, a0, b0);
        mma_m16n8k8(acc, a1, b1);
    } else {
        mma_m16n8k16(acc, fa, fb);
    }
    int g = lane / 4, t = lane % 4 * 2;
    d[g * 8 + t] = acc[0], d[g * 8 + t + 1] = acc[1];
    d[(g + 8) * 8 + t] = acc[2], d[(g + 8) * 8 + t + 1] = acc[3];
}

// Votes and shuffles of half a warp each, in divergent branches
extern "C" __global__ void half_warps(int* out) {
    int lane = threadIdx.x;
    int v;
    if (lane < 16) {
        v = __shfl_down_sync(0x0000ffffu, lane, 1, 16);
    } else {
        v = __popc(__ballot_sync(0xffff0000u, lane % 4 == 0)) * 100 + __shfl_sync(0xffff0000u, lane, 3, 8);
    }
    __syncwarp();
    out[lane] = v + (__all_sync(0xffffffffu, lane < 32) && !__any_sync(0xffffffffu, lane > 31) ? 1000 : 0);
}

// Through shared memory from lane to lane: halves of the warp by themselves, then a copy that all of it reads and
// overwrites. out[i] = 15 − i % 16 + x[31 − i].
extern "C" __global__ void lanes_exchange(const uint32_t* x, uint32_t* out) {
    __shared__ __align__(16) uint32_t s[32 * 4];
    uint32_t lane = threadIdx.x, half = lane & 16;
    s[lane] = lane % 16;
    __syncwarp(half ? 0xffff0000u : 0x0000ffffu);
    uint32_t v = s[half + 15 - lane % 16];
    __syncwarp();
    cp_async_4(&s[lane], &x[lane]);
    cp_async_commit();
    cp_async_wait<0>();
    __syncwarp();
    v += s[31 - lane];
    __syncwarp();
    for (int i = 0; i < 4; i++) s[i * 32 + lane] = 7;
    __syncwarp();
    uint32_t r[4];
    ldmatrix_x4(r, &s[lane * 4]);
    __syncwarp();
    s[lane] = v + r[0] + r[1] + r[2] + r[3] - 28;
    out[lane] = s[lane];
}

extern "C" __global__ void add_one(float* x) { x[blockIdx.x * blockDim.x + threadIdx.x] += 1; }

extern "C" __global__ void round_trip(const float* x, half2* out, int n) {
    int i = threadIdx.x;
    if (2 * i < n) out[i] = __floats2half2_rn(x[2 * i], x[2 * i + 1]);
}

static __constant__ float table[4] = {1, 10, 100, 1000};

// Parameters of every size, and constants
extern "C" __global__ void parameters(float* out, char a, short b, float4 c, long long d, int e) {
    if (threadIdx.x == 0) out[0] = a * table[0] + b * table[1] + (c.x + c.w) * table[2] + d * table[3] + e;
}

// Lines whose requests can be counted by hand: the column of a 32×32 tile, every second word of device memory, and
// copies that all begin at the same bank.
extern "C" __global__ void counted(const float* x, const uint4* y, float* out) {
    __shared__ __align__(128) float s[32 * 32];
    for (int i = 0; i < 32; i++) s[i * 32 + threadIdx.x] = 0;                       // 1 pass
    __syncwarp();
    float v = s[threadIdx.x * 32];                                                  // 32 passes
    out[threadIdx.x] = v + x[2 * threadIdx.x] + x[0];                               // 4 sectors, 8 sectors, 1 sector
    __syncwarp();
    cp_async_16(&s[threadIdx.x * 32], &y[threadIdx.x]);                             // 32 passes, 16 sectors
    cp_async_wait<0>();
}

// As many blocks as are run, each marks its place.
extern "C" __global__ void mark_block(float* out) { out[blockIdx.y * gridDim.x + blockIdx.x] = 1; }
