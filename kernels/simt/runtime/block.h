// One thread block on one OS thread: every CUDA thread is a fiber, and the barriers and warp collectives are
// rendezvous between fibers. Leans on simt_abi.h for where a thread's record lies (at the top of its stack).
#pragma once

#include <cstdint>
#include <vector>

#include "../simt_abi.h"
#include "requests.h"

namespace simt {

struct Launch;
class Block;

constexpr int WARP = 32;
constexpr int MAX_THREADS = 1024;
constexpr size_t MAX_SHARED = 228 * 1024;
constexpr uint16_t MAX_CLOCK = (1 << 14) - 1;       // from there on, races within a warp are no longer seen

// A copy that cp.async has begun and that lands at its wait.
struct PendingCopy {
    void* shared;
    const void* global;
    uint16_t bytes, source_bytes;
    uint32_t group;
};

// Lanes of a warp that meet. Kept in the record of the lane that came first.
struct Meeting {
    uint32_t mask, arrived;     // arrived is zero while no lane waits
    simt_site site;
    const char* name;           // one literal per kind of collective: pointers compare
};

enum class State : uint8_t { READY, AT_BARRIER, AT_COLLECTIVE, DONE };

struct Thread : simt_thread {
    void* stack_pointer;        // where to resume
    Block* block;
    uint16_t index;             // linear index in the block; lane = index % 32
    State state;
    simt_site site;             // of the barrier it waits at
    Meeting meeting;            // that this lane was the first to come to
    Meeting* at;                // the meeting it waits in
    simt_site last_site;        // of the newest collective
    uint32_t last_mask;
    void* arguments;            // its operands there, on this thread's stack
    uint16_t epoch;             // barriers passed
    uint16_t clock;             // __syncwarps passed since the newest of them
    uint16_t seen[WARP];        // what each lane did before its clock came here is ordered before what this one does
    uint32_t copy_group;        // cp.async groups committed
    std::vector<PendingCopy> copies;

    uint32_t lane() const { return index % WARP; }
};
static_assert(sizeof(Thread) <= SIMT_THREAD_BYTES, "the record fits the space reserved for it");

inline Thread& self() { return const_cast<Thread&>(static_cast<const Thread&>(simt_self())); }

// What the profiler would say, per launch.
struct Counters {
    uint64_t blocks, mma, mma_flop;
    uint64_t ldmatrix, ldmatrix_passes;                 // matrices; passes over the banks, one each without conflicts
    uint64_t async_copies, async_bytes;
    uint64_t global_read_bytes, global_written_bytes;   // checked images only
    void add(const Counters&);
};

class Block {
public:
    Block();
    Block(const Block&) = delete;

    // Runs one block to its end, or until something is wrong: then false, with the text in launch.error.
    bool run(Launch&, uint3 block_index, uint32_t run);

    void syncthreads(simt_site);

    // Waits for the lanes of mask at the same place; the last to arrive calls run(block, first thread of the warp,
    // mask of the lanes that exist) for all of them.
    template <class Run> void collective(const char* name, uint32_t mask, simt_site, void* arguments, Run run);

    // Ends the launch with a report that blames the thread, at a known place or at a return address in the kernel.
    [[noreturn]] __attribute__((format(printf, 4, 5))) void fail(Thread&, simt_site, const char* format, ...);
    [[noreturn]] __attribute__((format(printf, 4, 5))) void fail(Thread&, const void* address, const char* format, ...);

    Thread& thread(int index) { return *threads_[index]; }
    int threads() const { return count_; }
    void order_lanes(int first, uint32_t mask);     // __syncwarp: memory, too, is in order between these lanes
    uint32_t warp_mask(int first) const {
        return count_ - first >= WARP ? 0xffffffffu : (1u << (count_ - first)) - 1;
    }

    Launch* launch = nullptr;
    uint32_t run_number = 0;                // names this run of a block in the shadow memory
    char *shared_begin = nullptr, *shared_end = nullptr;        // dynamic, as launched
    char *static_begin = nullptr, *static_end = nullptr;        // this OS thread's copy of the image's __shared__
    size_t static_written = 0;              // bytes of it that this run has written (checked images)
    Counters counters{};
    Requests* requests = nullptr;           // null unless lines are to be counted

private:
    static void enter();
    bool arrive(const char* name, uint32_t mask, simt_site, void* arguments);
    [[noreturn]] void mismatch(Thread&, const char* name, uint32_t mask, simt_site, const Meeting&);
    void release(Thread& last, uint32_t mask);
    void wait();
    void finish();
    void map_thread(int index);
    void prepare(int index, uint3 block_index);
    void push(Thread*);
    [[noreturn]] void deadlock();
    [[noreturn]] void abandon(Thread& blamed, const char* place, const char* text);
    uint32_t random();

    Thread* threads_[MAX_THREADS] = {};
    Meeting* newest_[MAX_THREADS / WARP];   // of each warp
    Thread* ready_[2 * MAX_THREADS];        // ring of the runnable
    uint32_t head_ = 0, tail_ = 0;
    int count_ = 0, live_ = 0, at_barrier_ = 0;
    Thread* first_at_barrier_ = nullptr;
    uint64_t random_ = 0;
    void* worker_stack_ = nullptr;
    char* stacks_ = nullptr;
    char* shared_memory_ = nullptr;
    bool failed_ = false;
    Requests counted_;
};

template <class Run>
void Block::collective(const char* name, uint32_t mask, simt_site site, void* arguments, Run run) {
    Thread& me = self();
    int first = me.index / WARP * WARP;
    if (arrive(name, mask, site, arguments)) {
        run(first, mask & warp_mask(first));
        release(me, mask & warp_mask(first));
    } else {
        wait();
    }
}

}
