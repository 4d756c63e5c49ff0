/* sio_placeholder.c: {"_placeholder":true,"num":i}, where attachment i belongs.
 *
 * The reference takes any object whose _placeholder is true; its writers write just these two members. Ours may
 * stand in any order and beside others, as long as those hold nothing themselves: so it is decided at the
 * first bracket, and no part of a text is looked at once for each level that it lies in. */
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
	enum rl_json_step step;
	bool marked = false;

	*num = RL_SIO_NO_NUM;
	if (rl_json_step(&in, &name) != RL_JSON_OPEN || name.type != RL_JSON_OBJECT)
		return false;
	while ((step = rl_json_step(&in, &name)) == RL_JSON_SCALAR) {
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
