/* sse_event.c: a stream of events read as browsers read it (WHATWG HTML, 9.2.5 and 9.2.6), in
 * whatever pieces it comes.
 *
 * A value goes straight into the buffer it is for; of names no more is kept than tells them apart.
 * The three buffers of ids keep apart what the standard does: an id counts only when its line is
 * whole (it may yet hold a NUL), and becomes the last one with the empty line behind it. They are
 * swapped, so that nothing can fail there.
 *
 * Bytes that are no UTF-8 are replaced at the end: line ends and colons are ASCII and never part of
 * a broken character, so the lines are the same as if the whole stream had been decoded first. */
#include <rill/error.h>
#include "base/utf8_replace.h"
#include "wire/sse_event.h"

enum { FIELD_UNKNOWN, FIELD_DATA, FIELD_EVENT, FIELD_ID, FIELD_RETRY };

/* What a buffer may keep from one event to the next. */
#define KEEP (64 * 1024)

void rl_sse_init(struct rl_sse *sse, const struct rl_env *env, size_t max_event)
{
	*sse = (struct rl_sse){ .env = env, .max_event = max_event, .retry_ms = UINT64_MAX };
	rl_buf_init(&sse->data, env);
	rl_buf_init(&sse->type, env);
	rl_buf_init(&sse->id_line, env);
	rl_buf_init(&sse->id_next, env);
	rl_buf_init(&sse->id, env);
}

void rl_sse_fini(struct rl_sse *sse)
{
	rl_buf_release(&sse->data);
	rl_buf_release(&sse->type);
	rl_buf_release(&sse->id_line);
	rl_buf_release(&sse->id_next);
	rl_buf_release(&sse->id);
}

static void empty(struct rl_buf *buf)
{
	if (buf->cap > KEEP)
		rl_buf_release(buf);
	else
		rl_buf_consume(buf, buf->len);
}

static void begin_line(struct rl_sse *sse)
{
	sse->state = RL_SSE_FIELD;
	sse->name_len = 0;
	sse->spoiled = sse->digits = false;
}

static void begin_block(struct rl_sse *sse)
{
	empty(&sse->data);
	empty(&sse->type);
	sse->size = 0;
	sse->id_seen = sse->told = false;
}

void rl_sse_restart(struct rl_sse *sse)
{
	begin_line(sse);
	begin_block(sse);
	sse->state = RL_SSE_BOM;
	sse->bom = 0;
	sse->after_cr = false;
}

int rl_sse_set_id(struct rl_sse *sse, struct rl_slice id)
{
	if (id.len && memchr(id.data, 0, id.len))
		return RILL_EINVAL;
	int rc = rl_buf_reserve(&sse->id, id.len + 1);
	if (rc < 0)
		return rc;
	empty(&sse->id);
	rc = rl_buf_append_slice(&sse->id, id);
	return rc < 0 ? rc : rl_buf_append(&sse->id, "", 1);
}

const char *rl_sse_id(const struct rl_sse *sse)
{
	return sse->id.len ? (const char *)sse->id.data : "";
}

static void swap(struct rl_buf *a, struct rl_buf *b)
{
	struct rl_buf keep = *a;

	*a = *b;
	*b = keep;
}

/* The name is whole: what is its value for? */
static void begin_value(struct rl_sse *sse)
{
	static const struct {
		struct rl_slice name;
		uint8_t field;
	} fields[] = {
		{ { (const uint8_t *)"data", 4 }, FIELD_DATA },
		{ { (const uint8_t *)"event", 5 }, FIELD_EVENT },
		{ { (const uint8_t *)"id", 2 }, FIELD_ID },
		{ { (const uint8_t *)"retry", 5 }, FIELD_RETRY },
	};
	struct rl_slice name = rl_slice(sse->name, sse->name_len);

	sse->field = FIELD_UNKNOWN;
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (name.len <= sizeof(sse->name) && rl_slice_equal(name, fields[i].name))
			sse->field = fields[i].field;
	sse->state = RL_SSE_SPACE;
	sse->number = 0;
	if (sse->field == FIELD_EVENT)
		empty(&sse->type);
	else if (sse->field == FIELD_ID)
		empty(&sse->id_line);
}

static void take_digits(struct rl_sse *sse, struct rl_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t digit = (uint8_t)(text.data[i] - '0');
		if (digit > 9)
			sse->spoiled = true;
		else if (__builtin_mul_overflow(sse->number, 10, &sse->number) ||
			 __builtin_add_overflow(sse->number, digit, &sse->number))
			sse->number = UINT64_MAX - 9; /* for ever, and no more digits change it */
	}
}

static int take_bytes(struct rl_sse *sse, struct rl_buf *buf, struct rl_slice text)
{
	if (text.len > sse->max_event - sse->size)
		return RILL_ETOOBIG;
	sse->size += text.len;
	return rl_buf_append_slice(buf, text);
}

static int take_value(struct rl_sse *sse, struct rl_slice text)
{
	if (!text.len)
		return 0;
	switch (sse->field) {
	case FIELD_DATA:
		return take_bytes(sse, &sse->data, text);
	case FIELD_EVENT:
		return take_bytes(sse, &sse->type, text);
	case FIELD_ID:
		sse->spoiled = sse->spoiled || memchr(text.data, 0, text.len);
		return take_bytes(sse, &sse->id_line, text);
	case FIELD_RETRY:
		take_digits(sse, text);
		sse->digits = true;
		return 0;
	default:
		return 0;
	}
}

static int end_id(struct rl_sse *sse)
{
	if (sse->spoiled)
		return 0;
	int rc = rl_utf8_repair(&sse->id_line);
	if (rc == 0)
		rc = rl_buf_append(&sse->id_line, "", 1);
	if (rc < 0)
		return rc;
	swap(&sse->id_line, &sse->id_next);
	sse->id_seen = true;
	return 0;
}

/* A line with something in it has ended. */
static int end_field(struct rl_sse *sse)
{
	if (sse->state == RL_SSE_FIELD)
		begin_value(sse); /* no colon: the whole line is the name, the value is empty */
	switch (sse->field) {
	case FIELD_DATA:
		return take_bytes(sse, &sse->data, RL_SLICE("\n"));
	case FIELD_ID:
		return end_id(sse);
	case FIELD_RETRY:
		if (sse->digits && !sse->spoiled)
			sse->retry_ms = sse->number;
		return 0;
	default:
		return 0;
	}
}

/* An empty line. 1: there is an event. */
static int end_block(struct rl_sse *sse, struct rl_sse_event *event)
{
	if (sse->id_seen)
		swap(&sse->id, &sse->id_next);
	sse->id_seen = false;
	if (!sse->data.len) {
		begin_block(sse);
		return 0;
	}
	sse->data.len--; /* the last LF */
	int rc = rl_utf8_repair(&sse->data);
	if (rc == 0)
		rc = rl_utf8_repair(&sse->type);
	if (rc < 0)
		return rc;
	sse->told = true;
	event->type = rl_buf_slice(&sse->type);
	event->id = rl_slice_str(rl_sse_id(sse));
	event->data = rl_buf_slice(&sse->data);
	return 1;
}

static int end_line(struct rl_sse *sse, struct rl_sse_event *event)
{
	bool blank = sse->state == RL_SSE_FIELD && !sse->name_len;
	int rc = blank ? end_block(sse, event) : end_field(sse);

	begin_line(sse);
	return rc;
}

/* U+FEFF at the very beginning is dropped. What only begins like one begins a name we do not know. */
static void take_bom(struct rl_sse *sse, struct rl_slice *in)
{
	static const uint8_t bom[3] = { 0xef, 0xbb, 0xbf };

	while (in->len && sse->bom < sizeof(bom) && in->data[0] == bom[sse->bom]) {
		sse->bom++;
		rl_slice_skip(in, 1);
	}
	if (!in->len && sse->bom < sizeof(bom))
		return;
	begin_line(sse);
	if (sse->bom < sizeof(bom) && sse->bom > 0)
		sse->name_len = sizeof(sse->name) + 1;
}

static void take_name(struct rl_sse *sse, struct rl_slice text)
{
	const uint8_t *colon = memchr(text.data, ':', text.len);
	size_t n = colon ? (size_t)(colon - text.data) : text.len;

	for (size_t i = 0; i < n && sse->name_len <= sizeof(sse->name); i++) {
		if (sse->name_len < sizeof(sse->name))
			sse->name[sse->name_len] = (char)text.data[i];
		sse->name_len++;
	}
	if (colon)
		begin_value(sse);
}

/* A part of a line, without its end. */
static int take_text(struct rl_sse *sse, struct rl_slice text)
{
	if (sse->state == RL_SSE_FIELD) {
		const uint8_t *colon = memchr(text.data, ':', text.len);
		take_name(sse, text);
		rl_slice_skip(&text, colon ? (size_t)(colon - text.data) + 1 : text.len);
	}
	if (text.len && sse->state == RL_SSE_SPACE) {
		sse->state = RL_SSE_VALUE;
		if (text.data[0] == ' ')
			rl_slice_skip(&text, 1);
	}
	return take_value(sse, text);
}

static bool is_line_end(uint8_t c)
{
	return c == '\r' || c == '\n';
}

/* Takes text up to a line end, or the line end. 1: there is an event. */
static int step(struct rl_sse *sse, struct rl_slice *in, struct rl_sse_event *event)
{
	size_t n = 0;

	if (sse->after_cr && in->data[0] == '\n') {
		sse->after_cr = false;
		rl_slice_skip(in, 1);
		return 0;
	}
	sse->after_cr = false;
	if (is_line_end(in->data[0])) {
		sse->after_cr = in->data[0] == '\r';
		rl_slice_skip(in, 1);
		return end_line(sse, event);
	}
	while (n < in->len && !is_line_end(in->data[n]))
		n++;
	struct rl_slice text = rl_slice(in->data, n);
	rl_slice_skip(in, n);
	return take_text(sse, text);
}

int rl_sse_next(struct rl_sse *sse, struct rl_slice *in, struct rl_sse_event *event)
{
	int rc = 0;

	if (sse->state == RL_SSE_FAILED)
		return sse->failure;
	if (sse->told)
		begin_block(sse);
	if (sse->state == RL_SSE_BOM)
		take_bom(sse, in);
	while (in->len && rc == 0)
		rc = step(sse, in, event);
	if (rc < 0) {
		sse->failure = rc;
		sse->state = RL_SSE_FAILED;
	}
	return rc;
}
