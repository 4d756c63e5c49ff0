/* sio_msgpack.c: packets in MessagePack (socket.io-msgpack-parser, whose dialect is notepack.io's), read.
 *
 * Data become JSON, as the program reads it from any client, and what JSON.stringify() would make of them:
 * dates are texts, undefined is null in a list and leaves no member in an object, and what is no number is
 * null. Bytes are attachments and stay where they are. An extension that is none of these is a list of its
 * type and its bytes, which is how the reference decodes it.
 *
 * Each byte that is read becomes a bounded number of bytes that are written; what is open is a row of a
 * table of RL_JSON_DEPTH. */
#include <math.h>
#include <stdio.h>
#include <rill/error.h>
#include "base/utf8.h"
#include "wire/msgpack.h"
#include "wire/sio_packet.h"

struct level {
	uint32_t left; /* items, or names and values */
	bool map;
	bool some; /* something stands before the next */
};

struct reader {
	struct rl_slice in;
	struct rl_buf *json;
	struct rl_sio_attachments *attachments;
	uint32_t most;
	const char **why;
	bool marked; /* something looks like the placeholders that JSON has */
	size_t depth;
	struct level levels[RL_JSON_DEPTH];
};

static int refuse(struct reader *r, int rc, const char *sentence)
{
	*r->why = sentence;
	return rc;
}

static int take(struct reader *r, struct rl_msgpack_item *item)
{
	if (rl_msgpack_next(&r->in, item) < 0)
		return refuse(r, RILL_EPROTO, "the packet is no MessagePack");
	return 0;
}

/* notepack.io: what it writes for undefined, a Date and an ArrayBuffer. */
static bool is_own(const struct rl_msgpack_item *item, bool fixed, size_t len)
{
	return item->kind == RL_MSGPACK_EXT && item->type == 0 && item->fixed == fixed &&
	       (!fixed || item->bytes.len == len);
}

static bool is_undefined(const struct rl_msgpack_item *item)
{
	return is_own(item, true, 1);
}

void rl_sio_attachments_fini(struct rl_sio_attachments *attachments)
{
	rl_free(attachments->env, attachments->list);
	attachments->list = NULL;
	attachments->count = attachments->room = 0;
}

static int grow(struct rl_sio_attachments *a)
{
	uint32_t room = a->room ? a->room * 2 : 4;

	if (room > UINT32_MAX / 4)
		return RILL_ENOMEM;
	size_t size = room * sizeof(*a->list);
	struct rl_slice *list = a->list ? rl_resize(a->env, a->list, size) : rl_alloc(a->env, size);
	if (!list)
		return RILL_ENOMEM;
	a->list = list;
	a->room = room;
	return 0;
}

/* JSON that is too deep would be refused, or would be by whoever gets it next. */
static int check_depth(struct reader *r, size_t more)
{
	if (r->depth + more > RL_JSON_DEPTH)
		return refuse(r, RILL_ETOOBIG, "the payload is too deep");
	return 0;
}

static int put_bytes(struct reader *r, struct rl_slice bytes)
{
	struct rl_sio_attachments *a = r->attachments;
	int rc = check_depth(r, 1);

	if (rc < 0)
		return rc;
	if (a->count >= r->most)
		return refuse(r, RILL_ETOOBIG, "too many attachments");
	if (a->count == a->room)
		rc = grow(a);
	if (rc == 0)
		rc = rl_sio_write_placeholder(r->json, a->count);
	if (rc == 0)
		a->list[a->count++] = bytes;
	return rc;
}

static int put_text(struct reader *r, struct rl_slice text)
{
	if (!rl_utf8_valid(text.data, text.len))
		return refuse(r, RILL_EPROTO, "a text is not UTF-8");
	return rl_json_quote(r->json, text, RL_JSON_ESCAPE_LEAST);
}

static int put_negative(struct rl_buf *json, int64_t value)
{
	int rc = rl_buf_append_str(json, "-");

	return rc == 0 ? rl_buf_append_u64(json, 0 - (uint64_t)value) : rc;
}

static int put_double(struct rl_buf *json, double value)
{
	return isfinite(value) ? rl_json_write_double(json, value)
			       : rl_buf_append_str(json, "null");
}

#define DAY 86400000 /* ms */

/* ECMA-262, "Date Time String Format". The date is that of the proleptic Gregorian calendar: years are
 * counted from March in eras of 400, so that the leap day is the last of all. */
static int put_date(struct rl_buf *json, int64_t ms)
{
	int64_t days = ms / DAY - (ms % DAY < 0), time = ms - days * DAY;
	int64_t shifted = days + 719468; /* 0000-03-01 */
	int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	int64_t of_era = shifted - era * 146097;
	int64_t years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * years + years / 4 - years / 100);
	int64_t months = (5 * of_year + 2) / 153;
	int day = (int)(of_year - (153 * months + 2) / 5 + 1);
	int month = (int)(months < 10 ? months + 3 : months - 9);
	int year = (int)(years + era * 400 + (month <= 2));
	char text[48];

	snprintf(text, sizeof(text), year < 0 || year > 9999 ? "\"%+07d" : "\"%04d", year);
	size_t n = strlen(text);
	snprintf(text + n, sizeof(text) - n, "-%02d-%02dT%02d:%02d:%02d.%03dZ\"", month, day,
		(int)(time / 3600000), (int)(time / 60000 % 60), (int)(time / 1000 % 60),
		(int)(time % 1000));
	return rl_buf_append_str(json, text);
}

static int put_own_date(struct rl_buf *json, struct rl_slice bytes)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < bytes.len; i++)
		bits = bits << 8 | bytes.data[i];
	int64_t ms = (int64_t)bits;
	if (ms < -100000000 * (int64_t)DAY || ms > 100000000 * (int64_t)DAY)
		return rl_buf_append_str(json, "null"); /* no date of JavaScript's */
	return put_date(json, ms);
}

static int put_strange(struct reader *r, const struct rl_msgpack_item *ext)
{
	int rc = check_depth(r, 2);

	if (rc == 0)
		rc = rl_buf_append_str(r->json, "[");
	if (rc == 0)
		rc = ext->type < 0 ? put_negative(r->json, ext->type)
				   : rl_buf_append_u64(r->json, (uint64_t)ext->type);
	if (rc == 0)
		rc = rl_buf_append_str(r->json, ",");
	if (rc == 0)
		rc = put_bytes(r, ext->bytes);
	return rc == 0 ? rl_buf_append_str(r->json, "]") : rc;
}

static int put_ext(struct reader *r, const struct rl_msgpack_item *ext)
{
	int64_t ms;

	if (is_undefined(ext))
		return rl_buf_append_str(r->json, "null");
	if (is_own(ext, true, 8))
		return put_own_date(r->json, ext->bytes);
	if (is_own(ext, false, 0))
		return put_bytes(r, ext->bytes);
	if (ext->type != -1)
		return put_strange(r, ext);
	if (!rl_msgpack_timestamp(ext, &ms))
		return rl_buf_append_str(r->json, "null");
	return put_date(r->json, ms);
}

static int put_opening(struct reader *r, const struct rl_msgpack_item *item)
{
	bool map = item->kind == RL_MSGPACK_MAP;
	int rc = check_depth(r, 1);

	if (rc < 0)
		return rc;
	r->levels[r->depth++] = (struct level){ item->count, map, false };
	return rl_buf_append_str(r->json, map ? "{" : "[");
}

static int put_item(struct reader *r, const struct rl_msgpack_item *item)
{
	switch (item->kind) {
	case RL_MSGPACK_NIL:
		return rl_buf_append_str(r->json, "null");
	case RL_MSGPACK_FALSE:
		return rl_buf_append_str(r->json, "false");
	case RL_MSGPACK_TRUE:
		return rl_buf_append_str(r->json, "true");
	case RL_MSGPACK_UINT:
		return rl_buf_append_u64(r->json, item->natural);
	case RL_MSGPACK_INT:
		return put_negative(r->json, item->integer);
	case RL_MSGPACK_FLOAT:
		return put_double(r->json, item->number);
	case RL_MSGPACK_STR:
		return put_text(r, item->bytes);
	case RL_MSGPACK_BIN:
		return put_bytes(r, item->bytes);
	case RL_MSGPACK_EXT:
		return put_ext(r, item);
	default:
		return put_opening(r, item);
	}
}

/* Names are texts; of other encoders' numbers JavaScript makes such. */
static int put_name(struct reader *r, const struct rl_msgpack_item *name)
{
	if (name->kind == RL_MSGPACK_STR)
		return put_text(r, name->bytes);
	if (name->kind != RL_MSGPACK_UINT && name->kind != RL_MSGPACK_INT)
		return refuse(r, RILL_EPROTO, "a name is no text");
	int rc = rl_buf_append_str(r->json, "\"");
	if (rc == 0)
		rc = put_item(r, name);
	return rc == 0 ? rl_buf_append_str(r->json, "\"") : rc;
}

static int put_member(struct reader *r, struct level *level)
{
	struct rl_msgpack_item name, value;
	size_t before = r->json->len;
	int rc = take(r, &name);

	if (rc == 0 && level->some)
		rc = rl_buf_append_str(r->json, ",");
	if (rc == 0)
		rc = put_name(r, &name);
	if (rc == 0)
		rc = rl_buf_append_str(r->json, ":");
	if (rc == 0)
		rc = take(r, &value);
	if (rc != 0)
		return rc;
	if (value.kind == RL_MSGPACK_TRUE && name.kind == RL_MSGPACK_STR &&
		rl_slice_equal(name.bytes, RL_SLICE("_placeholder")))
		r->marked = true;
	if (is_undefined(&value)) {
		r->json->len = before;
		return 0;
	}
	level->some = true;
	return put_item(r, &value);
}

static int put_element(struct reader *r, struct level *level)
{
	struct rl_msgpack_item item;
	int rc = take(r, &item);

	if (rc == 0 && level->some)
		rc = rl_buf_append_str(r->json, ",");
	level->some = true;
	return rc == 0 ? put_item(r, &item) : rc;
}

/* What comes next in the innermost that is open: one more, or its end. */
static int put_next(struct reader *r)
{
	struct level *level = &r->levels[r->depth - 1];

	if (level->left) {
		level->left--;
		return level->map ? put_member(r, level) : put_element(r, level);
	}
	r->depth--;
	return rl_buf_append_str(r->json, level->map ? "}" : "]");
}

/* The data, from where json is now. */
static int read_data(struct reader *r, struct rl_sio_packet *packet)
{
	struct rl_msgpack_item item;
	int rc = take(r, &item);

	/* Where there are none, the reference leaves them out, or writes undefined; others write nil. */
	if (rc < 0 || item.kind == RL_MSGPACK_NIL || is_undefined(&item))
		return rc;
	packet->has_data = true;
	rc = put_item(r, &item);
	while (rc == 0 && r->depth)
		rc = put_next(r);
	return rc;
}

static int read_type(struct reader *r, struct rl_sio_packet *packet)
{
	struct rl_msgpack_item item;
	int rc = take(r, &item);

	if (rc < 0)
		return rc;
	if (item.kind != RL_MSGPACK_UINT || item.natural > RL_SIO_CONNECT_ERROR)
		return refuse(r, RILL_EPROTO, "invalid packet type");
	packet->type = (enum rl_sio_type)item.natural;
	return 0;
}

static int read_name(struct reader *r, struct rl_sio_packet *packet)
{
	struct rl_msgpack_item item;
	int rc = take(r, &item);

	if (rc < 0)
		return rc;
	if (item.kind != RL_MSGPACK_STR || !item.bytes.len || item.bytes.data[0] != '/' ||
		!rl_utf8_valid(item.bytes.data, item.bytes.len))
		return refuse(r, RILL_EPROTO, "invalid namespace");
	packet->name = item.bytes;
	return 0;
}

static int read_id(struct reader *r, struct rl_sio_packet *packet)
{
	struct rl_msgpack_item item;
	int rc = take(r, &item);

	if (rc < 0 || item.kind == RL_MSGPACK_NIL || is_undefined(&item))
		return rc;
	if (item.kind != RL_MSGPACK_UINT)
		return refuse(r, RILL_EPROTO, "invalid packet id");
	packet->has_id = true;
	packet->id = item.natural;
	return 0;
}

static const struct field {
	const char *name;
	int (*read)(struct reader *r, struct rl_sio_packet *packet);
} fields[] = {
	{ "type", read_type },
	{ "nsp", read_name },
	{ "data", read_data },
	{ "id", read_id },
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

/* Reads a member of the packet; *seen: a bit for each field that was there. */
static int read_member(struct reader *r, struct rl_sio_packet *packet, unsigned *seen)
{
	struct rl_msgpack_item name;
	int rc = take(r, &name);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < FIELDS; i++) {
		if (name.kind != RL_MSGPACK_STR ||
			!rl_slice_equal(name.bytes, rl_slice_str(fields[i].name)))
			continue;
		if (*seen & 1u << i)
			return refuse(r, RILL_EPROTO, "a member of the packet is there twice");
		*seen |= 1u << i;
		return fields[i].read(r, packet);
	}
	if (rl_msgpack_skip(&r->in) < 0)
		return refuse(r, RILL_EPROTO, "the packet is no MessagePack");
	return 0;
}

static int read_packet(struct reader *r, struct rl_sio_packet *packet)
{
	struct rl_msgpack_item map;
	unsigned seen = 0;
	int rc = take(r, &map);

	if (rc < 0)
		return rc;
	if (map.kind != RL_MSGPACK_MAP)
		return refuse(r, RILL_EPROTO, "the packet is no map");
	while (rc == 0 && map.count--)
		rc = read_member(r, packet, &seen);
	if (rc < 0)
		return rc;
	if (r->in.len)
		return refuse(r, RILL_EPROTO, "something stands behind the packet");
	return seen & 1 ? 0 : refuse(r, RILL_EPROTO, "invalid packet type");
}

/* Makes of it what a text would have been. */
static int finish(struct reader *r, struct rl_sio_packet *packet, size_t before)
{
	if (packet->has_data) {
		struct rl_slice text = rl_slice(r->json->data + before, r->json->len - before);
		struct rl_slice rest = text;
		rl_json_step(&rest, &packet->data);
		packet->data.text = text;
	}
	packet->attachments = r->attachments->count;
	/* Beside bytes it would stand for some of them, and as often as it likes. */
	if (packet->attachments && r->marked)
		return refuse(r, RILL_EPROTO, "illegal attachments");
	if (packet->attachments && packet->type == RL_SIO_EVENT)
		packet->type = RL_SIO_BINARY_EVENT;
	if (packet->attachments && packet->type == RL_SIO_ACK)
		packet->type = RL_SIO_BINARY_ACK;
	return rl_sio_check(packet, r->why);
}

int rl_sio_read_msgpack(struct rl_sio_packet *packet, struct rl_slice bytes, struct rl_buf *json,
	struct rl_sio_attachments *attachments, uint32_t most, const char **why)
{
	size_t before = json->len;
	struct reader r; /* not all of it has to be zero */

	r.in = bytes;
	r.json = json;
	r.attachments = attachments;
	r.most = most;
	r.why = why;
	r.marked = false;
	r.depth = 0;
	attachments->count = 0;
	*packet = (struct rl_sio_packet){ .name = RL_SLICE("/") };
	int rc = read_packet(&r, packet);
	if (rc == 0)
		rc = finish(&r, packet, before);
	if (rc < 0) {
		json->len = before;
		attachments->count = 0;
	}
	return rc;
}
