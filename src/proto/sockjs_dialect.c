/* sockjs_dialect.c: what stands in the frames of SockJS, and its transports as rows. */
#include <rill/error.h>
#include "base/utf8.h"
#include "proto/sockjs.h"

const struct rl_carrier_row rl_sockjs_rows[RL_SOCKJS_TRANSPORTS] = {
	[RL_SOCKJS_WEBSOCKET] = { "websocket", &rl_carrier_websocket_ops, .duplex = true,
		.on_loss = RL_LOSS_ENDS, .beat = RL_BEAT_PING },
	[RL_SOCKJS_WEBSOCKET_RAW] = { "websocket-raw", &rl_carrier_websocket_ops, .duplex = true,
		.raw = true, .on_loss = RL_LOSS_ENDS, .beat = RL_BEAT_NONE },
	[RL_SOCKJS_XHR_STREAMING] = { "xhr-streaming", &rl_carrier_http_ops,
		&rl_sockjs_xhr_streaming, .on_loss = RL_LOSS_ENDS, .beat = RL_BEAT_FRAME },
	[RL_SOCKJS_XHR_POLLING] = { "xhr-polling", &rl_carrier_http_ops, &rl_sockjs_xhr,
		.one_shot = true, .on_loss = RL_LOSS_ENDS, .beat = RL_BEAT_FRAME },
	[RL_SOCKJS_EVENTSOURCE] = { "eventsource", &rl_carrier_http_ops, &rl_sockjs_eventsource,
		.on_loss = RL_LOSS_ENDS, .beat = RL_BEAT_FRAME },
	[RL_SOCKJS_HTMLFILE] = { "htmlfile", &rl_carrier_http_ops, &rl_sockjs_htmlfile,
		.on_loss = RL_LOSS_ENDS, .beat = RL_BEAT_FRAME },
	[RL_SOCKJS_JSONP_POLLING] = { "jsonp-polling", &rl_carrier_http_ops, &rl_sockjs_jsonp,
		.one_shot = true, .on_loss = RL_LOSS_ENDS, .beat = RL_BEAT_FRAME },
};

static int write_open(
	struct rl_session *session, const struct rl_carrier *carrier, struct rl_buf *out)
{
	(void)session;
	(void)carrier;
	return rl_buf_append_str(out, "o");
}

static int write_beat(
	struct rl_session *session, const struct rl_carrier *carrier, struct rl_buf *out)
{
	(void)session;
	(void)carrier;
	return rl_buf_append_str(out, "h");
}

static int write_taken(
	struct rl_session *session, const struct rl_carrier *carrier, struct rl_buf *out)
{
	(void)session;
	(void)carrier;
	return rl_sockjs_write_close(out, 2010, RL_SLICE("Another connection still open"));
}

/* What was published is quoted once for all who get it. NULL when out of memory, or when there is no room
 * for another form. */
static const struct rl_form *find_form(
	const struct rl_session *session, struct rl_publication *publication, struct rl_slice text)
{
	static const char form_key;
	const struct rl_form *form = rl_publication_form(publication, &form_key, 0);
	struct rl_blob *blob = NULL;
	struct rl_buf element;

	if (form)
		return form;
	rl_buf_init(&element, &session->conn.loop->env);
	if (rl_sockjs_write_element(&element, text) == 0)
		blob = rl_blob_take_buf(&element);
	rl_buf_release(&element);
	if (!blob)
		return NULL;
	form = rl_publication_add_form(publication, &form_key, 0, blob, 0);
	if (!form)
		rl_blob_unref(blob);
	return form;
}

static int write_element(
	const struct rl_session *session, struct rl_buf *out, const struct rl_outbound *message)
{
	const struct rl_form *form = NULL;

	if (message->publication)
		form = find_form(session, message->publication, message->data);
	if (form)
		return rl_buf_append_slice(out, rl_blob_slice(form->bytes));
	return rl_sockjs_write_element(out, message->data);
}

/* All that waits, joined, as far as there is room; the first in any case. */
static int write_array(
	const struct rl_session *session, struct rl_buf *out, size_t room, uint32_t *count)
{
	size_t start = out->len, cursor = 0;
	struct rl_outbound message;
	int rc = rl_buf_append_str(out, "a[");

	*count = 0;
	while (rc == 0 && rl_outbox_next(&session->outbox, &cursor, &message)) {
		size_t used = out->len - start;
		if (*count && (used >= room || message.data.len > room - used))
			break;
		if (*count)
			rc = rl_buf_append_str(out, ",");
		if (rc == 0)
			rc = write_element(session, out, &message);
		++*count;
	}
	if (rc == 0)
		rc = rl_buf_append_str(out, "]");
	if (rc < 0)
		out->len = start;
	return rc;
}

static int pack(struct rl_session *session, const struct rl_carrier *carrier, struct rl_buf *out,
	size_t room, uint32_t *count, rill_kind *kind)
{
	(void)carrier;
	*kind = RILL_TEXT;
	return write_array(session, out, room, count);
}

/* The code of the session stands in the frame; the WebSocket below ends in its own way. */
static int write_shut(struct rl_session *session, const struct rl_carrier *carrier, int code,
	struct rl_slice reason, struct rl_buf *out, int *ws_code, struct rl_slice *ws_reason)
{
	(void)session;
	if (carrier->row->raw) {
		*ws_code = code;
		*ws_reason = reason;
		return 0;
	}
	*ws_code = 1000;
	*ws_reason = RL_SLICE("Normal closure");
	return rl_sockjs_write_close(out, code, reason);
}

/* Where the reading of what came stands, as places in its text, which may move. */
enum {
	NOTHING,
	ARRAY, /* state: where the rest of it begins, and its length */
	ONLY,  /* state: the only value, its type and whether it is plain, likewise */
};

static uint64_t place_of(const struct rl_inbound *in, struct rl_slice part)
{
	return (uint64_t)(part.data - in->text.data);
}

static struct rl_slice part_at(const struct rl_inbound *in, uint64_t place, uint64_t len)
{
	return rl_slice(in->text.data + place, (size_t)len);
}

static void save(struct rl_inbound *in, const struct rl_sockjs_messages *m)
{
	if (m->has_only) {
		in->state[0] = ONLY;
		in->state[1] = place_of(in, m->only.text);
		in->state[2] = m->only.text.len;
		in->state[3] = m->only.type;
		in->state[4] = m->only.plain;
	} else if (m->rest.data) {
		in->state[0] = ARRAY;
		in->state[1] = place_of(in, m->rest);
		in->state[2] = m->rest.len;
	} else {
		in->state[0] = NOTHING;
	}
}

static struct rl_sockjs_messages restore(const struct rl_inbound *in)
{
	struct rl_sockjs_messages m = { 0 };
	struct rl_slice part = part_at(in, in->state[1], in->state[2]);

	if (in->state[0] == ONLY) {
		m.has_only = true;
		m.only.type = (enum rl_json_type)in->state[3];
		m.only.plain = in->state[4];
		m.only.text = part;
	} else {
		m.rest = part;
	}
	return m;
}

static int read_inbound(
	struct rl_session *session, struct rl_inbound *in, int *code, const char **why)
{
	struct rl_sockjs_messages messages;

	(void)session;
	in->state[0] = NOTHING;
	if (in->kind != RILL_TEXT) {
		*code = 1003;
		*why = "SockJS has no binary messages";
		return RILL_EUNSUPPORTED;
	}
	if (in->raw || !in->text.len)
		return 0;
	int rc = rl_sockjs_read(&messages, in->text, true);
	if (rc < 0) {
		*code = 3000;
		*why = "Broken framing.";
		return rc;
	}
	save(in, &messages);
	return 0;
}

static int next_message(
	struct rl_session *session, struct rl_inbound *in, rill_kind *kind, struct rl_slice *data)
{
	(void)session;
	*kind = RILL_TEXT;
	if (in->state[0] == NOTHING)
		return 0;
	struct rl_sockjs_messages messages = restore(in);
	int rc = rl_sockjs_next(&messages, in->scratch, data);
	if (rc >= 0)
		save(in, &messages);
	return rc;
}

/* A WebSocket carries UTF-8 alone; all other frames escape what is none. */
static int check(const struct rl_session *session, rill_kind kind, struct rl_slice data)
{
	if (kind != RILL_TEXT)
		return RILL_EUNSUPPORTED;
	if (session->row && session->row->raw && !rl_utf8_valid(data.data, data.len))
		return RILL_EUTF8;
	return 0;
}

const struct rl_dialect rl_sockjs_dialect = {
	.overlap = RL_OVERLAP_REFUSE,
	.open = write_open,
	.pack = pack,
	.beat = write_beat,
	.shut = write_shut,
	.taken = write_taken,
	.read = read_inbound,
	.next = next_message,
	.check = check,
};
