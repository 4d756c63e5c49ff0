/* deflate.c: the codec of permessage-deflate (RFC 7692, section 7.2) over zlib: see deflate.h.
 *
 * A message is a raw DEFLATE stream that ends in an empty stored block, whose last four bytes
 * stay off the wire. What surprised us:
 *
 * - A block may be marked final (7.2.3.4). zlib then takes the stream for ended, so it is started
 *   anew with the window kept. The documented way, inflateGetDictionary() and
 *   inflateSetDictionary(), copies 64 KiB for each such block, and two bytes of input make one:
 *   a few MiB of them would hold a processor for minutes. inflateResetKeep() is what zlib itself
 *   resets with, and costs nothing.
 * - Only a flush brings everything out that went in, so each piece of an outgoing message ends
 *   with one: what was sent arrives, also while its message is unfinished. It also leaves the
 *   stream at the edge of a byte, and the one byte 00 is then a whole empty message (7.2.3.6). */
#include <limits.h>
#include <rill/error.h>
#include "wire/deflate_pool.h"

enum {
	TAIL = 4,
	FIRST_ROOM = 512, /* output made room for at once; most messages are smaller */
	SMALL = 4 * 1024, /* compressed: room is made for four times as much at once */
	/* z_stream.data_type after inflate(): a block has just ended, not a final one, and no bit
	 * of the last byte is left. */
	BETWEEN_BLOCKS = 128,
};

static const uint8_t tail[TAIL] = { 0x00, 0x00, 0xff, 0xff };

struct rl_deflate {
	const struct rl_env *env;
	struct rl_deflate_pool *pool;
	struct rl_zkind deflater_kind, inflater_kind;
	struct rl_zstate *deflater, *inflater; /* NULL while not needed */
	size_t threshold, ceiling;
	int inflate_failed;  /* the code of the failure: the stream is lost from there on */
	bool deflate_failed; /* in the middle of a message: likewise */
	bool keep_deflater, keep_inflater; /* context takeover */
	bool deflating;                    /* pieces of an unfinished message are out */
	bool at_start; /* of a stream: nothing read in this message, or since a final block */
};

struct rl_deflate *rl_deflate_new(const struct rl_env *env, struct rl_deflate_pool *pool,
	const struct rl_deflate_options *options, const struct rl_deflate_params *params,
	bool server)
{
	uint8_t ours = server ? params->server_window_bits : params->client_window_bits;
	uint8_t theirs = server ? params->client_window_bits : params->server_window_bits;
	struct rl_deflate *d = rl_zalloc(env, sizeof(*d));
	if (!d)
		return NULL;
	assert(ours >= 9); /* the negotiation has seen to it */
	d->env = env;
	d->pool = pool;
	d->threshold = options->threshold;
	d->ceiling = options->ceiling;
	d->keep_deflater = server ? !params->server_no_takeover : !params->client_no_takeover;
	d->keep_inflater = server ? !params->client_no_takeover : !params->server_no_takeover;
	d->deflater_kind = (struct rl_zkind){ true, ours, options->level, options->mem_level,
		options->strategy };
	/* Peers whose zlib silently makes 9 of 8 are understood, too. */
	d->inflater_kind = (struct rl_zkind){ .bits = theirs < 9 ? 9 : theirs };
	d->at_start = true;
	return d;
}

void rl_deflate_free(struct rl_deflate *d)
{
	if (!d)
		return;
	rl_zstate_return(d->pool, d->deflater);
	rl_zstate_return(d->pool, d->inflater);
	rl_free(d->env, d);
}

bool rl_deflate_wants(const struct rl_deflate *d, size_t len)
{
	return len >= d->threshold && (!d->ceiling || len <= d->ceiling) && !d->deflate_failed;
}

uint8_t rl_deflate_window_bits(const struct rl_deflate *d)
{
	return d->deflater_kind.bits;
}

static void drop_inflater(struct rl_deflate *d)
{
	rl_zstate_return(d->pool, d->inflater);
	d->inflater = NULL;
}

static void drop_deflater(struct rl_deflate *d)
{
	rl_zstate_return(d->pool, d->deflater);
	d->deflater = NULL;
}

void rl_deflate_forget(struct rl_deflate *d)
{
	assert(!d->deflating);
	drop_deflater(d);
}

/* Hands zlib the next input when it has used up the last; it counts in unsigned int. */
static void feed(z_stream *z, struct rl_slice *in)
{
	if (z->avail_in || !in->len)
		return;
	size_t n = in->len < UINT_MAX ? in->len : UINT_MAX;
	z->next_in = in->data;
	z->avail_in = (uInt)n;
	rl_slice_skip(in, n);
}

/* inflate(), with its result as one of ours, and a final block's end as a new start. */
static int step(struct rl_deflate *d)
{
	z_stream *z = &d->inflater->z;
	if (z->avail_in)
		d->at_start = false;
	switch (inflate(z, Z_SYNC_FLUSH)) {
	case Z_OK:
		return 0;
	case Z_BUF_ERROR: /* nothing to do, which is fine when there was no input */
		return z->avail_in ? RILL_EPROTO : 0;
	case Z_STREAM_END:
		d->at_start = true;
		return inflateResetKeep(z) == Z_OK ? 0 : RILL_EPROTO;
	case Z_MEM_ERROR:
		return RILL_ENOMEM;
	default:
		return RILL_EPROTO;
	}
}

/* Inflates into a byte that nobody wants: what may come is the end of a message, without output.
 * *made says that there was some all the same. */
static int step_without_room(struct rl_deflate *d, bool *made)
{
	uint8_t spare;
	d->inflater->z.next_out = &spare;
	d->inflater->z.avail_out = 1;
	int rc = step(d);
	*made = d->inflater->z.avail_out == 0;
	return rc;
}

/* Room follows what has come, doubling, and stops at the cap: what a bomb claims to hold costs
 * nothing before it is there. Few messages hold more than four times what they are compressed to,
 * and zlib is fastest with room to spare. */
static int make_room(struct rl_buf *out, size_t coming, size_t cap)
{
	size_t left = cap - out->len;
	size_t want = out->len > FIRST_ROOM ? out->len : FIRST_ROOM;
	if (coming <= SMALL)
		coming *= 4;
	if (want < coming)
		want = coming;
	if (rl_buf_room(out))
		return 0;
	return rl_buf_reserve_exact(out, want < left ? want : left);
}

/* Inflates until zlib wants input or its output is full (*full). */
static int inflate_some(struct rl_deflate *d, struct rl_buf *out, size_t cap, bool *full)
{
	z_stream *z = &d->inflater->z;
	bool made;
	int rc;

	if (out->len >= cap) {
		rc = step_without_room(d, &made);
		*full = false;
		return made ? RILL_ETOOBIG : rc;
	}
	rc = make_room(out, z->avail_in, cap);
	if (rc < 0)
		return rc;
	size_t room = rl_buf_room(out);
	if (room > cap - out->len)
		room = cap - out->len;
	if (room > UINT_MAX)
		room = UINT_MAX;
	z->next_out = rl_buf_end(out);
	z->avail_out = (uInt)room;
	rc = step(d);
	rl_buf_commit(out, room - z->avail_out);
	*full = z->avail_out == 0;
	return rc;
}

static int inflate_piece(struct rl_deflate *d, struct rl_slice in, struct rl_buf *out, size_t cap)
{
	bool full = false;
	int rc = 0;

	if (!d->inflater && in.len)
		d->inflater = rl_zstate_borrow(d->env, d->pool, &d->inflater_kind);
	if (!d->inflater)
		return in.len ? RILL_ENOMEM : 0;
	while (rc == 0 && (full || in.len || d->inflater->z.avail_in)) {
		feed(&d->inflater->z, &in);
		rc = inflate_some(d, out, cap, &full);
	}
	return rc;
}

/* Adds the four bytes (RFC 7692, 7.2.2). The stream has to stand between two blocks then, and
 * they may not have been part of the data. At a stream's start they are not needed: that is a
 * message without a byte, or a sender that closed with a final block and forgot the 00 behind it
 * (7.2.3.4); both can mean one thing only. */
static int end_message(struct rl_deflate *d)
{
	bool made = false;
	int rc = 0;

	if (!d->at_start) {
		z_stream *z = &d->inflater->z;
		z->next_in = tail;
		z->avail_in = TAIL;
		while (rc == 0 && !made && z->avail_in)
			rc = step_without_room(d, &made);
		if (rc < 0)
			return rc;
		if (made || !(d->at_start || z->data_type == BETWEEN_BLOCKS))
			return RILL_EPROTO;
	}
	d->at_start = true;
	if (!d->keep_inflater)
		drop_inflater(d);
	return 0;
}

int rl_deflate_inflate(
	struct rl_deflate *d, struct rl_slice in, bool fin, struct rl_buf *out, size_t cap)
{
	if (d->inflate_failed)
		return d->inflate_failed;
	int rc = inflate_piece(d, in, out, cap);
	if (rc == 0 && fin)
		rc = end_message(d);
	if (rc < 0) {
		d->inflate_failed = rc;
		drop_inflater(d);
	}
	return rc;
}

/* Compresses and flushes. A flush that ends exactly where the output does is asked for again and
 * leaves a second marker, which is as good an end as the first. */
static int deflate_piece(struct rl_deflate *d, struct rl_slice in, struct rl_buf *out)
{
	if (!d->deflater)
		d->deflater = rl_zstate_borrow(d->env, d->pool, &d->deflater_kind);
	if (!d->deflater)
		return RILL_ENOMEM;
	if (d->deflater->igzip)
		return rl_igzip_compress(d->deflater->igzip, in, out);
	z_stream *z = &d->deflater->z;
	do {
		feed(z, &in);
		int rc = rl_buf_reserve(out, rl_deflate_room(z->avail_in));
		if (rc < 0)
			return rc;
		size_t room = rl_buf_room(out) < UINT_MAX ? rl_buf_room(out) : UINT_MAX;
		z->next_out = rl_buf_end(out);
		z->avail_out = (uInt)room;
		rc = deflate(z, in.len ? Z_NO_FLUSH : Z_SYNC_FLUSH);
		assert(rc == Z_OK || rc == Z_BUF_ERROR);
		rl_buf_commit(out, room - z->avail_out);
	} while (in.len || z->avail_in || z->avail_out == 0);
	return 0;
}

static int deflate_message_piece(
	struct rl_deflate *d, struct rl_slice in, bool fin, struct rl_buf *out)
{
	if (!in.len)
		return fin ? rl_buf_append(out, tail, 1) : 0;
	int rc = deflate_piece(d, in, out);
	if (rc < 0)
		return rc;
	if (fin) {
		assert(out->len >= TAIL && memcmp(rl_buf_end(out) - TAIL, tail, TAIL) == 0);
		out->len -= TAIL;
	}
	return 0;
}

int rl_deflate_compress(struct rl_deflate *d, struct rl_slice in, bool fin, struct rl_buf *out)
{
	size_t before = out->len;
	if (d->deflate_failed)
		return RILL_ENOMEM;
	int rc = deflate_message_piece(d, in, fin, out);
	if (rc < 0) {
		/* A new compressor refers to nothing the peer has not seen, so the next message
		 * can go on with one; the rest of a message that is half out cannot. */
		out->len = before;
		d->deflate_failed = d->deflating;
		drop_deflater(d);
		return rc;
	}
	d->deflating = !fin;
	if (fin && !d->keep_deflater)
		drop_deflater(d);
	return 0;
}
