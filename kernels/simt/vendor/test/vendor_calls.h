// The entry points of the emulated driver, cuBLAS and cuDNN that the tests call.
#pragma once

#include <cstddef>

using Pointer = unsigned long long;
using Handle = void*;
extern "C" {
int cuInit(unsigned flags);
int cuDevicePrimaryCtxRetain(Handle* context, int device);
int cuDevicePrimaryCtxReset_v2(int device);
int cuCtxSetCurrent(Handle context);
int cuModuleLoad(Handle* module, const char* path);
int cuMemAlloc_v2(Pointer* pointer, size_t bytes);
int cuMemFree_v2(Pointer pointer);
int cuMemcpyHtoD_v2(Pointer to, const void* from, size_t bytes);
int cuMemcpyDtoH_v2(void* to, Pointer from, size_t bytes);
int cuStreamCreate(Handle* stream, unsigned flags);
int cuStreamSynchronize(Handle stream);
int cuStreamBeginCapture_v2(Handle stream, int mode);
int cuStreamEndCapture(Handle stream, Handle* graph);
int cuGraphInstantiateWithFlags(Handle* exec, Handle graph, unsigned long long flags);
int cuGraphLaunch(Handle exec, Handle stream);
const char* simt_last_error();

int cublasCreate_v2(Handle* handle);
int cublasDestroy_v2(Handle handle);
int cublasSetStream_v2(Handle handle, Handle stream);
int cublasSetWorkspace_v2(Handle handle, Pointer workspace, size_t bytes);
int cublasSetMathMode(Handle handle, int mode);
int cublasGemmEx(Handle handle, int transa, int transb, int m, int n, int k, const float* alpha, Pointer a, int a_type,
                 int lda, Pointer b, int b_type, int ldb, const float* beta, Pointer c, int c_type, int ldc,
                 int compute_type, int algorithm);

int cudnnCreate(Handle* handle);
int cudnnDestroy(Handle handle);
int cudnnSetStream(Handle handle, Handle stream);
int cudnnCreateTensorDescriptor(Handle* made);
int cudnnCreateFilterDescriptor(Handle* made);
int cudnnCreateConvolutionDescriptor(Handle* made);
int cudnnCreateActivationDescriptor(Handle* made);
int cudnnSetTensor4dDescriptor(Handle tensor, int format, int type, int n, int c, int h, int w);
int cudnnSetFilter4dDescriptor(Handle filter, int type, int format, int k, int c, int h, int w);
int cudnnSetConvolution2dDescriptor(Handle conv, int pad_h, int pad_w, int stride_h, int stride_w, int dilation_h,
                                    int dilation_w, int mode, int type);
int cudnnSetActivationDescriptor(Handle activation, int mode, int nan, double coefficient);
int cudnnGetConvolutionForwardWorkspaceSize(Handle handle, Handle x, Handle w, Handle conv, Handle y, int algorithm,
                                            size_t* bytes);
int cudnnConvolutionBiasActivationForward(Handle handle, const float* alpha1, Handle x_shape, Pointer x, Handle w_shape,
                                          Pointer w, Handle conv, int algorithm, Pointer workspace, size_t bytes,
                                          const float* alpha2, Handle z_shape, Pointer z, Handle bias_shape,
                                          Pointer bias, Handle activation, Handle y_shape, Pointer y);
}
