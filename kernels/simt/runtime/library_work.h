// What a library of the device (../vendor: cuBLAS, cuDNN) takes of the emulated driver: work put on a stream late, like
// a kernel, with the device memory that it touches checked when its turn comes.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "stream.h"

namespace simt {

// A matrix in device memory: rows of so many bytes, their starts pitch bytes apart.
struct Operand {
    enum Use { READ, WRITTEN, UPDATED, SCRATCH };       // scratch memory is filled with NaN before the work
    const char* name;
    Use use;
    const void* begin;
    size_t row_bytes;
    size_t rows = 1;
    size_t pitch = 0;
};

}

// Queues the work, or captures it. When it runs, every operand must lie in live device memory, and with a checked image
// what is read must have been written, and no other stream may be at it; otherwise the stream fails as after a bad
// kernel, and simt_last_error() names the call and the operand.
extern "C" __attribute__((visibility("default"))) CUresult
simt_enqueue(simt::Stream* stream, const char* call, const std::vector<simt::Operand>& operands,
             const std::function<void()>& work);
