// An emulated libcudnn.so.9: the entry points of the convolution that the Java device calls (device.cuda.vendor), with
// the library's semantics as NVIDIA's cuDNN documentation has them: descriptors in host memory, scalars read at the
// call, work on the handle's stream. Channels-last tensors and filters, dense, groups of one. Plain loops, fp32 sums.
#include <algorithm>
#include <cmath>
#include <vector>

#include "../runtime/library_work.h"
#include "values.h"

using namespace vendor;
using simt::Operand;

enum cudnnStatus_t {
    CUDNN_STATUS_SUCCESS = 0,
    CUDNN_STATUS_NOT_INITIALIZED = 1001,
    CUDNN_STATUS_BAD_PARAM = 2000,
    CUDNN_STATUS_NOT_SUPPORTED = 3000,
    CUDNN_STATUS_EXECUTION_FAILED = 5000,
};
enum cudnnTensorFormat_t { CUDNN_TENSOR_NCHW = 0, CUDNN_TENSOR_NHWC = 1 };
enum cudnnDataType_t { CUDNN_DATA_FLOAT = 0, CUDNN_DATA_HALF = 2 };
enum cudnnConvolutionMode_t { CUDNN_CONVOLUTION = 0, CUDNN_CROSS_CORRELATION = 1 };
enum cudnnActivationMode_t { CUDNN_ACTIVATION_RELU = 1, CUDNN_ACTIVATION_IDENTITY = 5 };
enum cudnnConvolutionFwdAlgo_t { IMPLICIT_GEMM = 0, IMPLICIT_PRECOMP_GEMM = 1 };
constexpr int CUDNN_MATH_TYPES = 4;

struct cudnnContext {
    simt::Stream* stream = nullptr;
};

// [n, h, w, c]; a filter [k, h, w, c] has its k in n.
struct cudnnTensorStruct {
    int type = -1;
    int n = 0, c = 0, h = 0, w = 0;

    Type element() const { return type == CUDNN_DATA_HALF ? Type::HALF : Type::FLOAT; }
    size_t count() const { return size_t(n) * h * w * c; }
    bool same_shape(const cudnnTensorStruct& o) const { return n == o.n && c == o.c && h == o.h && w == o.w; }
    Operand operand(const char* name, Operand::Use use, const void* values) const {
        return {name, use, values, count() * bytes(element())};
    }
};
struct cudnnFilterStruct : cudnnTensorStruct {
};

struct cudnnConvolutionStruct {
    int pad_h = 0, pad_w = 0, stride_h = 0, stride_w = 0, dilation_h = 0, dilation_w = 0;
    int mode = -1, type = -1;
};

struct cudnnActivationStruct {
    int mode = -1;
};

using cudnnHandle_t = cudnnContext*;
using cudnnTensorDescriptor_t = cudnnTensorStruct*;
using cudnnFilterDescriptor_t = cudnnFilterStruct*;
using cudnnConvolutionDescriptor_t = cudnnConvolutionStruct*;
using cudnnActivationDescriptor_t = cudnnActivationStruct*;

namespace {

template <class T> cudnnStatus_t create(T** made) {
    if (!made) return CUDNN_STATUS_BAD_PARAM;
    *made = new T;
    return CUDNN_STATUS_SUCCESS;
}

template <class T> cudnnStatus_t destroy(T* made) {
    delete made;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t set(cudnnTensorStruct* tensor, int format, int type, int n, int c, int h, int w) {
    if (!tensor || n < 1 || c < 1 || h < 1 || w < 1) return CUDNN_STATUS_BAD_PARAM;
    if (format != CUDNN_TENSOR_NHWC || (type != CUDNN_DATA_FLOAT && type != CUDNN_DATA_HALF)) {
        return CUDNN_STATUS_NOT_SUPPORTED;
    }
    tensor->type = type;
    tensor->n = n, tensor->c = c, tensor->h = h, tensor->w = w;
    return CUDNN_STATUS_SUCCESS;
}

int output_size(int size, int filter, int pad, int stride, int dilation) {
    int span = size + 2 * pad - (dilation * (filter - 1) + 1);
    return span < 0 ? 0 : span / stride + 1;
}

// Whether conv of x and w gives y, in a combination that the algorithm computes: sums in fp32, one type in memory.
cudnnStatus_t check(const cudnnTensorStruct* x, const cudnnFilterStruct* w, const cudnnConvolutionStruct* conv,
                    const cudnnTensorStruct* y, int algorithm) {
    if (!x || !w || !conv || !y || x->type < 0 || w->type < 0 || y->type < 0 || conv->mode < 0 || x->c != w->c
            || y->n != x->n || y->c != w->n
            || y->h != output_size(x->h, w->h, conv->pad_h, conv->stride_h, conv->dilation_h)
            || y->w != output_size(x->w, w->w, conv->pad_w, conv->stride_w, conv->dilation_w)) {
        return CUDNN_STATUS_BAD_PARAM;
    }
    bool supported = (algorithm == IMPLICIT_GEMM || algorithm == IMPLICIT_PRECOMP_GEMM)
        && conv->mode == CUDNN_CROSS_CORRELATION && conv->type == CUDNN_DATA_FLOAT && w->type == x->type
        && y->type == x->type;
    return supported ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_NOT_SUPPORTED;
}

// What the algorithm keeps of its own: an offset a pixel of y, and one an element of a filter.
size_t workspace_bytes(const cudnnFilterStruct& w, const cudnnTensorStruct& y, int algorithm) {
    return algorithm == IMPLICIT_PRECOMP_GEMM ? 4 * (y.count() / y.c + w.count() / w.n) : 0;
}

struct Convolution {
    cudnnTensorStruct x, y, bias;
    cudnnFilterStruct w;
    cudnnConvolutionStruct conv;
    const void *x_values, *w_values, *z_values, *bias_values;
    void* y_values;
    float alpha1, alpha2;
    bool relu;

    // filter[r, s, c, k]: neighbouring outputs behind one another
    std::vector<float> filters() const {
        size_t taps = size_t(w.h) * w.w * w.c;
        std::vector<float> turned(w.count());
        for (size_t k = 0; k < size_t(w.n); k++) {
            for (size_t i = 0; i < taps; i++) turned[i * w.n + k] = load(w_values, w.element(), k * taps + i);
        }
        return turned;
    }

    // sum[k] = Σ_{r, s, c} x[b, i·stride + r·dilation − pad, …, c] w[k, r, s, c], with zeros outside of x
    void sum_pixel(int b, int i, int j, const std::vector<float>& filter, std::vector<float>& sum) const {
        sum.assign(w.n, 0.0f);
        for (int r = 0; r < w.h; r++) {
            int row = i * conv.stride_h + r * conv.dilation_h - conv.pad_h;
            for (int s = 0; s < w.w; s++) {
                int column = j * conv.stride_w + s * conv.dilation_w - conv.pad_w;
                if (row < 0 || row >= x.h || column < 0 || column >= x.w) continue;
                size_t pixel = ((size_t(b) * x.h + row) * x.w + column) * x.c;
                const float* tap = &filter[size_t(r * w.w + s) * w.c * w.n];
                for (int c = 0; c < x.c; c++) {
                    accumulate(sum.data(), load(x_values, x.element(), pixel + c), tap + size_t(c) * w.n, w.n);
                }
            }
        }
    }

    // y = act(alpha1 · conv(x) + alpha2 · z + bias). Where alpha2 is 0, z is not read.
    void run() const {
        std::vector<float> filter = filters(), sum;
        size_t at = 0;
        for (int b = 0; b < y.n; b++) {
            for (int i = 0; i < y.h; i++) {
                for (int j = 0; j < y.w; j++) {
                    sum_pixel(b, i, j, filter, sum);
                    for (int k = 0; k < y.c; k++, at++) {
                        float z = alpha2 == 0 ? 0 : alpha2 * load(z_values, y.element(), at);
                        float v = alpha1 * sum[k] + z + load(bias_values, bias.element(), k);
                        store(y_values, y.element(), at, relu ? std::max(v, 0.0f) : v);
                    }
                }
            }
        }
    }
};

bool overlap(const void* a, size_t a_bytes, const void* b, size_t b_bytes) {
    auto p = static_cast<const char*>(a), q = static_cast<const char*>(b);
    return p < q + b_bytes && q < p + a_bytes;
}

}

API const char* cudnnGetErrorString(int status) {
    switch (status) {
        case CUDNN_STATUS_SUCCESS: return "CUDNN_STATUS_SUCCESS";
        case CUDNN_STATUS_NOT_INITIALIZED: return "CUDNN_STATUS_NOT_INITIALIZED";
        case CUDNN_STATUS_BAD_PARAM: return "CUDNN_STATUS_BAD_PARAM";
        case CUDNN_STATUS_NOT_SUPPORTED: return "CUDNN_STATUS_NOT_SUPPORTED";
        case CUDNN_STATUS_EXECUTION_FAILED: return "CUDNN_STATUS_EXECUTION_FAILED";
        default: return "CUDNN_UNKNOWN_STATUS";
    }
}

API cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) { return create(handle); }
API cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) { return destroy(handle); }

API cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, simt::Stream* stream) {
    if (!handle) return CUDNN_STATUS_BAD_PARAM;
    handle->stream = stream;
    return CUDNN_STATUS_SUCCESS;
}

API cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t* made) { return create(made); }
API cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t made) { return destroy(made); }
API cudnnStatus_t cudnnCreateFilterDescriptor(cudnnFilterDescriptor_t* made) { return create(made); }
API cudnnStatus_t cudnnDestroyFilterDescriptor(cudnnFilterDescriptor_t made) { return destroy(made); }
API cudnnStatus_t cudnnCreateConvolutionDescriptor(cudnnConvolutionDescriptor_t* made) { return create(made); }
API cudnnStatus_t cudnnDestroyConvolutionDescriptor(cudnnConvolutionDescriptor_t made) { return destroy(made); }
API cudnnStatus_t cudnnCreateActivationDescriptor(cudnnActivationDescriptor_t* made) { return create(made); }
API cudnnStatus_t cudnnDestroyActivationDescriptor(cudnnActivationDescriptor_t made) { return destroy(made); }

API cudnnStatus_t cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t tensor, int format, int type, int n, int c, int h,
                                             int w) {
    return set(tensor, format, type, n, c, h, w);
}

API cudnnStatus_t cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t filter, int type, int format, int k, int c, int h,
                                             int w) {
    return set(filter, format, type, k, c, h, w);
}

API cudnnStatus_t cudnnSetConvolution2dDescriptor(cudnnConvolutionDescriptor_t conv, int pad_h, int pad_w, int stride_h,
                                                  int stride_w, int dilation_h, int dilation_w, int mode, int type) {
    if (!conv || pad_h < 0 || pad_w < 0 || stride_h < 1 || stride_w < 1 || dilation_h < 1 || dilation_w < 1
            || mode < CUDNN_CONVOLUTION || mode > CUDNN_CROSS_CORRELATION) {
        return CUDNN_STATUS_BAD_PARAM;
    }
    *conv = {pad_h, pad_w, stride_h, stride_w, dilation_h, dilation_w, mode, type};
    return CUDNN_STATUS_SUCCESS;
}

// All math types sum in fp32 here.
API cudnnStatus_t cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t conv, int type) {
    return conv && type >= 0 && type < CUDNN_MATH_TYPES ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_BAD_PARAM;
}

API cudnnStatus_t cudnnSetActivationDescriptor(cudnnActivationDescriptor_t activation, int mode, int, double) {
    if (!activation) return CUDNN_STATUS_BAD_PARAM;
    if (mode != CUDNN_ACTIVATION_RELU && mode != CUDNN_ACTIVATION_IDENTITY) return CUDNN_STATUS_NOT_SUPPORTED;
    activation->mode = mode;
    return CUDNN_STATUS_SUCCESS;
}

API cudnnStatus_t cudnnGetConvolutionForwardWorkspaceSize(cudnnHandle_t handle, cudnnTensorDescriptor_t x,
                                                          cudnnFilterDescriptor_t w, cudnnConvolutionDescriptor_t conv,
                                                          cudnnTensorDescriptor_t y, int algorithm, size_t* size) {
    if (!handle || !size) return CUDNN_STATUS_BAD_PARAM;
    cudnnStatus_t status = check(x, w, conv, y, algorithm);
    if (status == CUDNN_STATUS_SUCCESS) *size = workspace_bytes(*w, *y, algorithm);
    return status;
}

// z and y may be the same memory, x and y may not; without an activation only IMPLICIT_PRECOMP_GEMM does it.
API cudnnStatus_t cudnnConvolutionBiasActivationForward(
        cudnnHandle_t handle, const void* alpha1, cudnnTensorDescriptor_t xDesc, const void* x,
        cudnnFilterDescriptor_t wDesc, const void* w, cudnnConvolutionDescriptor_t conv, int algorithm, void* workspace,
        size_t workspaceBytes, const void* alpha2, cudnnTensorDescriptor_t zDesc, const void* z,
        cudnnTensorDescriptor_t biasDesc, const void* bias, cudnnActivationDescriptor_t activation,
        cudnnTensorDescriptor_t yDesc, void* y) {
    cudnnStatus_t status = check(xDesc, wDesc, conv, yDesc, algorithm);
    if (!handle || !alpha1 || !alpha2 || !x || !w || !z || !bias || !y || !zDesc || !biasDesc || !activation) {
        return CUDNN_STATUS_BAD_PARAM;
    }
    if (status != CUDNN_STATUS_SUCCESS) return status;
    size_t needed = workspace_bytes(*wDesc, *yDesc, algorithm);
    bool one_a_channel = biasDesc->n == 1 && biasDesc->h == 1 && biasDesc->w == 1 && biasDesc->c == yDesc->c;
    if (!one_a_channel || biasDesc->type != yDesc->type || !zDesc->same_shape(*yDesc) || zDesc->type != yDesc->type
            || workspaceBytes < needed || (needed > 0 && !workspace)
            || (activation->mode == CUDNN_ACTIVATION_IDENTITY && algorithm != IMPLICIT_PRECOMP_GEMM)
            || overlap(x, xDesc->count() * bytes(xDesc->element()), y, yDesc->count() * bytes(yDesc->element()))) {
        return CUDNN_STATUS_BAD_PARAM;
    }
    Convolution work{*xDesc, *yDesc, *biasDesc, *wDesc, *conv, x, w, z, bias, y, *static_cast<const float*>(alpha1),
                     *static_cast<const float*>(alpha2), activation->mode == CUDNN_ACTIVATION_RELU};
    std::vector<Operand> operands{xDesc->operand("x", Operand::READ, x), wDesc->operand("w", Operand::READ, w),
                                  biasDesc->operand("bias", Operand::READ, bias)};
    bool reads_z = work.alpha2 != 0;
    if (reads_z && z != y) operands.push_back(zDesc->operand("z", Operand::READ, z));
    operands.push_back(yDesc->operand("y", reads_z && z == y ? Operand::UPDATED : Operand::WRITTEN, y));
    if (needed > 0) operands.push_back({"workspace", Operand::SCRATCH, workspace, needed});
    CUresult result = simt_enqueue(handle->stream, "cudnnConvolutionBiasActivationForward", operands,
                                   [work] { work.run(); });
    return result == CUDA_SUCCESS ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_EXECUTION_FAILED;
}
