// See launch.h. The pool's OS threads live as long as the process; each keeps its stacks and shared memory.
#include "launch.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <map>
#include <numeric>
#include <thread>

#include "block.h"
#include "memory.h"
#include "shadow.h"
#include "stacks.h"

namespace simt {

void Counters::add(const Counters& o) {
    blocks += o.blocks, mma += o.mma, mma_flop += o.mma_flop;
    ldmatrix += o.ldmatrix, ldmatrix_passes += o.ldmatrix_passes;
    async_copies += o.async_copies, async_bytes += o.async_bytes;
    global_read_bytes += o.global_read_bytes, global_written_bytes += o.global_written_bytes;
}

struct Total {
    uint64_t launches = 0, grid_blocks = 0;
    double seconds = 0;
    Counters counters{};
    NamedTotals lines, kinds;
};

static std::mutex state_mutex;
static std::string newest_error;
static std::map<std::string, Total> totals;
static std::atomic<uint64_t> block_limit{0};

void limit_blocks(uint64_t blocks) { block_limit = blocks; }

// How many of a grid's blocks are run.
static uint64_t sampled(uint64_t blocks) {
    uint64_t limit = block_limit ? block_limit.load() : setting("SIMT_BLOCKS", 0);
    return limit ? std::min(limit, blocks) : blocks;
}

std::string last_error() {
    std::lock_guard lock(state_mutex);
    return newest_error;
}

void set_last_error(const std::string& text) {
    std::lock_guard lock(state_mutex);
    newest_error = text;
    fprintf(stderr, "simt: %s\n", text.c_str());
}

void Launch::report(const Thread& t, const char* place, const char* text) {
    std::lock_guard lock(mutex_);
    failed = true;
    if (!error.empty()) return;
    char who[192];
    snprintf(who, sizeof who, "kernel %s, block (%u,%u,%u), thread (%u,%u,%u), ", kernel->name, t.blockIdx.x,
             t.blockIdx.y, t.blockIdx.z, t.threadIdx.x, t.threadIdx.y, t.threadIdx.z);
    error = std::string(who) + place + ": " + text;
}

// Blocks are handed out one by one, in an order that visits each once: a start and a stride without common factor. If
// not all are to run, those that do are spread evenly.
struct Grid {
    explicit Grid(Launch& l) : launch(l), all(uint64_t(l.grid.x) * l.grid.y * l.grid.z), blocks(sampled(all)) {
        if (l.seed && blocks > 1) {
            start = l.seed * 2654435761u % blocks;
            stride = l.seed * 40503u % blocks;
            while (std::gcd(stride, blocks) != 1) stride++;
        }
    }

    void work() {
        static thread_local Block& block = *new Block;
        block.counters = {};
        for (uint64_t i; !launch.failed && (i = next++) < blocks;) {
            uint64_t turn = (start + i * stride) % blocks, b = blocks == all ? turn : turn * all / blocks;
            uint3 at = {static_cast<uint32_t>(b % launch.grid.x),
                        static_cast<uint32_t>(b / launch.grid.x % launch.grid.y),
                        static_cast<uint32_t>(b / launch.grid.x / launch.grid.y)};
            block.run(launch, at, launch.marks.first + static_cast<uint32_t>(turn));
        }
        std::lock_guard lock(state_mutex);
        Total& total = totals[launch.kernel->name];
        total.counters.add(block.counters);
        if (block.requests) {
            for (auto& [key, site] : block.requests->totals) launch.sites[key].add(site);
            block.requests->totals.clear();
        }
    }

    Launch& launch;
    uint64_t all, blocks, start = 0, stride = 1;
    std::atomic<uint64_t> next{0};
};

class Pool {
public:
    static Pool& get() {
        static Pool& pool = *new Pool;
        return pool;
    }

    // Runs the grid on as many threads as it has blocks for.
    void run(Grid& grid) {
        std::unique_lock lock(mutex_);
        grid_ = &grid;
        wanted_ = static_cast<int>(std::min<uint64_t>(threads_, grid.blocks));
        busy_ = wanted_;
        start_.notify_all();
        done_.wait(lock, [&] { return busy_ == 0; });
    }

private:
    Pool() {
        uint64_t wanted = setting("SIMT_THREADS", std::thread::hardware_concurrency());
        threads_ = static_cast<int>(std::clamp<uint64_t>(wanted, 1, MAX_WORKERS));
        for (int i = 0; i < threads_; i++) std::thread([this] { serve(); }).detach();
    }

    void serve() {
        catch_faults();
        std::unique_lock lock(mutex_);
        while (true) {
            start_.wait(lock, [&] { return wanted_ > 0; });
            wanted_--;
            Grid& grid = *grid_;
            lock.unlock();
            grid.work();
            lock.lock();
            if (--busy_ == 0) done_.notify_all();
        }
    }

    std::mutex mutex_;
    std::condition_variable start_, done_;
    Grid* grid_ = nullptr;
    int threads_ = 0, wanted_ = 0, busy_ = 0;
};

bool run(Launch& launch) {
    launch.seed = setting("SIMT_SEED", 0);
    launch.truncates = setting("SIMT_TRUNCATE", 1) != 0;
    Grid grid(launch);
    launch.marks = shadow_runs(grid.blocks, (std::string("kernel ") + launch.kernel->name).c_str());
    auto begin = std::chrono::steady_clock::now();
    Pool::get().run(grid);
    {
        std::lock_guard lock(state_mutex);
        Total& total = totals[launch.kernel->name];
        total.launches++;
        total.grid_blocks += grid.all;
        add_sites(total.lines, total.kinds, launch.sites, *launch.image);
        total.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    }
    if (!launch.failed) return true;
    size_t at = launch.error.find("@0x");
    if (at != std::string::npos) {
        size_t end = launch.error.find(':', at);
        void* address = reinterpret_cast<void*>(std::stoull(launch.error.substr(at + 1, end - at - 1), nullptr, 16));
        launch.error.replace(at, end - at, launch.image->place(address));
    }
    set_last_error(launch.error);
    return false;
}

std::string counters_json() {
    std::lock_guard lock(state_mutex);
    std::string json = "{";
    for (auto& [name, t] : totals) {
        char text[768];
        const Counters& c = t.counters;
        using ull = unsigned long long;
        snprintf(text, sizeof text,
                 "%s\n  \"%s\": {\"launches\": %llu, \"seconds\": %.6f, \"grid_blocks\": %llu, \"blocks\": %llu, "
                 "\"mma\": %llu, \"mma_flop\": %llu, \"ldmatrix\": %llu, \"ldmatrix_bank_conflicts\": %llu, "
                 "\"cp_async\": %llu, \"cp_async_bytes\": %llu, \"global_read_bytes\": %llu, "
                 "\"global_written_bytes\": %llu",
                 json.size() > 1 ? "," : "", name.c_str(), ull(t.launches), t.seconds, ull(t.grid_blocks),
                 ull(c.blocks), ull(c.mma), ull(c.mma_flop), ull(c.ldmatrix), ull(c.ldmatrix_passes - c.ldmatrix),
                 ull(c.async_copies), ull(c.async_bytes), ull(c.global_read_bytes), ull(c.global_written_bytes));
        json += text;
        if (!t.lines.empty()) {
            json += ",\n  \"kinds\": " + totals_json(t.kinds) + ",\n  \"lines\": " + totals_json(t.lines);
        }
        json += "}";
    }
    totals.clear();
    return json + "\n}\n";
}

void reset_counters() {
    std::lock_guard lock(state_mutex);
    totals.clear();
}

}
