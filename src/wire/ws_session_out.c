/* ws_session_out.c: the sending half of a session: data and control frames, the closing
 * handshake (RFC 6455, section 7) and the deadlines. */
#include <rill/error.h>
#include "base/utf8.h"
#include "wire/ws_pipeline.h"
#include "wire/ws_session_impl.h"

#define REASON_MAX (CONTROL_MAX - 2)

bool rl_ws_code_sendable(unsigned code)
{
	if (code >= 3000)
		return code <= 4999;
	/* 1004 to 1006 and 1015 are reserved; 1012 to 1014 were registered after the RFC. */
	return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

/* Appends n bytes, masked, to where room was made for them. */
static void append_masked(struct rl_buf *out, struct rl_slice data, const uint8_t key[4])
{
	rl_ws_mask(rl_buf_end(out), data.data, data.len, key, 0);
	rl_buf_commit(out, data.len);
}

static void make_key(const struct rl_ws *ws, uint8_t key[4])
{
	const struct rl_env *env = ws->config->out->env;
	env->random(key, 4, env->user);
}

int rl_ws_append_frame(struct rl_ws *ws, struct rl_buf *out, uint8_t first, struct rl_slice data)
{
	uint8_t key[4];

	if (data.len > SIZE_MAX - RL_WS_HEAD_MAX ||
		rl_buf_reserve(out, RL_WS_HEAD_MAX + data.len) < 0)
		return RILL_ENOMEM;
	if (ws->role == RL_WS_SERVER) {
		rl_buf_commit(out, rl_ws_write_head(rl_buf_end(out), first, data.len, NULL));
		if (data.len)
			memcpy(rl_buf_end(out), data.data, data.len);
		rl_buf_commit(out, data.len);
		return 0;
	}
	make_key(ws, key);
	rl_buf_commit(out, rl_ws_write_head(rl_buf_end(out), first, data.len, key));
	append_masked(out, data, key);
	return 0;
}

/* Brings a piece through the pipeline onto the end of out, leaves room for the header in front, and
 * closes the gap when the length is known. */
static int append_transformed(struct rl_ws *ws, struct rl_buf *out, uint8_t byte, bool text,
	bool first, struct rl_slice data)
{
	uint8_t head[RL_WS_HEAD_MAX], key[4];
	bool masked = ws->role == RL_WS_CLIENT;
	size_t before = out->len;

	if (rl_buf_reserve(out, RL_WS_HEAD_MAX) < 0)
		return RILL_ENOMEM;
	rl_buf_commit(out, RL_WS_HEAD_MAX);
	int rc = rl_ws_pipeline_out(
		ws->pipeline, ws->out_bits, text, data, first, byte & RL_WS_FIN, out);
	if (rc < 0) {
		out->len = before;
		return rc;
	}
	size_t len = out->len - before - RL_WS_HEAD_MAX;
	uint8_t *payload = out->data + before + RL_WS_HEAD_MAX;
	if (masked) {
		make_key(ws, key);
		rl_ws_mask(payload, payload, len, key, 0);
	}
	size_t size = rl_ws_write_head(head, byte, len, masked ? key : NULL);
	memcpy(out->data + before, head, size);
	memmove(out->data + before + size, payload, len);
	out->len = before + size + len;
	return 0;
}

bool rl_ws_worth_compressing(const struct rl_ws *ws, size_t len)
{
	return rl_ws_pipeline_wants(ws->pipeline, true, len) ||
	       rl_ws_pipeline_wants(ws->pipeline, false, len);
}

int rl_ws_write(
	struct rl_ws *ws, struct rl_buf *out, bool text, bool first, bool fin, struct rl_slice data)
{
	uint8_t byte = fin ? RL_WS_FIN : 0;

	if (ws->state != RL_WS_OPEN)
		return RILL_ECLOSED;
	if (first) {
		ws->out_bits = 0;
		if (ws->pipeline)
			ws->out_bits = rl_ws_pipeline_wants(ws->pipeline, text, data.len);
		byte |= (uint8_t)((text ? RL_WS_OP_TEXT : RL_WS_OP_BINARY) | ws->out_bits);
	}
	if (!ws->out_bits)
		return rl_ws_append_frame(ws, out, byte, data);
	return append_transformed(ws, out, byte, text, first, data);
}

size_t rl_ws_write_message_head(
	struct rl_ws *ws, uint8_t out[RL_WS_HEAD_MAX], bool text, uint64_t len)
{
	assert(ws->role == RL_WS_SERVER && ws->state == RL_WS_OPEN);
	uint8_t opcode = text ? RL_WS_OP_TEXT : RL_WS_OP_BINARY;
	(void)ws;
	return rl_ws_write_head(out, RL_WS_FIN | opcode, len, NULL);
}

int rl_ws_write_control(
	struct rl_ws *ws, struct rl_buf *out, enum rl_ws_opcode opcode, struct rl_slice data)
{
	assert(opcode == RL_WS_OP_PING || opcode == RL_WS_OP_PONG);
	if (ws->state != RL_WS_OPEN)
		return RILL_ECLOSED;
	if (data.len > CONTROL_MAX)
		return RILL_ETOOBIG;
	return rl_ws_append_frame(ws, out, (uint8_t)(RL_WS_FIN | opcode), data);
}

/* Queues a Close; code 1005: an empty one. */
static int append_close(struct rl_ws *ws, uint16_t code, struct rl_slice reason)
{
	uint8_t payload[CONTROL_MAX];
	size_t n = 0;

	assert(reason.len <= REASON_MAX);
	if (code != RL_WS_NO_CODE) {
		payload[0] = (uint8_t)(code >> 8);
		payload[1] = (uint8_t)code;
		if (reason.len)
			memcpy(payload + 2, reason.data, reason.len);
		n = 2 + reason.len;
	}
	return rl_ws_append_frame(ws, ws->config->out, RL_WS_FIN | RL_WS_OP_CLOSE, rl_slice(payload, n));
}

int rl_ws_close(struct rl_ws *ws, uint16_t code, struct rl_slice reason, uint64_t now)
{
	bool empty = code == RL_WS_NO_CODE;
	if (empty ? reason.len : !rl_ws_code_sendable(code) || reason.len > REASON_MAX)
		return RILL_EINVAL;
	if (!rl_utf8_valid(reason.data, reason.len))
		return RILL_EUTF8;
	if (ws->state != RL_WS_OPEN)
		return 0;
	ws->state = RL_WS_CLOSE_SENT;
	ws->deadline_at = now + ws->config->close_timeout;
	return append_close(ws, code, reason);
}

/* What a session can fail for, by number. */
static const struct {
	uint16_t code;
	const char *text;
} faults[] = {
#define X(name, code, text) [RL_WS_FAULT_##name] = { code, text },
	RL_WS_FAULTS(X)
#undef X
};

uint16_t rl_ws_fault_code(enum rl_ws_fault fault)
{
	return faults[fault].code;
}

const char *rl_ws_error_text(const struct rl_ws *ws)
{
	return faults[ws->fault].text;
}

void rl_ws_fail(struct rl_ws *ws, enum rl_ws_fault fault, uint64_t now)
{
	if (ws->state >= RL_WS_DONE)
		return;
	rl_ws_wrong(ws, fault);
	/* Without memory there is no Close; the end of TCP says as much. */
	if (ws->state == RL_WS_OPEN)
		(void)append_close(ws, ws->close_code, rl_slice_str(rl_ws_error_text(ws)));
	ws->state = RL_WS_FAILED;
	ws->deadline_at = now + ws->config->close_timeout;
}

int rl_ws_closed_by_peer(struct rl_ws *ws, uint16_t code, struct rl_slice reason, uint64_t now)
{
	/* An empty Close is answered with 1000, any other with itself (RFC 6455, 5.5.1). */
	if (ws->state == RL_WS_OPEN) {
		uint16_t answer = code == RL_WS_NO_CODE ? RL_WS_NORMAL : code;
		int rc = append_close(ws, answer, reason);
		if (rc < 0)
			return rc;
	}
	uint32_t wait = ws->role == RL_WS_CLIENT ? ws->config->linger : ws->config->close_timeout;
	ws->state = RL_WS_DONE;
	ws->close_code = code;
	ws->deadline_at = now + wait;
	return 0;
}

/* The payload of the latest automatic ping: a decimal counter. */
static struct rl_slice ping_payload(const struct rl_ws *ws, uint8_t digits[20])
{
	size_t at = 20;
	for (uint64_t n = ws->ping_count; n; n /= 10)
		digits[--at] = (uint8_t)('0' + n % 10);
	return rl_slice(digits + at, 20 - at);
}

/* How long after an automatic ping the deadline is, as long as its pong is not there. */
static uint64_t awaited_for(const struct rl_ws_config *config)
{
	return config->pong_timeout ? config->pong_timeout : config->ping_interval;
}

void rl_ws_note_pong(struct rl_ws *ws, struct rl_slice data)
{
	uint8_t digits[20];

	if (!ws->pong_due || !rl_slice_equal(data, ping_payload(ws, digits)))
		return;
	ws->pong_due = false;
	if (ws->state == RL_WS_OPEN)
		ws->deadline_at += ws->config->ping_interval - awaited_for(ws->config);
}

static void send_ping(struct rl_ws *ws, uint64_t now)
{
	const struct rl_ws_config *config = ws->config;
	uint8_t digits[20];

	ws->ping_count++;
	ws->pong_due = rl_ws_append_frame(ws, ws->config->out, RL_WS_FIN | RL_WS_OP_PING,
			       ping_payload(ws, digits)) == 0;
	ws->deadline_at = now + (ws->pong_due ? awaited_for(config) : config->ping_interval);
}

int rl_ws_expire(struct rl_ws *ws, uint64_t now)
{
	if (now < ws->deadline_at)
		return 0;
	if (ws->state == RL_WS_OPEN && !(ws->pong_due && ws->config->pong_timeout)) {
		send_ping(ws, now);
		return 0;
	}
	if (ws->state == RL_WS_OPEN)
		ws->fault = RL_WS_FAULT_NO_PONG;
	else if (ws->state == RL_WS_CLOSE_SENT)
		ws->fault = RL_WS_FAULT_NO_CLOSE;
	if (ws->state <= RL_WS_CLOSE_SENT)
		ws->state = RL_WS_FAILED;
	ws->deadline_at = UINT64_MAX;
	return RILL_ETIMEDOUT;
}
