// Numbers in device memory, fp16 or fp32, as the libraries compute with them: in fp32. Leans on F16C.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#define API extern "C" __attribute__((visibility("default")))

namespace vendor {

enum class Type { HALF, FLOAT };

inline size_t bytes(Type type) { return type == Type::HALF ? 2 : 4; }

inline float load(const void* values, Type type, size_t i) {
    return type == Type::HALF ? _cvtsh_ss(static_cast<const uint16_t*>(values)[i])
                              : static_cast<const float*>(values)[i];
}

// Rounds to the nearest, ties to even.
inline void store(void* values, Type type, size_t i, float v) {
    if (type == Type::HALF) {
        static_cast<uint16_t*>(values)[i] = static_cast<uint16_t>(_cvtss_sh(v, _MM_FROUND_TO_NEAREST_INT));
    } else {
        static_cast<float*>(values)[i] = v;
    }
}

// sum[0..n) += a · x[0..n)
inline void accumulate(float* sum, float a, const float* x, size_t n) {
    for (size_t i = 0; i < n; i++) sum[i] += a * x[i];
}

}
