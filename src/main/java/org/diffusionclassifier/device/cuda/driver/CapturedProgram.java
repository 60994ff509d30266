package org.diffusionclassifier.device.cuda.driver;

import static jcuda.driver.JCudaDriver.*;

import java.util.List;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import org.diffusionclassifier.device.Graph;
import org.diffusionclassifier.device.Op;

/**
 * The launches of a graph as one CUDA graph: handed to the driver once, with their arguments, and from then on started by
 * a single call. What differs from run to run reaches the kernels through memory that their arguments point to.
 */
public final class CapturedProgram implements Graph.Program {

    private final Gpu gpu;
    private final CUgraphExec executable = new CUgraphExec();

    public CapturedProgram(Gpu gpu, List<Op> ops) {
        this.gpu = gpu;
        gpu.enter();
        CUstream stream = gpu.stream();
        var graph = new CUgraph();
        gpu.check(cuStreamBeginCapture(stream, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
                "cuStreamBeginCapture");
        try {
            ops.forEach(Op::run);
        } catch (RuntimeException e) {
            cuStreamEndCapture(stream, graph);
            throw e;
        }
        gpu.check(cuStreamEndCapture(stream, graph), "cuStreamEndCapture");
        try {
            gpu.check(cuGraphInstantiate(executable, graph, 0L), "cuGraphInstantiate of " + ops.size() + " operations");
        } finally {
            cuGraphDestroy(graph);
        }
    }

    @Override
    public void run() {
        gpu.enter();
        gpu.check(cuGraphLaunch(executable, gpu.stream()), "cuGraphLaunch");
    }

    @Override
    public void close() {
        gpu.synchronize();
        cuGraphExecDestroy(executable);
    }
}
