/* sio_placeholder.c: {"_placeholder":true,"num":i}, where attachment i belongs.
 *
 * The reference takes any object whose _placeholder is true; its writers write just these two members. Ours
 * may stand in any order and beside others, as long as those hold nothing themselves: so it is decided at
 * the first bracket, and no part of a text is looked at once for each level that it lies in. */
#include "wire/sio_packet.h"

static uint32_t read_num(const struct rl_json *value)
{
	int64_t n;

	if (!rl_json_i64(value, &n) || n < 0 || n >= RL_SIO_NO_NUM)
		return RL_SIO_NO_NUM;
	return (uint32_t)n;
}

bool rl_sio_take_placeholder(struct rl_slice *rest, uint32_t *num)
{
	struct rl_slice in = *rest;
	struct rl_json name, value;
	bool marked = false;

	*num = RL_SIO_NO_NUM;
	if (rl_json_step(&in, &name) != RL_JSON_OPEN || name.type != RL_JSON_OBJECT)
		return false;
	while (rl_json_step(&in, &name) == RL_JSON_SCALAR) {
		if (rl_json_step(&in, &value) != RL_JSON_SCALAR)
			return false;
		if (rl_json_is(&name, RL_SLICE("_placeholder")))
			marked = value.type == RL_JSON_TRUE;
		else if (rl_json_is(&name, RL_SLICE("num")))
			*num = read_num(&value);
	}
	if (!marked)
		return false;
	*rest = in;
	return true;
}

bool rl_sio_placeholder(const struct rl_json *value, uint32_t *num)
{
	struct rl_slice rest = value->text;

	*num = RL_SIO_NO_NUM;
	return value->type == RL_JSON_OBJECT && rl_sio_take_placeholder(&rest, num);
}

int rl_sio_write_placeholder(struct rl_buf *out, uint32_t num)
{
	size_t before = out->len;
	int rc = rl_buf_append_str(out, "{\"_placeholder\":true,\"num\":");

	if (rc == 0)
		rc = rl_buf_append_u64(out, num);
	if (rc == 0)
		rc = rl_buf_append_str(out, "}");
	if (rc < 0)
		out->len = before;
	return rc;
}

static int put_renumbered(
	struct rl_buf *out, uint32_t num, uint32_t *places, uint32_t count, uint32_t *next)
{
	if (num >= count)
		return rl_buf_append_str(out, "null");
	if (places[num] == RL_SIO_NO_NUM)
		places[num] = (*next)++;
	return rl_sio_write_placeholder(out, places[num]);
}

/* Placeholders one by one, and what is between them as it stands. */
static int copy(
	struct rl_buf *out, struct rl_slice text, uint32_t *places, uint32_t count, uint32_t *next)
{
	struct rl_slice rest = text;
	struct rl_json piece;
	uint32_t num;
	int rc = 0;

	while (rc == 0 && rl_json_step(&rest, &piece) != RL_JSON_END) {
		struct rl_slice object = rl_slice(piece.text.data, rest.len + 1);
		if (piece.text.data[0] != '{' || !rl_sio_take_placeholder(&object, &num))
			continue;
		rc = rl_buf_append(out, text.data, (size_t)(piece.text.data - text.data));
		if (rc == 0)
			rc = put_renumbered(out, num, places, count, next);
		text = rest = object;
	}
	return rc == 0 ? rl_buf_append_slice(out, text) : rc;
}

/* Names may be written with escapes, so that only a text without them says by its letters what is in it. */
static bool may_hold_placeholders(struct rl_slice text)
{
	return memmem(text.data, text.len, "_placeholder", 12) || memchr(text.data, '\\', text.len);
}

int rl_sio_copy(struct rl_buf *out, const struct rl_json *data, uint32_t *places, uint32_t count,
	uint32_t *next)
{
	size_t before = out->len;

	if (!may_hold_placeholders(data->text))
		return rl_buf_append_slice(out, data->text);
	int rc = copy(out, data->text, places, count, next);
	if (rc < 0)
		out->len = before;
	return rc;
}
