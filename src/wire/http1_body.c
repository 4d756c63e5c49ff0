/* http1_body.c: the body of a message and its framing (RFC 9112, sections 6 and 7).
 *
 * The framing of a chunked body is taken byte by byte and consumed as it comes: no part of it is
 * handed out, so a state, a number and the counts against the limits are all there is to keep. */
#include "wire/http1_char.h"
#include "wire/http1_step.h"

/* Where in the line in front of a chunk (RFC 9112, 7.1 and 7.1.1):
 *   chunk-size [ BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] ]... CRLF
 * White space must lead to something: "5 CRLF" and "5;a CRLF" with a blank at the end are not in
 * this grammar, and have been read in more than one way. */
enum size_part {
	SIZE_START, /* p->part starts at 0 */
	SIZE,
	BLANK_AFTER_SIZE, /* from here on the bytes count as extensions */
	NAME_START,
	NAME,
	BLANK_AFTER_NAME,
	VALUE_START,
	VALUE,
	QUOTED,
	ESCAPED,
	QUOTED_END,
	SIZE_LF, /* up to here */
	SIZE_DONE,
	SIZE_PARTS,
};

enum kind {
	K_BAD, /* bare controls */
	K_HEX, /* also a token's */
	K_TOKEN,
	K_SEMICOLON,
	K_EQUALS,
	K_QUOTE,
	K_BACKSLASH,
	K_BLANK,
	K_CR,
	K_LF,
	K_TEXT, /* any other that may stand in a quoted string */
	KINDS,
};

/* From each part, by the kind of the next byte; 0 (no part is entered by going back to the
 * start) is a byte that must not stand there. */
static const uint8_t size_parts[SIZE_PARTS][KINDS] = {
	[SIZE_START] = { [K_HEX] = SIZE },
	[SIZE] = { [K_HEX] = SIZE,
		[K_SEMICOLON] = NAME_START,
		[K_BLANK] = BLANK_AFTER_SIZE,
		[K_CR] = SIZE_LF },
	[BLANK_AFTER_SIZE] = { [K_BLANK] = BLANK_AFTER_SIZE, [K_SEMICOLON] = NAME_START },
	[NAME_START] = { [K_BLANK] = NAME_START, [K_HEX] = NAME, [K_TOKEN] = NAME },
	[NAME] = { [K_HEX] = NAME,
		[K_TOKEN] = NAME,
		[K_BLANK] = BLANK_AFTER_NAME,
		[K_EQUALS] = VALUE_START,
		[K_SEMICOLON] = NAME_START,
		[K_CR] = SIZE_LF },
	[BLANK_AFTER_NAME] = { [K_BLANK] = BLANK_AFTER_NAME,
		[K_EQUALS] = VALUE_START,
		[K_SEMICOLON] = NAME_START },
	[VALUE_START] = { [K_BLANK] = VALUE_START,
		[K_HEX] = VALUE,
		[K_TOKEN] = VALUE,
		[K_QUOTE] = QUOTED },
	[VALUE] = { [K_HEX] = VALUE,
		[K_TOKEN] = VALUE,
		[K_BLANK] = BLANK_AFTER_SIZE,
		[K_SEMICOLON] = NAME_START,
		[K_CR] = SIZE_LF },
	[QUOTED] = { [K_HEX] = QUOTED,
		[K_TOKEN] = QUOTED,
		[K_SEMICOLON] = QUOTED,
		[K_EQUALS] = QUOTED,
		[K_BLANK] = QUOTED,
		[K_TEXT] = QUOTED,
		[K_BACKSLASH] = ESCAPED,
		[K_QUOTE] = QUOTED_END },
	[ESCAPED] = { [K_HEX] = QUOTED,
		[K_TOKEN] = QUOTED,
		[K_SEMICOLON] = QUOTED,
		[K_EQUALS] = QUOTED,
		[K_BLANK] = QUOTED,
		[K_TEXT] = QUOTED,
		[K_BACKSLASH] = QUOTED,
		[K_QUOTE] = QUOTED },
	[QUOTED_END] = { [K_BLANK] = BLANK_AFTER_SIZE,
		[K_SEMICOLON] = NAME_START,
		[K_CR] = SIZE_LF },
	[SIZE_LF] = { [K_LF] = SIZE_DONE },
};

static enum kind kind_of(uint8_t c)
{
	switch (c) {
	case ';':
		return K_SEMICOLON;
	case '=':
		return K_EQUALS;
	case '"':
		return K_QUOTE;
	case '\\':
		return K_BACKSLASH;
	case ' ':
	case '\t':
		return K_BLANK;
	case '\r':
		return K_CR;
	case '\n':
		return K_LF;
	default:
		if (rl_http1_char_is(c, RL_CHAR_HEX))
			return K_HEX;
		if (rl_http1_char_is(c, RL_CHAR_TOKEN))
			return K_TOKEN;
		return rl_http1_char_is(c, RL_CHAR_TEXT) ? K_TEXT : K_BAD;
	}
}

static unsigned hex_value(uint8_t c)
{
	return c <= '9' ? c - 0x30u : (c | 0x20u) - 'a' + 10u;
}

/* Takes n bytes off the front as the next piece of the body. */
static int give_body(struct rl_slice *in, size_t n, struct rl_http1_event *ev)
{
	ev->type = RL_HTTP1_BODY;
	ev->data = rl_slice(in->data, n);
	rl_slice_skip(in, n);
	return RL_STEP_EVENT;
}

/* Up to left bytes; then the state is done. */
static int left_step(struct rl_http1 *p, struct rl_slice *in, struct rl_http1_event *ev,
	enum rl_http1_state done)
{
	size_t n = p->left < in->len ? (size_t)p->left : in->len;

	if (n == 0)
		return RL_STEP_MORE;
	p->left -= n;
	if (p->left == 0) {
		p->state = done;
		p->part = 0;
	}
	return give_body(in, n, ev);
}

static int close_step(struct rl_http1 *p, struct rl_slice *in, struct rl_http1_event *ev)
{
	uint64_t room = p->limits->body - p->body_total;
	size_t n = in->len < room ? in->len : (size_t)room;

	if (in->len == 0)
		return RL_STEP_MORE;
	if (n == 0)
		return rl_http1_fail(p, 413, "The body is too large.");
	p->body_total += n;
	return give_body(in, n, ev);
}

/* The line in front of a chunk is whole, p->left its size. */
static int begin_chunk(struct rl_http1 *p)
{
	if (p->left > p->limits->body - p->body_total)
		return rl_http1_fail(p, 413, "The body is too large.");
	p->body_total += p->left;
	p->state = p->left ? RL_HTTP1_CHUNK_DATA : RL_HTTP1_TRAILERS;
	p->part = p->digits = 0;
	return RL_STEP_ON;
}

static int size_digit(struct rl_http1 *p, uint8_t c)
{
	if (++p->digits > 16)
		return rl_http1_fail(p, 400, "A chunk size has too many digits.");
	p->left = p->left << 4 | hex_value(c);
	return RL_STEP_ON;
}

static int size_step(struct rl_http1 *p, struct rl_slice *in)
{
	for (; in->len; rl_slice_skip(in, 1)) {
		uint8_t c = in->data[0];
		uint8_t part = size_parts[p->part][kind_of(c)];

		if (part == SIZE_START)
			return rl_http1_fail(p, 400, "A chunk-size line is malformed.");
		if (part == SIZE && size_digit(p, c) < 0)
			return RILL_EPROTO;
		if (part >= BLANK_AFTER_SIZE && part < SIZE_LF &&
			++p->extension_total > p->limits->chunk_extension)
			return rl_http1_fail(p, 400, "The chunk extensions are too long.");
		p->part = part;
		if (part == SIZE_DONE) {
			rl_slice_skip(in, 1);
			return begin_chunk(p);
		}
	}
	return RL_STEP_MORE;
}

/* The CRLF behind the data; p->part counts its bytes. */
static int chunk_end_step(struct rl_http1 *p, struct rl_slice *in)
{
	for (; p->part < 2; rl_slice_skip(in, 1)) {
		if (in->len == 0)
			return RL_STEP_MORE;
		if (in->data[0] != (p->part ? '\n' : '\r'))
			return rl_http1_fail(p, 400, "A chunk is not followed by CRLF.");
		p->part++;
	}
	p->state = RL_HTTP1_CHUNK_SIZE;
	p->part = SIZE_START;
	return RL_STEP_ON;
}

enum trailer_part {
	LINE_START, /* p->part starts at 0 */
	TRAILER_NAME,
	TRAILER_VALUE,
	TRAILER_LF,
	LAST_LF,
	TRAILERS_DONE,
	TRAILERS_BAD,
};

static enum trailer_part next_trailer_part(enum trailer_part part, uint8_t c)
{
	bool token = rl_http1_char_is(c, RL_CHAR_TOKEN);

	switch (part) {
	case LINE_START:
		return c == '\r' ? LAST_LF : token ? TRAILER_NAME : TRAILERS_BAD;
	case TRAILER_NAME:
		return c == ':' ? TRAILER_VALUE : token ? TRAILER_NAME : TRAILERS_BAD;
	case TRAILER_VALUE:
		if (c == '\r')
			return TRAILER_LF;
		return rl_http1_char_is(c, RL_CHAR_TEXT) ? TRAILER_VALUE : TRAILERS_BAD;
	case TRAILER_LF:
		return c == '\n' ? LINE_START : TRAILERS_BAD;
	default:
		return c == '\n' ? TRAILERS_DONE : TRAILERS_BAD;
	}
}

/* RFC 9110, 6.5.1: trailers may be dropped, and must not be merged into the fields of the head
 * by one who does not know their meaning. */
static int trailers_step(struct rl_http1 *p, struct rl_slice *in)
{
	for (; in->len; rl_slice_skip(in, 1)) {
		enum trailer_part part = next_trailer_part(p->part, in->data[0]);

		if (part == TRAILERS_BAD)
			return rl_http1_fail(p, 400, "A trailer line is malformed.");
		if (++p->trailer_total > p->limits->head)
			return rl_http1_fail(p, 431, "The trailers are too large.");
		if (p->part == LINE_START && part == TRAILER_NAME &&
			++p->trailer_count > p->limits->fields)
			return rl_http1_fail(p, 431, "There are too many trailers.");
		p->part = (uint8_t)part;
		if (part == TRAILERS_DONE) {
			rl_slice_skip(in, 1);
			p->state = RL_HTTP1_MESSAGE_END;
			return RL_STEP_ON;
		}
	}
	return RL_STEP_MORE;
}

static int end_step(struct rl_http1 *p, struct rl_http1_event *ev)
{
	p->state = RL_HTTP1_START;
	ev->type = RL_HTTP1_END;
	return RL_STEP_EVENT;
}

int rl_http1_body_step(struct rl_http1 *p, struct rl_slice *in, struct rl_http1_event *ev)
{
	switch (p->state) {
	case RL_HTTP1_BODY_LENGTH:
		return left_step(p, in, ev, RL_HTTP1_MESSAGE_END);
	case RL_HTTP1_BODY_CLOSE:
		return close_step(p, in, ev);
	case RL_HTTP1_CHUNK_SIZE:
		return size_step(p, in);
	case RL_HTTP1_CHUNK_DATA:
		return left_step(p, in, ev, RL_HTTP1_CHUNK_END);
	case RL_HTTP1_CHUNK_END:
		return chunk_end_step(p, in);
	case RL_HTTP1_TRAILERS:
		return trailers_step(p, in);
	case RL_HTTP1_MESSAGE_END:
		return end_step(p, ev);
	default:
		assert(p->state == RL_HTTP1_FAILED);
		return RILL_EPROTO;
	}
}
