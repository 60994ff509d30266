// See order.h.
#include "order.h"

#include <algorithm>
#include <deque>
#include <string>

namespace simt {

void Clock::join(const Clock& o) {
    if (counts_.size() < o.counts_.size()) counts_.resize(o.counts_.size());
    for (size_t i = 0; i < o.counts_.size(); i++) counts_[i] = std::max(counts_[i], o.counts_[i]);
}

void Clock::advance(uint32_t stream, uint64_t count) {
    if (counts_.size() <= stream) counts_.resize(stream + 1);
    counts_[stream] = count;
}

static const Operation* running = nullptr;

Running::Running(const Operation& operation) : outer_(running) { running = &operation; }
Running::~Running() { running = outer_; }

struct Marked {
    uint32_t first;
    uint32_t stream;
    uint64_t number;
    std::string name;
};
static auto& marked = *new std::deque<Marked>;      // ascending; an operation's marks end where the next one's begin

static bool is_before(const Marked& m) { return running->clock.includes(m.stream, m.number); }

Marks take_marks(uint32_t first, const char* name) {
    auto open = std::find_if_not(marked.begin(), marked.end(), is_before);
    uint32_t unordered_from = open == marked.end() ? first : open->first;
    marked.push_back({first, running->stream, running->number, name});
    return {first, unordered_from};
}

const char* unordered(uint32_t mark) {
    auto after = std::upper_bound(marked.begin(), marked.end(), mark,
                                  [](uint32_t m, const Marked& entry) { return m < entry.first; });
    if (after == marked.begin() || is_before(*--after)) return nullptr;
    return after->name.c_str();
}

void forget_marks(const Clock& host) {
    while (!marked.empty() && host.includes(marked.front().stream, marked.front().number)) marked.pop_front();
}

void forget_all_marks() { marked.clear(); }

}
