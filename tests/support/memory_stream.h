/* memory_stream.h: a loop on the test's environment, and two streams that are each other's peer in
 * memory, for tests of the layers above: what one writes arrives at the other in chosen pieces,
 * always from inside a turn. Their own memory is not counted and does not fail. */
#ifndef TEST_MEMORY_STREAM_H
#define TEST_MEMORY_STREAM_H

#include "net/stream.h"

/* A loop with the memory, log and integer clock of test_env(). NULL: a failing allocation was hit.
 * Freed by rill_loop_free(). */
struct rill_loop *test_loop(void);

/* Turns until nothing is left to do at this time of the clock. */
void test_settle(struct rill_loop *loop);

/* Two connected streams, reading off and without an owner. */
void memory_stream_pair(struct rl_stream_group *group, struct rl_stream **a, struct rl_stream **b);

/* How bytes arrive at this end: the first piece of so many bytes, the others of so many; 0: all
 * that is there. With headroom: in front of each are RL_HEADROOM bytes to use. */
void memory_stream_pieces(struct rl_stream *end, size_t first, size_t others, bool headroom);

/* How many more bytes may be on their way to this end or have arrived there; then its peer is
 * blocked. At first without limit. */
void memory_stream_room(struct rl_stream *end, size_t room);

/* The connection breaks at this end. */
void memory_stream_break(struct rl_stream *end, int rc);

#endif
