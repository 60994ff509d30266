// See shadow.h. Cells are plain 64-bit words: blocks on different OS threads may lose an update to each other, which
// can hide a race between blocks but never invent one.
#include "shadow.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstring>
#include <string>

#include "block.h"
#include "launch.h"
#include "memory.h"
#include "stream.h"

namespace simt {

// Who and when, in one word. kind of a writer: plain, or a cp.async on its way; of a reader: one thread, several of
// one warp, or several warps.
struct Cell {
    uint64_t run : 24, epoch : 14, clock : 14, thread : 10, kind : 2;
};
static_assert(sizeof(Cell) == 8, "one word");

struct Granule {
    Cell writer, reader;
};

enum Kind : uint64_t { ONE = 0, ON_ITS_WAY = 1, ONE_WARP = 1, MANY_WARPS = 2 };

constexpr size_t GRANULE = 2;
constexpr uint32_t RUNS = 1u << 24;

static bool enabled = false;
static uint8_t* initialised;        // device memory, per granule
static Granule* device_cells;
static uint32_t next_run = 1;

// Shared memory's cells belong to the OS thread, like shared memory itself: static first, then dynamic.
static thread_local Granule* shared_cells = nullptr;
static thread_local uint32_t shared_generation = 0;
static uint32_t generation = 1;     // advances when run numbers start again
constexpr size_t STATIC_SHARED_MAX = size_t(16) << 20;

static Cell now(const Thread& t, uint64_t kind = ONE) {
    return {t.block->run_number, t.epoch, t.clock, t.index, kind};
}

// Whether what the cell says came before what the thread does now. The cell is of this block's run.
static bool before(Cell c, const Thread& t) {
    if (c.epoch != (t.epoch & 0x3fff)) return true;
    return c.thread / WARP == t.index / WARP && (c.clock < t.seen[c.thread % WARP] || c.clock == MAX_CLOCK);
}

static bool in(const void* address, size_t bytes, const char* begin, const char* end) {
    auto a = static_cast<const char*>(address);
    return a >= begin && a < end && bytes <= size_t(end - a);
}

bool in_shared(const Thread& t, const void* address, size_t bytes) {
    const Block& b = *t.block;
    return in(address, bytes, b.shared_begin, b.shared_end) || in(address, bytes, b.static_begin, b.static_end);
}

[[noreturn]] static void fail(Thread& t, const Place& place, const char* what, const void* address, size_t bytes,
                              const std::string& detail) {
    char text[512];                                         // detail is lost with the abandoned stack, once a launch
    snprintf(text, sizeof text, "%s of %zu bytes at %p: %s", what, bytes, address, detail.c_str());
    if (place.address) t.block->fail(t, place.address, "%s", text);
    t.block->fail(t, place.site, "%s", text);
}

static std::string who(const Thread& t, Cell c) {
    if (c.run < t.block->launch->marks.first) return std::string(unordered(c.run)) + " on another stream";
    if (c.run != t.block->run_number) return "a thread of another block";
    const Thread& other = t.block->thread(c.thread);
    char text[64];
    snprintf(text, sizeof text, "thread (%u,%u,%u)", other.threadIdx.x, other.threadIdx.y, other.threadIdx.z);
    return text;
}

// The cells of shared memory, or of device memory. An access outside both ends the launch.
static Granule* cells(Thread& t, const void* address, size_t bytes, const char* what, const Place& place,
                      bool& shared) {
    const Block& b = *t.block;
    auto a = static_cast<const char*>(address);
    shared = true;
    size_t granule;
    if (in(a, bytes, b.static_begin, b.static_end)) {
        granule = (a - b.static_begin) / GRANULE;
    } else if (in(a, bytes, b.shared_begin, b.shared_end)) {
        granule = (STATIC_SHARED_MAX + (a - b.shared_begin)) / GRANULE;
    } else if (DeviceMemory::get().live(a, bytes)) {
        shared = false;
        return device_cells + DeviceMemory::get().offset(a) / GRANULE;
    } else if (a >= b.shared_begin - 4096 && a < b.shared_begin + MAX_SHARED) {
        fail(t, place, what, a, bytes, "out of bounds of the block's " + std::to_string(b.shared_end - b.shared_begin)
             + " bytes of dynamic shared memory, at byte " + std::to_string(a - b.shared_begin));
    } else {
        fail(t, place, what, a, bytes, "out of bounds: " + DeviceMemory::get().describe(a));
    }
    if (shared_generation != generation) {
        constexpr size_t size = (STATIC_SHARED_MAX + MAX_SHARED) / GRANULE * sizeof(Granule);
        if (!shared_cells) shared_cells = static_cast<Granule*>(reserve(size, PROT_READ | PROT_WRITE));
        else madvise(shared_cells, size, MADV_DONTNEED);
        shared_generation = generation;
    }
    return shared_cells + granule;
}

static bool own_stack(const Thread& t, const void* address) {
    return uintptr_t(address) / SIMT_STACK_BYTES == uintptr_t(&t) / SIMT_STACK_BYTES;
}

// One access has 1, 2, 4, 8 or 16 bytes; other sizes are several.
static bool misaligned(const void* address, size_t bytes) {
    return bytes <= 16 && (bytes & (bytes - 1)) == 0 && uintptr_t(address) % bytes != 0;
}

// Whether nothing orders the cell of another run before this one: it is of another block of the launch, or of an
// operation on another stream.
static bool concurrent(const Thread& t, Cell c) {
    const Marks& marks = t.block->launch->marks;
    return c.run >= marks.unordered_from && c.run != t.block->run_number && (c.run >= marks.first || unordered(c.run));
}

// The reader cell after the thread's read seen: readers that nothing orders before it are remembered with it.
static Cell joined(const Thread& t, Cell old, Cell seen, bool shared) {
    if (old.run != seen.run) {
        if (!shared && concurrent(t, old)) seen.kind = MANY_WARPS;
    } else if (old.epoch == seen.epoch && (old.kind == MANY_WARPS || !before(old, t))) {
        if (old.kind == MANY_WARPS || old.thread / WARP != seen.thread / WARP) seen.kind = MANY_WARPS;
        else if (old.kind == ONE_WARP || old.thread != seen.thread) seen.kind = ONE_WARP;
    }
    return seen;
}

void check_read(Thread& t, const void* address, size_t bytes, Place place, Access access) {
    if (own_stack(t, address) || t.block->launch->image->holds(address)) return;
    bool shared;
    Granule* first = cells(t, address, bytes, "read", place, shared);
    if (misaligned(address, bytes)) {
        fail(t, place, "misaligned read", address, bytes, "the address is no multiple of the size");
    }
    if (!shared) t.block->counters.global_read_bytes += bytes;
    if (t.block->requests && access != Access::LDMATRIX) {
        t.block->requests->access(t, place, access, shared, address, bytes);
    }
    const Cell seen = now(t, access == Access::LDMATRIX ? ONE_WARP : ONE);
    const uint8_t* known = shared ? nullptr : initialised + DeviceMemory::get().offset(address) / GRANULE;
    size_t count = (bytes + GRANULE - 1) / GRANULE;
    for (size_t i = 0; i < count; i++) {
        Granule& g = first[i];
        bool ours = g.writer.run == seen.run;
        if (ours && g.writer.kind == ON_ITS_WAY) {
            fail(t, place, "read", address, bytes, "cp.async of " + who(t, g.writer) + " has not landed (no wait)");
        }
        if (shared ? !ours : !known[i]) {
            fail(t, place, "read", address, bytes, std::string("uninitialised ") + (shared ? "shared" : "device")
                 + " memory at byte " + std::to_string(i * GRANULE) + (shared ? "" : "; "
                 + DeviceMemory::get().describe(address)));
        }
        if (bytes == 1) return;
        bool own = g.writer.thread == seen.thread && seen.kind == ONE;
        if (ours ? !own && !before(g.writer, t) : !shared && concurrent(t, g.writer)) {
            fail(t, place, access == Access::LDMATRIX ? "race: ldmatrix" : "race: read", address, bytes,
                 "written by " + who(t, g.writer) + " with nothing between");
        }
        g.reader = joined(t, g.reader, seen, shared);
    }
}

// Static shared memory has no size that could be asked for before the launch: its granules are counted as a block first
// writes them.
static void count_static(Thread& t, const void* address, const Place& place) {
    Block& b = *t.block;
    b.static_written += GRANULE;
    size_t dynamic = b.shared_end - b.shared_begin;
    if (b.static_written + dynamic > size_t(b.launch->shared_limit)) {
        fail(t, place, "write", address, GRANULE, "static shared memory of " + std::to_string(b.static_written)
             + " bytes and more, and " + std::to_string(dynamic) + " dynamic: a block may have "
             + std::to_string(b.launch->shared_limit));
    }
}

static void write(Thread& t, const void* address, size_t bytes, const Place& place, Kind kind) {
    bool shared;
    Granule* first = cells(t, address, bytes, "write", place, shared);
    if (misaligned(address, bytes)) {
        fail(t, place, "misaligned write", address, bytes, "the address is no multiple of the size");
    }
    if (t.block->requests) {
        t.block->requests->access(t, place, kind == ON_ITS_WAY ? Access::COPY_TO : Access::STORE, shared, address,
                                  bytes);
    }
    if (!shared) {
        t.block->counters.global_written_bytes += bytes;
        memset(initialised + DeviceMemory::get().offset(address) / GRANULE, 1, (bytes + GRANULE - 1) / GRANULE);
    }
    const bool in_static = shared && in(address, 1, t.block->static_begin, t.block->static_end);
    size_t count = (bytes + GRANULE - 1) / GRANULE;
    for (size_t i = 0; i < count; i++) {
        Granule& g = first[i];
        if (bytes > 1) {
            bool ours = g.writer.run == t.block->run_number;
            if (ours && g.writer.kind == ON_ITS_WAY) {
                fail(t, place, "race: write", address, bytes, "cp.async of " + who(t, g.writer)
                     + " has not landed (no wait)");
            }
            if (ours ? g.writer.thread != t.index && !before(g.writer, t) : !shared && concurrent(t, g.writer)) {
                fail(t, place, "race: write", address, bytes, "written by " + who(t, g.writer)
                     + " with nothing between");
            }
            Cell r = g.reader;
            bool read_by_others = r.thread != t.index || r.kind != ONE;
            bool unordered = r.run == t.block->run_number
                ? read_by_others && (r.kind == MANY_WARPS ? r.epoch == (t.epoch & 0x3fff) : !before(r, t))
                : !shared && concurrent(t, r);
            if (unordered) {
                fail(t, place, "race: write", address, bytes, "read by " + who(t, r) + " with nothing between");
            }
        }
        bool first = g.writer.run != t.block->run_number;
        g.writer = now(t, kind);
        if (first && in_static) count_static(t, address, place);
    }
}

void check_write(Thread& t, const void* address, size_t bytes, Place place) {
    if (own_stack(t, address)) return;
    if (t.block->launch->image->holds(address)) {
        fail(t, place, "write", address, bytes, "constant memory");
    }
    write(t, address, bytes, place, ONE);
}

void copy_begun(Thread& t, const void* shared, size_t bytes, Place place) {
    write(t, shared, bytes, place, ON_ITS_WAY);
}

void copy_landed(Thread& t, const void* address, size_t bytes) {
    bool shared;
    Granule* first = cells(t, address, bytes, "cp.async", static_cast<const void*>(nullptr), shared);
    for (size_t i = 0; i < bytes / GRANULE; i++) first[i].writer = now(t);
}

void shadow_enable() {
    if (enabled) return;
    size_t granules = DeviceMemory::REGION / GRANULE;
    initialised = static_cast<uint8_t*>(reserve(granules, PROT_READ | PROT_WRITE));
    device_cells = static_cast<Granule*>(reserve(granules * sizeof(Granule), PROT_READ | PROT_WRITE));
    enabled = true;                                         // what is there already counts as initialised
    DeviceMemory::get().each([](char* begin, size_t bytes) { shadow_initialise(begin, bytes); });
}

void shadow_initialise(const void* device, size_t bytes) {
    if (enabled) memset(initialised + DeviceMemory::get().offset(device) / GRANULE, 1, (bytes + 1) / GRANULE);
}

void shadow_copy(const void* to, const void* from, size_t bytes) {
    if (!enabled) return;
    DeviceMemory& memory = DeviceMemory::get();
    memmove(initialised + memory.offset(to) / GRANULE, initialised + memory.offset(from) / GRANULE,
            (bytes + 1) / GRANULE);
}

bool shadow_written(const void* device, size_t bytes) {
    return !enabled || !memchr(initialised + DeviceMemory::get().offset(device) / GRANULE, 0, (bytes + 1) / GRANULE);
}

void shadow_forget(size_t offset, size_t bytes) {
    if (!enabled) return;
    madvise(device_cells + offset / GRANULE, bytes / GRANULE * sizeof(Granule), MADV_DONTNEED);
    memset(initialised + offset / GRANULE, 0, bytes / GRANULE);
}

Marks shadow_runs(uint64_t blocks, const char* name) {
    if (next_run + blocks >= RUNS) {                        // start again with nothing remembered
        forget_all_marks();
        next_run = 1;
        generation++;
        if (enabled) {
            DeviceMemory::get().each([](char* begin, size_t bytes) {
                madvise(device_cells + DeviceMemory::get().offset(begin) / GRANULE, bytes / GRANULE * sizeof(Granule),
                        MADV_DONTNEED);
            });
        }
    }
    uint32_t first = next_run;
    next_run += static_cast<uint32_t>(blocks);
    return take_marks(first, name);
}

// Where nothing can overlap, nothing need be marked. Marks take eight times the memory that they are for.
HostedOperation::HostedOperation(const char* name)
    : marked_(enabled && streams_may_overlap() && setting("SIMT_STREAM_RACES", 1)) {
    if (marked_) marks_ = shadow_runs(1, name);
}

std::string HostedOperation::touch(const void* device, size_t bytes, bool writes) {
    std::string race;
    if (!marked_) return race;
    const auto check = [&](Cell c, const char* done) {
        const char* other = c.run >= marks_.unordered_from && c.run < marks_.first ? unordered(c.run) : nullptr;
        if (other) race = std::string("race: ") + done + " by " + other + " on another stream with nothing between";
    };
    size_t offset = DeviceMemory::get().offset(device);                 // granules that lie in the range as a whole
    for (size_t i = (offset + GRANULE - 1) / GRANULE; i < (offset + bytes) / GRANULE && race.empty(); i++) {
        Granule& g = device_cells[i];
        check(g.writer, "written");
        if (writes) check(g.reader, "read");
        (writes ? g.writer : g.reader) = {marks_.first, 0, 0, 0, ONE};
    }
    return race;
}

}

// What g++ -fsanitize=thread calls for every load and store. libtsan is not linked: these are all there is.
using simt::self;
#define PLACE simt::Place(__builtin_return_address(0))
#define ACCESS(N)                                                                                             \
    void __tsan_read##N(void* a) { check_read(self(), a, N, PLACE, simt::Access::LOAD); }                     \
    void __tsan_write##N(void* a) { check_write(self(), a, N, PLACE); }                                       \
    void __tsan_unaligned_read##N(void* a) { check_read(self(), a, N, PLACE, simt::Access::LOAD); }           \
    void __tsan_unaligned_write##N(void* a) { check_write(self(), a, N, PLACE); }                             \
    void __tsan_volatile_read##N(void* a) { check_read(self(), a, N, PLACE, simt::Access::LOAD); }            \
    void __tsan_volatile_write##N(void* a) { check_write(self(), a, N, PLACE); }

#pragma GCC visibility push(default)
extern "C" {
ACCESS(1)
ACCESS(2)
ACCESS(4)
ACCESS(8)
ACCESS(16)
void __tsan_read_range(void* a, size_t bytes) { check_read(self(), a, bytes, PLACE, simt::Access::LOAD); }
void __tsan_write_range(void* a, size_t bytes) { check_write(self(), a, bytes, PLACE); }
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_init() {}
}
#pragma GCC visibility pop
