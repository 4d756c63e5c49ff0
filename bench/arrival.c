#include "arrival.h"

#include "load.h"

struct rl_slice arrival_payload(const struct connection *conn)
{
	return messages_payload(&conn->load->messages, connection_entry(conn, conn->receiving));
}

/* The first bytes tell one message from the next, so they are looked at in each. */
static bool looks_right(
	const struct connection *conn, struct rl_slice expected, struct rl_slice data)
{
	size_t n = data.len;
	if (conn->receiving % conn->load->options->check != 0) {
		if (conn->got >= 16)
			return true;
		if (n > 16 - conn->got)
			n = 16 - conn->got;
	}
	return n == 0 || memcmp(expected.data + conn->got, data.data, n) == 0;
}

int arrival_bytes(struct connection *conn, struct rl_slice expected, struct rl_slice data)
{
	if (conn->receiving == conn->expected)
		return connection_fail(conn, "came and nobody waits for it");
	if (data.len > expected.len - conn->got)
		return connection_fail(conn, "is longer than what was sent");
	if (!looks_right(conn, expected, data))
		return connection_fail(conn, "is not what was sent");
	conn->got += data.len;
	return 0;
}

int arrival_end(struct connection *conn, struct rl_slice expected, uint64_t now)
{
	struct load *load = conn->load;

	if (conn->got != expected.len)
		return connection_fail(conn, "is shorter than what was sent");
	if (load->recording)
		histogram_add(
			&load->latency, now - conn->stamps[conn->receiving % load->options->depth]);
	conn->receiving++;
	conn->got = 0;
	load->received++;
	return 0;
}
