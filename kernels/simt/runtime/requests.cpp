// See requests.h.
#include "requests.h"

#include <algorithm>
#include <cstdio>
#include <set>

#include "block.h"
#include "launch.h"
#include "memory.h"

namespace simt {

bool count_sites() {
    static const bool on = setting("SIMT_SITES", 0) != 0;
    return on;
}

void SiteTotal::add(const SiteTotal& o) {
    requests += o.requests, bytes += o.bytes, transactions += o.transactions, ideal += o.ideal;
}

void Requests::count(const Place& place, Access access, uint64_t bytes, uint64_t transactions, uint64_t ideal) {
    totals[{place.site.file, place.site.line, place.address, access, true}].add({1, bytes, transactions, ideal});
}

void Requests::access(Thread& t, const Place& place, Access access, bool shared, const void* address, size_t bytes) {
    size_t warp = t.index / WARP;
    if (warps_.size() <= warp) warps_.resize(warp + 1);
    SiteKey key{place.site.file, place.site.line, place.address, access, shared};
    Open& open = warps_[warp][key];
    open.bytes = static_cast<uint32_t>(bytes);
    uint32_t n = open.seen[t.lane()]++;
    if (open.requests.size() <= n) open.requests.resize(n + 1);
    open.requests[n].lanes |= 1u << t.lane();
    open.requests[n].addresses[t.lane()] = uintptr_t(address);
}

void Requests::end_warp(int warp) {
    if (warps_.size() <= size_t(warp)) return;
    for (auto& [key, open] : warps_[warp]) {
        for (const Request& r : open.requests) finish(key, open, r);
    }
    warps_[warp].clear();
}

// The units of the given size that some lanes' bytes touch.
static std::set<uintptr_t> touched(const uintptr_t* addresses, uint32_t lanes, uint32_t bytes, uint32_t unit) {
    std::set<uintptr_t> units;
    for (; lanes; lanes &= lanes - 1) {
        uintptr_t a = addresses[__builtin_ctz(lanes)];
        for (uintptr_t u = a / unit; u <= (a + bytes - 1) / unit; u++) units.insert(u);
    }
    return units;
}

// Passes over the banks: lanes go together as far as their bytes fill 128, different words of one bank one by one.
static uint64_t passes(const uintptr_t* addresses, uint32_t lanes, uint32_t bytes) {
    uint32_t together = std::max(1u, 128 / std::max(bytes, 4u));
    uint64_t total = 0;
    for (uint32_t from = 0; from < WARP; from += together) {
        uint32_t group = lanes & (together == WARP ? ~0u : ((1u << together) - 1) << from);
        uint64_t in_bank[32] = {};
        for (uintptr_t word : touched(addresses, group, bytes, 4)) in_bank[word % 32]++;
        total += *std::max_element(in_bank, in_bank + 32);
    }
    return total;
}

void Requests::finish(const SiteKey& key, const Open& open, const Request& r) {
    bool shared = std::get<4>(key);
    uint64_t lanes = __builtin_popcount(r.lanes);
    uint64_t words = touched(r.addresses, r.lanes, open.bytes, 4).size(), width = shared ? 32 : 8;
    totals[key].add({1, lanes * open.bytes,
                     shared ? passes(r.addresses, r.lanes, open.bytes)
                            : touched(r.addresses, r.lanes, open.bytes, 32).size(),
                     (words + width - 1) / width});
}

void add_lines(LineTotals& lines, const SiteTotals& totals, const Image& image) {
    static const char* const names[] = {"load", "store", "cp.async from", "cp.async to", "ldmatrix"};
    for (auto& [key, total] : totals) {
        auto& [file, line, address, access, shared] = key;
        std::string place = address ? image.place(address) : std::string(file) + ":" + std::to_string(line);
        lines[place + (shared ? " shared " : " device ") + names[int(access)]].add(total);
    }
}

std::string lines_json(const LineTotals& lines) {
    std::string json;
    for (auto& [line, t] : lines) {
        char text[192];
        using ull = unsigned long long;
        snprintf(text, sizeof text, "{\"requests\": %llu, \"bytes\": %llu, \"transactions\": %llu, \"ideal\": %llu}",
                 ull(t.requests), ull(t.bytes), ull(t.transactions), ull(t.ideal));
        json += (json.empty() ? "\n    \"" : ",\n    \"") + line + "\": " + text;
    }
    return "{" + json + "}";
}

}
