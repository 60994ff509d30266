// See stacks.h. The checked image never faults: its accesses are looked at first. In the plain image a fault is what
// meets an unmapped page: past an allocation or the dynamic shared memory, or past a fiber's stack.
#include "stacks.h"

#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <atomic>
#include <mutex>
#include <string>

#include "block.h"
#include "memory.h"

namespace simt {

constexpr size_t SHARE = size_t(MAX_THREADS) * SIMT_STACK_BYTES;

static char* region;            // aligned to SIMT_STACK_BYTES
static struct sigaction previous[2];

static void on_fault(int signal, siginfo_t* info, void* context) {
    auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    uintptr_t stack = static_cast<uintptr_t>(registers[REG_RSP]);
    if (stack >= uintptr_t(region) && stack < uintptr_t(region) + MAX_WORKERS * SHARE) {
        auto& thread = *reinterpret_cast<Thread*>((stack | (SIMT_STACK_BYTES - 1)) + 1 - SIMT_THREAD_BYTES);
        auto place = reinterpret_cast<const void*>(registers[REG_RIP]);
        uintptr_t address = uintptr_t(info->si_addr);
        if (address / SIMT_STACK_BYTES == stack / SIMT_STACK_BYTES) {
            thread.block->fail(thread, place, "stack overflow: more than %zu bytes of local variables",
                               size_t(SIMT_STACK_BYTES));
        }
        thread.block->fail(thread, place, "memory fault: %s", DeviceMemory::get().describe(info->si_addr).c_str());
    }
    const struct sigaction& old = previous[signal == SIGBUS];
    if (old.sa_flags & SA_SIGINFO) {
        old.sa_sigaction(signal, info, context);
    } else if (old.sa_handler != SIG_DFL && old.sa_handler != SIG_IGN) {
        old.sa_handler(signal);
    } else {
        sigaction(signal, &old, nullptr);       // the fault repeats and does what it would have done
    }
}

static void initialise() {
    static std::once_flag once;
    std::call_once(once, [] {
        char* at = static_cast<char*>(reserve(MAX_WORKERS * SHARE + SIMT_STACK_BYTES, PROT_NONE));
        region = reinterpret_cast<char*>((uintptr_t(at) + SIMT_STACK_BYTES - 1) & ~(SIMT_STACK_BYTES - 1));
        struct sigaction action = {};
        action.sa_sigaction = on_fault;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART;
        sigaction(SIGSEGV, &action, &previous[0]);
        sigaction(SIGBUS, &action, &previous[1]);
    });
}

char* claim_stacks() {
    static std::atomic<size_t> next{0};
    initialise();
    return region + next++ * SHARE;
}

void open_stack(char* stack) {
    mprotect(stack + DeviceMemory::PAGE, SIMT_STACK_BYTES - DeviceMemory::PAGE, PROT_READ | PROT_WRITE);
}

void catch_faults() {
    initialise();
    constexpr size_t size = 64 * 1024;
    stack_t stack = {};
    stack.ss_sp = reserve(size, PROT_READ | PROT_WRITE);        // kept as long as the worker: for ever
    stack.ss_size = size;
    sigaltstack(&stack, nullptr);
}

}
