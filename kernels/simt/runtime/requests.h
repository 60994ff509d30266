// What a profiler would say of each line: the accesses of a warp's lanes put together into requests, and for each
// request its sectors of 32 bytes (device memory) or its passes over the 32 banks (shared memory).
// Off unless SIMT_SITES=1 (or the program asks for it), and only for checked images: it needs to see every access.
//
// Lanes run one after another, so a request is pieced together: each lane's n-th access from one place since the warp
// last met belongs to one request.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "shadow.h"

namespace simt {

class Image;

struct SiteTotal {
    uint64_t requests = 0;
    uint64_t bytes = 0;             // that lanes asked for
    uint64_t useful = 0;            // bytes, those that several lanes of a request asked for once
    uint64_t transactions = 0;      // sectors, or passes over the banks
    uint64_t ideal = 0;             // the fewest that the useful bytes need
    uint64_t widest = 0;            // bytes of a lane's access
    void add(const SiteTotal&);
};

// Place, access, whether shared.
using SiteKey = std::tuple<const char*, int, const void*, Access, bool>;
using SiteTotals = std::map<SiteKey, SiteTotal>;

class Requests {
public:
    void access(Thread&, const Place&, Access, bool shared, const void* address, size_t bytes);

    // One matrix of ldmatrix, which is seen whole.
    void matrix(const Place&, uint64_t passes);

    // The warp met, or its block ended: its next accesses begin new requests.
    void end_warp(int warp);

    SiteTotals totals;

private:
    struct Request {
        uintptr_t addresses[32];
        uint16_t bytes[32] = {};    // of each lane; 0 if it does not take part
    };
    struct Open {
        uint32_t seen[32] = {};     // accesses of each lane
        std::vector<Request> requests;
    };
    static SiteTotal total_of(const Request&, bool shared);
    std::vector<std::map<SiteKey, Open>> warps_;
};

bool count_sites();
void set_count_sites(bool);

// Totals by "gemm.cu:31 shared load" (several instructions may stand on one line), and over all lines by "shared load".
using NamedTotals = std::map<std::string, SiteTotal>;
void add_sites(NamedTotals& lines, NamedTotals& kinds, const SiteTotals&, const Image&);
std::string totals_json(const NamedTotals&);

}
