// What a kernel needs to be launched by either runtime, and what those who launch it must know.
//
//     DYNAMIC_SHARED(half, tiles);      // half* tiles: the bytes that the launch asked for, 128-byte aligned
//
//     KERNEL_FACTS(gemm_64x64, gemm, flop, fixed, Tile64x64::SharedBytes, 64, 64);      // behind the kernel
//
// The facts of a kernel: its family, by which launches are classified; what bounds it on large operands, bytes or flop;
// whether a block has exactly the threads of __launch_bounds__ (fixed) or any number of whole warps up to these
// (varying); bytes of dynamic shared memory, or ByLaunch; and what one block computes, as the family counts it:
//
//     gemm, conv3x3                        rows and columns of the result, and depth of the factors that is summed at once
//     attention                            queries of a block, and keys that it takes at once; of the merge, elements
//     layernorm, adaptive_norm             rows of a block, and the widest row but for _any
//     groupnorm                            channels and pixels that a warp has at once, and bytes of static shared memory; of
//                                          _any, groups
//     noised_conv, error_conv              lines and columns of pixels, and most channels of the latent; of the mean, pairs
//     all others                           elements, pixels (add_noise) or pairs (error, variational_bound)
//
// catalog.awk reads them and the signatures, and writes kernels.json, from which Java has them.
#pragma once

#ifdef __SIMT__
#include "simt_launch.h"
#else
#define DYNAMIC_SHARED(T, name)                                                    \
    extern __shared__ __align__(128) unsigned char dynamic_shared_bytes[];         \
    T* const name = reinterpret_cast<T*>(dynamic_shared_bytes)
#endif

namespace facts {

enum class Bound { bytes, flop };
enum class Block { fixed, varying };

template <class... Sizes>
constexpr bool hold(Bound, Block, int shared, Sizes... tile)
{
    return shared >= -1 && ((tile > 0) && ...);
}

}  // namespace facts

constexpr int ByLaunch = -1;

#define KERNEL_FACTS(name, family, bound, block, shared, ...)                                                     \
    static_assert(facts::hold(facts::Bound::bound, facts::Block::block, shared, __VA_ARGS__), #name " of " #family)
