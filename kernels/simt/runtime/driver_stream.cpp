// Driver API: streams, events, capture and graphs.
#include "driver.h"

using namespace simt;

API cuStreamCreateWithPriority(CUstream* stream, unsigned flags, int priority) {
    NEED_CONTEXT;
    if (flags > 1) return CUDA_ERROR_INVALID_VALUE;
    *stream = new Stream(*current_context(), flags, priority);
    return CUDA_SUCCESS;
}

API cuStreamCreate(CUstream* stream, unsigned flags) { return cuStreamCreateWithPriority(stream, flags, 0); }

API cuStreamDestroy_v2(CUstream stream) {
    NEED_CONTEXT;
    if (!stream) return CUDA_ERROR_INVALID_HANDLE;
    CUresult result = drain(*stream);
    delete stream;
    return result;
}

API cuStreamGetFlags(CUstream stream, unsigned* flags) {
    NEED_CONTEXT;
    *flags = stream_or_default(stream).flags;
    return CUDA_SUCCESS;
}

API cuStreamGetPriority(CUstream stream, int* priority) {
    NEED_CONTEXT;
    *priority = stream_or_default(stream).priority;
    return CUDA_SUCCESS;
}

API cuStreamGetCtx(CUstream stream, CUcontext* context) {
    NEED_CONTEXT;
    *context = &stream_or_default(stream).context;
    return CUDA_SUCCESS;
}

API cuStreamSynchronize(CUstream s) {
    NEED_CONTEXT;
    Stream& stream = stream_or_default(s);
    return stream.capture ? CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED : drain(stream);
}

// A query demands the work, so that a program that polls comes to its end.
API cuStreamQuery(CUstream s) { return cuStreamSynchronize(s); }

API cuStreamWaitEvent(CUstream s, CUevent event, unsigned) {
    NEED_CONTEXT;
    if (!event) return CUDA_ERROR_INVALID_HANDLE;
    wait_for(stream_or_default(s), *event);
    return CUDA_SUCCESS;
}

API cuEventCreate(CUevent* event, unsigned flags) {
    NEED_CONTEXT;
    *event = new Event;
    (*event)->timed = !(flags & 2);                         // CU_EVENT_DISABLE_TIMING
    return CUDA_SUCCESS;
}

API cuEventDestroy_v2(CUevent event) {
    LOCKED;
    delete event;
    return CUDA_SUCCESS;
}

API cuEventRecord(CUevent event, CUstream s) {
    NEED_CONTEXT;
    if (!event) return CUDA_ERROR_INVALID_HANDLE;
    record(*event, stream_or_default(s));
    return CUDA_SUCCESS;
}

API cuEventRecordWithFlags(CUevent event, CUstream s, unsigned) { return cuEventRecord(event, s); }

API cuEventSynchronize(CUevent event) {
    NEED_CONTEXT;
    if (!event) return CUDA_ERROR_INVALID_HANDLE;
    if (event->graph) return CUDA_ERROR_CAPTURED_EVENT;
    return await(*event);
}

API cuEventQuery(CUevent event) { return cuEventSynchronize(event); }

API cuEventElapsedTime(float* milliseconds, CUevent start, CUevent end) {
    NEED_CONTEXT;
    if (!start || !end || !start->time || !end->time || !start->timed || !end->timed) return CUDA_ERROR_INVALID_HANDLE;
    constexpr std::chrono::steady_clock::time_point never{};
    if (*start->time == never || *end->time == never) return CUDA_ERROR_NOT_READY;
    *milliseconds = std::chrono::duration<float, std::milli>(*end->time - *start->time).count();
    return CUDA_SUCCESS;
}

API cuStreamBeginCapture_v2(CUstream s, int) {
    NEED_CONTEXT;
    Stream& stream = stream_or_default(s);
    if (&stream == &current_context()->default_stream || stream.capture) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    stream.capture = new Graph;
    stream.capture->origin = &stream;
    stream.captured = 0;
    return CUDA_SUCCESS;
}

API cuStreamIsCapturing(CUstream s, int* status) {
    NEED_CONTEXT;
    *status = stream_or_default(s).capture ? 1 : 0;
    return CUDA_SUCCESS;
}

API cuStreamEndCapture(CUstream s, CUgraph* graph) {
    NEED_CONTEXT;
    Stream& stream = stream_or_default(s);
    Graph* captured = stream.capture;
    *graph = nullptr;
    if (!captured || captured->origin != &stream) return CUDA_ERROR_STREAM_CAPTURE_UNMATCHED;
    stream.capture = nullptr;
    bool joined = true;
    for (auto& [forked, waited] : captured->joined) {
        joined &= waited == forked->captured;
        forked->capture = nullptr;
    }
    if (!joined) {
        delete captured;
        return CUDA_ERROR_STREAM_CAPTURE_UNJOINED;
    }
    *graph = captured;
    return CUDA_SUCCESS;
}

API cuGraphInstantiateWithFlags(CUgraphExec* exec, CUgraph graph, unsigned long long) {
    NEED_CONTEXT;
    if (!graph) return CUDA_ERROR_INVALID_HANDLE;
    *exec = new GraphExec{graph->work};
    return CUDA_SUCCESS;
}

API cuGraphLaunch(CUgraphExec exec, CUstream s) {
    NEED_CONTEXT;
    if (!exec || &stream_or_default(s).context != current_context()) return CUDA_ERROR_INVALID_HANDLE;
    for (const Work& work : exec->work) enqueue(stream_or_default(s), work);
    return CUDA_SUCCESS;
}

API cuGraphUpload(CUgraphExec, CUstream) { return CUDA_SUCCESS; }

API cuGraphDestroy(CUgraph graph) {
    LOCKED;
    delete graph;
    return CUDA_SUCCESS;
}

API cuGraphExecDestroy(CUgraphExec exec) {
    LOCKED;
    delete exec;
    return CUDA_SUCCESS;
}
