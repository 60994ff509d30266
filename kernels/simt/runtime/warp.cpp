// What a warp's lanes do together: shuffles, votes, ldmatrix, mma; and the copies that land late (cp.async).
// Each collective is a meeting (block.h): a lane brings its operands on its stack, the last to arrive computes for all.
#include <immintrin.h>

#include <cstring>

#include "block.h"
#include "launch.h"
#include "shadow.h"

namespace simt {

struct Shuffle {
    simt_shuffle_kind kind;
    uint64_t value;
    uint32_t lane;
    int width;
    uint64_t result;
};

// The lane that this one reads; itself where CUDA says that the value stays.
static uint32_t source_lane(const Shuffle& s, uint32_t lane) {
    uint32_t width = static_cast<uint32_t>(s.width), begin = lane & ~(width - 1), end = begin + width;
    switch (s.kind) {
        case SIMT_SHUFFLE_INDEX: return begin + (s.lane & (width - 1));
        case SIMT_SHUFFLE_UP: return lane >= begin + s.lane ? lane - s.lane : lane;
        case SIMT_SHUFFLE_DOWN: return lane + s.lane < end ? lane + s.lane : lane;
        case SIMT_SHUFFLE_XOR: return (lane ^ s.lane) < end ? lane ^ s.lane : lane;
    }
    return lane;
}

static void shuffle(Block& block, int first, uint32_t mask, simt_site site) {
    for (uint32_t rest = mask; rest; rest &= rest - 1) {
        Thread& t = block.thread(first + __builtin_ctz(rest));
        auto& s = *static_cast<Shuffle*>(t.arguments);
        uint32_t from = source_lane(s, t.lane());
        if (!(mask >> from & 1)) {
            block.fail(t, site, "shuffle: lane %u reads lane %u, which the mask %08x does not name", t.lane(), from,
                       mask);
        }
        s.result = static_cast<Shuffle*>(block.thread(first + from).arguments)->value;
    }
}

struct Ldmatrix {
    uint32_t* fragment;
    const void* row;
};

// Rows go to lanes in order: lane 8m + r holds the address of row r of matrix m. Lane l receives from matrix m the
// halves (l/4, 2(l%4)) and (l/4, 2(l%4)+1), or transposed (2(l%4), l/4) and (2(l%4)+1, l/4).
static void ldmatrix(Block& block, int first, int matrices, bool transposed, simt_site site) {
    uint16_t tile[8][8];
    for (int m = 0; m < matrices; m++) {
        uint32_t rows_in_bank[8] = {};
        const void* rows[8];
        for (int r = 0; r < 8; r++) {
            Thread& t = block.thread(first + 8 * m + r);
            rows[r] = static_cast<Ldmatrix*>(t.arguments)->row;
            if (!in_shared(t, rows[r], 16)) block.fail(t, site, "ldmatrix: the row %p is not shared memory", rows[r]);
            if (uintptr_t(rows[r]) % 16) block.fail(t, site, "ldmatrix: the row %p is not 16-byte aligned", rows[r]);
            if (block.launch->image->checked()) check_read(t, rows[r], 16, site, Access::LDMATRIX);
            memcpy(tile[r], rows[r], 16);
            bool repeated = false;
            for (int q = 0; q < r; q++) repeated |= rows[q] == rows[r];
            if (!repeated) rows_in_bank[uintptr_t(rows[r]) / 16 % 8]++;
        }
        uint32_t passes = 1;
        for (uint32_t n : rows_in_bank) passes = n > passes ? n : passes;
        if (block.requests) block.requests->matrix(site, passes);
        block.counters.ldmatrix++;
        block.counters.ldmatrix_passes += passes;
        for (int lane = 0; lane < WARP; lane++) {
            int g = lane / 4, t = lane % 4 * 2;
            uint32_t low = transposed ? tile[t][g] : tile[g][t];
            uint32_t high = transposed ? tile[t + 1][g] : tile[g][t + 1];
            static_cast<Ldmatrix*>(block.thread(first + lane).arguments)->fragment[m] = low | high << 16;
        }
    }
}

struct Mma {
    float* d;
    const uint32_t *a, *b;
};

// Two fp16, or two bf16: the upper halves of floats.
template <bool Bfloat16> static void unpack(uint32_t pair, float& low, float& high) {
    if constexpr (Bfloat16) {
        const uint32_t bits[] = {pair << 16, pair & 0xffff0000u};
        memcpy(&low, bits, sizeof low);
        memcpy(&high, bits + 1, sizeof high);
    } else {
        low = _cvtsh_ss(static_cast<uint16_t>(pair));
        high = _cvtsh_ss(static_cast<uint16_t>(pair >> 16));
    }
}

// sum + Σ of 8 products as a tensor core has it, for 8 columns at once: products are exact, all terms are aligned to the
// largest and cut off below it, and so is the sum. (Fasi, Higham, Mikaitis, Pranesh, Numerical behavior of NVIDIA tensor
// cores, PeerJ Computer Science 7:e330, 2021; A100: blocks of 8, truncation of terms and sum. Of the bits beyond
// float32's that cards keep of a term one is modelled, the fewest since Turing.) The caller has set the rounding of int to
// float towards zero.
static __m256 truncated_sum(const float* a, const float (*b)[8], __m256 sum) {
    constexpr int TERMS = 9, FRACTION = 24, BIAS = 127;
    const __m256i exponents = _mm256_set1_epi32(0x7f800000);
    __m256 terms[TERMS], plain = sum;
    terms[0] = sum;
    __m256i largest = _mm256_and_si256(_mm256_castps_si256(sum), exponents);
    for (int k = 0; k < 8; k++) {
        terms[k + 1] = _mm256_mul_ps(_mm256_set1_ps(a[k]), _mm256_load_ps(b[k]));
        plain = _mm256_add_ps(plain, terms[k + 1]);
        largest = _mm256_max_epi32(largest, _mm256_and_si256(_mm256_castps_si256(terms[k + 1]), exponents));
    }
    // Unit of the last bit that is kept, 2^(E − BIAS − FRACTION), and its inverse; both are normal numbers.
    __m256i e = _mm256_max_epi32(_mm256_srli_epi32(largest, 23), _mm256_set1_epi32(FRACTION + 1));
    __m256 unit = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_sub_epi32(e, _mm256_set1_epi32(FRACTION)), 23));
    __m256 inverse = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_sub_epi32(_mm256_set1_epi32(2 * BIAS + FRACTION), e), 23));
    __m256i total = _mm256_setzero_si256();
    for (auto& term : terms) total = _mm256_add_epi32(total, _mm256_cvttps_epi32(_mm256_mul_ps(term, inverse)));
    __m256 result = _mm256_mul_ps(_mm256_cvtepi32_ps(total), unit);
    __m256i infinite = _mm256_cmpeq_epi32(largest, exponents);      // infinities and NaN go their own ways
    return _mm256_blendv_ps(result, plain, _mm256_castsi256_ps(infinite));
}

// d[16][8] += a[16][K] · b[K][8], fp16 or bf16 inputs, fp32 sums.
template <int K, bool Bfloat16> static void mma(Block& block, int first) {
    alignas(32) float a[16][K], b[K][8], d[16][8];
    for (int lane = 0; lane < WARP; lane++) {
        const Mma& m = *static_cast<Mma*>(block.thread(first + lane).arguments);
        int g = lane / 4, t = lane % 4 * 2;
        for (int k = 0; k < K; k += 8) {
            unpack<Bfloat16>(m.a[k / 4], a[g][k + t], a[g][k + t + 1]);
            unpack<Bfloat16>(m.a[k / 4 + 1], a[g + 8][k + t], a[g + 8][k + t + 1]);
            unpack<Bfloat16>(m.b[k / 8], b[k + t][g], b[k + t + 1][g]);
        }
        d[g][t] = m.d[0], d[g][t + 1] = m.d[1];
        d[g + 8][t] = m.d[2], d[g + 8][t + 1] = m.d[3];
    }
    bool truncates = block.launch->truncates;
    unsigned rounding = _MM_GET_ROUNDING_MODE();
    if (truncates) _MM_SET_ROUNDING_MODE(_MM_ROUND_TOWARD_ZERO);
    for (auto i = 0; i < 16; i++) {
        __m256 sum = _mm256_load_ps(d[i]);
        for (int k = 0; truncates && k < K; k += 8) sum = truncated_sum(a[i] + k, b + k, sum);
        for (int k = 0; !truncates && k < K; k++) {
            sum = _mm256_fmadd_ps(_mm256_set1_ps(a[i][k]), _mm256_load_ps(b[k]), sum);
        }
        _mm256_store_ps(d[i], sum);
    }
    _MM_SET_ROUNDING_MODE(rounding);
    for (int lane = 0; lane < WARP; lane++) {
        const Mma& m = *static_cast<Mma*>(block.thread(first + lane).arguments);
        int g = lane / 4, t = lane % 4 * 2;
        m.d[0] = d[g][t], m.d[1] = d[g][t + 1];
        m.d[2] = d[g + 8][t], m.d[3] = d[g + 8][t + 1];
    }
    block.counters.mma++;
    block.counters.mma_flop += 2 * 16 * 8 * K;
}

// A collective that is defined only for whole warps.
static void need_whole_warp(Thread& me, const char* name, simt_site site) {
    if (me.block->warp_mask(me.index / WARP * WARP) != 0xffffffffu) {
        me.block->fail(me, site, "%s: the block's %d threads leave this warp incomplete", name, me.block->threads());
    }
}

// Lands the thread's committed groups but the newest. A copy that is not committed never lands here.
static void land_copies(Thread& me, uint32_t groups_left) {
    size_t landed = 0;
    for (const PendingCopy& c : me.copies) {                // in the order of their issue, groups ascending
        if (c.group + groups_left >= me.copy_group) break;
        memcpy(c.shared, c.global, c.source_bytes);
        memset(static_cast<char*>(c.shared) + c.source_bytes, 0, c.bytes - c.source_bytes);
        if (me.block->launch->image->checked()) copy_landed(me, c.shared, c.bytes);
        landed++;
    }
    me.copies.erase(me.copies.begin(), me.copies.begin() + landed);
}

}

using namespace simt;

void simt_syncthreads(simt_site site) { self().block->syncthreads(site); }

void simt_syncwarp(uint32_t mask, simt_site site) {
    Block& block = *self().block;
    block.collective("__syncwarp", mask, site, nullptr,
                     [&](int first, uint32_t present) { block.order_lanes(first, present); });
}

uint64_t simt_shuffle(simt_shuffle_kind kind, uint32_t mask, uint64_t value, uint32_t lane, int width, simt_site site) {
    Block& block = *self().block;
    Shuffle s = {kind, value, lane, width, value};
    block.collective("shuffle", mask, site, &s,
                     [&](int first, uint32_t present) { shuffle(block, first, present, site); });
    return s.result;
}

uint32_t simt_ballot(uint32_t mask, bool predicate, simt_site site) {
    Block& block = *self().block;
    uint32_t vote = predicate;                              // in: this lane's vote, out: everybody's
    block.collective("vote", mask, site, &vote, [&](int first, uint32_t present) {
        uint32_t votes = 0;
        for (uint32_t rest = present; rest; rest &= rest - 1) {
            int lane = __builtin_ctz(rest);
            votes |= *static_cast<uint32_t*>(block.thread(first + lane).arguments) << lane;
        }
        for (uint32_t rest = present; rest; rest &= rest - 1) {
            *static_cast<uint32_t*>(block.thread(first + __builtin_ctz(rest)).arguments) = votes;
        }
    });
    return vote;
}

uint32_t simt_activemask() {
    Thread& me = self();
    int first = me.index / WARP * WARP;
    uint32_t mask = 0;
    for (uint32_t rest = me.block->warp_mask(first); rest; rest &= rest - 1) {
        int lane = __builtin_ctz(rest);
        if (me.block->thread(first + lane).state != State::DONE) mask |= 1u << lane;
    }
    return mask;
}

void simt_ldmatrix(uint32_t* fragment, int matrices, bool transposed, const void* row, simt_site site) {
    Block& block = *self().block;
    need_whole_warp(self(), "ldmatrix", site);
    Ldmatrix arguments = {fragment, row};
    block.collective("ldmatrix", 0xffffffffu, site, &arguments,
                     [&](int first, uint32_t) { ldmatrix(block, first, matrices, transposed, site); });
}

void simt_mma(float* d, const uint32_t* a, const uint32_t* b, int k, bool bfloat16, simt_site site) {
    Block& block = *self().block;
    need_whole_warp(self(), "mma", site);
    Mma arguments = {d, a, b};
    block.collective("mma", 0xffffffffu, site, &arguments,
                     [&](int first, uint32_t) {
                         if (k == 16) bfloat16 ? mma<16, true>(block, first) : mma<16, false>(block, first);
                         else bfloat16 ? mma<8, true>(block, first) : mma<8, false>(block, first);
                     });
}

void simt_cp_async(void* shared, const void* global, int bytes, int source_bytes, simt_site site) {
    Thread& me = self();
    Block& block = *me.block;
    if (source_bytes < 0 || source_bytes > bytes) {
        block.fail(me, site, "cp.async: %d source bytes of a copy of %d", source_bytes, bytes);
    }
    if (!in_shared(me, shared, bytes)) block.fail(me, site, "cp.async: %p is not shared memory", shared);
    if (uintptr_t(shared) % bytes || (source_bytes > 0 && uintptr_t(global) % bytes)) {
        block.fail(me, site, "cp.async of %d bytes: %p ← %p is misaligned", bytes, shared, global);
    }
    if (block.launch->image->checked()) {
        if (source_bytes > 0) check_read(me, global, source_bytes, site, Access::COPY_FROM);
        copy_begun(me, shared, bytes, site);
    }
    block.counters.async_copies++;
    block.counters.async_bytes += source_bytes;
    me.copies.push_back({shared, global, static_cast<uint16_t>(bytes), static_cast<uint16_t>(source_bytes),
                         me.copy_group});
}

void simt_cp_async_commit() { self().copy_group++; }

void simt_cp_async_wait(int groups_left) { land_copies(self(), static_cast<uint32_t>(groups_left)); }
