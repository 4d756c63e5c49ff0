/* hixie.c: see hixie.h (draft-hixie-thewebsocketprotocol-75 and -76).
 *
 * Both drafts frame alike. Only 76 has a closing frame: in 75 FF 00 is one more frame without
 * content and is skipped. Types 01 to 7F are read to their FF and dropped, as the drafts say,
 * but they count against the limit like the rest. */
#include <openssl/evp.h>
#include <rill/error.h>
#include "base/utf8.h"
#include "wire/hixie.h"
#include "wire/hixie_text.h"

enum {
	END = 0xff,     /* of a text frame */
	CLOSING = 0xff, /* as a type, with length 0 */
	DIGEST = 16,
	CHALLENGE = 8,
};

static const uint8_t closing_frame[] = { CLOSING, 0x00 };

static void init(struct rl_hixie *h, const struct rl_env *env, const struct rl_ws_config *config,
	struct rl_buf *out)
{
	*h = (struct rl_hixie){
		.env = env,
		.config = config,
		.out = out,
		.deadline_at = UINT64_MAX,
		.state = RL_HIXIE_OPEN,
		.phase = RL_HIXIE_TYPE,
	};
	rl_buf_init(&h->message, env);
}

void rl_hixie_init_75(struct rl_hixie *h, const struct rl_env *env,
	const struct rl_ws_config *config, struct rl_buf *out)
{
	init(h, env, config, out);
}

void rl_hixie_init_76(struct rl_hixie *h, const struct rl_env *env,
	const struct rl_ws_config *config, struct rl_buf *out, uint32_t number1, uint32_t number2)
{
	init(h, env, config, out);
	h->draft76 = true;
	h->number1 = number1;
	h->number2 = number2;
	h->state = RL_HIXIE_CHALLENGE;
}

void rl_hixie_fini(struct rl_hixie *h)
{
	rl_buf_release(&h->message);
}

static void end(struct rl_hixie *h)
{
	h->state = RL_HIXIE_DONE;
	h->deadline_at = UINT64_MAX;
}

static int fail(struct rl_hixie *h, int rc, const char *text)
{
	end(h);
	h->error_text = text;
	return rc;
}

static int fail_size(struct rl_hixie *h)
{
	return fail(h, RILL_EPROTO, "A message is above the limit.");
}

static int fail_memory(struct rl_hixie *h)
{
	return fail(h, RILL_ENOMEM, "Out of memory.");
}

static void write_number(uint8_t out[4], uint32_t number)
{
	out[0] = (uint8_t)(number >> 24);
	out[1] = (uint8_t)(number >> 16);
	out[2] = (uint8_t)(number >> 8);
	out[3] = (uint8_t)number;
}

/* hixie-76, 5.2: MD5 of both numbers and the 8 bytes. A build of OpenSSL for FIPS has no MD5. */
static int answer_challenge(struct rl_hixie *h)
{
	uint8_t text[4 + 4 + CHALLENGE], digest[EVP_MAX_MD_SIZE];

	write_number(text, h->number1);
	write_number(text + 4, h->number2);
	memcpy(text + 8, h->challenge, CHALLENGE);
	if (!EVP_Digest(text, sizeof(text), digest, NULL, EVP_md5(), NULL))
		return fail(h, RILL_EUNSUPPORTED, "OpenSSL provides no MD5.");
	if (rl_buf_append(h->out, digest, DIGEST) < 0)
		return fail_memory(h);
	h->state = RL_HIXIE_OPEN;
	return 0;
}

static int take_challenge(struct rl_hixie *h, struct rl_slice *in)
{
	while (in->len && h->challenge_len < CHALLENGE) {
		h->challenge[h->challenge_len++] = in->data[0];
		rl_slice_skip(in, 1);
	}
	return h->challenge_len == CHALLENGE ? answer_challenge(h) : 0;
}

static int take_type(struct rl_hixie *h, struct rl_slice *in)
{
	h->type = in->data[0];
	h->left = 0;
	rl_slice_skip(in, 1);
	if (h->type & 0x80)
		h->phase = RL_HIXIE_LENGTH;
	else
		h->phase = h->type == 0 ? RL_HIXIE_TEXT : RL_HIXIE_OTHER;
	return 0;
}

/* Hands a text out where it is, in the input or in the message, or repaired in the message. */
static int deliver(struct rl_hixie *h, struct rl_slice text, struct rl_ws_event *ev)
{
	if (!rl_utf8_valid(text.data, text.len)) {
		struct rl_buf repaired;
		rl_buf_init(&repaired, h->env);
		int rc = rl_hixie_repair(&repaired, text, h->config->max_message);
		rl_buf_release(&h->message);
		h->message = repaired;
		if (rc < 0)
			return rc == RILL_ETOOBIG ? fail_size(h) : fail_memory(h);
		text = rl_buf_slice(&h->message);
	}
	h->hold_message = h->message.data != NULL;
	*ev = (struct rl_ws_event){
		.type = RL_WS_MESSAGE,
		.text = true,
		.first = true,
		.fin = true,
		.data = text,
	};
	return 1;
}

static int take_text(struct rl_hixie *h, struct rl_slice *in, struct rl_ws_event *ev)
{
	const uint8_t *last = memchr(in->data, END, in->len);
	struct rl_slice text = rl_slice(in->data, last ? (size_t)(last - in->data) : in->len);

	if (text.len > h->config->max_message - h->message.len)
		return fail_size(h);
	rl_slice_skip(in, text.len);
	if (!last || h->message.len) {
		if (rl_buf_append_slice(&h->message, text) < 0)
			return fail_memory(h);
		text = rl_buf_slice(&h->message);
	}
	if (!last)
		return 0;
	rl_slice_skip(in, 1);
	h->phase = RL_HIXIE_TYPE;
	return deliver(h, text, ev);
}

static int take_other(struct rl_hixie *h, struct rl_slice *in)
{
	const uint8_t *last = memchr(in->data, END, in->len);
	size_t n = last ? (size_t)(last - in->data) : in->len;

	if (n > h->config->max_message - h->left)
		return fail_size(h);
	h->left += n;
	rl_slice_skip(in, last ? n + 1 : n);
	if (last)
		h->phase = RL_HIXIE_TYPE;
	return 0;
}

/* The peer's FF 00: answered, unless it is the answer to ours. */
static int take_close(struct rl_hixie *h, struct rl_ws_event *ev)
{
	if (h->state == RL_HIXIE_OPEN &&
		rl_buf_append(h->out, closing_frame, sizeof(closing_frame)) < 0)
		return fail_memory(h);
	end(h);
	*ev = (struct rl_ws_event){ .type = RL_WS_CLOSE, .code = 1005 };
	return 1;
}

static int take_length(struct rl_hixie *h, struct rl_slice *in, struct rl_ws_event *ev)
{
	uint8_t byte = in->data[0];

	rl_slice_skip(in, 1);
	if (h->left > UINT64_MAX >> 7)
		return fail_size(h);
	h->left = h->left << 7 | (byte & 0x7f);
	if (h->left > h->config->max_message)
		return fail_size(h);
	if (byte & 0x80)
		return 0;
	h->phase = h->left ? RL_HIXIE_SKIP : RL_HIXIE_TYPE;
	if (h->draft76 && h->type == CLOSING && h->left == 0)
		return take_close(h, ev);
	return 0;
}

static int skip(struct rl_hixie *h, struct rl_slice *in)
{
	size_t n = h->left < in->len ? (size_t)h->left : in->len;

	rl_slice_skip(in, n);
	h->left -= n;
	if (!h->left)
		h->phase = RL_HIXIE_TYPE;
	return 0;
}

static int take(struct rl_hixie *h, struct rl_slice *in, struct rl_ws_event *ev)
{
	if (h->state == RL_HIXIE_CHALLENGE)
		return take_challenge(h, in);
	switch (h->phase) {
	case RL_HIXIE_TYPE:
		return take_type(h, in);
	case RL_HIXIE_TEXT:
		return take_text(h, in, ev);
	case RL_HIXIE_OTHER:
		return take_other(h, in);
	case RL_HIXIE_LENGTH:
		return take_length(h, in, ev);
	case RL_HIXIE_SKIP:
		return skip(h, in);
	}
	return 0;
}

int rl_hixie_next(struct rl_hixie *h, struct rl_slice *in, struct rl_ws_event *ev, uint64_t now)
{
	(void)now; /* nothing a peer sends starts a deadline */
	if (h->hold_message) {
		rl_buf_release(&h->message);
		h->hold_message = false;
	}
	while (in->len && h->state != RL_HIXIE_DONE) {
		int rc = take(h, in, ev);
		if (rc != 0)
			return rc;
	}
	rl_slice_skip(in, in->len); /* DONE: nothing counts any more */
	return 0;
}

int rl_hixie_write(struct rl_hixie *h, struct rl_buf *out, struct rl_slice text)
{
	static const uint8_t first = 0x00, last = END;

	if (h->state == RL_HIXIE_CHALLENGE)
		return RILL_ESTATE;
	if (h->state != RL_HIXIE_OPEN)
		return RILL_ECLOSED;
	if (text.len && memchr(text.data, END, text.len))
		return RILL_EUTF8;
	if (text.len > SIZE_MAX - 2 || rl_buf_reserve(out, text.len + 2) < 0)
		return RILL_ENOMEM;
	/* There is room, so these cannot fail. */
	rl_buf_append(out, &first, 1);
	rl_buf_append_slice(out, text);
	rl_buf_append(out, &last, 1);
	return 0;
}

void rl_hixie_close(struct rl_hixie *h, uint64_t now)
{
	if (h->state == RL_HIXIE_CLOSING)
		return;
	if (h->state != RL_HIXIE_OPEN || !h->draft76 ||
		rl_buf_append(h->out, closing_frame, sizeof(closing_frame)) < 0) {
		end(h);
		return;
	}
	h->state = RL_HIXIE_CLOSING;
	h->deadline_at = now + h->config->close_timeout;
}

int rl_hixie_expire(struct rl_hixie *h, uint64_t now)
{
	if (now < h->deadline_at)
		return 0;
	return fail(h, RILL_ETIMEDOUT, "The peer did not answer the closing frame in time.");
}
