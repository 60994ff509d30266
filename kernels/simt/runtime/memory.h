// Device memory: one reserved region of addresses that no host pointer lies in. An allocation is filled with 0xff
// (NaN in fp16, bf16 and fp32) and followed by an unmapped page; addresses are never given out twice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace simt {

class DeviceMemory {
public:
    static constexpr size_t REGION = size_t(1) << 38;       // addresses, not memory
    static constexpr size_t PAGE = 4096;

    static DeviceMemory& get();

    // Null if the device's memory does not suffice.
    char* allocate(size_t bytes);
    bool free(char* begin);

    bool contains(const void* address) const { return offset(address) < REGION; }
    size_t offset(const void* address) const { return static_cast<const char*>(address) - base_; }

    // Whether all bytes belong to one live allocation. Fast: kernels ask it for every access.
    bool live(const void* address, size_t bytes) const {
        size_t first = offset(address);
        if (first >= REGION) return false;
        if (first % PAGE + bytes <= valid_[first / PAGE]) return true;
        return bytes > 0 && live_range(first, bytes);
    }

    // The live allocation that holds the address, or the one before it; false if there is none.
    bool find(const void* address, char*& begin, size_t& bytes) const;

    // Where the address lies, for a report.
    std::string describe(const void* address) const;

    size_t total() const { return total_; }
    size_t available() const { return total_ - used_; }

    // Calls visit(begin, bytes) for each live allocation.
    template <class Visit> void each(Visit visit) const {
        for (auto& [begin, bytes] : allocations_) visit(begin, bytes);
    }

private:
    DeviceMemory();
    bool live_range(size_t first, size_t bytes) const;

    char* base_ = nullptr;
    uint16_t* valid_ = nullptr;                             // per page: how many of its bytes are allocated
    size_t next_ = PAGE, used_ = 0, total_ = 0;
    std::map<char*, size_t> allocations_;
};

// Maps zero pages that cost memory only once touched. Ends the process if the addresses cannot be had.
void* reserve(size_t bytes, int protection);

// A number from the environment, or the value.
uint64_t setting(const char* name, uint64_t value);

}
