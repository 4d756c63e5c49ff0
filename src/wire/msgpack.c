/* msgpack.c: items of MessagePack, read and written. All numbers are big-endian. */
#include <rill/error.h>
#include "wire/msgpack.h"

static bool take_number(struct rl_slice *in, size_t size, uint64_t *value)
{
	if (in->len < size)
		return false;
	*value = 0;
	for (size_t i = 0; i < size; i++)
		*value = *value << 8 | in->data[i];
	rl_slice_skip(in, size);
	return true;
}

static bool take_bytes(struct rl_slice *in, uint64_t n, struct rl_slice *bytes)
{
	if (n > in->len)
		return false;
	*bytes = rl_slice(in->data, (size_t)n);
	rl_slice_skip(in, (size_t)n);
	return true;
}

/* An item has a byte at least: what announces more than there can be is not waited for. */
static bool take_counted(struct rl_slice *in, uint64_t count, enum rl_msgpack_kind kind,
	struct rl_msgpack_item *item)
{
	item->kind = kind;
	item->count = (uint32_t)count;
	return count <= in->len / (kind == RL_MSGPACK_MAP ? 2 : 1);
}

static bool take_text(struct rl_slice *in, uint64_t n, struct rl_msgpack_item *item)
{
	item->kind = RL_MSGPACK_STR;
	return take_bytes(in, n, &item->bytes);
}

static bool take_ext(struct rl_slice *in, uint64_t n, bool fixed, struct rl_msgpack_item *item)
{
	uint64_t type;

	item->kind = RL_MSGPACK_EXT;
	item->fixed = fixed;
	if (!take_number(in, 1, &type))
		return false;
	item->type = (int8_t)type;
	return take_bytes(in, n, &item->bytes);
}

static bool take_signed(struct rl_slice *in, size_t size, struct rl_msgpack_item *item)
{
	uint64_t bits;

	if (!take_number(in, size, &bits))
		return false;
	uint64_t sign = (uint64_t)1 << (8 * size - 1);
	item->integer = (int64_t)((bits ^ sign) - sign);
	item->natural = bits;
	item->kind = item->integer < 0 ? RL_MSGPACK_INT : RL_MSGPACK_UINT;
	return true;
}

static bool take_float(struct rl_slice *in, struct rl_msgpack_item *item)
{
	uint64_t bits;
	uint32_t word;
	float number;

	item->kind = RL_MSGPACK_FLOAT;
	if (!take_number(in, sizeof(word), &bits))
		return false;
	word = (uint32_t)bits;
	memcpy(&number, &word, sizeof(number));
	item->number = (double)number;
	return true;
}

static bool take_double(struct rl_slice *in, struct rl_msgpack_item *item)
{
	uint64_t bits;

	item->kind = RL_MSGPACK_FLOAT;
	if (!take_number(in, sizeof(bits), &bits))
		return false;
	memcpy(&item->number, &bits, sizeof(bits));
	return true;
}

/* Those with a length of 1, 2 or 4 bytes in front. */
static bool take_long(struct rl_slice *in, uint8_t code, struct rl_msgpack_item *item)
{
	static const struct {
		uint8_t first; /* code of the shortest length */
		uint8_t size;  /* of that length */
		enum rl_msgpack_kind kind;
	} rows[] = {
		{ 0xc4, 1, RL_MSGPACK_BIN },
		{ 0xc7, 1, RL_MSGPACK_EXT },
		{ 0xd9, 1, RL_MSGPACK_STR },
		{ 0xdc, 2, RL_MSGPACK_ARRAY },
		{ 0xde, 2, RL_MSGPACK_MAP },
	};
	size_t i = sizeof(rows) / sizeof(rows[0]) - 1;
	uint64_t n;

	while (code < rows[i].first)
		i--;
	if (!take_number(in, (size_t)rows[i].size << (code - rows[i].first), &n))
		return false;
	switch (rows[i].kind) {
	case RL_MSGPACK_BIN:
		item->kind = RL_MSGPACK_BIN;
		return take_bytes(in, n, &item->bytes);
	case RL_MSGPACK_EXT:
		return take_ext(in, n, false, item);
	case RL_MSGPACK_STR:
		return take_text(in, n, item);
	default:
		return take_counted(in, n, rows[i].kind, item);
	}
}

static bool take_coded(struct rl_slice *in, uint8_t code, struct rl_msgpack_item *item)
{
	switch (code) {
	case 0xc0:
		item->kind = RL_MSGPACK_NIL;
		return true;
	case 0xc1: /* never used */
		return false;
	case 0xc2:
	case 0xc3:
		item->kind = code == 0xc2 ? RL_MSGPACK_FALSE : RL_MSGPACK_TRUE;
		return true;
	case 0xca:
		return take_float(in, item);
	case 0xcb:
		return take_double(in, item);
	case 0xcc:
	case 0xcd:
	case 0xce:
	case 0xcf:
		item->kind = RL_MSGPACK_UINT;
		return take_number(in, (size_t)1 << (code - 0xcc), &item->natural);
	case 0xd0:
	case 0xd1:
	case 0xd2:
	case 0xd3:
		return take_signed(in, (size_t)1 << (code - 0xd0), item);
	case 0xd4:
	case 0xd5:
	case 0xd6:
	case 0xd7:
	case 0xd8:
		return take_ext(in, (uint64_t)1 << (code - 0xd4), true, item);
	default:
		return take_long(in, code, item);
	}
}

static bool take_item(struct rl_slice *in, struct rl_msgpack_item *item)
{
	if (!in->len)
		return false;
	uint8_t code = in->data[0];
	rl_slice_skip(in, 1);
	if (code < 0x80) {
		item->kind = RL_MSGPACK_UINT;
		item->natural = code;
		return true;
	}
	if (code < 0x90)
		return take_counted(in, code & 0x0f, RL_MSGPACK_MAP, item);
	if (code < 0xa0)
		return take_counted(in, code & 0x0f, RL_MSGPACK_ARRAY, item);
	if (code < 0xc0)
		return take_text(in, code & 0x1f, item);
	if (code < 0xe0)
		return take_coded(in, code, item);
	item->kind = RL_MSGPACK_INT;
	item->integer = (int64_t)code - 0x100;
	return true;
}

int rl_msgpack_next(struct rl_slice *in, struct rl_msgpack_item *item)
{
	struct rl_slice rest = *in;

	*item = (struct rl_msgpack_item){ .kind = RL_MSGPACK_NIL };
	if (!take_item(&rest, item))
		return RILL_EPROTO;
	*in = rest;
	return 0;
}

int rl_msgpack_skip(struct rl_slice *in)
{
	struct rl_slice rest = *in;
	struct rl_msgpack_item item;
	uint64_t left = 1; /* each item adds less than 2^33 for each of its bytes */

	while (left) {
		int rc = rl_msgpack_next(&rest, &item);
		if (rc < 0)
			return rc;
		left += (uint64_t)item.count * (item.kind == RL_MSGPACK_MAP ? 2 : 1) - 1;
	}
	*in = rest;
	return 0;
}

/* ECMA-262, "Time Values". */
#define MOST_SECONDS 8640000000000

bool rl_msgpack_timestamp(const struct rl_msgpack_item *ext, int64_t *ms)
{
	struct rl_slice bytes = ext->bytes;
	uint64_t nanoseconds = 0, seconds;

	if (ext->kind != RL_MSGPACK_EXT || ext->type != -1)
		return false;
	if (bytes.len == 8) {
		take_number(&bytes, 8, &nanoseconds);
		seconds = nanoseconds & 0x3ffffffff;
		nanoseconds >>= 34;
	} else if (bytes.len == 4 || bytes.len == 12) {
		take_number(&bytes, bytes.len - (bytes.len == 4 ? 4 : 8), &nanoseconds);
		take_number(&bytes, bytes.len, &seconds);
	} else {
		return false;
	}
	int64_t s = (int64_t)seconds;
	if (nanoseconds > 999999999 || s < -MOST_SECONDS || s > MOST_SECONDS)
		return false;
	*ms = s * 1000 + (int64_t)(nanoseconds / 1000000);
	return *ms <= MOST_SECONDS * 1000;
}

static void put_number(uint8_t *to, size_t size, uint64_t value)
{
	for (size_t i = size; i--; value >>= 8)
		to[i] = (uint8_t)value;
}

/* A code and a number of size bytes. */
static int write_coded(struct rl_buf *out, uint8_t code, size_t size, uint64_t value)
{
	uint8_t bytes[9] = { code };

	put_number(bytes + 1, size, value);
	return rl_buf_append(out, bytes, 1 + size);
}

int rl_msgpack_write_nil(struct rl_buf *out)
{
	return write_coded(out, 0xc0, 0, 0);
}

int rl_msgpack_write_bool(struct rl_buf *out, bool value)
{
	return write_coded(out, value ? 0xc3 : 0xc2, 0, 0);
}

int rl_msgpack_write_uint(struct rl_buf *out, uint64_t value)
{
	if (value < 0x80)
		return write_coded(out, (uint8_t)value, 0, 0);
	if (value <= UINT8_MAX)
		return write_coded(out, 0xcc, 1, value);
	if (value <= UINT16_MAX)
		return write_coded(out, 0xcd, 2, value);
	if (value <= UINT32_MAX)
		return write_coded(out, 0xce, 4, value);
	return write_coded(out, 0xcf, 8, value);
}

int rl_msgpack_write_int(struct rl_buf *out, int64_t value)
{
	uint64_t bits = (uint64_t)value;

	if (value >= 0)
		return rl_msgpack_write_uint(out, bits);
	if (value >= -0x20)
		return write_coded(out, (uint8_t)bits, 0, 0);
	if (value >= INT8_MIN)
		return write_coded(out, 0xd0, 1, bits);
	if (value >= INT16_MIN)
		return write_coded(out, 0xd1, 2, bits);
	if (value >= INT32_MIN)
		return write_coded(out, 0xd2, 4, bits);
	return write_coded(out, 0xd3, 8, bits);
}

int rl_msgpack_write_double(struct rl_buf *out, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return write_coded(out, 0xcb, 8, bits);
}

size_t rl_msgpack_str_head(uint8_t head[5], uint32_t len)
{
	size_t size = len < 0x20 ? 0 : len <= UINT8_MAX ? 1 : len <= UINT16_MAX ? 2 : 4;

	head[0] = size == 0 ? (uint8_t)(0xa0 | len) : size == 4 ? 0xdb : (uint8_t)(0xd8 + size);
	put_number(head + 1, size, len);
	return 1 + size;
}

static int write_bytes(struct rl_buf *out, const uint8_t *head, size_t size, struct rl_slice bytes)
{
	int rc = rl_buf_reserve(out, size + bytes.len);

	if (rc == 0)
		rc = rl_buf_append(out, head, size);
	return rc == 0 ? rl_buf_append_slice(out, bytes) : rc;
}

int rl_msgpack_write_str(struct rl_buf *out, struct rl_slice text)
{
	uint8_t head[5];

	if (text.len > UINT32_MAX)
		return RILL_ETOOBIG;
	return write_bytes(out, head, rl_msgpack_str_head(head, (uint32_t)text.len), text);
}

int rl_msgpack_write_bin(struct rl_buf *out, struct rl_slice bytes)
{
	size_t size = bytes.len <= UINT8_MAX ? 1 : bytes.len <= UINT16_MAX ? 2 : 4;
	uint8_t head[5] = { size == 1 ? 0xc4 : size == 2 ? 0xc5 : 0xc6 };

	if (bytes.len > UINT32_MAX)
		return RILL_ETOOBIG;
	put_number(head + 1, size, bytes.len);
	return write_bytes(out, head, 1 + size, bytes);
}

/* few: the code of none, when there are fewer than 16; many: the one with 16 bits. */
static int write_count(struct rl_buf *out, uint8_t few, uint8_t many, uint32_t count)
{
	if (count < 16)
		return write_coded(out, (uint8_t)(few | count), 0, 0);
	if (count <= UINT16_MAX)
		return write_coded(out, many, 2, count);
	return write_coded(out, (uint8_t)(many + 1), 4, count);
}

int rl_msgpack_write_array(struct rl_buf *out, uint32_t count)
{
	return write_count(out, 0x90, 0xdc, count);
}

int rl_msgpack_write_map(struct rl_buf *out, uint32_t count)
{
	return write_count(out, 0x80, 0xde, count);
}
