/* http1_head.c: the start line and the fields of a message (RFC 9112, sections 2.2 to 5).
 *
 * Nothing of a head is consumed before its empty line is there. Until then each step remembers
 * where its part of the head starts and how far it has been looked at, both counted from the
 * start of the head, so that the bytes may move. A step ends at the first byte that cannot belong
 * to its part: either that byte leads on, or the message is refused without waiting for more.
 *
 * As a rule a head comes whole and is in order. So its lines are first tried at a glance; from the first one
 * that is not of that kind on, it is the steps that look. */
#include "wire/http1_char.h"
#include "wire/http1_step.h"

/* Longer than any registered method; RFC 9112, 3: what is longer than all methods a server
 * knows gets 501. */
#define METHOD_MAX   32

#define FIRST_FIELDS 16

/* How many bytes of the head can be looked at: what is there, but not past the limit. */
static size_t in_sight(const struct rl_http1 *p, const struct rl_slice *in)
{
	size_t limit = p->limits->head > p->skipped ? p->limits->head - p->skipped : 0;

	return in->len < limit ? in->len : limit;
}

/* The bytes up to at are known, and no more are in sight. */
static int want_more(struct rl_http1 *p, const struct rl_slice *in, size_t at)
{
	p->scanned = at;
	if (p->skipped + in->len < p->limits->head)
		return RL_STEP_MORE;
	p->head_too_large = true;
	return rl_http1_fail(p, 431, "The request head is too large.");
}

/* The part that started at p->start has ended; the next one starts at at. */
static int go_on(struct rl_http1 *p, enum rl_http1_state state, size_t at)
{
	p->state = state;
	p->start = p->scanned = at;
	return RL_STEP_ON;
}

static struct rl_http1_span span(size_t start, size_t end)
{
	return (struct rl_http1_span){ (uint32_t)start, (uint32_t)(end - start) };
}

/* RFC 9112, 5.1: the value is what lies between the white space around it. */
static inline struct rl_http1_span trimmed(const uint8_t *data, size_t start, size_t end)
{
	while (start < end && (data[start] == ' ' || data[start] == '\t'))
		start++;
	while (end > start && (data[end - 1] == ' ' || data[end - 1] == '\t'))
		end--;
	return span(start, end);
}

/* A line has come to the byte at, which is not one of its text: is it the CR of CRLF? RL_STEP_ON
 * when it is. RFC 9112, 2.2: a bare LF may be taken for a line end and a bare CR for a space;
 * recipients that differ in this can be played off against each other, so neither is. */
static int line_end(struct rl_http1 *p, const struct rl_slice *in, size_t at)
{
	if (in->data[at] == '\n')
		return rl_http1_fail(p, 400, "A line ends with a bare LF.");
	if (in->data[at] != '\r')
		return rl_http1_fail(p, 400, "A line holds a control character.");
	if (at + 1 == in_sight(p, in))
		return want_more(p, in, at);
	if (in->data[at + 1] != '\n')
		return rl_http1_fail(p, 400, "A line holds a bare CR.");
	return RL_STEP_ON;
}

static void begin_head(struct rl_http1 *p)
{
	p->head = (struct rl_http1_head){ .fields = p->head.fields };
	p->body_total = 0;
	p->extension_total = p->trailer_total = p->trailer_count = 0;
	go_on(p, p->role == RL_HTTP1_REQUEST ? RL_HTTP1_METHOD : RL_HTTP1_STATUS, 0);
}

/* Room for one more field. RILL_ENOMEM leaves everything as it is. */
static int reserve_field(struct rl_http1 *p)
{
	if (p->head.field_count < p->fields_room)
		return 0;
	size_t room = p->fields_room ? p->fields_room * 2 : FIRST_FIELDS;
	if (room > p->limits->fields)
		room = p->limits->fields;
	void *fields = rl_resize(p->env, p->head.fields, room * sizeof(*p->head.fields));
	if (!fields)
		return RILL_ENOMEM;
	p->head.fields = fields;
	p->fields_room = room;
	return 0;
}

/* The line of a field: 1 when all of it is there and in order; else 0, and it is left to the steps;
 * RILL_ENOMEM. */
static inline int glance_at_field(struct rl_http1 *p, const uint8_t *data, size_t sight)
{
	size_t start = p->start, count = p->head.field_count;
	size_t colon = rl_http1_span_of_token(data, start, sight);

	if (colon == start || colon == sight || data[colon] != ':')
		return 0;
	size_t end = rl_http1_span_of_text(data, colon + 1, sight);
	if (sight - end < 2 || data[end] != '\r' || data[end + 1] != '\n' ||
		count == p->limits->fields)
		return 0;
	if (count == p->fields_room && reserve_field(p) < 0)
		return RILL_ENOMEM;
	p->head.fields[count].name = span(start, colon);
	p->head.fields[count].value = trimmed(data, colon + 1, end);
	rl_http1_index_add(&p->head.index, rl_slice(data + start, colon - start), count);
	p->head.field_count = count + 1;
	p->start = end + 2;
	return 1;
}

/* The start line has ended in front of at. */
static int begin_fields(struct rl_http1 *p, const struct rl_slice *in, size_t at)
{
	size_t sight = in_sight(p, in);
	int rc;

	p->start = at;
	do
		rc = glance_at_field(p, in->data, sight);
	while (rc == 1);
	go_on(p, RL_HTTP1_FIELD_NAME, p->start);
	return rc < 0 ? rc : RL_STEP_ON;
}

static int method_step(struct rl_http1 *p, struct rl_slice *in)
{
	size_t sight = in_sight(p, in), end = p->start + METHOD_MAX + 1;
	size_t at = rl_http1_span_of(
		in->data, p->scanned, sight < end ? sight : end, RL_CHAR_TOKEN);

	if (at == end)
		return rl_http1_fail(p, 501, "The method is unknown.");
	if (at == sight)
		return want_more(p, in, at);
	if (in->data[at] != ' ' || at == p->start)
		return rl_http1_fail(p, 400, "The request line does not start with a method.");
	p->head.method = span(p->start, at);
	return go_on(p, RL_HTTP1_TARGET, at + 1);
}

/* Its form is judged when the version is known: "PRI * HTTP/2.0" is to get 505. */
static int target_step(struct rl_http1 *p, struct rl_slice *in)
{
	size_t sight = in_sight(p, in);
	size_t end = sight - p->start > p->limits->target ? p->start + p->limits->target + 1
							  : sight;
	size_t at = rl_http1_span_of_target(in->data, p->scanned, end);

	if (at - p->start > p->limits->target)
		return rl_http1_fail(p, 414, "The request target is too long.");
	if (at == sight)
		return want_more(p, in, at);
	if (in->data[at] == '\r' || in->data[at] == '\n')
		return rl_http1_fail(p, 400, "The request line has no HTTP version.");
	if (in->data[at] != ' ')
		return rl_http1_fail(p, 400, "The request target holds a forbidden character.");
	if (at == p->start)
		return rl_http1_fail(p, 400, "The request line holds two spaces in a row.");
	p->head.target = span(p->start, at);
	return go_on(p, RL_HTTP1_VERSION, at + 1);
}

/* Reads bytes of a fixed form, in which '#' is any digit. RL_STEP_ON when they are all there. */
static int fixed_form(struct rl_http1 *p, const struct rl_slice *in, const char *form)
{
	size_t sight = in_sight(p, in), at = p->scanned;
	const char *want = form + (at - p->start);

	for (; *want; want++, at++) {
		if (at == sight)
			return want_more(p, in, at);
		uint8_t c = in->data[at];
		if (*want == '#' ? !rl_http1_char_is(c, RL_CHAR_DIGIT) : c != (uint8_t)*want)
			return rl_http1_fail(p, 400, "The start line is malformed.");
	}
	p->scanned = at;
	return RL_STEP_ON;
}

/* "HTTP/1.1" lies at p->start. RFC 9110, 2.5: what is above 1.1 but 1 is read as 1.1. */
static int take_version(struct rl_http1 *p, const struct rl_slice *in)
{
	const uint8_t *version = in->data + p->start;

	if (version[5] != '1')
		return rl_http1_fail(p, 505, "Only HTTP/1 is spoken here.");
	p->head.minor = version[7] == '0' ? 0 : 1;
	return 0;
}

/* The request line has ended in front of at. */
static int finish_request_line(struct rl_http1 *p, const struct rl_slice *in, size_t at)
{
	p->head.base = in->data;
	int rc = rl_http1_judge_target(p);
	if (rc < 0)
		return rc;
	return begin_fields(p, in, at);
}

static int version_step(struct rl_http1 *p, struct rl_slice *in)
{
	int rc = fixed_form(p, in, "HTTP/#.#\r\n");
	if (rc != RL_STEP_ON)
		return rc;
	rc = take_version(p, in);
	return rc < 0 ? rc : finish_request_line(p, in, p->scanned);
}

/* A request line, when all of it is there, in order, and of the usual version. */
static int glance_at_request_line(struct rl_http1 *p, const struct rl_slice *in)
{
	const struct rl_slice version = RL_SLICE("HTTP/1.1\r\n");
	const uint8_t *data = in->data;
	size_t sight = in_sight(p, in);
	size_t method = rl_http1_span_of_token(data, 0, sight), start = method + 1;

	if (method == 0 || method > METHOD_MAX || method == sight || data[method] != ' ')
		return RL_STEP_ON;
	size_t end = rl_http1_span_of_target(data, start, sight);
	if (end == start || end - start > p->limits->target || sight - end < 1 + version.len ||
		data[end] != ' ' || memcmp(data + end + 1, version.data, version.len) != 0)
		return RL_STEP_ON;
	p->head.method = span(0, method);
	p->head.target = span(start, end);
	p->head.minor = 1;
	return finish_request_line(p, in, end + 1 + version.len);
}

/* RFC 9112, 2.2: a server skips empty lines in front of a request. They are consumed at once and
 * count as bytes of the head, so that they cannot go on for ever. */
static int start_step(struct rl_http1 *p, struct rl_slice *in)
{
	if (!in_sight(p, in))
		return want_more(p, in, 0);
	if (p->role == RL_HTTP1_REQUEST && (in->data[0] == '\r' || in->data[0] == '\n')) {
		int rc = line_end(p, in, 0);
		if (rc != RL_STEP_ON)
			return rc;
		rl_slice_skip(in, 2);
		p->skipped += 2;
		return RL_STEP_ON;
	}
	begin_head(p);
	return p->role == RL_HTTP1_REQUEST ? glance_at_request_line(p, in) : RL_STEP_ON;
}

static int status_step(struct rl_http1 *p, struct rl_slice *in)
{
	int rc = fixed_form(p, in, "HTTP/#.# ###");
	if (rc != RL_STEP_ON)
		return rc;
	rc = take_version(p, in);
	if (rc < 0)
		return rc;
	const uint8_t *digit = in->data + p->start + 9;
	p->head.status = (uint16_t)((digit[0] - '0') * 100 + (digit[1] - '0') * 10 +
				    (digit[2] - '0'));
	if (p->head.status < 100)
		return rl_http1_fail(p, 400, "The status is below 100.");
	return go_on(p, RL_HTTP1_REASON, p->scanned);
}

/* RFC 9112, 4: the space behind the status stands even without a reason. Many servers leave
 * both out. */
static int reason_step(struct rl_http1 *p, struct rl_slice *in)
{
	size_t sight = in_sight(p, in);
	size_t at = rl_http1_span_of_text(in->data, p->scanned, sight);

	if (at > p->start && in->data[p->start] != ' ')
		return rl_http1_fail(p, 400, "The start line is malformed.");
	if (at == sight)
		return want_more(p, in, at);
	int rc = line_end(p, in, at);
	if (rc != RL_STEP_ON)
		return rc;
	p->head.reason = at > p->start ? span(p->start + 1, at) : span(at, at);
	return begin_fields(p, in, at + 2);
}

static int no_field_name(struct rl_http1 *p, uint8_t c, bool first)
{
	bool blank = c == ' ' || c == '\t';

	/* RFC 9112, 5.2 and 5.1. */
	if (first && blank)
		return rl_http1_fail(p, 400, "A header line is folded.");
	if (blank)
		return rl_http1_fail(p, 400, "White space stands in front of a colon.");
	return rl_http1_fail(p, 400, "A field name is malformed.");
}

/* The empty line is there and ends at end: the head is whole. */
static int finish_head(
	struct rl_http1 *p, struct rl_slice *in, size_t end, struct rl_http1_event *ev)
{
	static const enum rl_http1_state next[] = {
		[RL_HTTP1_NO_BODY] = RL_HTTP1_MESSAGE_END,
		[RL_HTTP1_LENGTH] = RL_HTTP1_BODY_LENGTH,
		[RL_HTTP1_CHUNKED] = RL_HTTP1_CHUNK_SIZE,
		[RL_HTTP1_UNTIL_CLOSE] = RL_HTTP1_BODY_CLOSE,
	};

	p->head.base = in->data;
	p->head.len = end;
	int rc = rl_http1_judge(p);
	if (rc < 0)
		return rc;
	rl_slice_skip(in, end);
	p->left = p->head.framing == RL_HTTP1_LENGTH ? p->head.content_length : 0;
	p->part = p->digits = 0;
	p->skipped = p->start = p->scanned = 0;
	p->state = next[p->head.framing];
	ev->type = RL_HTTP1_HEAD;
	return RL_STEP_EVENT;
}

static int field_name_step(struct rl_http1 *p, struct rl_slice *in, struct rl_http1_event *ev)
{
	size_t sight = in_sight(p, in);

	if (p->start == sight)
		return want_more(p, in, sight);
	if (in->data[p->start] == '\r') {
		int rc = line_end(p, in, p->start);
		return rc == RL_STEP_ON ? finish_head(p, in, p->start + 2, ev) : rc;
	}
	if (p->head.field_count == p->limits->fields)
		return rl_http1_fail(p, 431, "There are too many header fields.");
	int rc = reserve_field(p);
	if (rc < 0)
		return rc;
	size_t at = rl_http1_span_of_token(in->data, p->scanned, sight);
	if (at == sight)
		return want_more(p, in, at);
	if (in->data[at] != ':' || at == p->start)
		return no_field_name(p, in->data[at], at == p->start);
	p->head.fields[p->head.field_count].name = span(p->start, at);
	rl_http1_index_add(
		&p->head.index, rl_slice(in->data + p->start, at - p->start), p->head.field_count);
	return go_on(p, RL_HTTP1_FIELD_VALUE, at + 1);
}

static int field_value_step(struct rl_http1 *p, struct rl_slice *in)
{
	size_t sight = in_sight(p, in);
	size_t at = rl_http1_span_of_text(in->data, p->scanned, sight);

	if (at == sight)
		return want_more(p, in, at);
	int rc = line_end(p, in, at);
	if (rc != RL_STEP_ON)
		return rc;
	p->head.fields[p->head.field_count++].value = trimmed(in->data, p->start, at);
	return go_on(p, RL_HTTP1_FIELD_NAME, at + 2);
}

int rl_http1_head_step(struct rl_http1 *p, struct rl_slice *in, struct rl_http1_event *ev)
{
	assert(in->len >= p->scanned); /* what was left is shown again */
	switch (p->state) {
	case RL_HTTP1_START:
		return start_step(p, in);
	case RL_HTTP1_METHOD:
		return method_step(p, in);
	case RL_HTTP1_TARGET:
		return target_step(p, in);
	case RL_HTTP1_VERSION:
		return version_step(p, in);
	case RL_HTTP1_STATUS:
		return status_step(p, in);
	case RL_HTTP1_REASON:
		return reason_step(p, in);
	case RL_HTTP1_FIELD_NAME:
		return field_name_step(p, in, ev);
	default:
		assert(p->state == RL_HTTP1_FIELD_VALUE);
		return field_value_step(p, in);
	}
}
