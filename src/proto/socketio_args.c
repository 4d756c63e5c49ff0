/* socketio_args.c: arguments as JSON with attachments beside it, and values on their way to the program. */
#include <math.h>
#include <stdio.h>
#include "base/utf8.h"
#include "proto/socketio.h"

bool rl_sio_args_may_attach(const rill_arg *args)
{
	for (; args && args->kind != RILL_ARG_END; args++) {
		if (args->kind == RILL_ARG_BYTES)
			return true;
		if ((args->kind == RILL_ARG_JSON || args->kind == RILL_ARG_ITEMS) &&
			args->u.json.attached_count)
			return true;
	}
	return false;
}

static int write_bytes(struct rill_socketio *io, struct rl_buf *out, rill_bytes bytes)
{
	struct rl_sio_list *list = &io->attached;

	if (list->count == list->room) {
		uint32_t room = list->room ? list->room * 2 : 8;
		struct rl_slice *more = rl_resize(rl_sio_env(io), list->list, room * sizeof(*more));
		if (!more)
			return RILL_ENOMEM;
		list->list = more;
		list->room = room;
	}
	list->list[list->count] = rl_slice(bytes.data, bytes.len);
	return rl_sio_write_placeholder(out, list->count++);
}

/* Placeholders get the numbers that their bytes have here. */
static int write_attached(struct rill_socketio *io, struct rl_buf *out, rill_json value)
{
	struct rl_slice text = rl_slice(value.data, value.len), rest = text, before = text;
	const uint8_t *done = text.data;
	struct rl_json piece;
	enum rl_json_step step;
	uint32_t num;
	int rc = 0;

	while (rc == 0 && (step = rl_json_step(&rest, &piece)) != RL_JSON_END) {
		if (step == RL_JSON_OPEN && piece.type == RL_JSON_OBJECT) {
			rest = before;
			const uint8_t *at = piece.text.data;
			if (!rl_sio_take_placeholder(&rest, &num)) {
				rl_json_step(&rest, &piece);
			} else if (num < value.attached_count) {
				rc = rl_buf_append(out, done, (size_t)(at - done));
				if (rc == 0)
					rc = write_bytes(io, out, value.attached[num]);
				done = rest.data;
			}
		}
		before = rest;
	}
	if (rc == 0)
		rc = rl_buf_append(out, done, (size_t)(text.data + text.len - done));
	return rc;
}

int rl_sio_write_json(struct rill_socketio *io, struct rl_buf *out, rill_json value)
{
	if (value.type == RILL_JSON_NONE)
		return rl_buf_append_str(out, "null");
	if (!value.attached_count)
		return rl_buf_append(out, value.data, value.len);
	if (value.type == RILL_JSON_BYTES)
		return write_bytes(io, out, rill_json_bytes(value));
	return write_attached(io, out, value);
}

static int write_text(struct rl_buf *out, rill_bytes text)
{
	if (!rl_utf8_valid(text.data, text.len))
		return RILL_EUTF8;
	return rl_json_quote(out, rl_slice(text.data, text.len), RL_JSON_ESCAPE_LEAST);
}

static int write_int(struct rl_buf *out, int64_t value)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%lld", (long long)value);

	return rl_buf_append(out, text, (size_t)n);
}

/* As JSON.stringify() does. */
static int write_number(struct rl_buf *out, double value)
{
	if (!isfinite(value))
		return rl_buf_append_str(out, "null");
	return rl_json_write_double(out, value);
}

/* What stands between the brackets; behind a comma, if there is something in front and here. */
static int write_items(struct rill_socketio *io, struct rl_buf *out, rill_json array, bool *first)
{
	struct rl_slice rest = rl_slice(array.data, array.len);
	struct rl_json item;

	if (array.type != RILL_JSON_ARRAY || !rl_json_item(&rest, &item))
		return 0;
	int rc = *first ? 0 : rl_buf_append_str(out, ",");
	*first = false;
	if (rc < 0)
		return rc;
	/* Up to the closing bracket they are what they are to be. */
	const char *begin = (const char *)item.text.data;
	array.len = (size_t)(array.data + array.len - 1 - begin);
	array.data = begin;
	return rl_sio_write_json(io, out, array);
}

static int write_arg(struct rill_socketio *io, struct rl_buf *out, const rill_arg *arg)
{
	switch (arg->kind) {
	case RILL_ARG_NULL:
		return rl_buf_append_str(out, "null");
	case RILL_ARG_BOOL:
		return rl_buf_append_str(out, arg->u.boolean ? "true" : "false");
	case RILL_ARG_INT:
		return write_int(out, arg->u.integer);
	case RILL_ARG_NUMBER:
		return write_number(out, arg->u.number);
	case RILL_ARG_TEXT:
		return write_text(out, arg->u.bytes);
	case RILL_ARG_JSON:
		return rl_sio_write_json(io, out, arg->u.json);
	case RILL_ARG_BYTES:
		return write_bytes(io, out, arg->u.bytes);
	default:
		return RILL_EINVAL;
	}
}

int rl_sio_write_args(struct rill_socketio *io, struct rl_buf *out, struct rl_slice event,
	const rill_arg *args, struct rl_slice offset)
{
	bool first = !event.data;
	int rc = rl_buf_append_str(out, "[");

	if (rc == 0 && event.data)
		rc = rl_json_quote(out, event, RL_JSON_ESCAPE_LEAST);
	for (; rc == 0 && args && args->kind != RILL_ARG_END; args++) {
		if (args->kind == RILL_ARG_ITEMS) {
			rc = write_items(io, out, args->u.json, &first);
			continue;
		}
		if (!first)
			rc = rl_buf_append_str(out, ",");
		first = false;
		if (rc == 0)
			rc = write_arg(io, out, args);
	}
	if (rc == 0 && offset.len)
		rc = rl_buf_append_str(out, ",");
	if (rc == 0 && offset.len)
		rc = rl_json_quote(out, offset, RL_JSON_ESCAPE_LEAST);
	return rc == 0 ? rl_buf_append_str(out, "]") : rc;
}
