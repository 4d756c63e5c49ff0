/* loop_random.c: random bytes for those who need few and often: a client masks each frame with four of
 * its own (RFC 6455, 5.3), and a system call for each would cost as much as the rest of a short
 * message. So a loop fetches them by the block. What has been handed out is forgotten here. */
#include "net/loop.h"

static void handed_out(void *data, size_t len, void *user)
{
	struct rill_loop *loop = user;
	uint8_t *bytes = loop->random.bytes;
	size_t size = sizeof(loop->random.bytes);

	if (len > size) {
		loop->random.fill(data, len, loop->random.user);
		return;
	}
	if (loop->random.left < len) {
		loop->random.fill(bytes, size, loop->random.user);
		loop->random.left = size;
	}
	uint8_t *from = bytes + size - loop->random.left;
	memcpy(data, from, len);
	memset(from, 0, len);
	loop->random.left -= len;
}

void rl_loop_begin_random(struct rill_loop *loop)
{
	loop->random.fill = loop->env.random;
	loop->random.user = loop->env.user;
	loop->env.random = handed_out;
	loop->env.user = loop;
}
