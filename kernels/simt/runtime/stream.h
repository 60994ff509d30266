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
#include <set>
#include <vector>

#include "errors.h"
#include "order.h"

namespace simt {

struct Context;
struct Stream;
using Work = std::function<CUresult()>;

// A point in a stream: reached once that many of its operations are done.
struct Point {
    Stream* stream = nullptr;
    uint64_t count = 0;
};

struct Event {
    Point point;                            // of the newest record
    Clock clock;                            // what comes before it
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

struct Queued {
    Work work;
    Clock clock;
};

struct Stream {
    Stream(Context&, unsigned flags, int priority);
    ~Stream();
    Stream(const Stream&) = delete;

    Context& context;
    const unsigned flags;                   // 1: does not synchronise with the default stream
    const int priority;
    const uint32_t number;                  // in clocks, never given out twice
    std::deque<Queued> queue;
    uint64_t issued = 0, done = 0;
    Clock clock;                            // of the newest operation
    Graph* capture = nullptr;
    uint64_t captured = 0;                  // operations put into the capture by this stream
};

struct Context {
    explicit Context(int card) : card(card) {}

    const int card;                         // by its ordinal
    unsigned flags = 0;
    std::set<char*> memory;                 // device memory that goes with the context
    CUresult failure = CUDA_SUCCESS;        // of an operation: from then on every call returns it
    std::set<Stream*> streams;              // default_stream among them
    Stream default_stream{*this, 0, 0};

    ~Context() { empty(); }
    CUresult empty();                       // ends what is queued, and gives up streams and memory and the failure
};

// Queues the work, or captures it.
void enqueue(Stream&, Work);

void record(Event&, Stream&);
void wait_for(Stream&, const Event&);

// The host waits for an event, a stream or all streams of a context: they run, and first whatever they depend on. After
// a failure the rest of what the context has queued is dropped.
CUresult await(const Event&);
CUresult drain(Stream&);
CUresult drain_all(Context&);

// True while any stream captures: calls that synchronise are not allowed then.
bool capturing(const Context&);

// Whether there has ever been a second stream that work could overlap on.
bool streams_may_overlap();

}
