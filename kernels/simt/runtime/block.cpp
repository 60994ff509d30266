// The scheduler of a block: fibers, the barrier, the meeting of a warp's lanes, and who is to blame when they do not
// meet. A switch saves the six callee-saved registers and the stack pointer, nothing else.
#include "block.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <new>

#include "launch.h"
#include "memory.h"
#include "stacks.h"

extern "C" void simt_switch(void** save, void* load);
asm(R"(
    .text
    .type simt_switch, @function
simt_switch:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rdi)
    mov %rsi, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret
    .size simt_switch, .-simt_switch
)");

namespace simt {

Block::Block() {
    stacks_ = claim_stacks();
    shared_memory_ = static_cast<char*>(reserve(MAX_SHARED + DeviceMemory::PAGE, PROT_READ | PROT_WRITE));
    mprotect(shared_memory_ + MAX_SHARED, DeviceMemory::PAGE, PROT_NONE);
}

static bool same(simt_site a, simt_site b) {
    return a.line == b.line && (a.file == b.file || strcmp(a.file, b.file) == 0);
}

void Block::map_thread(int index) {
    char* stack = stacks_ + index * SIMT_STACK_BYTES;
    open_stack(stack);
    threads_[index] = new (stack + SIMT_STACK_BYTES - SIMT_THREAD_BYTES) Thread{};
}

uint32_t Block::random() {
    random_ = random_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<uint32_t>(random_ >> 33);
}

void Block::push(Thread* thread) {
    thread->state = State::READY;
    ready_[tail_++ % (2 * MAX_THREADS)] = thread;
}

void Block::prepare(int index, uint3 block_index) {
    if (!threads_[index]) map_thread(index);
    Thread& t = *threads_[index];
    dim3 d = launch->block;
    t.threadIdx = {index % d.x, index / d.x % d.y, index / d.x / d.y};
    t.blockIdx = block_index;
    t.blockDim = d;
    t.gridDim = launch->grid;
    t.dynamic_shared = shared_begin;
    t.block = this;
    t.index = static_cast<uint16_t>(index);
    t.epoch = t.clock = 0;
    memset(t.seen, 0, sizeof t.seen);
    t.copy_group = 0;
    t.meeting.arrived = 0;
    t.last_site = {};
    t.last_mask = 0;
    t.copies.clear();
    void** top = reinterpret_cast<void**>(&t);
    *--top = nullptr;                                   // keeps the stack as the ABI wants it at a function's entry
    *--top = reinterpret_cast<void*>(&Block::enter);
    for (int i = 0; i < 6; i++) *--top = nullptr;
    t.stack_pointer = top;
}

bool Block::run(Launch& l, uint3 block_index, uint32_t run) {
    launch = &l;
    run_number = run;
    requests = count_sites() && l.image->checked() ? &counted_ : nullptr;
    random_ = l.seed * 0x9e3779b97f4a7c15u + run;
    count_ = live_ = static_cast<int>(l.block.x * l.block.y * l.block.z);
    at_barrier_ = 0;
    head_ = tail_ = 0;
    failed_ = false;
    shared_end = shared_memory_ + MAX_SHARED;
    shared_begin = shared_end - (l.shared_bytes + 127) / 128 * 128;     // an overrun meets the guard page
    memset(shared_begin, 0xff, shared_end - shared_begin);
    shared_end = shared_begin + l.shared_bytes;
    l.image->static_shared(static_begin, static_end);
    static_written = 0;
    memset(static_begin, 0xff, static_end - static_begin);

    uint32_t start = l.seed ? random() : 0;
    int warps = (count_ + WARP - 1) / WARP;
    for (int i = 0; i < count_; i++) prepare(i, block_index);
    std::fill_n(newest_, warps, nullptr);
    for (int w = 0; w < warps; w++) {                   // warps from a random one on; lanes likewise
        int first = static_cast<int>((w + start) % warps) * WARP;
        int lanes = count_ - first < WARP ? count_ - first : WARP;
        uint32_t turn = l.seed ? random() : 0;
        for (int i = 0; i < lanes; i++) push(threads_[first + (i + turn) % lanes]);
    }
    counters.blocks++;
    simt_switch(&worker_stack_, ready_[head_++]->stack_pointer);
    for (int w = 0; requests && w < warps; w++) requests->end_warp(w);
    return !failed_;
}

void Block::enter() {
    Thread& me = self();
    me.block->launch->kernel->run(me.block->launch->parameters.data());
    me.block->finish();
}

void Block::finish() {
    Thread& me = self();
    me.state = State::DONE;
    if (--live_ == 0) {
        simt_switch(&me.stack_pointer, worker_stack_);
    }
    wait();
    __builtin_unreachable();
}

// Gives the OS thread to the next runnable fiber, and returns when this one has been made runnable and its turn comes.
void Block::wait() {
    if (head_ == tail_) deadlock();
    Thread& next = *ready_[head_++ % (2 * MAX_THREADS)];
    simt_switch(&self().stack_pointer, next.stack_pointer);
}

void Block::syncthreads(simt_site site) {
    Thread& me = self();
    if (at_barrier_ == 0) {
        first_at_barrier_ = &me;
    } else if (!same(first_at_barrier_->site, site)) {
        Thread& other = *first_at_barrier_;
        fail(me, site, "divergent __syncthreads: thread (%u,%u,%u) waits at %s:%d", other.threadIdx.x,
             other.threadIdx.y, other.threadIdx.z, other.site.file, other.site.line);
    }
    me.state = State::AT_BARRIER;
    me.site = site;
    if (++at_barrier_ < count_) return wait();
    at_barrier_ = 0;
    for (int w = 0; requests && w * WARP < count_; w++) requests->end_warp(w);
    uint32_t start = launch->seed ? random() : 0;
    for (int i = 0; i < count_; i++) {
        Thread& t = *threads_[(i + start) % count_];
        t.epoch++;
        t.clock = 0;
        memset(t.seen, 0, sizeof t.seen);
        if (&t != &me) push(&t);
    }
    me.state = State::READY;
}

bool Block::arrive(const char* name, uint32_t mask, simt_site site, void* arguments) {
    Thread& me = self();
    int first = me.index / WARP * WARP;
    uint32_t present = mask & warp_mask(first);
    if (!(mask >> me.lane() & 1)) {
        fail(me, site, "%s: the mask %08x does not name the calling lane %u", name, mask, me.lane());
    }
    const auto is_this = [&](const Meeting& m) { return m.mask == mask && m.name == name && same(m.site, site); };
    Meeting*& newest = newest_[first / WARP];
    if (!newest || newest->arrived == 0 || !is_this(*newest)) {
        newest = &me.meeting;
        for (uint32_t rest = present; rest; rest &= rest - 1) {
            Thread& other = *threads_[first + __builtin_ctz(rest)];
            if (other.state == State::DONE) {
                fail(me, site, "%s: the mask %08x names lane %u, which has exited", name, mask, other.lane());
            }
            if (other.state != State::AT_COLLECTIVE || !(other.at->mask >> me.lane() & 1)) continue;
            if (!is_this(*other.at)) mismatch(me, name, mask, site, *other.at);     // each waits for the other
            newest = other.at;
        }
        if (newest == &me.meeting) me.meeting = {mask, 0, site, name};
    }
    Meeting& meeting = *newest;
    meeting.arrived |= 1u << me.lane();
    me.arguments = arguments;
    me.last_site = site;
    me.last_mask = mask;
    if (meeting.arrived == present) {
        meeting.arrived = 0;
        return true;
    }
    me.at = &meeting;
    me.state = State::AT_COLLECTIVE;
    return false;
}

void Block::mismatch(Thread& me, const char* name, uint32_t mask, simt_site site, const Meeting& other) {
    fail(me, site, "%s with mask %08x: lane %d waits at %s:%d in %s with mask %08x", name, mask,
         __builtin_ctz(other.arrived), other.site.file, other.site.line, other.name, other.mask);
}

void Block::release(Thread& last, uint32_t mask) {
    int first = last.index / WARP * WARP;
    if (requests && mask == warp_mask(first)) requests->end_warp(first / WARP);
    for (uint32_t rest = mask; rest; rest &= rest - 1) {
        Thread& t = *threads_[first + __builtin_ctz(rest)];
        if (&t != &last) push(&t);
    }
}

void Block::order_lanes(int first, uint32_t mask) {
    uint16_t joined[WARP] = {};
    for (uint32_t rest = mask; rest; rest &= rest - 1) {
        Thread& t = *threads_[first + __builtin_ctz(rest)];
        if (t.clock < MAX_CLOCK) t.clock++;
        t.seen[t.lane()] = t.clock;
        for (int lane = 0; lane < WARP; lane++) joined[lane] = std::max(joined[lane], t.seen[lane]);
    }
    for (uint32_t rest = mask; rest; rest &= rest - 1) {
        memcpy(threads_[first + __builtin_ctz(rest)]->seen, joined, sizeof joined);
    }
}

void Block::deadlock() {
    int exited = 0;
    Thread *barrier = nullptr, *collective = nullptr, *done = nullptr;
    for (int i = 0; i < count_; i++) {
        Thread& t = *threads_[i];
        if (t.state == State::DONE) exited++, done = &t;
        if (t.state == State::AT_BARRIER && !barrier) barrier = &t;
        if (t.state == State::AT_COLLECTIVE && !collective) collective = &t;
    }
    if (!collective) {
        fail(*barrier, barrier->site, "__syncthreads is not reached by all threads: %d of %d wait at it, %d have "
             "exited, thread (%u,%u,%u) among them", at_barrier_, count_, exited, done->threadIdx.x,
             done->threadIdx.y, done->threadIdx.z);
    }
    const Meeting& m = *collective->at;
    int first = collective->index / WARP * WARP;
    Thread& absent = *threads_[first + __builtin_ctz(m.mask & warp_mask(first) & ~m.arrived)];
    if (absent.state == State::AT_BARRIER) {
        fail(*collective, m.site, "deadlock: %s with mask %08x has only lanes %08x; lane %u waits at __syncthreads at "
             "%s:%d", m.name, m.mask, m.arrived, absent.lane(), absent.site.file, absent.site.line);
    }
    fail(*collective, m.site, "deadlock: %s with mask %08x has only lanes %08x; lane %u %s, its last collective: "
         "%s:%d with mask %08x", m.name, m.mask, m.arrived, absent.lane(),
         absent.state == State::DONE ? "has exited" : "waits elsewhere",
         absent.last_site.file ? absent.last_site.file : "none", absent.last_site.line, absent.last_mask);
}

void Block::fail(Thread& blamed, simt_site site, const char* format, ...) {
    char text[768], place[256];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    snprintf(place, sizeof place, "%s:%d", site.file, site.line);
    abandon(blamed, place, text);
}

void Block::fail(Thread& blamed, const void* address, const char* format, ...) {
    char text[768], place[32];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    snprintf(place, sizeof place, "@%p", address);      // becomes file:line once back on the worker's stack
    abandon(blamed, place, text);
}

void Block::abandon(Thread& blamed, const char* place, const char* text) {
    launch->report(blamed, place, text);
    failed_ = true;
    void* nowhere;
    simt_switch(&nowhere, worker_stack_);
    __builtin_unreachable();
}

}
