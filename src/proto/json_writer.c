/* json_writer.c: values as a program writes them.
 *
 * A writer is the program's own struct, without an environment; each call borrows its memory as a buffer and
 * gives it back. What fails first stays in rc, and each call behind it does nothing. */
#include <math.h>
#include <rill/error.h>
#include "proto/json.h"
#include "wire/sio_packet.h"

static_assert(
	sizeof(((rill_json_writer *)NULL)->kinds) * 8 == RL_JSON_DEPTH, "a bit for each level");

/* What a call writes with. */
struct pen {
	struct rl_env env;
	struct rl_buf out;
};

static void take_env(const rill_json_writer *w, struct rl_env *env)
{
	rl_env_init_default(env);
	if (w->memory)
		env->memory = *w->memory;
}

static void take_pen(const rill_json_writer *w, struct pen *pen)
{
	take_env(w, &pen->env);
	pen->out = (struct rl_buf){ (uint8_t *)w->data, w->len, w->room, 0, &pen->env };
}

/* Gives the memory back to the writer, with a NUL behind what is in it. */
static void leave_pen(rill_json_writer *w, struct pen *pen, int rc)
{
	if (rc == 0)
		rc = rl_buf_reserve(&pen->out, 1);
	if (rc == RILL_ENOMEM)
		rl_buf_release(&pen->out);
	w->rc = rc;
	w->data = (char *)pen->out.data;
	w->len = pen->out.len;
	w->room = pen->out.cap;
	if (w->data)
		w->data[w->len] = 0;
}

void rill_json_begin(rill_json_writer *w)
{
	*w = (rill_json_writer){ .data = NULL };
}

static bool in_object(const rill_json_writer *w)
{
	return w->depth && w->kinds[(w->depth - 1) / 64] >> (w->depth - 1) % 64 & 1;
}

/* May a name come here, or a value? If not, that is the failure. */
static bool may_come(rill_json_writer *w, bool name)
{
	if (w->rc < 0)
		return false;
	bool fits = w->depth ? in_object(w) == (name || w->named) && !(name && w->named)
			     : !name && !w->len;
	if (!fits)
		w->rc = RILL_EINVAL;
	return fits;
}

static int put_comma(const rill_json_writer *w, struct rl_buf *out)
{
	return w->comma && !w->named ? rl_buf_append_str(out, ",") : 0;
}

/* Writes a value by fn, with what has to stand in front of it. */
static void put_by(rill_json_writer *w,
	int (*fn)(rill_json_writer *w, struct rl_buf *out, const void *value), const void *value)
{
	struct pen pen;

	if (!may_come(w, false))
		return;
	take_pen(w, &pen);
	int rc = put_comma(w, &pen.out);
	if (rc == 0)
		rc = fn(w, &pen.out, value);
	leave_pen(w, &pen, rc);
	w->comma = true;
	w->named = false;
}

static int put_slice(rill_json_writer *w, struct rl_buf *out, const void *value)
{
	(void)w;
	return rl_buf_append_slice(out, *(const struct rl_slice *)value);
}

/* A value that stands for itself. */
static void put_raw(rill_json_writer *w, struct rl_slice text)
{
	put_by(w, put_slice, &text);
}

void rill_json_open(rill_json_writer *w, char bracket)
{
	if (w->rc == 0 && bracket != '[' && bracket != '{')
		w->rc = RILL_EINVAL;
	if (w->rc == 0 && w->depth == RL_JSON_DEPTH)
		w->rc = RILL_ETOOBIG;
	put_raw(w, rl_slice(&bracket, 1));
	if (w->rc < 0)
		return;
	uint64_t bit = (uint64_t)1 << w->depth % 64, *kinds = &w->kinds[w->depth / 64];
	*kinds = bracket == '{' ? *kinds | bit : *kinds & ~bit;
	w->depth++;
	w->comma = false;
}

void rill_json_close(rill_json_writer *w)
{
	struct pen pen;

	if (w->rc == 0 && (!w->depth || w->named))
		w->rc = RILL_EINVAL;
	if (w->rc < 0)
		return;
	take_pen(w, &pen);
	leave_pen(w, &pen, rl_buf_append_str(&pen.out, in_object(w) ? "}" : "]"));
	w->depth--;
	w->comma = true;
}

static int put_quoted(struct rl_buf *out, struct rl_slice text)
{
	if (!rl_wtf8_valid(text.data, text.len))
		return RILL_EUTF8;
	return rl_json_quote(out, text, RL_JSON_ESCAPE_LEAST);
}

/* A name as text, or (quoted) as it stands. */
static void put_name(rill_json_writer *w, struct rl_slice name, bool quoted)
{
	struct pen pen;

	if (!may_come(w, true))
		return;
	take_pen(w, &pen);
	int rc = put_comma(w, &pen.out);
	if (rc == 0)
		rc = quoted ? rl_buf_append_slice(&pen.out, name) : put_quoted(&pen.out, name);
	if (rc == 0)
		rc = rl_buf_append_str(&pen.out, ":");
	leave_pen(w, &pen, rc);
	w->named = true;
}

void rill_json_name(rill_json_writer *w, const char *name)
{
	put_name(w, rl_slice_str(name), false);
}

void rill_json_name_of(rill_json_writer *w, rill_json string)
{
	if (w->rc == 0 && string.type != RILL_JSON_STRING)
		w->rc = RILL_EINVAL;
	put_name(w, rl_slice(string.data, string.len), true);
}

void rill_json_put_null(rill_json_writer *w)
{
	put_raw(w, RL_SLICE("null"));
}

void rill_json_put_bool(rill_json_writer *w, bool value)
{
	put_raw(w, value ? RL_SLICE("true") : RL_SLICE("false"));
}

void rill_json_put_int(rill_json_writer *w, int64_t value)
{
	uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	char text[20]; /* -9223372036854775808 */
	size_t at = sizeof(text);

	do {
		text[--at] = (char)('0' + magnitude % 10);
		magnitude /= 10;
	} while (magnitude);
	if (value < 0)
		text[--at] = '-';
	put_raw(w, rl_slice(text + at, sizeof(text) - at));
}

static int put_double(rill_json_writer *w, struct rl_buf *out, const void *value)
{
	(void)w;
	return rl_json_write_double(out, *(const double *)value);
}

void rill_json_put_number(rill_json_writer *w, double value)
{
	if (isfinite(value))
		put_by(w, put_double, &value);
	else
		rill_json_put_null(w);
}

static int put_string(rill_json_writer *w, struct rl_buf *out, const void *value)
{
	(void)w;
	return put_quoted(out, *(const struct rl_slice *)value);
}

void rill_json_put_string(rill_json_writer *w, const void *text, size_t len)
{
	struct rl_slice slice = rl_slice(text, len);

	put_by(w, put_string, &slice);
}

void rill_json_put_text(rill_json_writer *w, const char *text)
{
	if (text)
		rill_json_put_string(w, text, strlen(text));
	else
		rill_json_put_null(w);
}

/* One more attachment, of no bytes. The list has room for a power of two. */
static int add_place(rill_json_writer *w, const struct rl_env *env)
{
	size_t count = w->attached_count;

	if (count > UINT32_MAX / 4)
		return RILL_ENOMEM;
	if (!(count & (count - 1))) {
		size_t size = (count ? count * 2 : 1) * sizeof(*w->attached);
		rill_bytes *list = w->attached ? rl_resize(env, w->attached, size)
					       : rl_alloc(env, size);
		if (!list)
			return RILL_ENOMEM;
		w->attached = list;
	}
	w->attached[w->attached_count++] = (rill_bytes){ NULL, 0 };
	return 0;
}

/* Copies bytes to a place that has none. */
static int fill_place(
	rill_json_writer *w, const struct rl_env *env, size_t place, const rill_bytes *bytes)
{
	void *copy = rl_strndup(env, bytes->data, bytes->len);

	if (!copy)
		return RILL_ENOMEM;
	w->attached[place] = (rill_bytes){ copy, bytes->len };
	return 0;
}

/* Attaches what was given a place. */
static int attach_placed(rill_json_writer *w, const struct rl_env *env, const rill_json *value,
	const uint32_t *places, uint32_t end)
{
	int rc = 0;

	while (rc == 0 && w->attached_count < end)
		rc = add_place(w, env);
	for (uint32_t num = 0; num < value->attached_count && rc == 0; num++)
		if (places[num] != RL_SIO_NO_NUM)
			rc = fill_place(w, env, places[num], &value->attached[num]);
	return rc;
}

/* Not everything that is attached to a text belongs to the value that is put: only what it speaks of is
 * copied, and once, however often it does. */
static int put_attached(
	rill_json_writer *w, struct rl_buf *out, const struct rl_json *in, const rill_json *value)
{
	uint32_t count = value->attached_count, next = (uint32_t)w->attached_count;
	uint32_t *places = NULL;

	if (count) {
		places = rl_alloc(out->env, count * sizeof(*places));
		if (!places)
			return RILL_ENOMEM;
		memset(places, 0xff, count * sizeof(*places)); /* RL_SIO_NO_NUM */
	}
	int rc = rl_sio_copy(out, in, places, count, &next);
	if (rc == 0)
		rc = attach_placed(w, out->env, value, places, next);
	rl_free(out->env, places);
	return rc;
}

static int put_value(rill_json_writer *w, struct rl_buf *out, const void *value)
{
	struct rl_json in;

	if (!rl_json_private(*(const rill_json *)value, &in))
		return rl_buf_append_str(out, "null");
	return put_attached(w, out, &in, value);
}

void rill_json_put(rill_json_writer *w, rill_json value)
{
	put_by(w, put_value, &value);
}

static int put_bytes(rill_json_writer *w, struct rl_buf *out, const void *value)
{
	size_t place = w->attached_count;
	int rc = rl_sio_write_placeholder(out, (uint32_t)place);

	if (rc == 0)
		rc = add_place(w, out->env);
	return rc == 0 ? fill_place(w, out->env, place, value) : rc;
}

void rill_json_put_bytes(rill_json_writer *w, const void *data, size_t len)
{
	rill_bytes bytes = { data, len };

	put_by(w, put_bytes, &bytes);
}

rill_json rill_json_end(rill_json_writer *w)
{
	struct rl_slice text = rl_slice(w->data, w->len), rest = text;
	struct rl_json piece;

	if (w->rc == 0 && (w->depth || !w->len))
		w->rc = RILL_EINVAL;
	if (w->rc < 0)
		return (rill_json){ NULL, 0, RILL_JSON_NONE, 0, NULL };
	rl_json_step(&rest, &piece);
	piece.text = text;
	return rl_json_public(&piece, w->attached, (uint32_t)w->attached_count);
}

void rill_json_free(rill_json_writer *w)
{
	struct rl_env env;

	take_env(w, &env);
	for (size_t i = 0; i < w->attached_count; i++)
		rl_free(&env, (void *)w->attached[i].data);
	rl_free(&env, w->attached);
	rl_free(&env, w->data);
	*w = (rill_json_writer){ .memory = w->memory };
}
