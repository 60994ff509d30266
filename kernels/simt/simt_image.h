// Makes a kernel image out of compiled .cu files: the generated file beside each .cu ends with one SIMT_KERNEL line
// per __global__ function. The entries meet in one linker section, so no list of files exists anywhere.
#pragma once

#include <type_traits>
#include <utility>

#include "simt_abi.h"

// Launch parameters arrive without types; the function's type says how to read them back.
template <auto F> struct simt_parameters;

template <class... A, void (*F)(A...)> struct simt_parameters<F> {
    static constexpr uint32_t sizes[sizeof...(A) + 1] = {sizeof(A)..., 0};
    static constexpr uint32_t count = sizeof...(A);

    static constexpr uint32_t offset(size_t parameter) {
        uint32_t at = 0;
        for (size_t i = 0; i < parameter; i++) at += (sizes[i] + 15) / 16 * 16;
        return at;
    }

    template <size_t... I>
    __attribute__((no_sanitize("thread"))) static void call(const char* packed, std::index_sequence<I...>) {
        F(*reinterpret_cast<const std::remove_const_t<A>*>(packed + offset(I))...);
    }

    __attribute__((no_sanitize("thread"))) static void run(const char* packed) {
        call(packed, std::make_index_sequence<sizeof...(A)>());
    }
};

// The arguments of __launch_bounds__; without it the device's own limit.
constexpr uint32_t simt_max_threads(uint32_t threads = 1024, uint32_t = 0, uint32_t = 0) { return threads; }

// SIMT_KERNEL(name, arguments of its __launch_bounds__)
#define SIMT_KERNEL(NAME, ...)                                                                       \
    static const simt_kernel simt_kernel_##NAME = {#NAME, simt_parameters<&NAME>::run,               \
                                                   simt_parameters<&NAME>::sizes,                    \
                                                   simt_parameters<&NAME>::count,                    \
                                                   simt_max_threads(__VA_ARGS__)};                   \
    __attribute__((section("simt_kernels"), used))                                                   \
    static const simt_kernel* const simt_entry_##NAME = &simt_kernel_##NAME;
