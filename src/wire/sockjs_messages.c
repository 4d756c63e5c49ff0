/* sockjs_messages.c: what a client sends, message by message. */
#include <rill/error.h>
#include "wire/form.h"
#include "wire/sockjs_frame.h"

int rl_sockjs_read(struct rl_sockjs_messages *m, struct rl_slice text, bool single)
{
	struct rl_json value;

	*m = (struct rl_sockjs_messages){ 0 };
	m->has_only = rl_json_lone_string(text, &m->only);
	if (m->has_only)
		return 0;
	int rc = rl_json_read(text, &value);
	if (rc < 0)
		return rc;
	if (value.type == RL_JSON_ARRAY)
		m->rest = value.text;
	else if (!single)
		return RILL_EINVAL;
	else
		m->only = value;
	m->has_only = value.type != RL_JSON_ARRAY;
	return 0;
}

/* What a value says as a message. */
static int read_message(
	const struct rl_json *value, struct rl_buf *scratch, struct rl_slice *message)
{
	*message = value->text;
	if (value->type != RL_JSON_STRING)
		return 0;
	if (value->plain) {
		*message = rl_slice(value->text.data + 1, value->text.len - 2);
		return 0;
	}
	rl_buf_consume(scratch, scratch->len);
	int rc = rl_json_unquote(value, scratch);
	*message = rl_buf_slice(scratch);
	return rc;
}

int rl_sockjs_next(struct rl_sockjs_messages *m, struct rl_buf *scratch, struct rl_slice *message)
{
	struct rl_slice rest = m->rest;
	struct rl_json value = m->only;

	if (!m->has_only && !rl_json_item(&rest, &value)) {
		m->rest = rl_slice(NULL, 0);
		return 0;
	}
	int rc = read_message(&value, scratch, message);
	if (rc < 0)
		return rc;
	m->rest = rest;
	m->has_only = false;
	return 1;
}

/* The first field of that name, decoded, behind what is in out. */
static int decode_field(
	struct rl_slice form, struct rl_slice wanted, struct rl_buf *out, struct rl_slice *text)
{
	struct rl_slice value;
	size_t before = out->len;

	*text = rl_slice(NULL, 0);
	if (!rl_form_find(form, wanted, &value) || !value.len)
		return 0;
	int rc = rl_buf_reserve(out, value.len);
	if (rc < 0)
		return rc;
	rl_buf_commit(out, (size_t)rl_form_decode(value, rl_buf_end(out), value.len));
	*text = rl_slice(out->data + before, out->len - before);
	return 0;
}

static bool begins_string(struct rl_slice text)
{
	rl_json_skip_space(&text);
	return text.len && text.data[0] == '"';
}

/* A string stands for its text, which is no longer than what says it: so one that was decoded, and is all
 * that out has got behind before, gives its place to it. */
static int unwrap(struct rl_slice *json, struct rl_buf *out, size_t before)
{
	struct rl_json string;
	int rc = rl_json_read(*json, &string);

	if (rc < 0)
		return rc;
	if (string.plain) {
		*json = rl_slice(string.text.data + 1, string.text.len - 2);
		return 0;
	}
	if (out->len == before)
		rc = rl_buf_reserve(out, json->len);
	if (rc < 0)
		return rc;
	uint8_t *place = out->data + before;
	*json = rl_slice(place, (size_t)rl_json_unquote_to(&string, place, json->len));
	out->len = before + json->len;
	return 0;
}

int rl_sockjs_read_jsonp(struct rl_slice body, bool form, struct rl_buf *out, struct rl_slice *json)
{
	size_t before = out->len;
	int rc = 0;

	*json = body;
	if (form)
		rc = decode_field(body, RL_SLICE("d"), out, json);
	if (rc == 0 && begins_string(*json))
		rc = unwrap(json, out, before);
	if (rc < 0)
		return rc;
	return json->len ? 0 : RILL_ENOENT;
}
