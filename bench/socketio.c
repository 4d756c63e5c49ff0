#include "socketio.h"

#include <stdio.h>
#include <string.h>
#include "arrival.h"
#include "load.h"

#define CONNECT "40"
#define JOIN    "420[\"join\"]"
#define JOINED  "430[]"
#define PING    "2"
#define PONG    "3"

static bool broadcasts(const struct options *options)
{
	return options->scenario == SCENARIO_FANOUT;
}

static struct rl_slice event_head(const struct options *options)
{
	return broadcasts(options) ? RL_SLICE("42[\"published\",\"")
				   : RL_SLICE("42[\"echo-back\",\"");
}

int socketio_write(struct rl_buf *out, struct rl_slice payload, const struct options *options)
{
	int rc = rl_buf_append_str(
		out, broadcasts(options) ? "42[\"publish\",\"" : "42[\"echo\",\"");
	if (rc == 0)
		rc = rl_buf_append_slice(out, payload);
	return rc == 0 ? rl_buf_append_str(out, "\"]") : rc;
}

struct rl_slice socketio_target(const struct connection *conn, char *text)
{
	const char *sid = conn->socketio.sid;
	int n = snprintf(text, SOCKETIO_TARGET, "%s?EIO=4&transport=%s%s%s", conn->path,
		conn->load->options->protocol->receive, *sid ? "&sid=" : "", sid);
	return rl_slice(text, (size_t)n);
}

/* {"sid":"...", ...}: the reference server writes it so, and others have no reason to do otherwise. */
static int open_session(struct connection *conn, struct rl_slice packet)
{
	static const char before[] = "0{\"sid\":\"";
	struct socketio_reader *reader = &conn->socketio;

	if (*reader->sid)
		return connection_fail(conn, "the session opens twice");
	if (packet.len < sizeof before || memcmp(packet.data, before, sizeof before - 1) != 0)
		return connection_fail(conn, "no session opens so");
	rl_slice_skip(&packet, sizeof before - 1);
	const uint8_t *quote = memchr(packet.data, '"', packet.len);
	size_t n = quote ? (size_t)(quote - packet.data) : 0;
	if (n == 0 || n >= SOCKETIO_SID)
		return connection_fail(conn, "the session has no id");
	memcpy(reader->sid, packet.data, n);
	reader->sid[n] = '\0';
	return connection_say(conn, RL_SLICE(CONNECT));
}

/* Answers of the server come in order: whoever has the last one is where it wants to be. */
static int go_on(struct connection *conn, bool joined)
{
	if (!*conn->socketio.sid || conn->state >= CONNECTION_OPEN)
		return connection_fail(
			conn, "the namespace is entered twice, or without a session");
	if (broadcasts(conn->load->options) && !joined)
		return connection_say(conn, RL_SLICE(JOIN));
	return connection_opened(conn);
}

/* A whole packet without an event of ours. */
static int take_packet(struct connection *conn, struct rl_slice packet)
{
	if (rl_slice_equal(packet, RL_SLICE(PING)))
		return connection_say(conn, RL_SLICE(PONG));
	if (rl_slice_equal(packet, RL_SLICE(JOINED)))
		return go_on(conn, true);
	if (packet.len > 0 && packet.data[0] == '0')
		return open_session(conn, packet);
	if (packet.len > 2 && memcmp(packet.data, CONNECT "{", 3) == 0)
		return go_on(conn, false);
	if (rl_slice_equal(packet, RL_SLICE("41")) || rl_slice_equal(packet, RL_SLICE("1")))
		return connection_fail(conn, "the server closes the session");
	return connection_fail(conn, "no packet of Socket.IO that was asked for");
}

static int end_packet(struct connection *conn)
{
	struct socketio_reader *reader = &conn->socketio;
	struct rl_slice packet = rl_slice(reader->head, reader->kept);

	if (reader->state != SOCKETIO_END && reader->state != SOCKETIO_HEAD)
		return connection_fail(conn, "its packet of Socket.IO is cut off");
	bool event = reader->state == SOCKETIO_END;
	reader->state = SOCKETIO_HEAD;
	reader->kept = 0;
	return event ? 0 : take_packet(conn, packet);
}

static int take_head(struct connection *conn, struct rl_slice *data)
{
	struct rl_slice event = event_head(conn->load->options);
	struct socketio_reader *reader = &conn->socketio;

	if (reader->kept == SOCKETIO_KEPT)
		return connection_fail(conn, "no packet of Socket.IO is so long");
	reader->head[reader->kept++] = (char)*data->data;
	rl_slice_skip(data, 1);
	if (reader->kept != event.len || memcmp(reader->head, event.data, event.len) != 0)
		return 0;
	if (conn->state < CONNECTION_OPEN)
		return connection_fail(conn, "came before the namespace was entered");
	reader->state = SOCKETIO_TEXT;
	return 0;
}

static int take_text(struct connection *conn, struct rl_slice *data)
{
	const uint8_t *quote = memchr(data->data, '"', data->len);
	size_t n = quote ? (size_t)(quote - data->data) : data->len;

	if (arrival_bytes(conn, arrival_payload(conn), rl_slice(data->data, n)) < 0)
		return -1;
	rl_slice_skip(data, n);
	if (!quote)
		return 0;
	rl_slice_skip(data, 1);
	conn->socketio.state = SOCKETIO_TAIL;
	return 0;
}

static int take_tail(struct connection *conn, struct rl_slice *data, uint64_t now)
{
	if (*data->data != ']')
		return connection_fail(conn, "no event goes on so");
	rl_slice_skip(data, 1);
	conn->socketio.state = SOCKETIO_END;
	return arrival_end(conn, arrival_payload(conn), now);
}

static int step(struct connection *conn, struct rl_slice *data, uint64_t now)
{
	switch (conn->socketio.state) {
	case SOCKETIO_HEAD:
		return take_head(conn, data);
	case SOCKETIO_TEXT:
		return take_text(conn, data);
	case SOCKETIO_TAIL:
		return take_tail(conn, data, now);
	default:
		return connection_fail(conn, "no event goes on so");
	}
}

int socketio_read(struct connection *conn, struct rl_slice data, bool fin, uint64_t now)
{
	bool joined = conn->http != NULL;
	int rc = 0;

	while (data.len > 0 && rc == 0 && conn->state != CONNECTION_NONE) {
		/* A text holds no such byte. */
		if (joined && *data.data == SOCKETIO_BETWEEN) {
			rl_slice_skip(&data, 1);
			rc = end_packet(conn);
		} else {
			rc = step(conn, &data, now);
		}
	}
	if (rc < 0 || conn->state == CONNECTION_NONE)
		return rc;
	return fin ? end_packet(conn) : 0;
}
