// token_embedding: y[r] = tokens[ids[r]] + positions[r mod L]
//
//     ids     int [rows], rows = B·L, in [0, vocabulary)
//     tokens  half [vocabulary, C]     positions  half [≥ L, C]     y  half [rows, C]
//
// timestep_embedding: with h = C / 2 and ω_i = 10000^(−i / (h − shift)),
//     y[m] = [sin ω_0 t .. sin ω_{h−1} t, cos ω_0 t .. cos ω_{h−1} t], t = times[m]; cosine_first swaps the halves
//
//     times   float [M]                y  half [M, C], C even
//
// Label embeddings are rows of a table: gather_rows (elementwise.cu).
//
// Launch: 256 threads; token_embedding ceil(rows·C / 256) blocks in x, timestep_embedding ceil(M·C/2 / 256); no dynamic
// shared memory.
//
// Bound: bytes, and too small to matter: a few thousand rows an image at most.
// Tested against the formulas in double (the Java test of this name).
#include "half.cuh"
#include "launch.cuh"

extern "C" __global__ void __launch_bounds__(256)
token_embedding(const int* ids, const half* tokens, const half* positions, half* y, int rows, int L, int C)
{
    const int i = blockIdx.x * 256 + threadIdx.x;
    if (i >= rows * C) {
        return;
    }
    const int row = i / C;
    const int c = i % C;
    const float token = __half2float(tokens[static_cast<size_t>(ids[row]) * C + c]);
    y[i] = __float2half_rn(token + __half2float(positions[static_cast<size_t>(row % L) * C + c]));
}
KERNEL_FACTS(token_embedding, embedding, bytes, fixed, 0, 256);

extern "C" __global__ void __launch_bounds__(256)
timestep_embedding(const float* times, half* y, int M, int C, int cosine_first, float shift)
{
    const int width = C / 2;
    const int i = blockIdx.x * 256 + threadIdx.x;
    if (i >= M * width) {
        return;
    }
    const int m = i / width;
    const int frequency = i % width;
    // Angles go up to 1000: in double up to the reduction to half turns, of which a float then has enough.
    const double angle = times[m] * exp(-9.210340371976184 * frequency / (width - static_cast<double>(shift)));
    const double turns = angle * 0.15915494309189535;
    float sine, cosine;
    sincospif(static_cast<float>(2.0 * (turns - rint(turns))), &sine, &cosine);
    half* const row = y + static_cast<size_t>(m) * C;
    row[(cosine_first ? width : 0) + frequency] = __float2half_rn(sine);
    row[(cosine_first ? 0 : width) + frequency] = __float2half_rn(cosine);
}
KERNEL_FACTS(timestep_embedding, embedding, bytes, fixed, 0, 256);
