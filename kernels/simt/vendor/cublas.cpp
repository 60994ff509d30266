// An emulated libcublas.so.12: the entry points that the Java device calls (device.cuda.vendor), with the library's
// semantics as NVIDIA's cuBLAS documentation has them: column-major matrices, scalars in host memory read at the call,
// work on the handle's stream. Plain loops, fp32 sums in ascending order of k.
#include <vector>

#include "../runtime/library_work.h"
#include "values.h"

using namespace vendor;
using simt::Operand;

enum cublasStatus_t {
    CUBLAS_STATUS_SUCCESS = 0,
    CUBLAS_STATUS_NOT_INITIALIZED = 1,
    CUBLAS_STATUS_INVALID_VALUE = 7,
    CUBLAS_STATUS_EXECUTION_FAILED = 13,
    CUBLAS_STATUS_NOT_SUPPORTED = 15,
};
enum cublasOperation_t { CUBLAS_OP_N = 0, CUBLAS_OP_T = 1, CUBLAS_OP_C = 2 };
enum cudaDataType_t { CUDA_R_32F = 0, CUDA_R_16F = 2 };

constexpr int CUBLAS_COMPUTE_32F = 68;
constexpr int CUBLAS_MATH_MODES = 4;                                        // 0 to 3, and a flag:
constexpr int CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION = 16;
constexpr size_t WORKSPACE_ALIGNMENT = 256;

struct cublasContext {
    simt::Stream* stream = nullptr;
    void* workspace = nullptr;
    size_t workspace_bytes = 0;
};
using cublasHandle_t = cublasContext*;

namespace {

// A column-major matrix in device memory; element (i, j) is number j · ld + i.
struct Matrix {
    void* values;
    Type type;
    int rows, columns, ld;

    float at(size_t i, size_t j) const { return load(values, type, j * ld + i); }

    Operand operand(const char* name, Operand::Use use) const {
        return {name, use, values, rows * bytes(type), static_cast<size_t>(columns), ld * bytes(type)};
    }
};

// c = alpha · op(a) op(b) + beta · c, with op(a) [m, k] and op(b) [k, n]. Where beta is 0, c is not read.
void multiply(const Matrix& a, bool transpose_a, const Matrix& b, bool transpose_b, const Matrix& c, float alpha,
              float beta, size_t k) {
    size_t m = c.rows;
    std::vector<float> left(k * m);                                         // [k, m]: columns of op(a)
    for (size_t l = 0; l < k; l++) {
        for (size_t i = 0; i < m; i++) left[l * m + i] = transpose_a ? a.at(l, i) : a.at(i, l);
    }
    std::vector<float> sum(m);
    for (size_t j = 0; j < static_cast<size_t>(c.columns); j++) {
        sum.assign(m, 0.0f);
        for (size_t l = 0; l < k; l++) {
            accumulate(sum.data(), transpose_b ? b.at(j, l) : b.at(l, j), &left[l * m], m);
        }
        for (size_t i = 0; i < m; i++) {
            float kept = beta == 0 ? 0 : beta * c.at(i, j);
            store(c.values, c.type, j * c.ld + i, alpha * sum[i] + kept);
        }
    }
}

bool known(int type) { return type == CUDA_R_16F || type == CUDA_R_32F; }

Matrix matrix(const void* values, int type, bool transposed, int rows, int columns, int ld) {
    return {const_cast<void*>(values), type == CUDA_R_16F ? Type::HALF : Type::FLOAT, transposed ? columns : rows,
            transposed ? rows : columns, ld};
}

bool fits(const Matrix& x) { return x.ld >= x.rows && x.ld >= 1; }

}

API cublasStatus_t cublasCreate_v2(cublasHandle_t* handle) {
    if (!handle) return CUBLAS_STATUS_INVALID_VALUE;
    *handle = new cublasContext;
    return CUBLAS_STATUS_SUCCESS;
}

API cublasStatus_t cublasDestroy_v2(cublasHandle_t handle) {
    if (!handle) return CUBLAS_STATUS_NOT_INITIALIZED;
    delete handle;
    return CUBLAS_STATUS_SUCCESS;
}

// Also takes the workspace back.
API cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, simt::Stream* stream) {
    if (!handle) return CUBLAS_STATUS_NOT_INITIALIZED;
    *handle = {stream, nullptr, 0};
    return CUBLAS_STATUS_SUCCESS;
}

API cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t handle, void* workspace, size_t size) {
    if (!handle) return CUBLAS_STATUS_NOT_INITIALIZED;
    if (reinterpret_cast<uintptr_t>(workspace) % WORKSPACE_ALIGNMENT != 0) return CUBLAS_STATUS_INVALID_VALUE;
    handle->workspace = workspace;
    handle->workspace_bytes = size;
    return CUBLAS_STATUS_SUCCESS;
}

// All modes sum in fp32 here.
API cublasStatus_t cublasSetMathMode(cublasHandle_t handle, int mode) {
    if (!handle) return CUBLAS_STATUS_NOT_INITIALIZED;
    int base = mode & ~CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION;
    return base >= 0 && base < CUBLAS_MATH_MODES ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_INVALID_VALUE;
}

// C [m, n] = alpha · op(A) [m, k] op(B) [k, n] + beta · C, for A and B both fp16 with C fp16 or fp32, or all fp32.
API cublasStatus_t cublasGemmEx(cublasHandle_t handle, int transa, int transb, int m, int n, int k, const void* alpha,
                                const void* A, int Atype, int lda, const void* B, int Btype, int ldb,
                                const void* beta, void* C, int Ctype, int ldc, int computeType, int /*algo*/) {
    if (!handle) return CUBLAS_STATUS_NOT_INITIALIZED;
    if (transa < CUBLAS_OP_N || transa > CUBLAS_OP_C || transb < CUBLAS_OP_N || transb > CUBLAS_OP_C || m < 0 || n < 0
            || k < 0 || !alpha || !beta) {
        return CUBLAS_STATUS_INVALID_VALUE;
    }
    if (computeType != CUBLAS_COMPUTE_32F || !known(Atype) || Btype != Atype || !known(Ctype)
            || (Atype == CUDA_R_32F && Ctype != CUDA_R_32F)) {
        return CUBLAS_STATUS_NOT_SUPPORTED;
    }
    Matrix a = matrix(A, Atype, transa != CUBLAS_OP_N, m, k, lda);
    Matrix b = matrix(B, Btype, transb != CUBLAS_OP_N, k, n, ldb);
    Matrix c = matrix(C, Ctype, false, m, n, ldc);
    if (!fits(a) || !fits(b) || !fits(c)) return CUBLAS_STATUS_INVALID_VALUE;
    if (m == 0 || n == 0) return CUBLAS_STATUS_SUCCESS;
    float scale = *static_cast<const float*>(alpha), kept = *static_cast<const float*>(beta);
    std::vector<Operand> operands{c.operand("C", kept == 0 ? Operand::WRITTEN : Operand::UPDATED)};
    if (k > 0) {
        operands.push_back(a.operand("A", Operand::READ));
        operands.push_back(b.operand("B", Operand::READ));
    }
    if (handle->workspace) {
        operands.push_back({"workspace", Operand::SCRATCH, handle->workspace, handle->workspace_bytes});
    }
    CUresult result = simt_enqueue(handle->stream, "cublasGemmEx", operands, [=] {
        multiply(a, transa != CUBLAS_OP_N, b, transb != CUBLAS_OP_N, c, scale, kept, static_cast<size_t>(k));
    });
    return result == CUDA_SUCCESS ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_EXECUTION_FAILED;
}
