// The numbers of 16 bits that tensors are stored in: half, and two of them as half2. They are fp16, from the toolkit or
// from the harness that runs kernels on a CPU; or bf16, in a compilation that defines BFLOAT16. Every kernel exists in
// both, under one name in two modules. Used of either: half, half2, __float2half_rn, __half2float, __floats2half2_rn,
// __half22float2, __halves2half2.
#pragma once

#ifdef __SIMT__
#include "simt_half.h"
#elif defined(BFLOAT16)
#include "bfloat16.cuh"
#else
#include <cuda_fp16.h>
#endif
