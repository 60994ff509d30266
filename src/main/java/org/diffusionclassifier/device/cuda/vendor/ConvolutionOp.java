package org.diffusionclassifier.device.cuda.vendor;

import static jcuda.jcudnn.JCudnn.*;

import java.util.ArrayList;
import java.util.List;
import jcuda.Pointer;
import jcuda.jcudnn.cudnnActivationDescriptor;
import jcuda.jcudnn.cudnnActivationMode;
import jcuda.jcudnn.cudnnConvolutionDescriptor;
import jcuda.jcudnn.cudnnConvolutionFwdAlgo;
import jcuda.jcudnn.cudnnConvolutionMode;
import jcuda.jcudnn.cudnnDataType;
import jcuda.jcudnn.cudnnFilterDescriptor;
import jcuda.jcudnn.cudnnMathType;
import jcuda.jcudnn.cudnnNanPropagation;
import jcuda.jcudnn.cudnnTensorDescriptor;
import jcuda.jcudnn.cudnnTensorFormat;
import org.diffusionclassifier.device.Conv2d;
import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.device.Op;
import org.diffusionclassifier.device.Tensor;
import org.diffusionclassifier.tensor.DType;

/**
 * y = conv(x) + z + bias by cuDNN, everything channels-last and of one type, sums in float32. The algorithm is the one
 * that cuDNN allows without an activation behind, and that its tensor-core kernels for this layout belong to.
 */
final class ConvolutionOp implements Op {

    private static final int ALGORITHM = cudnnConvolutionFwdAlgo.CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM;

    private final VendorLayers layers;
    private final Conv2d.Spec spec;
    private final Tensor x;
    private final Tensor filters;
    private final Tensor bias;
    private final Tensor z;
    private final Tensor y;
    private final int dataType;
    private final cudnnTensorDescriptor xShape = new cudnnTensorDescriptor();
    private final cudnnTensorDescriptor yShape = new cudnnTensorDescriptor();
    private final cudnnTensorDescriptor biasShape = new cudnnTensorDescriptor();
    private final cudnnFilterDescriptor filterShape = new cudnnFilterDescriptor();
    private final cudnnConvolutionDescriptor convolution = new cudnnConvolutionDescriptor();
    private final cudnnActivationDescriptor identity = new cudnnActivationDescriptor();
    private final List<Runnable> destroyers = new ArrayList<>();
    private final Workspace workspace;
    private Pointer xAt;
    private Pointer filtersAt;
    private Pointer biasAt;
    private Pointer zAt;
    private Pointer yAt;
    private Pointer workspaceAt;

    /**
     * @param x       [B, H, W, C], padded where cuDNN cannot
     * @param filters [out, kernel, kernel, C]
     * @param bias    [1, out]
     * @param z       [B, H', W', out], which may be y; null for none
     * @param y       [B, H', W', out]
     * @throws DeviceException if cuDNN has no kernel for it
     */
    ConvolutionOp(VendorLayers layers, Conv2d.Spec spec, Tensor x, Tensor filters, Tensor bias, Tensor z, Tensor y) {
        this.layers = layers;
        this.spec = spec;
        this.x = x;
        this.filters = filters;
        this.bias = bias;
        this.z = z;
        this.y = y;
        this.dataType = y.type() == DType.F32 ? cudnnDataType.CUDNN_DATA_FLOAT : cudnnDataType.CUDNN_DATA_HALF;
        try {
            describe();
            long[] bytes = new long[1];
            layers.checkDnn(cudnnGetConvolutionForwardWorkspaceSize(layers.dnn(), xShape, filterShape, convolution,
                    yShape, ALGORITHM, bytes), name());
            workspace = bytes[0] == 0 ? null : new Workspace(layers.device().recording(), bytes[0]);
        } catch (DeviceException e) {
            close();
            throw e;
        }
    }

    private void describe() {
        describe(xShape, x.dim(0), x.dim(1), x.dim(2), x.dim(3));
        describe(yShape, y.dim(0), y.dim(1), y.dim(2), y.dim(3));
        describe(biasShape, 1, 1, 1, bias.width());
        created(cudnnCreateFilterDescriptor(filterShape), () -> cudnnDestroyFilterDescriptor(filterShape));
        layers.checkDnn(cudnnSetFilter4dDescriptor(filterShape, dataType, cudnnTensorFormat.CUDNN_TENSOR_NHWC,
                filters.dim(0), filters.dim(3), filters.dim(1), filters.dim(2)), "cudnnSetFilter4dDescriptor");
        created(cudnnCreateConvolutionDescriptor(convolution), () -> cudnnDestroyConvolutionDescriptor(convolution));
        int pad = spec.kernel() == 3 && spec.padding() == Conv2d.Padding.SYMMETRIC ? 1 : 0;
        layers.checkDnn(cudnnSetConvolution2dDescriptor(convolution, pad, pad, spec.stride(), spec.stride(), 1, 1,
                cudnnConvolutionMode.CUDNN_CROSS_CORRELATION, cudnnDataType.CUDNN_DATA_FLOAT),
                "cudnnSetConvolution2dDescriptor");
        // Tensor cores for float16; float32 stays float32, not TF32.
        layers.checkDnn(cudnnSetConvolutionMathType(convolution, y.type() == DType.F32 ? cudnnMathType.CUDNN_FMA_MATH
                : cudnnMathType.CUDNN_TENSOR_OP_MATH), "cudnnSetConvolutionMathType");
        created(cudnnCreateActivationDescriptor(identity), () -> cudnnDestroyActivationDescriptor(identity));
        layers.checkDnn(cudnnSetActivationDescriptor(identity, cudnnActivationMode.CUDNN_ACTIVATION_IDENTITY,
                cudnnNanPropagation.CUDNN_PROPAGATE_NAN, 0), "cudnnSetActivationDescriptor");
    }

    private void describe(cudnnTensorDescriptor shape, int n, int h, int w, int c) {
        created(cudnnCreateTensorDescriptor(shape), () -> cudnnDestroyTensorDescriptor(shape));
        layers.checkDnn(cudnnSetTensor4dDescriptor(shape, cudnnTensorFormat.CUDNN_TENSOR_NHWC, dataType, n, c, h, w),
                "cudnnSetTensor4dDescriptor");
    }

    private void created(int status, Runnable destroyer) {
        layers.checkDnn(status, "cuDNN descriptor");
        destroyers.add(destroyer);
    }

    @Override
    public void bind() {
        xAt = VendorLayers.at(x.address());
        filtersAt = VendorLayers.at(filters.address());
        biasAt = VendorLayers.at(bias.address());
        yAt = VendorLayers.at(y.address());
        zAt = z == null ? yAt : VendorLayers.at(z.address());
        workspaceAt = workspace == null ? new Pointer() : workspace.pointer();
    }

    @Override
    public void run() {
        int status = cudnnConvolutionBiasActivationForward(layers.dnn(), VendorLayers.ONE, xShape, xAt, filterShape,
                filtersAt, convolution, ALGORITHM, workspaceAt, workspace == null ? 0 : workspace.bytes(),
                z == null ? VendorLayers.ZERO : VendorLayers.ONE, yShape, zAt, biasShape, biasAt, identity, yShape,
                yAt);
        if (status != 0) {
            layers.checkDnn(status, name());
        }
    }

    @Override
    public String name() {
        return "cuDNN " + spec.kernel() + "x" + spec.kernel() + " convolution " + x + " -> " + y;
    }

    @Override
    public List<Tensor> reads() {
        return z == null ? List.of(x, filters, bias) : List.of(x, filters, bias, z);
    }

    @Override
    public List<Tensor> writes() {
        return workspace == null ? List.of(y) : List.of(y, workspace.tensor());
    }

    /** Without the zeros that fill up the channels. */
    @Override
    public long flops() {
        return 2L * y.elements() * (spec.in() + spec.concat()) * spec.kernel() * spec.kernel();
    }

    @Override
    public void close() {
        destroyers.forEach(Runnable::run);
        destroyers.clear();
    }
}
