#include "messages.h"

#include <stdio.h>
#include <rill/error.h>
#include "random.h"
#include "socketio.h"
#include "wire/ws_frame.h"

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

/* Word n of a vocabulary of a thousand, one to four syllables long. */
static int write_word(char *out, uint32_t n)
{
	static const char *const syllables[] = { "an", "be", "ca", "der", "en", "fo", "gra", "hi",
		"in", "ju", "ke", "lo", "mi", "ness", "or", "pre", "qui", "ra", "ster", "ti", "un",
		"vi", "wa", "ing", "ly", "zo", "th", "sh", "me", "al", "pos", "tion" };
	uint32_t bits = n * 2654435761u;
	int len = 0;

	for (unsigned i = 0; i <= bits >> 30; i++)
		len += sprintf(out + len, "%s", syllables[bits >> (5 * i) & 31]);
	out[len++] = ' ';
	return len;
}

static void fill_letters(uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)letters[random_below(64)];
}

/* Frequent words and rare ones, and a number now and then, so that compression finds what it finds
 * in what people and programs send each other. */
static void fill_words(uint8_t *out, size_t n)
{
	size_t at = 0;
	while (at < n) {
		char word[32];
		int len = random_below(8) == 0
				  ? sprintf(word, "%u, ", random_below(100000))
				  : write_word(word, random_below(1 + random_below(1000)));
		size_t take = (size_t)len < n - at ? (size_t)len : n - at;
		memcpy(out + at, word, take);
		at += take;
	}
}

/* The first two bytes count the entries, so that neighbours differ from their first byte on. */
static void fill_payload(uint8_t *out, size_t n, enum kind kind, unsigned entry)
{
	if (kind == KIND_BINARY)
		random_fill(out, n, NULL);
	else if (kind == KIND_TEXT)
		fill_letters(out, n);
	else
		fill_words(out, n);
	if (n > 0)
		out[0] = kind == KIND_BINARY ? (uint8_t)entry : (uint8_t)letters[entry % 64];
	if (n > 1)
		out[1] = kind == KIND_BINARY ? (uint8_t)(entry >> 8)
					     : (uint8_t)letters[entry / 64 % 64];
}

/* In SockJS a message is an element of an array; over HTTP the brackets stand around what leaves with
 * one request. */
static int write_content(
	struct rl_buf *out, struct rl_slice payload, const struct options *options)
{
	const struct protocol *protocol = options->protocol;
	bool array = protocol->receive && !protocol->http;
	int rc = 0;

	out->len = 0;
	if (protocol->dialect == DIALECT_SOCKETIO)
		return socketio_write(out, payload, options);
	if (protocol->receive)
		rc = rl_buf_append_str(out, array ? "[\"" : "\"");
	if (rc == 0)
		rc = rl_buf_append_slice(out, payload);
	if (rc == 0 && protocol->receive)
		rc = rl_buf_append_str(out, array ? "\"]" : "\"");
	return rc;
}

/* Appends the WebSocket frame of one payload; compress may be NULL. */
static int append_frame(struct messages *m, struct rl_slice payload, struct rl_deflate *compress)
{
	struct rl_buf packed;
	uint8_t head[RL_WS_HEAD_MAX], mask[4];
	uint8_t first = RL_WS_FIN | (m->text ? RL_WS_OP_TEXT : RL_WS_OP_BINARY);
	int rc = 0;

	rl_buf_init(&packed, m->env);
	if (compress) {
		rc = rl_deflate_compress(compress, payload, true, &packed);
		if (rc < 0)
			goto done;
		payload = rl_buf_slice(&packed);
		first |= RL_WS_RSV1;
	}
	random_fill(mask, sizeof mask, NULL);
	rc = rl_buf_append(&m->bytes, head, rl_ws_write_head(head, first, payload.len, mask));
	if (rc < 0)
		goto done;
	rc = rl_buf_reserve(&m->bytes, payload.len);
	if (rc < 0)
		goto done;
	rl_ws_mask(rl_buf_end(&m->bytes), payload.data, payload.len, mask, 0);
	rl_buf_commit(&m->bytes, payload.len);
done:
	rl_buf_release(&packed);
	return rc;
}

static int make_payloads(struct messages *m, enum kind kind)
{
	int rc = rl_buf_reserve_exact(&m->payloads, m->count * m->size + 1);
	if (rc < 0)
		return rc;
	for (unsigned i = 0; i < m->count; i++) {
		fill_payload(rl_buf_end(&m->payloads), m->size, kind, i);
		rl_buf_commit(&m->payloads, m->size);
	}
	return 0;
}

static int make_frames(
	struct messages *m, const struct options *options, struct rl_deflate *compress)
{
	struct rl_buf content;
	size_t *lengths = rl_alloc(m->env, m->count * sizeof *lengths);
	if (!lengths)
		return RILL_ENOMEM;
	rl_buf_init(&content, m->env);
	int rc = 0;
	for (unsigned i = 0; i < m->count && rc == 0; i++) {
		size_t before = m->bytes.len;
		rc = write_content(&content, messages_payload(m, i), options);
		if (rc == 0)
			rc = options->protocol->http ? rl_buf_append_slice(&m->bytes, rl_buf_slice(&content))
					    : append_frame(m, rl_buf_slice(&content), compress);
		lengths[i] = m->bytes.len - before;
	}
	rl_buf_release(&content);
	/* The bytes have stopped moving. */
	size_t at = 0;
	for (unsigned i = 0; i < m->count && rc == 0; i++) {
		m->frames[i] = rl_slice(m->bytes.data + at, lengths[i]);
		at += lengths[i];
	}
	rl_free(m->env, lengths);
	return rc;
}

static int make_compressed_frames(struct messages *m, const struct options *options)
{
	struct rl_deflate_params params = { .server_window_bits = 15,
		.client_window_bits = options->deflate_options.max_window_bits,
		.client_no_takeover = true };
	int rc = RILL_ENOMEM;

	struct rl_deflate_pool *pool = rl_deflate_pool_new(m->env);
	if (!pool)
		return rc;
	struct rl_deflate *compress = rl_deflate_new(
		m->env, pool, &options->deflate_options, &params, false);
	if (compress)
		rc = make_frames(m, options, compress);
	rl_deflate_free(compress);
	rl_deflate_pool_free(pool);
	return rc;
}

/* About a megabyte, so that the ring neither lives in the nearest cache alone nor falls out of all
 * of them; more entries than messages are ever in flight; and for compression more bytes than its
 * window, so that a text does not find itself there. */
static unsigned ring_length(const struct options *options)
{
	size_t count = (1u << 20) / (options->size + 1);
	size_t least = options->depth < 16 ? 32 : 2 * (size_t)options->depth;
	if (count > 256)
		count = 256;
	return (unsigned)(count > least ? count : least);
}

int messages_init(struct messages *m, const struct options *options, const struct rl_env *env)
{
	*m = (struct messages){ .env = env,
		.count = ring_length(options),
		.size = options->size,
		.text = options->kind != KIND_BINARY };
	rl_buf_init(&m->payloads, env);
	rl_buf_init(&m->bytes, env);
	m->frames = rl_alloc(env, m->count * sizeof *m->frames);
	int rc = m->frames ? make_payloads(m, options->kind) : RILL_ENOMEM;
	if (rc == 0)
		rc = options->deflate ? make_compressed_frames(m, options)
				      : make_frames(m, options, NULL);
	if (rc < 0)
		messages_fini(m);
	return rc;
}

void messages_fini(struct messages *m)
{
	rl_buf_release(&m->payloads);
	rl_buf_release(&m->bytes);
	rl_free(m->env, m->frames);
	m->frames = NULL;
}
