// Streams that run late: work waits in a queue until a call demands it (a synchronisation, a query, a blocking copy),
// and then only what that call waits for is run. A program that forgets to wait sees memory as it was before.
// Captured work goes into a graph instead, in the order of the calls, and runs at each launch of the graph.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

enum CUresult {
    CUDA_SUCCESS = 0,
    CUDA_ERROR_INVALID_VALUE = 1,
    CUDA_ERROR_OUT_OF_MEMORY = 2,
    CUDA_ERROR_NOT_INITIALIZED = 3,
    CUDA_ERROR_NO_DEVICE = 100,
    CUDA_ERROR_INVALID_DEVICE = 101,
    CUDA_ERROR_INVALID_IMAGE = 200,
    CUDA_ERROR_INVALID_CONTEXT = 201,
    CUDA_ERROR_FILE_NOT_FOUND = 301,
    CUDA_ERROR_INVALID_HANDLE = 400,
    CUDA_ERROR_NOT_FOUND = 500,
    CUDA_ERROR_NOT_READY = 600,
    CUDA_ERROR_ILLEGAL_ADDRESS = 700,
    CUDA_ERROR_NOT_SUPPORTED = 801,
    CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED = 900,
    CUDA_ERROR_STREAM_CAPTURE_UNMATCHED = 903,
    CUDA_ERROR_STREAM_CAPTURE_UNJOINED = 904,
    CUDA_ERROR_CAPTURED_EVENT = 907,
};

namespace simt {

struct Stream;
using Work = std::function<CUresult()>;

// A point in a stream: reached once that many of its operations are done.
struct Point {
    Stream* stream = nullptr;
    uint64_t count = 0;
};

struct Event {
    Point point;                            // of the newest record
    struct Graph* graph = nullptr;          // set if that record was captured
    uint64_t captured = 0;                  // how far the stream's capture had come
    bool recorded = false, timed = true;
    std::shared_ptr<std::chrono::steady_clock::time_point> time;
};

struct Graph {
    std::vector<Work> work;
    Stream* origin = nullptr;
    std::map<Stream*, uint64_t> joined;     // forked streams: how much of each the origin has waited for
};

struct GraphExec {
    std::vector<Work> work;
};

struct Stream {
    std::deque<Work> queue;
    uint64_t issued = 0, done = 0;
    unsigned flags = 0;                     // 1: does not synchronise with the default stream
    int priority = 0;
    Graph* capture = nullptr;
    uint64_t captured = 0;                  // operations put into the capture by this stream
};

Stream& default_stream();
Stream& stream_or_default(Stream*);
void add_stream(Stream*);
void remove_stream(Stream*);

// Queues the work, or captures it.
void enqueue(Stream&, Work);

void record(Event&, Stream&);
void wait_for(Stream&, const Event&);

// Runs a stream up to a point, or all streams to their ends; whatever that depends on first. After a failure the
// rest of what was queued is dropped and the failure returned, once.
CUresult reach(Point);
CUresult drain(Stream&);
CUresult drain_all();

// True while any stream captures: calls that synchronise are not allowed then.
bool capturing();

}
