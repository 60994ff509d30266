// The stacks of all fibers, in one region of addresses: the region tells a fault in a kernel from one elsewhere in the
// process (a JVM lives on faults of its own). The lowest page of each stack is a guard.
#pragma once

#include <cstddef>

namespace simt {

constexpr int MAX_WORKERS = 16;         // 2048 mappings each, of the 65530 that a process may have

// The calling worker's share of the region: MAX_THREADS stacks of SIMT_STACK_BYTES, not yet accessible.
char* claim_stacks();

// Lets a stack be used; its lowest page stays closed.
void open_stack(char* stack);

// From here on, a memory fault of a fiber on this OS thread fails its launch instead of ending the process.
void catch_faults();

}
