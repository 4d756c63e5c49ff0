/* connect_output_text.c: a time, a mark, and what happened.
 *
 *   *  about the connection     <  received     >  sent     !  went wrong
 *
 * What a peer sends shall not steer the terminal: control characters, and those that turn the direction
 * of writing, are shown as escapes. */
#include "connect_output.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include "socketio_json.h"
#include "utf8.h"

/* Of a message, on a terminal. */
#define SHOWN_TEXT  ((size_t)16 * 1024)
#define SHOWN_BYTES 32

struct mark {
	const char *sign;
	const char *colour; /* ECMA-48, 8.3.117 */
};

static const struct mark about = { "*", "36" }, received = { "<", "32" }, sent = { ">", "34" },
			 wrong = { "!", "31" };

static const struct {
	int code;
	const char *name;
} close_names[] = {
	{ 1000, "normal closure" },
	{ 1001, "going away" },
	{ 1002, "protocol error" },
	{ 1003, "unsupported data" },
	{ 1005, "no code given" },
	{ 1006, "without a closing handshake" },
	{ 1007, "invalid data" },
	{ 1008, "policy violation" },
	{ 1009, "message too big" },
	{ 1010, "extension missing" },
	{ 1011, "internal error" },
	{ 1012, "service restart" },
	{ 1013, "try again later" },
	{ 1014, "bad gateway" },
};

static void put_coloured(
	const struct telling *telling, struct text *out, const char *colour, const char *words)
{
	if (telling->colour)
		text_putf(out, "\x1b[%sm%s\x1b[0m", colour, words);
	else
		text_puts(out, words);
}

static void put_dim(const struct telling *telling, struct text *out, const char *words)
{
	put_coloured(telling, out, "2", words);
}

static void begin_line(const struct telling *telling, struct text *out, const struct mark *mark)
{
	struct timespec now;
	struct tm tm;
	char clock[16], text[32];
	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	snprintf(text, sizeof(text), "%s.%03ld ", clock, now.tv_nsec / 1000000);
	put_dim(telling, out, text);
	put_coloured(telling, out, mark->colour, mark->sign);
	text_puts(out, " ");
}

/* C0, DEL and C1; and the characters of Unicode's bidirectional algorithm that are not seen. */
static bool steers(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x61c ||
	       (point >= 0x200e && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
	       (point >= 0x2066 && point <= 0x2069);
}

/* The lines behind the first are set in below it. */
static void put_line_end(const struct telling *telling, struct text *out)
{
	text_puts(out, "\n             ");
	put_dim(telling, out, "|");
	text_puts(out, " ");
}

static void put_escape(const struct telling *telling, struct text *out, uint32_t point)
{
	char text[16];
	snprintf(text, sizeof(text), point < 0x100 ? "\\x%02x" : "\\u%04x", point);
	put_dim(telling, out, text);
}

static void put_text(const struct telling *telling, struct text *out, rill_bytes bytes)
{
	const unsigned char *p = bytes.data;
	for (size_t i = 0; i < bytes.len;) {
		size_t n = utf8_character(p + i, bytes.len - i);
		uint32_t point = n ? utf8_code_point(p + i, n) : p[i];
		if (point == '\n')
			put_line_end(telling, out);
		else if (point == '\t' || (n && !steers(point)))
			text_put(out, p + i, n);
		else
			put_escape(telling, out, point);
		i += n ? n : 1;
	}
}

static void put_words(const struct telling *telling, struct text *out, const char *words)
{
	put_text(telling, out, (rill_bytes){ words, strlen(words) });
}

static void put_bytes(const struct telling *telling, struct text *out, rill_bytes bytes)
{
	const unsigned char *p = bytes.data;
	char head[64];
	snprintf(head, sizeof(head), "%zu %s", bytes.len, bytes.len == 1 ? "byte" : "bytes");
	put_dim(telling, out, head);
	const size_t shown = bytes.len < SHOWN_BYTES ? bytes.len : SHOWN_BYTES;
	for (size_t i = 0; i < shown; i++)
		text_putf(out, i ? " %02x" : "  %02x", p[i]);
	text_puts(out, shown < bytes.len ? " ..." : "");
}

static void put_cut(const struct telling *telling, struct text *out, rill_bytes data)
{
	rill_bytes shown = data;
	if (telling->brief && data.len > SHOWN_TEXT)
		shown.len = utf8_prefix(data.data, SHOWN_TEXT);
	put_text(telling, out, shown);
	if (shown.len < data.len) {
		char rest[64];
		snprintf(rest, sizeof(rest), " ... and %zu bytes more", data.len - shown.len);
		put_dim(telling, out, rest);
	}
}

static void put_message(const struct telling *telling, struct text *out,
	const struct told_message *message, const struct mark *mark)
{
	static const char usual[] = "message";
	begin_line(telling, out, mark);
	if (message->event && (message->type.len != strlen(usual) ||
				      memcmp(message->type.data, usual, strlen(usual)) != 0)) {
		put_dim(telling, out, "[");
		put_text(telling, out, message->type);
		put_dim(telling, out, "] ");
	}
	if (message->kind == RILL_BINARY)
		put_bytes(telling, out, message->data);
	else
		put_cut(telling, out, message->data);
	if (message->id.len) {
		put_dim(telling, out, "  #");
		put_text(telling, out, message->id);
	}
	text_puts(out, "\n");
}

static void tell_open(const struct telling *telling, struct text *out, const rill_answer *answer,
	const char *protocol, const char *extensions)
{
	(void)answer;
	begin_line(telling, out, &about);
	text_puts(out, "connected to ");
	put_words(telling, out, telling->url);
	if (telling->space) {
		text_puts(out, ", namespace ");
		put_words(telling, out, telling->space);
		text_puts(out, " as ");
		put_words(telling, out, telling->id);
	}
	if (*protocol) {
		text_puts(out, ", subprotocol ");
		put_words(telling, out, protocol);
	}
	if (*extensions) {
		text_puts(out, ", ");
		put_words(telling, out, extensions);
	}
	text_puts(out, "\n");
}

static void tell_message(
	const struct telling *telling, struct text *out, const struct told_message *message)
{
	put_message(telling, out, message, &received);
}

/* "[asks !3] question 1", "[answer 0] "x"": as it is written to send it. */
static void tell_event(
	const struct telling *telling, struct text *out, const struct socketio_event *event)
{
	const bool named = event->name.type != RILL_JSON_NONE;
	struct text words = { 0 };
	begin_line(telling, out, &received);
	if (event->numbered) {
		char head[48];
		snprintf(head, sizeof(head), named ? "[asks !%llu] " : "[answer %llu] ",
			(unsigned long long)event->number);
		put_dim(telling, out, head);
	}
	if (named)
		socketio_put_name(&words, event->name);
	if (named && rill_json_count(event->args) > 1)
		text_puts(&words, " ");
	socketio_put_args(&words, event, " ");
	put_cut(telling, out, (rill_bytes){ words.data, words.len });
	text_puts(out, "\n");
	out->failed |= words.failed;
	text_fini(&words);
}

static void tell_sent(
	const struct telling *telling, struct text *out, const struct told_message *message)
{
	put_message(telling, out, message, &sent);
}

static void tell_ping(const struct telling *telling, struct text *out, bool pong, rill_bytes data)
{
	begin_line(telling, out, &received);
	put_dim(telling, out, pong ? "pong" : "ping");
	if (data.len) {
		text_puts(out, " ");
		put_text(telling, out, data);
	}
	text_puts(out, "\n");
}

static void tell_error(
	const struct telling *telling, struct text *out, const char *sentence, int status)
{
	(void)status; /* the sentence has it */
	begin_line(telling, out, &wrong);
	put_words(telling, out, sentence);
	text_puts(out, "\n");
}

static void tell_close(
	const struct telling *telling, struct text *out, const struct told_close *end)
{
	const bool lost = end->code == 1006;
	if (end->never) /* the error said it all */
		return;
	begin_line(telling, out, lost ? &wrong : &about);
	text_puts(out, lost        ? "connection lost: "
		       : end->ours ? "closed by us: "
				   : "closed by the server: ");
	text_putf(out, "%d", end->code);
	for (size_t i = 0; i < sizeof(close_names) / sizeof(*close_names); i++) {
		if (close_names[i].code == end->code)
			text_putf(out, " %s", close_names[i].name);
	}
	if (end->reason.len) {
		text_puts(out, ", \"");
		put_text(telling, out, end->reason);
		text_puts(out, "\"");
	}
	text_puts(out, "\n");
}

static void tell_remark(const struct telling *telling, struct text *out, const char *sentence)
{
	begin_line(telling, out, &about);
	put_dim(telling, out, sentence);
	text_puts(out, "\n");
}

const struct telling_ops telling_text = {
	.open = tell_open,
	.message = tell_message,
	.event = tell_event,
	.sent = tell_sent,
	.ping = tell_ping,
	.error = tell_error,
	.close = tell_close,
	.remark = tell_remark,
};
