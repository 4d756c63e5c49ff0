/* http1_reader.h: reads messages as text and says what came of them, once for every way of
 * cutting them: whole, byte by byte, and in two at each place. What is shown to the parser ends
 * at an unreadable page and lies at another address each time. */
#ifndef TEST_HTTP1_READER_H
#define TEST_HTTP1_READER_H

#include <stdio.h>
#include <stdlib.h>
#include <rill/error.h>
#include "support/support.h"
#include "wire/http1.h"

struct reader {
	enum rl_http1_role role;
	struct rl_http1_limits limits;
	bool head_method, connect_method;
	bool ended;       /* the bytes are all there will be */
	uint8_t *room[2]; /* where the bytes are shown, in turns; each ends at a guard page */
	size_t size;
	FILE *out;
};

static inline struct reader server(void)
{
	struct reader r = { .role = RL_HTTP1_REQUEST };
	rl_http1_limits_default(&r.limits);
	return r;
}

static inline struct reader client(void)
{
	struct reader r = server();
	r.role = RL_HTTP1_RESPONSE;
	return r;
}

static inline void print_slice(FILE *out, struct rl_slice s)
{
	if (s.len)
		fwrite(s.data, 1, s.len, out);
}

/* "GET /x 1.1 keep none" or "200 OK 1.1 close chunked", then a line for each field. */
static inline void print_head(FILE *out, const struct rl_http1 *p)
{
	const struct rl_http1_head *head = &p->head;

	if (p->role == RL_HTTP1_REQUEST) {
		print_slice(out, rl_http1_text(head, head->method));
		fputc(' ', out);
		print_slice(out, rl_http1_text(head, head->target));
	} else {
		fprintf(out, "%d ", head->status);
		print_slice(out, rl_http1_text(head, head->reason));
	}
	fprintf(out, " 1.%d %s ", head->minor, head->keep_alive ? "keep" : "close");
	if (head->framing == RL_HTTP1_LENGTH)
		fprintf(out, "length=%llu", (unsigned long long)head->content_length);
	else
		fputs(head->framing == RL_HTTP1_CHUNKED     ? "chunked"
			: head->framing == RL_HTTP1_NO_BODY ? "none"
							    : "until-close",
			out);
	fputs(head->expect_continue ? " expect\n" : "\n", out);
	for (size_t i = 0; i < head->field_count; i++) {
		print_slice(out, rl_http1_text(head, head->fields[i].name));
		fputc('=', out);
		print_slice(out, rl_http1_text(head, head->fields[i].value));
		fputc('\n', out);
	}
}

/* All events that these bytes give. Negative when the parser failed. */
static inline int read_events(struct reader *r, struct rl_http1 *p, struct rl_slice *in)
{
	const uint8_t *shown = in->data, *end = in->data + in->len;
	struct rl_http1_event ev;
	int rc;

	for (;;) {
		rc = rl_http1_next(p, in, &ev);
		if (rc == RILL_ENOMEM)
			continue; /* only the n-th allocation fails */
		if (rc <= 0)
			return rc;
		if (ev.type == RL_HTTP1_HEAD) {
			assert_true(
				p->head.base >= shown && p->head.base + p->head.len == in->data);
			assert_true(rl_http1_busy(p));
			print_head(r->out, p);
		} else if (ev.type == RL_HTTP1_BODY) {
			assert_true(ev.data.len > 0);
			assert_true(ev.data.data >= shown && ev.data.data + ev.data.len <= end);
			print_slice(r->out, ev.data);
		} else {
			assert_false(rl_http1_busy(p));
			fputs("|END\n", r->out);
		}
	}
}

static inline void print_failure(struct reader *r, const struct rl_http1 *p)
{
	assert_non_null(p->error_text);
	assert_true((p->role == RL_HTTP1_RESPONSE) == (p->error_status == 0));
	assert_false(rl_http1_busy(p));
	fprintf(r->out, "|%d %s\n", p->error_status, p->error_text);
}

/* What comes of the bytes, shown up to first, then step more at a time. Free it. */
static inline char *read_cut(struct reader *r, struct rl_slice bytes, size_t first, size_t step)
{
	char *text = NULL;
	size_t text_len = 0, used = 0, turn = 0;
	struct rl_http1 p;
	int rc = 0;

	r->out = open_memstream(&text, &text_len);
	assert_non_null(r->out);
	rl_http1_init(&p, test_env(), r->role, &r->limits);
	p.head_method = r->head_method;
	p.connect_method = r->connect_method;
	for (size_t end = first < bytes.len ? first : bytes.len; rc == 0;
		end = end + step < bytes.len ? end + step : bytes.len) {
		uint8_t *at = r->room[turn++ % 2] + r->size - (end - used);
		memcpy(at, bytes.data + used, end - used);
		struct rl_slice in = rl_slice(at, end - used);
		rc = read_events(r, &p, &in);
		used = end - in.len;
		memset(at, '!', end - used);
		if (end == bytes.len)
			break;
	}
	if (rc < 0) {
		struct rl_http1_event ev;
		struct rl_slice more = RL_SLICE("GET / HTTP/1.0\r\n\r\n");
		assert_int_equal(rc, RILL_EPROTO);
		print_failure(r, &p);
		assert_int_equal(rl_http1_next(&p, &more, &ev), RILL_EPROTO);
	} else if (r->ended) {
		bool complete;
		rc = rl_http1_end_of_input(&p, &complete);
		fprintf(r->out, "|%s\n", rc < 0 ? "CUT" : complete ? "COMPLETE" : "QUIET");
	}
	fclose(r->out);
	rl_http1_fini(&p);
	return text;
}

static inline void expect_cut(
	struct reader *r, struct rl_slice bytes, size_t first, size_t step, const char *whole)
{
	char *text = read_cut(r, bytes, first, step);

	if (strcmp(text, whole) != 0)
		fail_msg("cut at %zu, then every %zu:\n%s\nnot:\n%s", first, step, text, whole);
	free(text);
}

/* What comes of the bytes however they are cut. Free it. */
static inline char *read_all(struct reader *r, const char *data, size_t len)
{
	struct rl_slice bytes = rl_slice(data, len);

	r->size = len;
	r->room[0] = test_guarded(NULL, len);
	r->room[1] = test_guarded(NULL, len);
	char *whole = read_cut(r, bytes, len, len);
	expect_cut(r, bytes, 1, 1, whole);
	expect_cut(r, bytes, 3, 7, whole);
	/* Long messages are cut at places that are no power of two apart. */
	for (size_t at = 1; at<len; at += len> 4096 ? 97 : 1)
		expect_cut(r, bytes, at, len, whole);
	return whole;
}

static inline void expect_events(struct reader r, const char *data, size_t len, const char *events)
{
	char *text = read_all(&r, data, len);

	if (strcmp(text, events) != 0)
		fail_msg("%.*s\ngives:\n%s\nnot:\n%s", (int)len, data, text, events);
	free(text);
}

/* The bytes are refused with the status (0 for responses), which is the last that comes of them;
 * what they gave before is not looked at. */
static inline void expect_status(struct reader r, const char *data, size_t len, int status)
{
	char *text = read_all(&r, data, len);
	const char *last = strrchr(text, '|');

	if (!last || last[1] < '0' || last[1] > '9' || atoi(last + 1) != status)
		fail_msg("%.*s\ngives:\n%s\nnot %d", (int)len, data, text, status);
	free(text);
}

/* The bytes, a string literal, give these events. */
#define EVENTS(reader, bytes, events) expect_events(reader, bytes, sizeof(bytes) - 1, events)

/* A server answers the bytes, a string literal, with this error. */
#define REFUSED(status, bytes) expect_status(server(), bytes, sizeof(bytes) - 1, status)

/* A client refuses the bytes. */
#define BAD_ANSWER(bytes) expect_status(client(), bytes, sizeof(bytes) - 1, 0)

/* The fields of a plain head: "GET / HTTP/1.1", Host: a, and these. */
#define WITH(fields)                 "GET / HTTP/1.1\r\nHost: a\r\n" fields "\r\n"
#define REFUSED_WITH(status, fields) REFUSED(status, WITH(fields))

/* n times the byte c, in memory of the case's; at most 64 KiB. */
static inline char *repeated(char c, size_t n)
{
	char *text = (char *)test_guarded(NULL, n + 1);

	memset(text, c, n);
	text[n] = 0;
	return text;
}

/* Text with long parts put into it, in memory of the case's. */
static inline __attribute__((format(printf, 1, 2))) const char *formatted(const char *format, ...)
{
	va_list list;
	char *text;

	va_start(list, format);
	int len = vasprintf(&text, format, list);
	va_end(list);
	assert_true(len >= 0);
	const char *kept = (char *)test_guarded(text, (size_t)len + 1);
	free(text);
	return kept;
}

#endif
