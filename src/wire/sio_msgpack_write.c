/* sio_msgpack_write.c: packets in MessagePack, written from JSON.
 *
 * MessagePack says how many items come before they come, and JSON does not: so the text is gone through
 * twice, and the counts are kept in between, in the order in which arrays and objects open. */
#include <math.h>
#include <rill/error.h>
#include "wire/msgpack.h"
#include "wire/sio_packet.h"

enum piece { PIECE_END, PIECE_SCALAR, PIECE_OPEN, PIECE_CLOSE, PIECE_BYTES };

struct writer {
	struct rl_buf *out;
	const struct rl_slice *attachments;
	uint32_t count;
};

/* As rl_json_step(), but that a placeholder with an attachment is one piece. */
static enum piece next_piece(
	const struct writer *w, struct rl_slice *rest, struct rl_json *value, uint32_t *num)
{
	switch (rl_json_step(rest, value)) {
	case RL_JSON_END:
		return PIECE_END;
	case RL_JSON_SCALAR:
		return PIECE_SCALAR;
	case RL_JSON_CLOSE:
		return PIECE_CLOSE;
	case RL_JSON_OPEN:
		break;
	}
	struct rl_slice object = rl_slice(value->text.data, rest->len + 1);
	if (!w->count || !rl_sio_take_placeholder(&object, num) || *num >= w->count)
		return PIECE_OPEN;
	*rest = object;
	return PIECE_BYTES;
}

struct counter {
	struct rl_buf *counts; /* uint32_t, one for each that has opened */
	uint32_t opened, depth;
	uint32_t open[RL_JSON_DEPTH]; /* the numbers of those that have not closed yet */
};

static uint32_t *count_of(const struct counter *c, uint32_t number)
{
	return (uint32_t *)(void *)c->counts->data + number;
}

static int count_opening(struct counter *c)
{
	static const uint32_t zero;

	if (c->depth == RL_JSON_DEPTH || c->opened == UINT32_MAX)
		return RILL_ETOOBIG;
	c->open[c->depth++] = c->opened++;
	return rl_buf_append(c->counts, &zero, sizeof(zero));
}

/* One more in the innermost that is open. */
static int count_one(struct counter *c)
{
	if (!c->depth)
		return 0;
	uint32_t *count = count_of(c, c->open[c->depth - 1]);
	if (*count == UINT32_MAX)
		return RILL_ETOOBIG;
	++*count;
	return 0;
}

/* Names and values both count. */
static int count_all(const struct writer *w, struct rl_slice text, struct rl_buf *counts)
{
	struct counter c;
	struct rl_json value;
	enum piece piece;
	uint32_t num;
	int rc = 0;

	c.counts = counts;
	c.opened = c.depth = 0;
	while (rc == 0 && (piece = next_piece(w, &text, &value, &num)) != PIECE_END) {
		if (piece == PIECE_CLOSE) {
			assert(c.depth);
			c.depth--;
			continue;
		}
		rc = count_one(&c);
		if (rc == 0 && piece == PIECE_OPEN)
			rc = count_opening(&c);
	}
	return rc;
}

/* Half of a pair is no character; U+FFFD has as many bytes as it has here. */
static void replace_surrogates(uint8_t *text, size_t n)
{
	uint8_t *end = text + n;

	while ((text = memchr(text, 0xed, (size_t)(end - text)))) {
		if (text[1] >= 0xa0)
			memcpy(text, "\xef\xbf\xbd", 3);
		text += 3;
	}
}

/* A string with escapes: behind room for the longest head, which then moves up to it. */
static int write_escaped(struct rl_buf *out, const struct rl_json *string)
{
	size_t most = string->text.len - 2;
	uint8_t head[5];

	if (most > UINT32_MAX)
		return RILL_ETOOBIG;
	int rc = rl_buf_reserve(out, sizeof(head) + most);
	if (rc < 0)
		return rc;
	uint8_t *to = rl_buf_end(out), *text = to + sizeof(head);
	size_t n = (size_t)rl_json_unquote_to(string, text, most);
	replace_surrogates(text, n);
	size_t size = rl_msgpack_str_head(head, (uint32_t)n);
	memcpy(to, head, size);
	memmove(to + size, text, n);
	rl_buf_commit(out, size + n);
	return 0;
}

static int write_string(struct rl_buf *out, const struct rl_json *string)
{
	if (!string->plain)
		return write_escaped(out, string);
	return rl_msgpack_write_str(out, rl_slice(string->text.data + 1, string->text.len - 2));
}

/* Up to here each integer is a double of its own. */
#define EXACT 9007199254740992.0

/* JavaScript has one kind of numbers: what is whole leaves as an integer, however it was written. */
static int write_number(struct rl_buf *out, const struct rl_json *number)
{
	uint64_t natural;
	int64_t n;
	double d;

	if (rl_json_i64(number, &n))
		return rl_msgpack_write_int(out, n);
	if (rl_slice_to_u64(number->text, &natural))
		return rl_msgpack_write_uint(out, natural);
	if (!rl_json_double(number, &d))
		d = number->text.data[0] == '-' ? -(double)INFINITY : (double)INFINITY;
	if (d >= -EXACT && d <= EXACT && (double)(int64_t)d == d)
		return rl_msgpack_write_int(out, (int64_t)d);
	return rl_msgpack_write_double(out, d);
}

static int write_scalar(struct rl_buf *out, const struct rl_json *value)
{
	switch (value->type) {
	case RL_JSON_NULL:
		return rl_msgpack_write_nil(out);
	case RL_JSON_FALSE:
	case RL_JSON_TRUE:
		return rl_msgpack_write_bool(out, value->type == RL_JSON_TRUE);
	case RL_JSON_NUMBER:
		return write_number(out, value);
	default:
		return write_string(out, value);
	}
}

static int write_opening(struct rl_buf *out, const struct rl_json *value, uint32_t count)
{
	if (value->type == RL_JSON_ARRAY)
		return rl_msgpack_write_array(out, count);
	return rl_msgpack_write_map(out, count / 2);
}

static int write_all(const struct writer *w, struct rl_slice text, const struct rl_buf *counts)
{
	const uint32_t *count = (const uint32_t *)(const void *)counts->data;
	const uint32_t *end = count ? count + counts->len / sizeof(*count) : NULL;
	struct rl_json value;
	enum piece piece;
	uint32_t num;
	int rc = 0;

	while (rc == 0 && (piece = next_piece(w, &text, &value, &num)) != PIECE_END) {
		assert(piece != PIECE_OPEN || (count && count < end));
		if (piece == PIECE_OPEN)
			rc = write_opening(w->out, &value, *count++);
		else if (piece == PIECE_BYTES)
			rc = rl_msgpack_write_bin(w->out, w->attachments[num]);
		else if (piece == PIECE_SCALAR)
			rc = write_scalar(w->out, &value);
	}
	return rc;
}

static int write_data(const struct writer *w, const struct rl_json *data)
{
	struct rl_buf counts;

	rl_buf_init(&counts, w->out->env);
	int rc = count_all(w, data->text, &counts);
	if (rc == 0)
		rc = write_all(w, data->text, &counts);
	rl_buf_release(&counts);
	return rc;
}

/* One type says both: what is binary is so in its place. */
static uint64_t plain_type(enum rl_sio_type type)
{
	if (type == RL_SIO_BINARY_EVENT)
		return RL_SIO_EVENT;
	return type == RL_SIO_BINARY_ACK ? RL_SIO_ACK : type;
}

static int write_packet(const struct writer *w, enum rl_sio_type type, struct rl_slice name,
	const uint64_t *id, const struct rl_json *data)
{
	struct rl_buf *out = w->out;
	int rc = rl_msgpack_write_map(out, 2u + (data != NULL) + (id != NULL));

	if (rc == 0)
		rc = rl_msgpack_write_str(out, RL_SLICE("type"));
	if (rc == 0)
		rc = rl_msgpack_write_uint(out, plain_type(type));
	if (rc == 0 && data)
		rc = rl_msgpack_write_str(out, RL_SLICE("data"));
	if (rc == 0 && data)
		rc = write_data(w, data);
	if (rc == 0)
		rc = rl_msgpack_write_str(out, RL_SLICE("nsp"));
	if (rc == 0)
		rc = rl_msgpack_write_str(out, name);
	if (rc == 0 && id)
		rc = rl_msgpack_write_str(out, RL_SLICE("id"));
	return rc == 0 && id ? rl_msgpack_write_uint(out, *id) : rc;
}

int rl_sio_write_msgpack(struct rl_buf *out, enum rl_sio_type type, struct rl_slice name,
	bool has_id, uint64_t id, const struct rl_json *data, const struct rl_slice *attachments,
	uint32_t count)
{
	struct writer w = { out, attachments, count };
	size_t before = out->len;
	int rc = write_packet(&w, type, name, has_id ? &id : NULL, data);

	if (rc < 0)
		out->len = before;
	return rc;
}
