/* rill/base.h: the few types every other header needs: borrowed bytes, and the outside world
 * (memory, log) that a program may hand in. */
#ifndef RILL_BASE_H
#define RILL_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Marks what the shared library exports; everything else is hidden. */
#if defined(__GNUC__)
#define RILL_API __attribute__((visibility("default")))
#else
#define RILL_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Borrowed bytes: valid until the call or callback they came with returns. Not terminated by
 * a NUL. data may be NULL when len is 0. */
typedef struct rill_bytes {
	const void *data;
	size_t len;
} rill_bytes;

/* The three functions rill takes memory from. They follow malloc, realloc and free, with user
 * handed through. Called on whichever thread uses rill; NULL from alloc or resize is handled
 * everywhere: the operation fails with RILL_ENOMEM and nothing else is disturbed. */
typedef struct rill_allocator {
	void *(*alloc)(size_t size, void *user);
	void *(*resize)(void *memory, size_t size, void *user);
	void (*release)(void *memory, void *user);
	void *user;
} rill_allocator;

typedef enum rill_log_level {
	RILL_LOG_DEBUG,
	RILL_LOG_INFO,
	RILL_LOG_WARN,
	RILL_LOG_ERROR,
} rill_log_level;

/* Takes one log line: a plain sentence without a line end, valid until it returns. What a peer
 * sent is escaped in it (control characters never reach the sink). */
typedef void (*rill_log_fn)(rill_log_level level, const char *line, void *user);

/* A log sink that writes "level line\n" to standard error; user is ignored. rill logs nothing
 * unless a sink is handed in. */
RILL_API void rill_log_stderr(rill_log_level level, const char *line, void *user);

#ifdef __cplusplus
}
#endif

#endif
