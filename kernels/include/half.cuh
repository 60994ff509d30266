// fp16 numbers, from the toolkit or from the harness that runs kernels on a CPU. Used of either: half, half2,
// __float2half_rn, __half2float, __floats2half2_rn, __half22float2, __halves2half2.
#pragma once

#ifdef __SIMT__
#include "simt_half.h"
#else
#include <cuda_fp16.h>
#endif
