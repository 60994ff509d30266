// Which queued operation comes before which. Each stream counts its operations; a clock says how far each stream must
// have come before an operation may run. Clocks are fixed when the call is made, by the calls alone: a stream's own
// order, events, the default stream's rule, and what the host had waited for. The order in which the emulation then runs
// the queues is one of many, so that two operations may race though here the one always came before the other.
#pragma once

#include <cstdint>
#include <vector>

namespace simt {

class Clock {
public:
    void join(const Clock&);
    void advance(uint32_t stream, uint64_t count);
    bool includes(uint32_t stream, uint64_t count) const { return stream < counts_.size() && counts_[stream] >= count; }

private:
    std::vector<uint64_t> counts_;          // by the stream's number
};

// A launch, copy or fill: the number that it has in its stream, and what comes before it (itself included).
struct Operation {
    uint32_t stream = 0;
    uint64_t number = 0;
    Clock clock;
};

// While it lives, its operation is the one that runs. They nest: an operation may have to run another stream first.
class Running {
public:
    explicit Running(const Operation&);
    ~Running();

private:
    const Operation* outer_;
};

// Numbers under which the running operation leaves its marks in the shadow memory, one for each of its blocks.
// Marks from unordered_from on may be those of operations that nothing puts before this one.
struct Marks {
    uint32_t first = 0, unordered_from = 0;
};
Marks take_marks(uint32_t first, const char* name);

// The name of the operation that left the mark, if nothing puts it before the running one; else null.
const char* unordered(uint32_t mark);

// Forgets what comes before all that is still to be called. To be asked only while no queue holds anything.
void forget_marks(const Clock& host);
void forget_all_marks();

}
