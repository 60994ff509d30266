// The one symbol that the driver looks up in a kernel image: where its kernels stand and how it was compiled.
#include "simt_abi.h"

extern "C" const simt_kernel* const __start_simt_kernels[] __attribute__((visibility("hidden")));
extern "C" const simt_kernel* const __stop_simt_kernels[] __attribute__((visibility("hidden")));

static thread_local volatile char first_byte_of_shared;

static void touch_shared() { first_byte_of_shared = 0; }

#ifndef SIMT_CHECKED
#define SIMT_CHECKED false
#endif

extern "C" __attribute__((visibility("default")))
const simt_image_table simt_image = {__start_simt_kernels, __stop_simt_kernels, SIMT_CHECKED, touch_shared};
