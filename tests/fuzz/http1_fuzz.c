/* http1_fuzz.c: the HTTP/1 parser on any bytes, in both roles.
 *
 * The first byte chooses the role and what was asked, the next two how the rest is cut. The rest is
 * read whole and cut; both have to give the same events. Heads are looked at closely: their spans,
 * their bytes, and that what the writers make of them is read as the same head again. */
#include <stdio.h>
#include <stdlib.h>
#include <rill/error.h>
#include "wire/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(what)                                                                                \
	do {                                                                                       \
		if (!(what)) {                                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what);                 \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

enum {
	RESPONSE = 1 << 0,
	HEAD_METHOD = 1 << 1,
	CONNECT_METHOD = 1 << 2,
	SMALL_LIMITS = 1 << 3,
};

struct run {
	struct rl_env env;
	struct rl_http1_limits limits;
	struct rl_http1 p;
	struct rl_buf events; /* what came, in bytes that can be compared */
	uint64_t body;
};

static void note(struct run *run, const void *data, size_t len)
{
	CHECK(rl_buf_append(&run->events, data, len) == 0);
}

static void note_number(struct run *run, uint64_t number)
{
	note(run, &number, sizeof(number));
}

static void note_slice(struct run *run, struct rl_slice s)
{
	note_number(run, s.len);
	note(run, s.data, s.len);
}

static void start(struct run *run, uint8_t flags)
{
	*run = (struct run){ 0 };
	rl_env_init_default(&run->env);
	rl_buf_init(&run->events, &run->env);
	rl_http1_limits_default(&run->limits);
	if (flags & SMALL_LIMITS)
		run->limits = (struct rl_http1_limits){ 200, 20, 5, 30, 10 };
	rl_http1_init(&run->p, &run->env, flags & RESPONSE ? RL_HTTP1_RESPONSE : RL_HTTP1_REQUEST,
		&run->limits);
	run->p.head_method = flags & HEAD_METHOD;
	run->p.connect_method = flags & CONNECT_METHOD;
}

static void finish(struct run *run)
{
	rl_http1_fini(&run->p);
	rl_buf_release(&run->events);
}

static void check_text(const struct rl_http1_head *head, struct rl_http1_span span)
{
	struct rl_slice s = rl_http1_text(head, span);

	CHECK((uint64_t)span.start + span.len <= head->len);
	for (size_t i = 0; i < s.len; i++)
		CHECK((s.data[i] >= 0x20 || s.data[i] == '\t') && s.data[i] != 0x7f);
}

static void check_head(const struct run *run)
{
	const struct rl_http1_head *head = &run->p.head;

	CHECK(head->len <= run->limits.head && head->field_count <= run->limits.fields);
	CHECK(memcmp(head->base + head->len - 2, "\r\n", 2) == 0);
	CHECK(head->target.len <= run->limits.target);
	check_text(head, head->method);
	check_text(head, head->target);
	check_text(head, head->reason);
	for (size_t i = 0; i < head->field_count; i++) {
		CHECK(rl_slice_is_token(rl_http1_text(head, head->fields[i].name)));
		check_text(head, head->fields[i].value);
	}
	CHECK(head->framing != RL_HTTP1_LENGTH ||
		(head->content_length > 0 && head->content_length <= run->limits.body));
	CHECK(head->framing != RL_HTTP1_UNTIL_CLOSE || run->p.role == RL_HTTP1_RESPONSE);
}

static void note_head(struct run *run)
{
	const struct rl_http1_head *head = &run->p.head;

	note_slice(run, rl_http1_text(head, head->method));
	note_slice(run, rl_http1_text(head, head->target));
	note_slice(run, rl_http1_text(head, head->reason));
	note_number(run, head->status);
	note_number(run, head->framing);
	note_number(run, head->content_length);
	note_number(run, head->keep_alive * 2u + head->expect_continue);
	note_number(run, head->field_count);
	for (size_t i = 0; i < head->field_count; i++) {
		note_slice(run, rl_http1_text(head, head->fields[i].name));
		note_slice(run, rl_http1_text(head, head->fields[i].value));
	}
}

static void write_again(const struct rl_http1_head *head, struct rl_buf *out)
{
	if (head->status) {
		char reason[64 * 1024];
		snprintf(reason, sizeof(reason), "%.*s", (int)head->reason.len,
			(const char *)head->base + head->reason.start);
		CHECK(rl_http1_write_status(out, head->status, reason) == 0);
	} else {
		CHECK(rl_http1_write_request_line(out, rl_http1_text(head, head->method),
			      rl_http1_text(head, head->target)) == 0);
	}
	for (size_t i = 0; i < head->field_count; i++)
		CHECK(rl_http1_write_field(out, rl_http1_text(head, head->fields[i].name),
			      rl_http1_text(head, head->fields[i].value)) == 0);
	CHECK(rl_http1_write_end(out) == 0);
}

/* Heads of HTTP/1.1 survive being written and read. */
static void check_round_trip(const struct run *run, uint8_t flags)
{
	struct run before, after;
	struct rl_buf text;
	struct rl_http1_event ev;

	if (run->p.head.minor == 0)
		return;
	start(&before, flags);
	start(&after, flags);
	before.p.head = run->p.head;
	note_head(&before);
	before.p.head.fields = NULL;
	rl_buf_init(&text, &after.env);
	write_again(&run->p.head, &text);
	after.limits.head *= 2; /* the writers put a space behind each colon */
	struct rl_slice in = rl_buf_slice(&text);
	CHECK(rl_http1_next(&after.p, &in, &ev) == 1 && ev.type == RL_HTTP1_HEAD && in.len == 0);
	note_head(&after);
	CHECK(rl_slice_equal(rl_buf_slice(&before.events), rl_buf_slice(&after.events)));
	rl_buf_release(&text);
	finish(&before);
	finish(&after);
}

static void take(struct run *run, uint8_t flags, const struct rl_http1_event *ev)
{
	if (ev->type == RL_HTTP1_HEAD) {
		note(run, "HEAD", 4);
		check_head(run);
		note_head(run);
		check_round_trip(run, flags);
		run->body = 0;
	} else if (ev->type == RL_HTTP1_BODY) {
		CHECK(ev->data.len > 0);
		note(run, ev->data.data, ev->data.len);
		run->body += ev->data.len;
		CHECK(run->body <= run->limits.body);
	} else {
		note(run, "END", 3);
		CHECK(run->p.head.framing != RL_HTTP1_LENGTH ||
			run->body == run->p.head.content_length);
	}
}

/* Shows the bytes from memory of exactly their size. Returns what the last call did. */
static int show(struct run *run, uint8_t flags, struct rl_slice bytes, size_t *used)
{
	uint8_t *copy = malloc(bytes.len ? bytes.len : 1);
	struct rl_http1_event ev;
	int rc;

	CHECK(copy);
	if (bytes.len)
		memcpy(copy, bytes.data, bytes.len);
	struct rl_slice in = rl_slice(copy, bytes.len);
	while ((rc = rl_http1_next(&run->p, &in, &ev)) > 0)
		take(run, flags, &ev);
	CHECK(rc == 0 || rc == RILL_EPROTO);
	CHECK(rc < 0 || in.len == 0 || run->p.state < RL_HTTP1_BODY_LENGTH);
	CHECK(rc < 0 || in.len < run->limits.head);
	*used = bytes.len - in.len;
	free(copy);
	return rc;
}

static void read_cut(struct run *run, uint8_t flags, struct rl_slice bytes, const uint8_t cuts[2])
{
	size_t at = 0, end = 0, used;
	int rc = 0;

	for (size_t i = 0; rc == 0 && end < bytes.len; i++) {
		end += cuts[i % 2] ? cuts[i % 2] : bytes.len;
		if (end > bytes.len)
			end = bytes.len;
		rc = show(run, flags, rl_slice(bytes.data + at, end - at), &used);
		at += used;
	}
	if (rc < 0) {
		CHECK(run->p.error_text);
		note_number(run, run->p.error_status);
		note(run, run->p.error_text, strlen(run->p.error_text));
	}
	bool complete;
	note_number(run, rl_http1_end_of_input(&run->p, &complete) == 0);
	note_number(run, complete);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t whole[2] = { 0, 0 };
	struct run one, other;

	if (size < 3)
		return 0;
	struct rl_slice bytes = rl_slice(data + 3, size - 3);
	start(&one, data[0]);
	start(&other, data[0]);
	read_cut(&one, data[0], bytes, whole);
	read_cut(&other, data[0], bytes, data + 1);
	CHECK(rl_slice_equal(rl_buf_slice(&one.events), rl_buf_slice(&other.events)));
	finish(&one);
	finish(&other);
	return 0;
}
