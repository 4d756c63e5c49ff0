/* content_coding.c: see content_coding.h. */
#include <rill/error.h>
#define ZLIB_CONST /* next_in points to const */
#include <zlib.h>
#include "wire/content_coding.h"

/* Answers are short and come often: more would cost four times the work for a seventh fewer bytes. */
#define LEVEL 1

static const struct {
	struct rl_slice name;
	int window_bits; /* zlib's: 15, and 16 for gzip */
} codings[] = {
	[RL_CODING_GZIP] = { RL_SLICE("gzip"), 15 + 16 },
	[RL_CODING_DEFLATE] = { RL_SLICE("deflate"), 15 },
};

const char *rl_coding_name(enum rl_coding coding)
{
	return (const char *)codings[coding].name.data;
}

/* The value of its q parameter is 0, 0.0 and so on (RFC 9110, 12.4.2). */
static bool is_refused(struct rl_slice parameters)
{
	struct rl_slice p = parameters;

	while (p.len && (p.data[0] == ' ' || p.data[0] == '\t' || p.data[0] == ';'))
		rl_slice_skip(&p, 1);
	if (p.len < 3 || (p.data[0] | 0x20) != 'q' || p.data[1] != '=')
		return false;
	for (rl_slice_skip(&p, 2); p.len; rl_slice_skip(&p, 1))
		if (p.data[0] != '0' && p.data[0] != '.')
			return false;
	return true;
}

static bool takes(struct rl_slice element, struct rl_slice name)
{
	const uint8_t *end = memchr(element.data, ';', element.len);
	size_t len = end ? (size_t)(end - element.data) : element.len;

	if (!rl_slice_equal_nocase(rl_slice_trim(rl_slice(element.data, len)), name))
		return false;
	return !end || !is_refused(rl_slice_trim(rl_slice(end, element.len - len)));
}

enum rl_coding rl_coding_accepted(const struct rl_http1_head *head)
{
	enum rl_coding best = RL_CODING_NONE;
	struct rl_slice list, element;
	size_t cursor = 0;

	while (rl_http1_next_field(head, RL_SLICE("Accept-Encoding"), &cursor, &list)) {
		while (rl_slice_next_element(&list, &element)) {
			if (takes(element, codings[RL_CODING_GZIP].name))
				return RL_CODING_GZIP;
			if (takes(element, codings[RL_CODING_DEFLATE].name))
				best = RL_CODING_DEFLATE;
		}
	}
	return best;
}

static void *take_memory(void *env, uInt count, uInt size)
{
	return rl_alloc(env, (size_t)count * size);
}

static void give_memory(void *env, void *memory)
{
	rl_free(env, memory);
}

static int deflate_all(z_stream *z, struct rl_buf *out, struct rl_slice body)
{
	uLong room = deflateBound(z, (uLong)body.len);

	if (body.len > UINT32_MAX / 2 || rl_buf_reserve(out, room) < 0)
		return RILL_ENOMEM;
	z->next_in = body.data;
	z->avail_in = (uInt)body.len;
	z->next_out = rl_buf_end(out);
	z->avail_out = (uInt)room;
	if (deflate(z, Z_FINISH) != Z_STREAM_END)
		return RILL_ENOMEM;
	rl_buf_commit(out, room - z->avail_out);
	return 0;
}

int rl_coding_write(struct rl_buf *out, enum rl_coding coding, struct rl_slice body)
{
	z_stream z = { .zalloc = take_memory, .zfree = give_memory, .opaque = (void *)out->env };

	if (deflateInit2(&z, LEVEL, Z_DEFLATED, codings[coding].window_bits, 8,
		    Z_DEFAULT_STRATEGY) != Z_OK)
		return RILL_ENOMEM;
	int rc = deflate_all(&z, out, body);
	deflateEnd(&z);
	return rc;
}
