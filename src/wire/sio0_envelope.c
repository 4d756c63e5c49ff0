/* sio0_envelope.c: what each HTTP transport of Socket.IO 0.5 and 0.6 puts around a frame. */
#include <rill/error.h>
#include "base/json.h"
#include "wire/sio0_frame.h"
#include "wire/sse_event.h"

/* So much makes browsers begin to show a page, with what stands around a first chunk. */
#define PAGE_SPACES  244

#define NO_STORE     "Cache-Control: no-store\r\n"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int wrap_polling(struct rl_buf *out, struct rl_slice label, struct rl_slice frame)
{
	(void)label;
	return rl_buf_append_slice(out, frame);
}

/* The frames as a string of a script. */
static int put_script(struct rl_buf *out, const struct rl_slice *head, size_t count,
	struct rl_slice frame, struct rl_slice tail)
{
	size_t before = out->len;
	int rc = rl_buf_append_parts(out, head, count);

	/* A message that says "</script>" must not end the element, in whatever page the script lands. */
	if (rc == 0)
		rc = rl_json_quote(out, frame, RL_JSON_ESCAPE_LINES | RL_JSON_ESCAPE_MARKUP);
	if (rc == 0)
		rc = rl_buf_append_slice(out, tail);
	if (rc < 0)
		out->len = before;
	return rc;
}

static int wrap_jsonp(struct rl_buf *out, struct rl_slice label, struct rl_slice frame)
{
	const struct rl_slice head[] = { RL_SLICE("io.JSONP["), label, RL_SLICE("]._(") };

	return put_script(out, head, COUNT(head), frame, RL_SLICE(");"));
}

static int begin_htmlfile(struct rl_buf *out, struct rl_slice label)
{
	char spaces[PAGE_SPACES];

	(void)label;
	memset(spaces, ' ', sizeof(spaces));
	const struct rl_slice parts[] = { RL_SLICE("<html><body>"),
		rl_slice(spaces, sizeof(spaces)) };
	return rl_buf_append_parts(out, parts, COUNT(parts));
}

static int wrap_htmlfile(struct rl_buf *out, struct rl_slice label, struct rl_slice frame)
{
	const struct rl_slice head = RL_SLICE("<script>parent.s._(");

	(void)label;
	return put_script(out, &head, 1, frame, RL_SLICE(", document);</script>"));
}

static int begin_multipart(struct rl_buf *out, struct rl_slice label)
{
	(void)label;
	return rl_buf_append_str(out, "--socketio\n");
}

static int wrap_multipart(struct rl_buf *out, struct rl_slice label, struct rl_slice frame)
{
	const struct rl_slice parts[] = { RL_SLICE("Content-Type: text/plain\n\n"), frame,
		RL_SLICE("\n--socketio\n") };

	(void)label;
	return rl_buf_append_parts(out, parts, COUNT(parts));
}

static int wrap_events(struct rl_buf *out, struct rl_slice label, struct rl_slice frame)
{
	const struct rl_sse_event event = { .type = RL_SLICE("socket.io"), .data = frame };

	(void)label;
	return rl_sse_write(out, &event);
}

const struct rl_envelope rl_sio0_polling = {
	.content_type = "text/plain; charset=UTF-8",
	.fields = NO_STORE,
	.wrap = wrap_polling,
};

const struct rl_envelope rl_sio0_jsonp = {
	.content_type = "text/javascript; charset=UTF-8",
	.fields = NO_STORE "X-Content-Type-Options: nosniff\r\n",
	.wrap = wrap_jsonp,
};

/* Without a charset browsers would not read the page as UTF-8. */
const struct rl_envelope rl_sio0_htmlfile = {
	.content_type = "text/html; charset=UTF-8",
	.fields = NO_STORE,
	.prelude = begin_htmlfile,
	.wrap = wrap_htmlfile,
};

const struct rl_envelope rl_sio0_multipart = {
	.content_type = "multipart/x-mixed-replace;boundary=\"socketio\"",
	.fields = NO_STORE,
	.prelude = begin_multipart,
	.wrap = wrap_multipart,
	.unframed = true,
};

const struct rl_envelope rl_sio0_events = {
	.content_type = "text/event-stream",
	.fields = NO_STORE,
	.wrap = wrap_events,
};
