# gdb settings for kernels on the emulated device: gdb -x simt/simt.gdb, from kernels/.
# A kernel image is loaded while the program runs, so breakpoints in it wait for it. CUDA's built-in variables lie at
# the top of the running thread's stack (simt_self in simt_abi.h): valid inside kernels and what they call.
set breakpoint pending on
set debuginfod enabled off
macro define simt_thread_here ((simt_thread*)(((unsigned long)$rsp | 0xffff) + 1 - 512))
macro define threadIdx (simt_thread_here->threadIdx)
macro define blockIdx (simt_thread_here->blockIdx)
macro define blockDim (simt_thread_here->blockDim)
macro define gridDim (simt_thread_here->gridDim)
