// Device memory: one reserved region of addresses that no host pointer lies in, shared by all cards, as on a real
// machine; each has an amount of its own. An allocation is filled with 0xff (NaN in fp16, bf16 and fp32) and followed by
// an unmapped page; addresses are never given out twice.
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

    // Null if the card's memory does not suffice.
    char* allocate(size_t bytes, int card);
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

    // The card whose live allocation holds the address; -1 if there is none.
    int card(const void* address) const;

    // Where the address lies, for a report.
    std::string describe(const void* address) const;

    size_t total() const { return total_; }
    size_t available(int card) const {
        auto used = used_.find(card);
        return total_ - (used == used_.end() ? 0 : used->second);
    }

    // Calls visit(begin, bytes) for each live allocation.
    template <class Visit> void each(Visit visit) const {
        for (auto& [begin, allocation] : allocations_) visit(begin, allocation.bytes);
    }

private:
    DeviceMemory();
    bool live_range(size_t first, size_t bytes) const;

    char* base_ = nullptr;
    uint16_t* valid_ = nullptr;                             // per page: how many of its bytes are allocated
    struct Allocation {
        size_t bytes;
        int card;
    };
    size_t next_ = PAGE, total_ = 0;                        // of each card
    std::map<int, size_t> used_;                            // of a card
    std::map<char*, Allocation> allocations_;
};

// Maps zero pages that cost memory only once touched. Ends the process if the addresses cannot be had.
void* reserve(size_t bytes, int protection);

// A number from the environment, or the value.
uint64_t setting(const char* name, uint64_t value);

}
