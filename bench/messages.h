/* messages.h: what is sent, made before the run: payloads, and the frames that carry them.
 *
 * Sending is then copying a frame, so that the load costs less than what it measures. Message n
 * of a connection is entry n of a ring of payloads of which no two are alike, so an echo that was
 * dropped, doubled or swapped is seen at its first bytes.
 *
 * Frames are masked with keys made beforehand. Compressed ones are compressed from empty: a sender
 * may do that whatever was agreed on context takeover. */
#ifndef BENCH_MESSAGES_H
#define BENCH_MESSAGES_H

#include "options.h"

struct messages {
	const struct rl_env *env;
	unsigned count;
	size_t size; /* of each payload */
	bool text;
	struct rl_buf payloads;  /* count times size bytes */
	struct rl_slice *frames; /* masked, with their headers; over HTTP bare; in bytes */
	struct rl_buf bytes;
};

/* Returns 0 or RILL_ENOMEM. */
int messages_init(struct messages *m, const struct options *options, const struct rl_env *env);
void messages_fini(struct messages *m);

static inline struct rl_slice messages_frame(const struct messages *m, uint64_t n)
{
	return m->frames[n % m->count];
}

static inline struct rl_slice messages_payload(const struct messages *m, uint64_t n)
{
	return rl_slice(m->payloads.data + (n % m->count) * m->size, m->size);
}

#endif
