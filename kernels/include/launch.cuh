// What a kernel needs to be launched by either runtime: the dynamic shared memory of its block.
//
//     DYNAMIC_SHARED(half, tiles);      // half* tiles: the bytes that the launch asked for, 128-byte aligned
#pragma once

#ifdef __SIMT__
#include "simt_launch.h"
#else
#define DYNAMIC_SHARED(T, name)                                                    \
    extern __shared__ __align__(128) unsigned char dynamic_shared_bytes[];         \
    T* const name = reinterpret_cast<T*>(dynamic_shared_bytes)
#endif
