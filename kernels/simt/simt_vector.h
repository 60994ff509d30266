// CUDA's built-in vector types, with the alignment that nvcc gives them (a float4 load is one 16-byte access).
#pragma once

#define SIMT_VECTOR(T, NAME)                                                       \
    struct alignas(2 * sizeof(T)) NAME##2 { T x, y; };                             \
    struct NAME##3 { T x, y, z; };                                                 \
    struct alignas(4 * sizeof(T)) NAME##4 { T x, y, z, w; };                       \
    constexpr NAME##2 make_##NAME##2(T x, T y) { return {x, y}; }                  \
    constexpr NAME##3 make_##NAME##3(T x, T y, T z) { return {x, y, z}; }          \
    constexpr NAME##4 make_##NAME##4(T x, T y, T z, T w) { return {x, y, z, w}; }

SIMT_VECTOR(int, int)
SIMT_VECTOR(unsigned int, uint)
SIMT_VECTOR(float, float)
#undef SIMT_VECTOR

struct dim3 {
    unsigned int x, y, z;
    constexpr dim3(unsigned int x = 1, unsigned int y = 1, unsigned int z = 1) : x(x), y(y), z(z) {}
};
