// See stream.h. The default stream waits for every blocking stream's earlier work and they for its: both are queued
// as operations that reach a point of the other.
#include "stream.h"

#include "memory.h"

namespace simt {

static std::set<Stream*>& live_streams() {
    static auto& set = *new std::set<Stream*>;
    return set;
}

static Clock& host = *new Clock;            // what the program has waited for
static uint32_t streams_made = 0;
static bool overlap = false;

bool streams_may_overlap() { return overlap; }

Stream::Stream(Context& context, unsigned flags, int priority)
    : context(context), flags(flags), priority(priority), number(streams_made++) {
    // A context's first stream is its default stream, and a blocking one beside it never overlaps with it.
    overlap |= flags & 1 || context.streams.size() > 1;
    context.streams.insert(this);
    live_streams().insert(this);
}

Stream::~Stream() {
    context.streams.erase(this);
    live_streams().erase(this);
}

static CUresult reach(Point p) {
    if (!live_streams().count(p.stream)) return CUDA_SUCCESS;      // destroyed: it was run to its end before
    Stream& s = *p.stream;
    while (s.done < p.count && !s.queue.empty()) {
        Queued next = std::move(s.queue.front());
        s.queue.pop_front();
        Operation operation{s.number, s.done + 1, std::move(next.clock)};
        Running running(operation);
        CUresult result = next.work();
        if (result == CUDA_SUCCESS) {
            s.done++;
            continue;
        }
        s.context.failure = result;
        for (Stream* other : s.context.streams) {
            other->done = other->issued;
            other->queue.clear();
        }
    }
    return s.context.failure;
}

static void push(Stream& stream, Work work) {
    stream.issued++;
    stream.clock.join(host);
    stream.clock.advance(stream.number, stream.issued);
    stream.queue.push_back({std::move(work), stream.clock});
}

// What the stream does from now on comes after that point of another.
static void wait_for(Stream& stream, Point p, const Clock& clock) {
    stream.clock.join(clock);
    push(stream, [p] { return reach(p); });
}

void enqueue(Stream& stream, Work work) {
    if (stream.capture) {
        stream.capture->work.push_back(std::move(work));
        stream.captured++;
        return;
    }
    for (Stream* other : stream.context.streams) {
        bool either_is_default = &stream == &stream.context.default_stream || other == &stream.context.default_stream;
        if (other == &stream || !either_is_default || (stream.flags | other->flags) & 1) continue;
        if (other->done < other->issued) wait_for(stream, {other, other->issued}, other->clock);
        else stream.clock.join(other->clock);
    }
    push(stream, std::move(work));
}

void record(Event& event, Stream& stream) {
    event.recorded = true;
    event.graph = stream.capture;
    event.captured = stream.captured;
    if (stream.capture) {
        event.point = {&stream, 0};
        return;
    }
    auto time = std::make_shared<std::chrono::steady_clock::time_point>();
    enqueue(stream, [time] {
        *time = std::chrono::steady_clock::now();
        return CUDA_SUCCESS;
    });
    event.time = time;
    event.point = {&stream, stream.issued};
    event.clock = stream.clock;
}

void wait_for(Stream& stream, const Event& event) {
    if (!event.recorded) return;
    if (!event.graph) {
        wait_for(stream, event.point, event.clock);
    } else if (!stream.capture) {                       // joins the capture
        stream.capture = event.graph;
        stream.captured = 0;
        event.graph->joined[&stream] = 0;
    } else if (&stream == event.graph->origin && event.point.stream != &stream) {
        event.graph->joined[event.point.stream] = event.captured;
    }
}

static CUresult await(Point p, const Clock& clock) {
    CUresult result = reach(p);
    host.join(clock);
    bool idle = true;
    for (Stream* s : live_streams()) idle &= s->queue.empty();
    if (idle) forget_marks(host);
    return result;
}

CUresult await(const Event& event) { return event.recorded ? await(event.point, event.clock) : CUDA_SUCCESS; }

CUresult drain(Stream& stream) { return await({&stream, stream.issued}, stream.clock); }

CUresult drain_all(Context& context) {
    for (Stream* s : context.streams) drain(*s);
    return context.failure;
}

bool capturing(const Context& context) {
    for (Stream* s : context.streams) {
        if (s->capture) return true;
    }
    return false;
}

CUresult Context::empty() {
    bool known = failure != CUDA_SUCCESS;
    CUresult result = drain_all(*this);
    for (auto i = streams.begin(); i != streams.end();) {
        Stream* s = *i++;
        if (s != &default_stream) delete s;
    }
    for (char* begin : memory) DeviceMemory::get().free(begin);    // addresses are never given out twice
    memory.clear();
    failure = CUDA_SUCCESS;
    return known ? CUDA_SUCCESS : result;
}

}
