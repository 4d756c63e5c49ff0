/* process.h: what the kernel says of another process: CPU time, memory, descriptors. */
#ifndef BENCH_PROCESS_H
#define BENCH_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Nanoseconds of CPU of all its threads, user and system, as the scheduler counts them (not in
 * ticks). False when there is no such process. */
bool process_cpu(pid_t pid, uint64_t *ns);

/* Pages its memory has been given so far without reading a disk: the price of memory that goes back
 * to the kernel and comes again. */
bool process_faults(pid_t pid, uint64_t *count);

/* In bytes, from smaps_rollup. */
struct process_memory {
	uint64_t rss, pss;
	uint64_t anonymous; /* heap, stacks: what nobody else shares */
	uint64_t private_dirty;
};

bool process_memory(pid_t pid, struct process_memory *memory);

/* Open descriptors; negative when they cannot be seen. */
int process_descriptors(pid_t pid);

/* As many descriptors as this process may have. */
void raise_descriptor_limit(void);

#endif
