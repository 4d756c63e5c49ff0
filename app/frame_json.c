/* frame_json.c: a frame is shown with the first bytes of its payload: as text where it is some,
 * else in hex. The tap shows frames before they are checked, so text may be no UTF-8 at all. */
#include "frame_json.h"

#include <stdarg.h>
#include <stdio.h>
#include "utf8.h"

#define PREVIEW_BYTES 32

static const char *const opcode_names[16] = {
	[0] = "continuation",
	[1] = "text",
	[2] = "binary",
	[8] = "close",
	[9] = "ping",
	[10] = "pong",
};

struct room {
	char *at, *end;
};

__attribute__((format(printf, 2, 3))) static void put(struct room *t, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int len = vsnprintf(t->at, (size_t)(t->end - t->at), format, args);
	va_end(args);
	if (len > 0)
		t->at += len < t->end - t->at ? len : t->end - t->at - 1;
}

static void put_hex(struct room *t, const unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		put(t, i ? " %02x" : "%02x", bytes[i]);
}

static void put_escaped(struct room *t, const unsigned char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (p[i] < 0x20 || p[i] == '"' || p[i] == '\\' || p[i] == 0x7f)
			put(t, "\\u%04x", p[i]);
		else
			put(t, "%c", p[i]);
	}
}

static void put_preview(struct room *t, const rill_frame *frame)
{
	const unsigned char *p = frame->payload.data;
	size_t len = frame->payload.len < PREVIEW_BYTES ? frame->payload.len : PREVIEW_BYTES;
	if (!len)
		return;
	/* Up to three bytes less: a character that goes on behind the cut. */
	size_t prefix = utf8_prefix(p, len);
	bool whole = prefix == len || (len < frame->len && len - prefix < 4);
	if (frame->opcode == 1 && !frame->rsv1 && whole)
		put_escaped(t, p, prefix);
	else
		put_hex(t, p, len);
}

static const char *truth(bool value)
{
	return value ? "true" : "false";
}

size_t frame_json(const rill_frame *frame, double at, char text[FRAME_JSON_ROOM])
{
	struct room t = { text, text + FRAME_JSON_ROOM };
	const char *name = opcode_names[frame->opcode & 15];
	put(&t, "{\"dir\":\"%s\",\"opcode\":%u,\"name\":\"%s\"", frame->out ? "out" : "in",
		frame->opcode & 15U, name ? name : "reserved");
	put(&t, ",\"fin\":%s,\"rsv1\":%s,\"masked\":%s", truth(frame->fin), truth(frame->rsv1),
		truth(frame->masked));
	put(&t, ",\"len\":%llu,\"wire\":%llu,\"head\":\"", (unsigned long long)frame->len,
		(unsigned long long)frame->head.len + frame->len);
	put_hex(&t, frame->head.data, frame->head.len);
	put(&t, "\",\"preview\":\"");
	put_preview(&t, frame);
	put(&t, "\",\"at\":%.1f}", at);
	return (size_t)(t.at - text);
}
