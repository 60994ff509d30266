// See library_work.h.
#include "library_work.h"

#include <cstring>
#include <string>

#include "driver.h"
#include "memory.h"
#include "shadow.h"

namespace simt {

template <class Visit> static bool each_row(const Operand& o, Visit visit) {
    auto row = static_cast<char*>(const_cast<void*>(o.begin));
    bool dense = o.pitch == o.row_bytes;
    for (size_t i = 0; i < (dense ? 1 : o.rows); i++, row += o.pitch) {
        if (!visit(row, dense ? o.row_bytes * o.rows : o.row_bytes)) return false;
    }
    return true;
}

// An error's text for an operand that may not be touched as the work wants to; empty if it may.
static std::string fault(const Operand& o, HostedOperation& hosted) {
    const bool reads = o.use == Operand::READ || o.use == Operand::UPDATED;
    std::string text;
    each_row(o, [&](char* row, size_t bytes) {
        if (!DeviceMemory::get().live(row, bytes)) {
            text = std::to_string(bytes) + " bytes out of bounds: " + DeviceMemory::get().describe(row);
        } else if (reads && !shadow_written(row, bytes)) {
            text = "uninitialised device memory; " + DeviceMemory::get().describe(row);
        } else {
            if (reads) text = hosted.read(row, bytes);
            if (text.empty() && o.use != Operand::READ) text = hosted.write(row, bytes);
        }
        return text.empty();
    });
    return text;
}

static CUresult run(const char* call, const std::vector<Operand>& operands, const std::function<void()>& work) {
    HostedOperation hosted(call);
    for (const Operand& o : operands) {
        std::string text = fault(o, hosted);
        if (!text.empty()) {
            set_last_error(std::string(call) + ", " + o.name + ": " + text);
            return CUDA_ERROR_ILLEGAL_ADDRESS;
        }
    }
    for (const Operand& o : operands) {
        each_row(o, [&](char* row, size_t bytes) {
            if (o.use == Operand::SCRATCH) memset(row, 0xff, bytes);
            if (o.use == Operand::WRITTEN) shadow_initialise(row, bytes);
            return true;
        });
    }
    work();
    return CUDA_SUCCESS;
}

}

CUresult simt_enqueue(simt::Stream* stream, const char* call, const std::vector<simt::Operand>& operands,
                      const std::function<void()>& work) {
    NEED_CONTEXT;
    simt::enqueue(simt::stream_or_default(stream), [=] { return simt::run(call, operands, work); });
    return CUDA_SUCCESS;
}
