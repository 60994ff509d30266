// Tests of the emulated libcublas.so.12 and libcudnn.so.9, linked as a program links the real ones: results against
// plain loops in double, late execution, capture, and what must be refused. Argument: the directory with a checked
// image, which makes the emulated driver notice reads of unwritten memory.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "../../simt_vector.h"
#include "../../simt_half.h"
#include "vendor_calls.h"

static constexpr int ILLEGAL_ADDRESS = 700, INVALID_VALUE = 7, NOT_SUPPORTED = 15, NOT_INITIALIZED = 1;
static constexpr int CUDNN_BAD_PARAM = 2000, CUDNN_NOT_SUPPORTED = 3000;
static constexpr int F32 = 0, F16 = 2;                  // of CUDA and of cuDNN alike
static constexpr int COMPUTE_32F = 68, NHWC = 1, CROSS_CORRELATION = 1, RELU = 1, IDENTITY = 5, PRECOMP_GEMM = 1;
static constexpr float UNTOUCHED = 77;

static int passed = 0, failed = 0;
static Handle stream, blas, dnn;

static void expect(bool good, const std::string& name, const std::string& detail = "") {
    good ? passed++ : failed++;
    if (!good) printf("FAILED %s: %s\n", name.c_str(), detail.c_str());
}

static void must(int result, const char* call) {
    if (result != 0) expect(false, call, "returned " + std::to_string(result) + " " + simt_last_error());
}

// A stream for both libraries, and a sound context if the one before has failed; device memory is gone with it.
static void start() {
    must(cuDevicePrimaryCtxReset_v2(0), "cuDevicePrimaryCtxReset");
    must(cuStreamCreate(&stream, 1), "cuStreamCreate");
    must(cublasSetStream_v2(blas, stream), "cublasSetStream");
    must(cudnnSetStream(dnn, stream), "cudnnSetStream");
}

static float rounded(float v, int type) { return type == F16 ? __half2float(__float2half_rn(v)) : v; }

// Numbers in [-1, 1] that the type holds.
static std::vector<float> random_values(size_t count, int type) {
    static uint32_t state = 20230328;
    std::vector<float> v(count);
    for (float& x : v) {
        state = state * 1664525 + 1013904223;
        x = rounded(static_cast<float>(static_cast<int32_t>(state) * 0x1p-31), type);
    }
    return v;
}

static size_t size_of(int type) { return type == F16 ? 2 : 4; }

static Pointer allocate(size_t bytes) {
    Pointer p = 0;
    must(cuMemAlloc_v2(&p, std::max<size_t>(bytes, 1)), "cuMemAlloc");
    return p;
}

static Pointer upload(const std::vector<float>& values, int type) {
    Pointer p = allocate(values.size() * size_of(type));
    std::vector<half> halves;
    for (float v : values) halves.push_back(__float2half_rn(v));
    const void* from = type == F16 ? static_cast<const void*>(halves.data()) : values.data();
    must(cuMemcpyHtoD_v2(p, from, values.size() * size_of(type)), "cuMemcpyHtoD");
    return p;
}

static std::vector<float> download(Pointer p, size_t count, int type) {
    std::vector<float> values(count);
    std::vector<half> halves(count);
    void* to = type == F16 ? static_cast<void*>(halves.data()) : values.data();
    must(cuMemcpyDtoH_v2(to, p, count * size_of(type)), "cuMemcpyDtoH");
    for (size_t i = 0; type == F16 && i < count; i++) values[i] = __half2float(halves[i]);
    return values;
}

// Sums of so many products of at most 1 each: fp32 sums and the rounding of the result.
static bool close(double want, float found, size_t products, int type) {
    return std::fabs(found - want) <= products * 0x1p-22 + std::fabs(want) * (type == F16 ? 0x1p-11 : 0x1p-22);
}

struct Gemm {
    int m, n, k;
    bool turned_a, turned_b;
    int in, out, extra;                                 // types; what each leading dimension is longer than it must be
    float alpha, beta;
};

static void test_gemm(const Gemm& g) {
    int lda = (g.turned_a ? g.k : g.m) + g.extra, ldb = (g.turned_b ? g.n : g.k) + g.extra, ldc = g.m + g.extra;
    auto a = random_values(size_t(lda) * (g.turned_a ? g.m : g.k), g.in);
    auto b = random_values(size_t(ldb) * (g.turned_b ? g.k : g.n), g.in);
    auto c = random_values(size_t(ldc) * g.n, g.out);
    for (int j = 0; j < g.n; j++) {
        for (int i = 0; i < ldc; i++) {
            float& v = c[size_t(j) * ldc + i];
            v = i >= g.m ? UNTOUCHED : g.beta == 0 ? std::numeric_limits<float>::quiet_NaN() : v;
        }
    }
    Pointer pa = upload(a, g.in), pb = upload(b, g.in), pc = upload(c, g.out);
    must(cublasGemmEx(blas, g.turned_a, g.turned_b, g.m, g.n, g.k, &g.alpha, pa, g.in, lda, pb, g.in, ldb, &g.beta, pc,
                      g.out, ldc, COMPUTE_32F, -1), "cublasGemmEx");
    must(cuStreamSynchronize(stream), "cuStreamSynchronize");
    auto found = download(pc, c.size(), g.out);
    bool good = true;
    for (int j = 0; j < g.n; j++) {
        for (int i = 0; i < ldc; i++) {
            size_t at = size_t(j) * ldc + i;
            if (i >= g.m) {
                good &= found[at] == UNTOUCHED;
                continue;
            }
            double sum = 0;
            for (int l = 0; l < g.k; l++) {
                double left = a[g.turned_a ? size_t(i) * lda + l : size_t(l) * lda + i];
                sum += left * b[g.turned_b ? size_t(l) * ldb + j : size_t(j) * ldb + l];
            }
            good &= close(g.alpha * sum + (g.beta == 0 ? 0 : g.beta * c[at]), found[at], g.k + 1, g.out);
        }
    }
    expect(good, "cublasGemmEx " + std::to_string(g.m) + "x" + std::to_string(g.n) + "x" + std::to_string(g.k)
           + (g.turned_a ? " T" : " N") + (g.turned_b ? "T" : "N") + " beta " + std::to_string(g.beta));
}

static void test_gemms() {
    for (int variant = 0; variant < 4; variant++) {
        bool a = variant & 1, b = variant >> 1;
        test_gemm({1, 1, 1, a, b, F16, F16, 0, 1, 0});
        test_gemm({7, 5, 3, a, b, F16, F16, 2, 1.5f, 0});
        test_gemm({33, 17, 41, a, b, F16, F32, 0, 1, 0});
        test_gemm({8, 130, 65, a, b, F16, F32, 5, -1, 0.5f});
        test_gemm({13, 9, 300, a, b, F16, F16, 3, 1, 1});
        test_gemm({5, 21, 18, a, b, F32, F32, 1, 2, -0.25f});
        test_gemm({4, 3, 0, a, b, F16, F32, 1, 1, 2});
    }
}

static int gemm(Pointer a, int lda, Pointer c, int c_type, int ldc, int compute = COMPUTE_32F) {
    float one = 1, zero = 0;
    return cublasGemmEx(blas, 1, 0, 4, 4, 8, &one, a, F16, lda, a, F16, 8, &zero, c, c_type, ldc, compute, -1);
}

static void test_blas_calls() {
    std::vector<float> ones(32, 1.0f), eights(16, 8.0f), zeros(16);
    Pointer a = upload(ones, F16), c = upload(zeros, F32);
    expect(gemm(a, 7, c, F32, 4) == INVALID_VALUE, "a leading dimension too small");
    expect(gemm(a, 8, c, F32, 3) == INVALID_VALUE, "a leading dimension of C too small");
    expect(gemm(a, 8, c, 1, 4) == NOT_SUPPORTED, "another type");
    expect(gemm(a, 8, c, F32, 4, 64) == NOT_SUPPORTED, "another compute type");
    expect(cublasSetWorkspace_v2(blas, a + 64, 16) == INVALID_VALUE, "a workspace that is not aligned");
    expect(cublasSetStream_v2(nullptr, stream) == NOT_INITIALIZED, "no handle");
    expect(cublasSetMathMode(blas, 16) == 0 && cublasSetMathMode(blas, 5) == INVALID_VALUE, "math modes");

    Handle graph, exec;
    Pointer captured = upload(zeros, F32);
    must(cuStreamBeginCapture_v2(stream, 0), "cuStreamBeginCapture");
    must(gemm(a, 8, captured, F32, 4), "cublasGemmEx");
    must(cuStreamEndCapture(stream, &graph), "cuStreamEndCapture");
    must(cuGraphInstantiateWithFlags(&exec, graph, 0), "cuGraphInstantiate");
    must(cuStreamSynchronize(stream), "cuStreamSynchronize");
    expect(download(captured, 16, F32) == zeros, "capturing runs nothing");
    must(cuGraphLaunch(exec, stream), "cuGraphLaunch");
    must(cuStreamSynchronize(stream), "cuStreamSynchronize");
    expect(download(captured, 16, F32) == eights, "a graph runs it");

    Pointer workspace = upload(std::vector<float>(64, 1.0f), F32);
    must(cublasSetWorkspace_v2(blas, workspace, 256), "cublasSetWorkspace");
    must(gemm(a, 8, c, F32, 4), "cublasGemmEx");
    must(cuStreamSynchronize(stream), "cuStreamSynchronize");
    expect(std::isnan(download(workspace, 64, F32)[63]), "the workspace is the library's");
    must(cublasSetStream_v2(blas, stream), "cublasSetStream");
}

// What the stream's next synchronisation reports.
static void expect_fault(const std::string& name, const char* text) {
    bool failed = cuStreamSynchronize(stream) == ILLEGAL_ADDRESS;
    std::string error = simt_last_error();
    expect(failed && error.find(name + ": ") == 0 && error.find(text) != std::string::npos, name, error);
    start();
}

// A product of 4 x 8 and 8 x 4 ones, and what is wrong with its memory.
static void test_memory_faults() {
    enum Fault { C_TOO_SMALL, A_UNWRITTEN, C_ON_THE_HOST, A_FREED, C_READ_TOO_EARLY };
    auto caught = [](Fault fault, const char* operand, const char* text) {
        float host[16];
        Pointer a = fault == A_UNWRITTEN ? allocate(64) : upload(std::vector<float>(32, 1.0f), F16);
        Pointer c = fault == C_ON_THE_HOST ? reinterpret_cast<Pointer>(host)
            : upload(std::vector<float>(fault == C_TOO_SMALL ? 15 : 16), F32);
        if (fault == A_FREED) must(cuMemFree_v2(a), "cuMemFree");
        must(gemm(a, 8, c, F32, 4), "cublasGemmEx");
        if (fault == C_READ_TOO_EARLY) {
            expect(download(c, 16, F32) == std::vector<float>(16), "a product is late");
        }
        expect_fault(std::string("cublasGemmEx, ") + operand, text);
    };
    caught(C_TOO_SMALL, "C", "out of bounds");
    caught(A_UNWRITTEN, "A", "uninitialised");
    caught(C_ON_THE_HOST, "C", "not device memory");
    caught(A_FREED, "A", "freed");
    caught(C_READ_TOO_EARLY, "C", "race: read by copy from the device on another stream");
}

struct Shape {
    int n, c, h, w;
    size_t count() const { return size_t(n) * c * h * w; }
    Handle tensor(int type) const {
        Handle made = nullptr;
        must(cudnnCreateTensorDescriptor(&made), "cudnnCreateTensorDescriptor");
        must(cudnnSetTensor4dDescriptor(made, NHWC, type, n, c, h, w), "cudnnSetTensor4dDescriptor");
        return made;
    }
};

struct Conv {
    Shape x;
    int k, filter, pad, stride, dilation, type, activation;
    float alpha1, alpha2;

    int size(int in) const { return (in + 2 * pad - dilation * (filter - 1) - 1) / stride + 1; }
    Shape y() const { return {x.n, k, size(x.h), size(x.w)}; }
};

// A convolution's arguments on the device, to be called as they are or with one of them wrong.
struct Call {
    explicit Call(const Conv& c)
        : conv(c), x(random_values(c.x.count(), c.type)),
          w(random_values(size_t(c.k) * c.filter * c.filter * c.x.c, c.type)), bias(random_values(c.k, c.type)),
          z(random_values(c.y().count(), c.type)), alpha1(c.alpha1), alpha2(c.alpha2) {
        if (alpha2 == 0) z.assign(z.size(), std::numeric_limits<float>::quiet_NaN());
        x_shape = c.x.tensor(c.type), y_shape = c.y().tensor(c.type), bias_shape = Shape{1, c.k, 1, 1}.tensor(c.type);
        must(cudnnCreateFilterDescriptor(&w_shape), "cudnnCreateFilterDescriptor");
        must(cudnnSetFilter4dDescriptor(w_shape, c.type, NHWC, c.k, c.x.c, c.filter, c.filter), "cudnnSetFilter");
        must(cudnnCreateConvolutionDescriptor(&how), "cudnnCreateConvolutionDescriptor");
        must(cudnnSetConvolution2dDescriptor(how, c.pad, c.pad, c.stride, c.stride, c.dilation, c.dilation,
                                             CROSS_CORRELATION, F32), "cudnnSetConvolution2dDescriptor");
        must(cudnnCreateActivationDescriptor(&activation), "cudnnCreateActivationDescriptor");
        must(cudnnSetActivationDescriptor(activation, c.activation, 0, 0), "cudnnSetActivationDescriptor");
        must(cudnnGetConvolutionForwardWorkspaceSize(dnn, x_shape, w_shape, how, y_shape, PRECOMP_GEMM, &bytes),
             "cudnnGetConvolutionForwardWorkspaceSize");
        px = upload(x, c.type), pw = upload(w, c.type), pb = upload(bias, c.type), py = upload(z, c.type);
        workspace = allocate(bytes);
    }

    // z in place of y
    int call() const {
        return cudnnConvolutionBiasActivationForward(dnn, &alpha1, x_shape, px, w_shape, pw, how, algorithm, workspace,
                                                     bytes, &alpha2, y_shape, py, bias_shape, pb, activation, y_shape,
                                                     py);
    }

    double want(int b, int i, int j, int k) const {
        double sum = 0;
        for (int r = 0; r < conv.filter; r++) {
            for (int s = 0; s < conv.filter; s++) {
                int row = i * conv.stride + r * conv.dilation - conv.pad;
                int column = j * conv.stride + s * conv.dilation - conv.pad;
                if (row < 0 || row >= conv.x.h || column < 0 || column >= conv.x.w) continue;
                for (int c = 0; c < conv.x.c; c++) {
                    sum += double(x[((size_t(b) * conv.x.h + row) * conv.x.w + column) * conv.x.c + c])
                        * w[((size_t(k) * conv.filter + r) * conv.filter + s) * conv.x.c + c];
                }
            }
        }
        Shape y = conv.y();
        double v = alpha1 * sum + bias[k];
        if (alpha2 != 0) v += double(alpha2) * z[((size_t(b) * y.h + i) * y.w + j) * y.c + k];
        return conv.activation == RELU && v < 0 ? 0 : v;
    }

    Conv conv;
    std::vector<float> x, w, bias, z;
    float alpha1, alpha2;
    int algorithm = PRECOMP_GEMM;
    Handle x_shape, y_shape, bias_shape, w_shape, how, activation;
    Pointer px, pw, pb, py, workspace;
    size_t bytes = 0;
};

static void test_convolution(const Conv& conv) {
    Call call(conv);
    must(call.call(), "cudnnConvolutionBiasActivationForward");
    must(cuStreamSynchronize(stream), "cuStreamSynchronize");
    Shape y = conv.y();
    auto found = download(call.py, y.count(), conv.type);
    bool good = true;
    for (size_t at = 0; at < found.size(); at++) {
        int k = static_cast<int>(at % y.c), j = static_cast<int>(at / y.c % y.w);
        int i = static_cast<int>(at / y.c / y.w % y.h), b = static_cast<int>(at / y.c / y.w / y.h);
        good &= close(call.want(b, i, j, k), found[at], conv.filter * conv.filter * conv.x.c + 2, conv.type);
    }
    expect(good, "convolution of " + std::to_string(conv.x.h) + "x" + std::to_string(conv.x.w) + "x"
           + std::to_string(conv.x.c) + ", filter " + std::to_string(conv.filter) + ", pad "
           + std::to_string(conv.pad) + ", stride " + std::to_string(conv.stride));
}

static void test_convolutions() {
    for (int type : {F16, F32}) {
        test_convolution({{1, 1, 1, 1}, 1, 1, 0, 1, 1, type, IDENTITY, 1, 0});
        test_convolution({{2, 7, 5, 3}, 9, 1, 0, 1, 1, type, IDENTITY, 1, 1});
        test_convolution({{1, 13, 4, 9}, 17, 3, 1, 1, 1, type, IDENTITY, 1.5f, 0});
        test_convolution({{3, 8, 6, 7}, 5, 3, 1, 2, 1, type, IDENTITY, 1, -0.5f});
        test_convolution({{1, 16, 9, 6}, 8, 3, 0, 2, 1, type, RELU, 1, 1});
        test_convolution({{1, 3, 11, 8}, 4, 3, 2, 1, 2, type, RELU, 1, 0});
        test_convolution({{1, 2, 7, 12}, 3, 5, 2, 3, 1, type, IDENTITY, 1, 0.25f});
    }
}

static void test_dnn_calls() {
    Conv conv{{1, 8, 4, 4}, 8, 3, 1, 1, 1, F16, IDENTITY, 1, 1};
    auto refused = [&](const char* name, int status, auto change) {
        Call call(conv);
        change(call);
        int result = call.call();
        expect(result == status, name, "returned " + std::to_string(result));
    };
    refused("identity by another algorithm", CUDNN_BAD_PARAM, [](Call& c) { c.algorithm = 0; });
    refused("an algorithm for other layouts", CUDNN_NOT_SUPPORTED, [](Call& c) { c.algorithm = 6; });
    refused("a workspace too small", CUDNN_BAD_PARAM, [](Call& c) { c.bytes--; });
    refused("no workspace", CUDNN_BAD_PARAM, [](Call& c) { c.workspace = 0; });
    refused("y over x", CUDNN_BAD_PARAM, [](Call& c) { c.px = c.py + 16; });
    refused("an output of another size", CUDNN_BAD_PARAM, [](Call& c) { c.y_shape = Shape{1, 8, 3, 4}.tensor(F16); });
    refused("a bias of another type", CUDNN_BAD_PARAM, [](Call& c) { c.bias_shape = Shape{1, 8, 1, 1}.tensor(F32); });
    refused("types mixed", CUDNN_NOT_SUPPORTED, [](Call& c) { c.x_shape = Shape{1, 8, 4, 4}.tensor(F32); });
    Handle tensor = nullptr;
    must(cudnnCreateTensorDescriptor(&tensor), "cudnnCreateTensorDescriptor");
    expect(cudnnSetTensor4dDescriptor(tensor, NHWC, F16, 1, 0, 1, 1) == CUDNN_BAD_PARAM, "an empty tensor");

    Call late(conv);
    must(late.call(), "cudnnConvolutionBiasActivationForward");
    expect(download(late.py, late.z.size(), F16) == late.z, "a convolution is late");
    expect_fault("cudnnConvolutionBiasActivationForward, y", "race: read by copy from the device on another stream");

    Call scratched(conv);
    must(scratched.call(), "cudnnConvolutionBiasActivationForward");
    must(cuStreamSynchronize(stream), "cuStreamSynchronize");
    expect(std::isnan(download(scratched.workspace, 1, F32)[0]), "the workspace is the library's");

    Call unwritten(conv);
    unwritten.px = allocate(conv.x.count() * 2);
    must(unwritten.call(), "cudnnConvolutionBiasActivationForward");
    expect_fault("cudnnConvolutionBiasActivationForward, x", "uninitialised");
}

int main(int, char** arguments) {
    Handle context = nullptr, module = nullptr;
    must(cuInit(0), "cuInit");
    must(cuDevicePrimaryCtxRetain(&context, 0), "cuDevicePrimaryCtxRetain");
    must(cuCtxSetCurrent(context), "cuCtxSetCurrent");
    must(cuModuleLoad(&module, (std::string(arguments[1]) + "/test-kernels-checked.so").c_str()), "cuModuleLoad");
    must(cublasCreate_v2(&blas), "cublasCreate");
    must(cudnnCreate(&dnn), "cudnnCreate");
    start();
    test_gemms();
    test_blas_calls();
    test_memory_faults();
    test_convolutions();
    test_dnn_calls();
    must(cublasDestroy_v2(blas), "cublasDestroy");
    must(cudnnDestroy(dnn), "cudnnDestroy");
    printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
