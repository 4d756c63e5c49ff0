/* carrier_http.c: a session's frames on the response to a request.
 *
 * A poll is held without an answer until there is a frame, which is its body then, with a length, head
 * and all in one write. A stream's head and prelude leave at once, and each frame is a chunk.
 *
 * The client is gone when the exchange says so, or when it has sent its last byte: one that holds a
 * request has nothing else to say, and while nothing is sent that is all that one sees of its leaving. */
#include "proto/session.h"

/* What the loop's buffer may keep behind a large frame. */
#define KEEP_BUFFER ((size_t)64 * 1024)

struct carrier {
	struct rl_carrier base;
	rill_request *request;
	uint64_t left; /* bytes until a stream ends; UINT64_MAX: no limit */
	uint32_t fields_len, label_len;
	size_t threshold; /* bodies of so many bytes are coded */
	enum rl_coding coding;
	uint8_t text[]; /* the fields of the answer to a poll, then the label */
};

static struct carrier *of(const struct rl_carrier *base)
{
	return rl_container(base, struct carrier, base);
}

static struct rl_slice fields_of(const struct carrier *c)
{
	return rl_slice(c->text, c->fields_len);
}

static struct rl_slice label_of(const struct carrier *c)
{
	return rl_slice(c->text + c->fields_len, c->label_len);
}

static const struct rl_env *env_of(const struct carrier *c)
{
	return &rill_request_loop(c->request)->env;
}

static const rill_request_handler deaf = { .size = sizeof(deaf) };

/* The request is on its own from here on: its response is ended, or is to be. */
static rill_request *let_go(struct carrier *c)
{
	rill_request *request = c->request;

	rill_request_follow(request, &deaf, NULL);
	rl_free(env_of(c), c);
	return request;
}

static void on_drain(rill_request *request, void *user)
{
	struct carrier *c = user;

	(void)request;
	if (c->base.session)
		rl_session_drained(c->base.session);
}

/* The client has ended it. */
static void lost(struct carrier *c)
{
	struct rl_session *session = c->base.session;

	if (session)
		rl_session_lost(session, 1006, rl_slice(NULL, 0));
}

static void on_gone(rill_request *request, int rc, void *user)
{
	struct carrier *c = user;
	const struct rl_env *env = env_of(c);

	(void)request;
	(void)rc;
	lost(c);
	rl_free(env, c);
}

static int write_fields(struct rl_buf *out, const struct rl_envelope *envelope, const char *type,
	struct rl_slice fields)
{
	int rc = rl_buf_append_str(out, "Content-Type: ");

	if (rc == 0)
		rc = rl_buf_append_str(out, type);
	if (rc == 0)
		rc = rl_buf_append_str(out, "\r\n");
	if (rc == 0 && envelope->fields)
		rc = rl_buf_append_str(out, envelope->fields);
	return rc == 0 ? rl_buf_append_slice(out, fields) : rc;
}

/* The loop's buffer has been used. */
static void leave_empty(struct rl_buf *scratch)
{
	rl_buf_consume(scratch, scratch->len);
	if (scratch->cap > KEEP_BUFFER)
		rl_buf_release(scratch);
}

static const char *type_of(const struct carrier *c, rill_kind kind)
{
	const struct rl_envelope *envelope = c->base.row->envelope;

	return kind == RILL_BINARY && envelope->binary_type ? envelope->binary_type
							    : envelope->content_type;
}

static int write_body(const struct carrier *c, struct rl_buf *out, struct rl_slice frame)
{
	const struct rl_envelope *envelope = c->base.row->envelope;
	int rc = envelope->prelude ? envelope->prelude(out, label_of(c)) : 0;

	return rc == 0 ? envelope->wrap(out, label_of(c), frame) : rc;
}

/* The body, which stands behind so many bytes of fields, in the coding that the client takes if it is worth
 * that: then the field that says so stands there instead. Without memory for it the body goes as it is. */
static int encode(const struct carrier *c, struct rl_buf *scratch, size_t fields, struct rl_buf *coded)
{
	struct rl_slice body = rl_slice(scratch->data + fields, scratch->len - fields);

	if (!c->coding || c->base.plain || body.len < c->threshold ||
		rl_coding_write(coded, c->coding, body) < 0)
		return 0;
	scratch->len = fields;
	return rl_http1_write_field(scratch, RL_SLICE("Content-Encoding"),
		rl_slice_str(rl_coding_name(c->coding)));
}

/* A poll's answer, which has no body without a frame. */
static int answer(struct carrier *c, int status, rill_kind kind, const struct rl_slice *frame)
{
	struct rl_buf *scratch = &rill_request_loop(c->request)->scratch, coded;
	int rc = write_fields(scratch, c->base.row->envelope, type_of(c, kind), fields_of(c));
	size_t fields = scratch->len;

	rl_buf_init(&coded, env_of(c));
	if (rc == 0 && frame)
		rc = write_body(c, scratch, *frame);
	if (rc == 0)
		rc = encode(c, scratch, fields, &coded);
	if (coded.len)
		fields = scratch->len;
	struct rl_slice body = coded.len ? rl_buf_slice(&coded)
					 : rl_slice(scratch->data + fields, scratch->len - fields);
	if (rc == 0)
		rc = rl_exchange_respond(
			c->request, status, rl_slice(scratch->data, fields), body);
	rl_buf_release(&coded);
	leave_empty(scratch);
	return rc;
}

static void end_response(struct carrier *c, int status)
{
	int rc = c->base.row->one_shot ? answer(c, status, RILL_TEXT, NULL)
				       : rill_response_end(c->request);

	if (rc == RILL_ENOMEM) /* unanswered it would be held for ever */
		rill_request_abort(c->request);
	let_go(c);
}

static void on_peer_end(rill_request *request, void *user)
{
	struct carrier *c = user;

	(void)request;
	lost(c);
	end_response(c, 200);
}

static const rill_request_handler following = {
	.size = sizeof(following),
	.on_drain = on_drain,
	.on_close = on_gone,
	.on_peer_end = on_peer_end,
};

static struct carrier *make(const struct rl_env *env, rill_request *request, struct rl_slice fields,
	struct rl_slice label)
{
	struct carrier *c = rl_alloc(env, sizeof(*c) + fields.len + label.len);

	if (!c)
		return NULL;
	*c = (struct carrier){ .request = request, .left = UINT64_MAX };
	c->fields_len = (uint32_t)fields.len;
	c->label_len = (uint32_t)label.len;
	if (fields.len)
		memcpy(c->text, fields.data, fields.len);
	if (label.len)
		memcpy(c->text + fields.len, label.data, label.len);
	return c;
}

static int begin_stream(rill_request *request, const struct rl_envelope *envelope,
	struct rl_slice fields, struct rl_slice label)
{
	struct rl_buf prelude;
	int rc = 0;

	rl_buf_init(&prelude, &rill_request_loop(request)->env);
	if (envelope->prelude)
		rc = envelope->prelude(&prelude, label);
	if (rc == 0 && envelope->unframed)
		rl_exchange_unframe(request);
	if (rc == 0)
		rc = rl_exchange_begin(request, 200, fields, rl_buf_slice(&prelude));
	rl_buf_release(&prelude);
	return rc;
}

int rl_carrier_http_new(struct rl_carrier **carrier, const struct rl_carrier_row *row,
	rill_request *request, struct rl_slice fields, struct rl_slice label, uint64_t limit)
{
	const struct rl_env *env = &rill_request_loop(request)->env;
	const struct rl_slice nothing = rl_slice(NULL, 0);
	struct carrier *c = NULL;
	struct rl_buf lines;
	int rc = 0;

	rl_buf_init(&lines, env);
	if (!row->one_shot)
		rc = write_fields(&lines, row->envelope, row->envelope->content_type, fields);
	if (rc == 0)
		c = make(env, request, row->one_shot ? fields : nothing, label);
	if (!c)
		rc = RILL_ENOMEM;
	if (rc == 0 && !row->one_shot)
		rc = begin_stream(request, row->envelope, rl_buf_slice(&lines), label);
	rl_buf_release(&lines);
	if (rc < 0) {
		rl_free(env, c);
		return rc;
	}
	c->base.row = row;
	if (limit)
		c->left = limit;
	rill_request_follow(request, &following, c);
	if (row->one_shot)
		rl_exchange_await(request);
	*carrier = &c->base;
	return 0;
}

void rl_carrier_http_compress(struct rl_carrier *carrier, enum rl_coding coding, size_t threshold)
{
	of(carrier)->coding = coding;
	of(carrier)->threshold = threshold;
}

/* All of a poll's answer. */
static int respond(struct carrier *c, rill_kind kind, struct rl_slice frame)
{
	int rc = answer(c, 200, kind, &frame);

	if (rc < 0)
		return rc == RILL_ENOMEM ? rc : RILL_ECLOSED;
	let_go(c);
	return 2;
}

static int write_chunk(struct carrier *c, struct rl_slice frame)
{
	struct rl_buf *chunk = &rill_request_loop(c->request)->scratch;
	int rc = c->base.row->envelope->wrap(chunk, label_of(c), frame);

	if (rc == 0)
		rc = rill_response_write(c->request, chunk->data, chunk->len);
	if (rc >= 0 && c->left != UINT64_MAX)
		c->left = chunk->len < c->left ? c->left - chunk->len : 0;
	leave_empty(chunk);
	if (rc < 0)
		return rc == RILL_ENOMEM ? rc : RILL_ECLOSED;
	if (c->left)
		return rc;
	rill_response_end(c->request);
	let_go(c);
	return 2;
}

static int op_write(struct rl_carrier *carrier, rill_kind kind, struct rl_slice frame)
{
	return carrier->row->one_shot ? respond(of(carrier), kind, frame)
				      : write_chunk(of(carrier), frame);
}

static void op_finish(struct rl_carrier *carrier, int code, struct rl_slice reason)
{
	(void)reason;
	end_response(of(carrier), code == 1002 ? 400 : 200);
}

static void op_cut(struct rl_carrier *carrier)
{
	rill_request_abort(let_go(of(carrier)));
}

static void op_set_reading(struct rl_carrier *carrier, bool on)
{
	(void)carrier;
	(void)on; /* nothing comes in */
}

static void op_flush(struct rl_carrier *carrier)
{
	rl_exchange_flush(of(carrier)->request);
}

static size_t op_queued(const struct rl_carrier *carrier)
{
	return rill_response_queued(of(carrier)->request);
}

static bool op_local(const struct rl_carrier *carrier, struct rl_addr *addr)
{
	return rl_exchange_local(of(carrier)->request, addr);
}

static bool op_secure(const struct rl_carrier *carrier)
{
	return rill_request_secure(of(carrier)->request);
}

/* It idles: a good part of what it costs is a head that nobody asks for any more. */
static void op_settle(struct rl_carrier *carrier)
{
	struct carrier *c = of(carrier);

	c->request = rl_exchange_forget_head(c->request);
}

const struct rl_carrier_ops rl_carrier_http_ops = {
	.write = op_write,
	.finish = op_finish,
	.cut = op_cut,
	.set_reading = op_set_reading,
	.flush = op_flush,
	.queued = op_queued,
	.local = op_local,
	.secure = op_secure,
	.settle = op_settle,
};
