// The CPU side of include/launch.cuh: a block's dynamic shared memory, 128-byte aligned.
#pragma once

#include "simt_abi.h"

#define DYNAMIC_SHARED(T, name) T* const name = static_cast<T*>(simt_self().dynamic_shared)
