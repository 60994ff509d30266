// See requests.h.
#include "requests.h"

#include <algorithm>
#include <atomic>
#include <cstdio>

#include "block.h"
#include "launch.h"
#include "memory.h"

namespace simt {

static std::atomic<bool>& counting() {
    static std::atomic<bool> on{setting("SIMT_SITES", 0) != 0};
    return on;
}

bool count_sites() { return counting(); }
void set_count_sites(bool on) { counting() = on; }

void SiteTotal::add(const SiteTotal& o) {
    requests += o.requests, bytes += o.bytes, useful += o.useful;
    transactions += o.transactions, ideal += o.ideal;
    widest = std::max(widest, o.widest);
}

void Requests::matrix(const Place& place, uint64_t passes) {
    totals[{place.site.file, place.site.line, place.address, Access::LDMATRIX, true}].add({1, 128, 128, passes, 1, 16});
}

void Requests::access(Thread& t, const Place& place, Access access, bool shared, const void* address, size_t bytes) {
    size_t warp = t.index / WARP;
    if (warps_.size() <= warp) warps_.resize(warp + 1);
    Open& open = warps_[warp][{place.site.file, place.site.line, place.address, access, shared}];
    uint32_t n = open.seen[t.lane()]++;
    if (open.requests.size() <= n) open.requests.resize(n + 1);
    open.requests[n].addresses[t.lane()] = uintptr_t(address);
    open.requests[n].bytes[t.lane()] = static_cast<uint16_t>(bytes);
}

void Requests::end_warp(int warp) {
    if (warps_.size() <= size_t(warp)) return;
    for (auto& [key, open] : warps_[warp]) {
        SiteTotal& total = totals[key];
        for (const Request& r : open.requests) total.add(total_of(r, std::get<4>(key)));
    }
    warps_[warp].clear();
}

// The bytes that some lanes touch, as extents [begin, end) in ascending order that do not overlap.
struct Extents {
    std::pair<uintptr_t, uintptr_t> of[32];
    int count = 0;

    Extents(const uintptr_t* addresses, const uint16_t* bytes, int lanes) {
        for (int i = 0; i < lanes; i++) {
            if (bytes[i]) of[count++] = {addresses[i], addresses[i] + bytes[i]};
        }
        std::sort(of, of + count);
        int kept = 0;
        for (int i = 0; i < count; i++) {
            if (kept && of[i].first <= of[kept - 1].second) {
                of[kept - 1].second = std::max(of[kept - 1].second, of[i].second);
            } else {
                of[kept++] = of[i];
            }
        }
        count = kept;
    }

    // Calls visit(number) for each unit of that many bytes in which some of them lie.
    template <class Visit> void each(uintptr_t unit, Visit visit) const {
        uintptr_t next = 0;
        for (int i = 0; i < count; i++) {
            uintptr_t last = (of[i].second - 1) / unit;
            for (uintptr_t u = std::max(next, of[i].first / unit); u <= last; u++) visit(u);
            next = last + 1;
        }
    }

    uint64_t units(uintptr_t unit) const {
        uint64_t n = 0;
        each(unit, [&](uintptr_t) { n++; });
        return n;
    }
};

SiteTotal Requests::total_of(const Request& r, bool shared) {
    const Extents extents(r.addresses, r.bytes, WARP);
    SiteTotal total{1};
    for (uint16_t bytes : r.bytes) total.bytes += bytes, total.widest = std::max<uint64_t>(total.widest, bytes);
    for (int i = 0; i < extents.count; i++) total.useful += extents.of[i].second - extents.of[i].first;
    if (!shared) {
        total.transactions = extents.units(32);
        total.ideal = (total.useful + 31) / 32;
        return total;
    }
    // Passes over the banks: lanes go together as far as their bytes fill 128, different words of a bank one by one.
    int together = std::clamp(static_cast<int>(128 / total.widest), 1, WARP);
    for (int first = 0; first < WARP; first += together) {
        uint64_t in_bank[32] = {};
        Extents(r.addresses + first, r.bytes + first, together).each(4, [&](uintptr_t word) { in_bank[word % 32]++; });
        total.transactions += *std::max_element(in_bank, in_bank + 32);
    }
    total.ideal = (extents.units(4) + 31) / 32;
    return total;
}

void add_sites(NamedTotals& lines, NamedTotals& kinds, const SiteTotals& totals, const Image& image) {
    static const char* const names[] = {"load", "store", "cp.async from", "cp.async to", "ldmatrix"};
    for (auto& [key, total] : totals) {
        auto& [file, line, address, access, shared] = key;
        std::string kind = std::string(shared ? "shared " : "device ") + names[int(access)];
        std::string place = address ? image.place(address) : std::string(file) + ":" + std::to_string(line);
        lines[place + " " + kind].add(total);
        kinds[kind].add(total);
    }
}

std::string totals_json(const NamedTotals& totals) {
    std::string json;
    for (auto& [name, t] : totals) {
        char text[256];
        using ull = unsigned long long;
        snprintf(text, sizeof text, "{\"requests\": %llu, \"bytes\": %llu, \"useful_bytes\": %llu, "
                 "\"transactions\": %llu, \"ideal\": %llu, \"widest\": %llu}", ull(t.requests), ull(t.bytes),
                 ull(t.useful), ull(t.transactions), ull(t.ideal), ull(t.widest));
        json += (json.empty() ? "\n    \"" : ",\n    \"") + name + "\": " + text;
    }
    return "{" + json + "}";
}

}
