#include "sockjs.h"

#include <stdio.h>
#include "arrival.h"
#include "load.h"

struct rl_slice sockjs_target(const struct connection *conn, const char *what, char *text)
{
	/* The time tells this run's from those that the server has not forgotten yet. */
	int n = snprintf(text, SOCKJS_TARGET, "%s/000/%llx-%u/%s", conn->path,
		(unsigned long long)conn->load->started, conn->number, what);
	return rl_slice(text, (size_t)n);
}

static int begin_frame(struct connection *conn, uint8_t letter)
{
	struct sockjs_reader *reader = &conn->sockjs;

	switch (letter) {
	case 'h':
		reader->state = SOCKJS_BEAT;
		return 0;
	case 'o':
		if (reader->opened)
			return connection_fail(conn, "the session opens twice");
		reader->opened = true;
		reader->state = SOCKJS_END;
		return connection_opened(conn);
	case 'a':
		if (!reader->opened)
			return connection_fail(conn, "came before the session was open");
		reader->state = SOCKJS_ARRAY;
		return 0;
	case 'c':
		return connection_fail(conn, "the server closes the session");
	default:
		return connection_fail(conn, "no frame of SockJS begins so");
	}
}

/* The bytes of a message up to its quotes. */
static int take_text(struct connection *conn, struct rl_slice *data, uint64_t now)
{
	const uint8_t *quote = memchr(data->data, '"', data->len);
	size_t n = quote ? (size_t)(quote - data->data) : data->len;
	struct rl_slice payload = arrival_payload(conn);

	if (arrival_bytes(conn, payload, rl_slice(data->data, n)) < 0)
		return -1;
	rl_slice_skip(data, n);
	if (!quote)
		return 0;
	rl_slice_skip(data, 1);
	conn->sockjs.state = SOCKJS_NEXT;
	return arrival_end(conn, payload, now);
}

/* What may stand around messages. */
static const struct {
	enum sockjs_state state;
	uint8_t byte;
	enum sockjs_state next;
} steps[] = {
	{ SOCKJS_ARRAY, '[', SOCKJS_ELEMENT },
	{ SOCKJS_ELEMENT, '"', SOCKJS_TEXT },
	{ SOCKJS_NEXT, ',', SOCKJS_ELEMENT },
	{ SOCKJS_NEXT, ']', SOCKJS_END },
	{ SOCKJS_BEAT, 'h', SOCKJS_BEAT },
};

static int take_byte(struct connection *conn, uint8_t byte)
{
	struct sockjs_reader *reader = &conn->sockjs;

	if (reader->state == SOCKJS_FRAME)
		return begin_frame(conn, byte);
	for (unsigned i = 0; i < sizeof steps / sizeof *steps; i++)
		if (steps[i].state == reader->state && steps[i].byte == byte) {
			reader->state = steps[i].next;
			return 0;
		}
	return connection_fail(conn, "no frame of SockJS goes on so");
}

static int end_frame(struct connection *conn)
{
	struct sockjs_reader *reader = &conn->sockjs;

	if (reader->state != SOCKJS_END && reader->state != SOCKJS_BEAT)
		return connection_fail(conn, "its frame of SockJS is cut off");
	reader->state = SOCKJS_FRAME;
	return 0;
}

int sockjs_read(struct connection *conn, struct rl_slice data, bool fin, uint64_t now)
{
	bool lines = conn->http != NULL;
	int rc = 0;

	while (data.len > 0 && rc == 0 && conn->state != CONNECTION_NONE) {
		if (conn->sockjs.state == SOCKJS_TEXT) {
			rc = take_text(conn, &data, now);
			continue;
		}
		rc = lines && *data.data == '\n' ? end_frame(conn) : take_byte(conn, *data.data);
		rl_slice_skip(&data, 1);
	}
	if (rc < 0 || conn->state == CONNECTION_NONE)
		return rc;
	return fin && !lines ? end_frame(conn) : 0;
}
