/* sockjs_envelope.c: what each HTTP transport of SockJS puts around a frame. */
#include <rill/error.h>
#include "wire/sockjs_frame.h"

/* Browsers hold back the beginning of a response until they have seen so much of it. */
#define XHR_PRELUDE 2048
/* The head of the htmlfile page without the callback. */
#define PAGE_HEAD 1027

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int wrap_xhr(struct rl_buf *out, struct rl_slice label, struct rl_slice frame)
{
	int rc = rl_buf_reserve(out, frame.len + 1);

	(void)label;
	if (rc < 0)
		return rc;
	rl_buf_append_slice(out, frame);
	return rl_buf_append_str(out, "\n");
}

static int begin_xhr_streaming(struct rl_buf *out, struct rl_slice label)
{
	int rc = rl_buf_reserve(out, XHR_PRELUDE + 1);

	(void)label;
	if (rc < 0)
		return rc;
	memset(rl_buf_end(out), 'h', XHR_PRELUDE);
	rl_buf_end(out)[XHR_PRELUDE] = '\n';
	rl_buf_commit(out, XHR_PRELUDE + 1);
	return 0;
}

static int begin_eventsource(struct rl_buf *out, struct rl_slice label)
{
	(void)label;
	return rl_buf_append_str(out, "\r\n");
}

/* What of a line the client's decodeURI() would change, or the event stream; 0: nothing. */
static const char *percent_escape(uint8_t c)
{
	switch (c) {
	case '%':
		return "%25";
	case '\r':
		return "%0D";
	case '\n':
		return "%0A";
	case 0:
		return "%00";
	default:
		return NULL;
	}
}

static int put_percent_escaped(struct rl_buf *out, struct rl_slice frame)
{
	size_t run = 0;
	int rc = 0;

	while (rc == 0 && run < frame.len) {
		const char *escape = percent_escape(frame.data[run]);
		if (!escape) {
			run++;
			continue;
		}
		rc = rl_buf_append(out, frame.data, run);
		if (rc == 0)
			rc = rl_buf_append_str(out, escape);
		rl_slice_skip(&frame, run + 1);
		run = 0;
	}
	return rc == 0 ? rl_buf_append_slice(out, frame) : rc;
}

static int put_event(struct rl_buf *out, struct rl_slice frame)
{
	int rc = rl_buf_reserve(out, frame.len + 10);

	if (rc == 0)
		rc = rl_buf_append_str(out, "data: ");
	if (rc == 0)
		rc = put_percent_escaped(out, frame);
	return rc == 0 ? rl_buf_append_str(out, "\r\n\r\n") : rc;
}

static int wrap_eventsource(struct rl_buf *out, struct rl_slice label, struct rl_slice frame)
{
	size_t before = out->len;
	int rc = put_event(out, frame);

	(void)label;
	if (rc < 0)
		out->len = before;
	return rc;
}

static const char page_to_callback[] =
	"<!doctype html>\n"
	"<html><head>\n"
	"  <meta http-equiv=\"X-UA-Compatible\" content=\"IE=edge\" />\n"
	"  <meta http-equiv=\"Content-Type\" content=\"text/html; charset=UTF-8\" />\n"
	"</head><body><h2>Don't panic!</h2>\n"
	"  <script>\n"
	"    document.domain = document.domain;\n"
	"    var c = parent.";
static const char page_from_callback[] = ";\n"
					 "    c.start();\n"
					 "    function p(d) {c.message(d);};\n"
					 "    window.onload = function() {c.stop();};\n"
					 "  </script>";

static int begin_htmlfile(struct rl_buf *out, struct rl_slice label)
{
	char spaces[PAGE_HEAD - (sizeof(page_to_callback) - 1) - (sizeof(page_from_callback) - 1) -
		    (sizeof("\r\n\r\n") - 1)];
	const struct rl_slice parts[] = { rl_slice_str(page_to_callback), label,
		rl_slice_str(page_from_callback), rl_slice(spaces, sizeof(spaces)),
		RL_SLICE("\r\n\r\n") };

	memset(spaces, ' ', sizeof(spaces));
	return rl_buf_append_parts(out, parts, COUNT(parts));
}

static int put_quoted(struct rl_buf *out, struct rl_slice frame, unsigned escapes, const char *tail)
{
	int rc = rl_json_quote(out, frame, escapes);

	return rc == 0 ? rl_buf_append_str(out, tail) : rc;
}

/* A message that says "</script>" must not end the element. */
static int wrap_htmlfile(struct rl_buf *out, struct rl_slice label, struct rl_slice frame)
{
	size_t before = out->len;
	int rc = rl_buf_append_str(out, "<script>\np(");

	(void)label;
	if (rc == 0)
		rc = put_quoted(out, frame, RL_JSON_ESCAPE_LINES | RL_JSON_ESCAPE_MARKUP,
			");\n</script>\r\n");
	if (rc < 0)
		out->len = before;
	return rc;
}

/* The comment keeps the response from being taken for something other than script, a Flash file for
 * one, whose first bytes the callback would choose. */
static int wrap_jsonp(struct rl_buf *out, struct rl_slice label, struct rl_slice frame)
{
	const struct rl_slice parts[] = { RL_SLICE("/**/"), label, RL_SLICE("(") };
	size_t before = out->len;
	int rc = rl_buf_append_parts(out, parts, COUNT(parts));

	if (rc == 0)
		rc = put_quoted(out, frame, RL_JSON_ESCAPE_LINES, ");\r\n");
	if (rc < 0)
		out->len = before;
	return rc;
}

const struct rl_envelope rl_sockjs_xhr = {
	.content_type = "application/javascript; charset=UTF-8",
	.wrap = wrap_xhr,
};

const struct rl_envelope rl_sockjs_xhr_streaming = {
	.content_type = "application/javascript; charset=UTF-8",
	.prelude = begin_xhr_streaming,
	.wrap = wrap_xhr,
};

const struct rl_envelope rl_sockjs_eventsource = {
	.content_type = "text/event-stream",
	.prelude = begin_eventsource,
	.wrap = wrap_eventsource,
};

const struct rl_envelope rl_sockjs_htmlfile = {
	.content_type = "text/html; charset=UTF-8",
	.prelude = begin_htmlfile,
	.wrap = wrap_htmlfile,
};

const struct rl_envelope rl_sockjs_jsonp = {
	.content_type = "application/javascript; charset=UTF-8",
	.fields = "X-Content-Type-Options: nosniff\r\n",
	.wrap = wrap_jsonp,
};

static bool is_callback_char(uint8_t c)
{
	uint8_t lower = c | 0x20;

	return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
	       c == '.';
}

const char *rl_sockjs_callback_fault(struct rl_slice callback, size_t max)
{
	if (!callback.len)
		return "\"callback\" parameter required";
	if (max && callback.len > max)
		return "invalid \"callback\" parameter";
	for (size_t i = 0; i < callback.len; i++)
		if (!is_callback_char(callback.data[i]))
			return "invalid \"callback\" parameter";
	return NULL;
}
