// Kernel images and launches: a grid's blocks spread over a few OS threads, each block run by block.h.
// Settings: SIMT_THREADS (OS threads; default as the hardware has), SIMT_SEED (order of blocks, warps and lanes;
// 0, the default, is the natural order).
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "../simt_abi.h"
#include "order.h"
#include "requests.h"

namespace simt {

struct Thread;

// A loaded shared object of kernels.
class Image {
public:
    // Loads an ELF image from memory or a file; null and a text in error if it cannot be.
    static std::unique_ptr<Image> load(const void* elf, std::string& error);
    static std::unique_ptr<Image> load_file(const std::string& path, std::string& error);
    ~Image();

    const simt_kernel* find(const char* name) const;
    bool checked() const { return table_->checked; }

    // Whether the address lies in the image's code and constants.
    bool holds(const void* address) const { return address >= begin_ && address < end_; }

    // The calling OS thread's static shared memory of all kernels in the image.
    void static_shared(char*& begin, char*& end) const;

    // "file:line" of a return address, skipping inlined functions of the harness.
    std::string place(const void* address) const;

private:
    Image() = default;
    std::string locate(const void* address) const;
    void* handle_ = nullptr;
    const simt_image_table* table_ = nullptr;
    const void *begin_ = nullptr, *end_ = nullptr;
    std::string path_;
    mutable std::map<const void*, std::string> places_;     // that were asked for
    uint64_t id_ = 0;
};

// One launch of a kernel. parameters are packed as simt_kernel says.
struct Launch {
    Launch(const Image& image, const simt_kernel& kernel, dim3 grid, dim3 block, uint32_t shared_bytes,
           const std::vector<char>& parameters)
        : image(&image), kernel(&kernel), grid(grid), block(block), shared_bytes(shared_bytes),
          parameters(parameters) {}

    const Image* image;
    const simt_kernel* kernel;
    dim3 grid, block;
    uint32_t shared_bytes;
    std::vector<char> parameters;

    uint64_t seed = 0;
    bool truncates = true;                  // whether mma cuts its sums off, as tensor cores do, or rounds them
    int shared_limit = 0;               // bytes that a block may have, static and dynamic
    Marks marks;                        // block b runs under the number marks.first + b
    std::atomic<bool> failed{false};
    SiteTotals sites;                   // what the workers counted, put together at the end

    // Remembers the first thing that went wrong. place is "file:line" or "@address".
    void report(const Thread&, const char* place, const char* text);
    std::string error;

private:
    std::mutex mutex_;
};

// Runs the grid to its end. False if a check failed: the text is on stderr and in last_error().
bool run(Launch&);

// The newest failure's text; empty if there was none.
std::string last_error();
void set_last_error(const std::string&);

// Counters per kernel since the last call of either, as JSON.
std::string counters_json();
void reset_counters();

// Of each grid only so many blocks are run, evenly spread; 0: as SIMT_BLOCKS says, or all.
void limit_blocks(uint64_t blocks);

}
