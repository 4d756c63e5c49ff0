/* json.c: values as a program reads them: slices of a checked text, which know what is attached to it. */
#include <rill/error.h>
#include "proto/json.h"
#include "wire/sio_packet.h"

static const rill_json none = { NULL, 0, RILL_JSON_NONE, 0, NULL };

/* RL_JSON_NULL and the following are RILL_JSON_NULL and the following. */
#define OFFSET ((int)RILL_JSON_NULL - (int)RL_JSON_NULL)

/* The number of the attachment that value stands for, or RL_SIO_NO_NUM. */
static uint32_t attachment_of(const struct rl_json *value, uint32_t count)
{
	uint32_t num;

	if (!count || !rl_sio_placeholder(value, &num) || num >= count)
		return RL_SIO_NO_NUM;
	return num;
}

rill_json rl_json_public(const struct rl_json *value, const rill_bytes *attached, uint32_t count)
{
	rill_json_type type = (rill_json_type)((int)value->type + OFFSET);

	if (attachment_of(value, count) != RL_SIO_NO_NUM)
		type = RILL_JSON_BYTES;
	return (rill_json){ (const char *)value->text.data, value->text.len, type, count,
		attached };
}

bool rl_json_private(rill_json value, struct rl_json *out)
{
	if (value.type == RILL_JSON_NONE)
		return false;
	int type = (int)value.type - OFFSET;
	out->type = value.type == RILL_JSON_BYTES ? RL_JSON_OBJECT : (enum rl_json_type)type;
	out->text = rl_slice(value.data, value.len);
	out->plain = out->type == RL_JSON_STRING && !memchr(value.data, '\\', value.len);
	return true;
}

int rill_json_read(rill_json *value, const void *text, size_t len)
{
	struct rl_json read;
	int rc = rl_json_read(rl_slice(text, len), &read);

	*value = rc < 0 ? none : rl_json_public(&read, NULL, 0);
	return rc;
}

bool rill_json_next(rill_json *rest, rill_json *name, rill_json *value)
{
	struct rl_slice left = rl_slice(rest->data, rest->len);
	struct rl_json key, found;
	int rc = 0;

	if (name)
		*name = none;
	*value = none;
	if (rest->type == RILL_JSON_ARRAY)
		rc = rl_json_item(&left, &found);
	else if (rest->type == RILL_JSON_OBJECT)
		rc = rl_json_member(&left, &key, &found);
	if (rc == 0) {
		*rest = none;
		return false;
	}
	*value = rl_json_public(&found, rest->attached, rest->attached_count);
	if (name && rest->type == RILL_JSON_OBJECT)
		*name = rl_json_public(&key, NULL, 0);
	rest->data = (const char *)left.data;
	rest->len = left.len;
	return true;
}

rill_json rill_json_at(rill_json array, size_t i)
{
	struct rl_slice rest = rl_slice(array.data, array.len);
	struct rl_json item;

	if (array.type != RILL_JSON_ARRAY)
		return none;
	while (rl_json_item(&rest, &item))
		if (i-- == 0)
			return rl_json_public(&item, array.attached, array.attached_count);
	return none;
}

rill_json rill_json_get(rill_json object, const char *name)
{
	struct rl_json in, found;

	if (object.type != RILL_JSON_OBJECT || !rl_json_private(object, &in) ||
		!rl_json_find(&in, rl_slice_str(name), &found))
		return none;
	return rl_json_public(&found, object.attached, object.attached_count);
}

size_t rill_json_count(rill_json array_or_object)
{
	struct rl_slice rest = rl_slice(array_or_object.data, array_or_object.len);
	struct rl_json name, value;
	size_t n = 0;

	if (array_or_object.type == RILL_JSON_ARRAY)
		while (rl_json_item(&rest, &value))
			n++;
	else if (array_or_object.type == RILL_JSON_OBJECT)
		while (rl_json_member(&rest, &name, &value))
			n++;
	return n;
}

bool rill_json_bool(rill_json value, bool fallback)
{
	if (value.type != RILL_JSON_TRUE && value.type != RILL_JSON_FALSE)
		return fallback;
	return value.type == RILL_JSON_TRUE;
}

/* Up to here each integer is a double of its own. */
#define EXACT 9007199254740992.0

int64_t rill_json_int(rill_json number, int64_t fallback)
{
	struct rl_json in;
	int64_t n;
	double d;

	if (number.type != RILL_JSON_NUMBER || !rl_json_private(number, &in))
		return fallback;
	if (rl_json_i64(&in, &n))
		return n;
	if (!rl_json_double(&in, &d) || !(d >= -EXACT && d <= EXACT) || (double)(int64_t)d != d)
		return fallback;
	return (int64_t)d;
}

double rill_json_number(rill_json number, double fallback)
{
	struct rl_json in;
	double d;

	if (number.type != RILL_JSON_NUMBER || !rl_json_private(number, &in) ||
		!rl_json_double(&in, &d))
		return fallback;
	return d;
}

bool rill_json_is(rill_json string, const char *text)
{
	struct rl_json in;

	return string.type == RILL_JSON_STRING && rl_json_private(string, &in) &&
	       rl_json_is(&in, rl_slice_str(text));
}

int64_t rill_json_text(rill_json string, char *text, size_t room)
{
	int64_t rc = RILL_EINVAL;
	struct rl_json in;

	if (string.type == RILL_JSON_STRING && rl_json_private(string, &in))
		rc = room ? rl_json_unquote_to(&in, text, room - 1) : RILL_ETOOBIG;
	if (room)
		text[rc < 0 ? 0 : rc] = 0;
	return rc;
}

rill_bytes rill_json_bytes(rill_json value)
{
	struct rl_json in;

	if (value.type != RILL_JSON_BYTES || !rl_json_private(value, &in))
		return (rill_bytes){ NULL, 0 };
	uint32_t num = attachment_of(&in, value.attached_count);
	return num == RL_SIO_NO_NUM ? (rill_bytes){ NULL, 0 } : value.attached[num];
}
