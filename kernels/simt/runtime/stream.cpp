// See stream.h. The default stream waits for every blocking stream's earlier work and they for its: both are queued
// as operations that reach a point of the other.
#include "stream.h"

#include <set>

namespace simt {

static std::set<Stream*>& streams() {
    static auto& set = *new std::set<Stream*>;
    return set;
}

Stream& default_stream() {
    static Stream& stream = *new Stream;
    return stream;
}

Stream& stream_or_default(Stream* s) {
    // 0x1 and 0x2 are the handles of the legacy and of the per-thread default stream
    return reinterpret_cast<uintptr_t>(s) <= 2 ? default_stream() : *s;
}

void add_stream(Stream* s) { streams().insert(s); }
void remove_stream(Stream* s) { streams().erase(s); }

static void push(Stream& stream, Work work) {
    stream.queue.push_back(std::move(work));
    stream.issued++;
}

void enqueue(Stream& stream, Work work) {
    if (stream.capture) {
        stream.capture->work.push_back(std::move(work));
        stream.captured++;
        return;
    }
    Stream& legacy = default_stream();
    if (&stream == &legacy) {
        for (Stream* other : streams()) {
            if (!(other->flags & 1) && other->done < other->issued) {
                push(legacy, [p = Point{other, other->issued}] { return reach(p); });
            }
        }
    } else if (!(stream.flags & 1) && legacy.done < legacy.issued) {
        push(stream, [p = Point{&legacy, legacy.issued}] { return reach(p); });
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
}

void wait_for(Stream& stream, const Event& event) {
    if (!event.recorded) return;
    if (!event.graph) {
        enqueue(stream, [p = event.point] { return reach(p); });
    } else if (!stream.capture) {                       // joins the capture
        stream.capture = event.graph;
        stream.captured = 0;
        event.graph->joined[&stream] = 0;
    } else if (&stream == event.graph->origin && event.point.stream != &stream) {
        event.graph->joined[event.point.stream] = event.captured;
    }
}

static CUresult fail_all(CUresult result) {
    streams().insert(&default_stream());
    for (Stream* s : streams()) {
        s->done = s->issued;
        s->queue.clear();
    }
    streams().erase(&default_stream());
    return result;
}

CUresult reach(Point p) {
    if (p.stream != &default_stream() && !streams().count(p.stream)) return CUDA_SUCCESS;     // destroyed: drained
    while (p.stream->done < p.count && !p.stream->queue.empty()) {
        Work work = std::move(p.stream->queue.front());
        p.stream->queue.pop_front();
        CUresult result = work();
        if (result != CUDA_SUCCESS) return fail_all(result);
        p.stream->done++;
    }
    return CUDA_SUCCESS;
}

CUresult drain(Stream& stream) { return reach({&stream, stream.issued}); }

CUresult drain_all() {
    CUresult result = drain(default_stream());
    for (auto i = streams().begin(); result == CUDA_SUCCESS && i != streams().end(); ++i) result = drain(**i);
    return result;
}

bool capturing() {
    for (Stream* s : streams()) {
        if (s->capture) return true;
    }
    return default_stream().capture != nullptr;
}

}
