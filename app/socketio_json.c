/* socketio_json.c: blanks outside of strings are left out, which may be line ends. */
#include "socketio_json.h"

#include <string.h>
#include "json.h"

/* No bytes are in it. */
static void put_plain(struct text *out, rill_json value)
{
	bool quoted = false;
	const char *p = value.data, *end = p + value.len, *from = p;
	for (; p < end; p++) {
		if (*p == '"') {
			quoted = !quoted;
		} else if (quoted && *p == '\\') {
			p++;
		} else if (!quoted && strchr(" \t\r\n", *p)) {
			text_put(out, from, (size_t)(p - from));
			from = p + 1;
		}
	}
	text_put(out, from, (size_t)(end - from));
}

/* At most 1,024 deep, which rill_json_read() sees to. */
static void put_parted(struct text *out, rill_json value)
{
	const bool object = value.type == RILL_JSON_OBJECT;
	rill_json rest = value, name, item;
	bool more = false;
	text_puts(out, object ? "{" : "[");
	while (rill_json_next(&rest, &name, &item)) {
		text_puts(out, more ? "," : "");
		if (object) {
			put_plain(out, name);
			text_puts(out, ":");
		}
		socketio_put_json(out, item);
		more = true;
	}
	text_puts(out, object ? "}" : "]");
}

void socketio_put_json(struct text *out, rill_json value)
{
	if (value.type == RILL_JSON_BYTES) {
		text_puts(out, "{\"base64\":");
		json_base64(out, rill_json_bytes(value));
		text_puts(out, "}");
	} else if (value.attached_count &&
		   (value.type == RILL_JSON_OBJECT || value.type == RILL_JSON_ARRAY)) {
		put_parted(out, value);
	} else {
		put_plain(out, value);
	}
}

void socketio_put_args(struct text *out, const struct socketio_event *event, const char *gap)
{
	rill_json rest = event->args, item;
	bool more = false;
	if (event->name.type != RILL_JSON_NONE)
		rill_json_next(&rest, NULL, &item);
	while (rill_json_next(&rest, NULL, &item)) {
		text_puts(out, more ? gap : "");
		socketio_put_json(out, item);
		more = true;
	}
}

void socketio_put_name(struct text *out, rill_json name)
{
	const char *p = name.data;
	const bool plain = name.len > 2 && !strchr("[?!", p[1]) && !memchr(p, ' ', name.len) &&
			   !memchr(p, '\\', name.len);
	if (plain)
		text_put(out, p + 1, name.len - 2);
	else
		put_plain(out, name);
}
