// What a profiler would say of each line: the accesses of a warp's lanes put together into requests, and for each
// request its sectors of 32 bytes (device memory) or its passes over the 32 banks (shared memory).
// Off unless SIMT_SITES=1, and only for checked images: it needs to see every access.
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
    uint64_t requests = 0, bytes = 0;
    uint64_t transactions = 0;      // sectors, or passes over the banks
    uint64_t ideal = 0;             // the fewest that the bytes need
    void add(const SiteTotal&);
};

// Place, access, whether shared.
using SiteKey = std::tuple<const char*, int, const void*, Access, bool>;
using SiteTotals = std::map<SiteKey, SiteTotal>;

class Requests {
public:
    void access(Thread&, const Place&, Access, bool shared, const void* address, size_t bytes);

    // A request that is seen whole: ldmatrix.
    void count(const Place&, Access, uint64_t bytes, uint64_t transactions, uint64_t ideal);

    // The warp met, or its block ended: its next accesses begin new requests.
    void end_warp(int warp);

    SiteTotals totals;

private:
    struct Request {
        uint32_t lanes = 0;
        uintptr_t addresses[32];
    };
    struct Open {
        uint32_t bytes;             // per lane
        uint32_t seen[32] = {};     // accesses of each lane
        std::vector<Request> requests;
    };
    void finish(const SiteKey&, const Open&, const Request&);
    std::vector<std::map<SiteKey, Open>> warps_;
};

bool count_sites();

// Totals by "gemm.cu:31 shared load"; several instructions may stand on one line.
using LineTotals = std::map<std::string, SiteTotal>;
void add_lines(LineTotals&, const SiteTotals&, const Image&);
std::string lines_json(const LineTotals&);

}
