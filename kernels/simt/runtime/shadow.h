// The checked image's memory checks: bounds, alignment, initialisation and races, per two-byte granule.
//
// Each granule of device and of shared memory has a writer and a reader cell that say who touched it last and when.
// "When" is (run of the block, barriers passed, __syncwarps passed since). Two accesses of different threads are in
// order if a barrier lies between them, or if they belong to one warp and a __syncwarp of both lies between; anything
// else is a race if one of them writes. As in CUDA's memory model, shuffles, votes, ldmatrix and mma order nothing;
// ldmatrix reads for the whole warp. A byte-sized access is checked for bounds and initialisation only. Two operations
// of different streams are in order if order.h finds them to be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "../simt_abi.h"
#include "order.h"

namespace simt {

struct Thread;
enum class Access : uint8_t { LOAD, STORE, COPY_FROM, COPY_TO, LDMATRIX };

// Where an access stands in the source: a known line, or a return address.
struct Place {
    simt_site site{};
    const void* address = nullptr;
    Place(simt_site site) : site(site) {}
    Place(const void* address) : address(address) {}
};

bool in_shared(const Thread&, const void* address, size_t bytes);
void check_read(Thread&, const void* address, size_t bytes, Place, Access);
void check_write(Thread&, const void* address, size_t bytes, Place);

// cp.async: from begun to landed, reading the destination is an error.
void copy_begun(Thread&, const void* shared, size_t bytes, Place);
void copy_landed(Thread&, const void* shared, size_t bytes);

// From the first checked image on, host copies and fills mark what they initialise.
void shadow_enable();
void shadow_initialise(const void* device, size_t bytes);
void shadow_copy(const void* to, const void* from, size_t bytes);

// Whether all of it has been written; always so without a checked image.
bool shadow_written(const void* device, size_t bytes);

void shadow_forget(size_t offset, size_t bytes);

// Numbers for that many block runs, unique in the shadow memory, in the name of the running operation.
Marks shadow_runs(uint64_t blocks, const char* name);

// A copy, a fill or a library's work that is about to run: the ranges that it touches are held against what other
// streams do, and marked as its own. Each call returns the text of a race, or an empty one.
class HostedOperation {
public:
    explicit HostedOperation(const char* name);
    std::string read(const void* device, size_t bytes) { return touch(device, bytes, false); }
    std::string write(const void* device, size_t bytes) { return touch(device, bytes, true); }

private:
    std::string touch(const void* device, size_t bytes, bool writes);
    bool marked_;
    Marks marks_;
};

}
