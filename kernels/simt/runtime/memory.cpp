// See memory.h. The table of pages makes the bounds check of an access one load.
#include "memory.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "shadow.h"

namespace simt {

void* reserve(size_t bytes, int protection) {
    void* at = mmap(nullptr, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) {
        fprintf(stderr, "simt: cannot reserve %zu bytes of addresses (ulimit -v?)\n", bytes);
        abort();
    }
    return at;
}

uint64_t setting(const char* name, uint64_t value) {
    const char* text = getenv(name);
    return text && *text ? strtoull(text, nullptr, 10) : value;
}

DeviceMemory& DeviceMemory::get() {
    static DeviceMemory& memory = *new DeviceMemory;        // outlives the static destructors of its users
    return memory;
}

DeviceMemory::DeviceMemory() {
    base_ = static_cast<char*>(reserve(REGION, PROT_NONE));
    valid_ = static_cast<uint16_t*>(reserve(REGION / PAGE * sizeof *valid_, PROT_READ | PROT_WRITE));
    total_ = setting("SIMT_MEMORY_MB", 4096) << 20;
}

static size_t rounded(size_t bytes) {
    return (bytes + DeviceMemory::PAGE - 1) / DeviceMemory::PAGE * DeviceMemory::PAGE;
}

char* DeviceMemory::allocate(size_t bytes, int card) {
    size_t mapped = rounded(bytes);
    if (bytes > available(card) || mapped > available(card) || next_ + mapped + PAGE > REGION) return nullptr;
    char* begin = base_ + next_;
    if (mprotect(begin, mapped, PROT_READ | PROT_WRITE) != 0) return nullptr;
    memset(begin, 0xff, mapped);
    for (size_t page = 0; page < mapped / PAGE; page++) {
        size_t rest = bytes - page * PAGE;
        valid_[next_ / PAGE + page] = static_cast<uint16_t>(rest < PAGE ? rest : PAGE);
    }
    allocations_[begin] = {bytes, card};
    used_[card] += mapped;
    next_ += mapped + PAGE;
    return begin;
}

bool DeviceMemory::free(char* begin) {
    auto found = allocations_.find(begin);
    if (found == allocations_.end()) return false;
    size_t mapped = rounded(found->second.bytes);
    size_t first = offset(begin);
    memset(valid_ + first / PAGE, 0, mapped / PAGE * sizeof *valid_);
    madvise(begin, mapped, MADV_DONTNEED);
    mprotect(begin, mapped, PROT_NONE);
    shadow_forget(first, mapped);
    used_[found->second.card] -= mapped;
    allocations_.erase(found);
    return true;
}

bool DeviceMemory::live_range(size_t first, size_t bytes) const {
    if (bytes > REGION - first) return false;
    size_t last = first + bytes - 1;
    for (size_t page = first / PAGE; page < last / PAGE; page++) {
        if (valid_[page] != PAGE) return false;
    }
    return first % PAGE < valid_[first / PAGE] && last % PAGE < valid_[last / PAGE];
}

bool DeviceMemory::find(const void* address, char*& begin, size_t& bytes) const {
    auto after = allocations_.upper_bound(const_cast<char*>(static_cast<const char*>(address)));
    if (after == allocations_.begin()) return false;
    --after;
    begin = after->first;
    bytes = after->second.bytes;
    return true;
}

int DeviceMemory::card(const void* address) const {
    char* begin;
    size_t bytes;
    if (!contains(address) || !find(address, begin, bytes)) return -1;
    return address < begin + bytes ? allocations_.at(begin).card : -1;
}

std::string DeviceMemory::describe(const void* address) const {
    char text[160];
    char* begin;
    size_t bytes;
    if (!contains(address)) {
        snprintf(text, sizeof text, "%p is not device memory (a host pointer?)", address);
    } else if (!find(address, begin, bytes) || address >= begin + rounded(bytes) + PAGE) {
        snprintf(text, sizeof text, "%p lies in no allocation (freed?)", address);
    } else {
        size_t at = static_cast<const char*>(address) - begin;
        snprintf(text, sizeof text, at < bytes ? "%p is byte %zu of the allocation of %zu bytes at %p"
                 : "%p is at byte %zu, beyond the allocation of %zu bytes at %p", address, at, bytes,
                 static_cast<void*>(begin));
    }
    return text;
}

}
