/* socketio_line.c: arguments are set apart by blanks or commas; what comes of it is checked as a whole. */
#include "socketio_line.h"

#include <string.h>
#include <rill/json.h>
#include "json.h"
#include "socketio_session.h"
#include "utf8.h"

static const char no_line[] = "an event is NAME [JSON...] or [\"NAME\", JSON...]";
static const char no_memory[] = "there is no memory for it";

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Behind a string that begins at p. */
static const char *skip_string(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		p += *p == '\\' && p + 1 < end;
	return p < end ? p + 1 : p;
}

/* Behind the blanks at p, and a comma among them. */
static const char *skip_gap(const char *p, const char *end)
{
	while (p < end && is_blank(*p))
		p++;
	if (p < end && *p == ',')
		p++;
	while (p < end && is_blank(*p))
		p++;
	return p;
}

/* The same with commas, where there were blanks between arguments. */
static void put_items(struct text *out, const char *p, const char *end)
{
	int depth = 0;
	while (p < end) {
		const char *from = p;
		if (*p == '"') {
			p = skip_string(p, end);
			text_put(out, from, (size_t)(p - from));
		} else if (depth == 0 && (is_blank(*p) || *p == ',')) {
			p = skip_gap(p, end);
			text_puts(out, p < end ? "," : "");
		} else {
			depth += (*p == '[' || *p == '{') - (*p == ']' || *p == '}');
			text_put(out, p++, 1);
		}
	}
}

static const char *read_answer(struct socketio_line *line, const char *p, const char *end)
{
	const char *digits = p;
	while (p < end && *p >= '0' && *p <= '9' && p - digits < 16)
		line->number = line->number * 10 + (uint64_t)(*p++ - '0');
	if (p == digits || (p < end && !is_blank(*p)))
		return "an acknowledgement is !NUMBER [JSON...]";
	while (p < end && is_blank(*p))
		p++;
	text_puts(&line->array, "[");
	put_items(&line->array, p, end);
	text_puts(&line->array, "]");
	return NULL;
}

static const char *read_event(struct socketio_line *line, const char *p, const char *end)
{
	if (p < end && *p == '[') {
		text_put(&line->array, p, (size_t)(end - p));
		return NULL;
	}
	const char *name = p;
	while (p < end && !is_blank(*p))
		p++;
	if (p == name)
		return no_line;
	text_puts(&line->array, "[");
	json_string(&line->array, (rill_bytes){ name, (size_t)(p - name) });
	while (p < end && is_blank(*p))
		p++;
	text_puts(&line->array, p < end ? "," : "");
	put_items(&line->array, p, end);
	text_puts(&line->array, "]");
	return NULL;
}

static const char *check(const struct socketio_line *line)
{
	rill_json value;
	if (line->array.failed)
		return no_memory;
	if (rill_json_read(&value, line->array.data, line->array.len) < 0 ||
		value.type != RILL_JSON_ARRAY)
		return "what stands behind the name has to be JSON: words in quotes";
	if (line->answers)
		return NULL;
	const rill_json name = rill_json_at(value, 0);
	if (name.type != RILL_JSON_STRING)
		return no_line;
	return socketio_is_reserved(name) ? "events of that name are the protocol's own" : NULL;
}

const char *socketio_line_read(struct socketio_line *line, const char *text, size_t len)
{
	const char *p = text, *end = text + len;
	*line = (struct socketio_line){ 0 };
	if (!utf8_valid(text, len))
		return "it is not UTF-8";
	while (p < end && is_blank(*p))
		p++;
	while (end > p && is_blank(end[-1]))
		end--;
	line->asks = p < end && *p == '?';
	line->answers = p < end && *p == '!';
	p += line->asks || line->answers;
	const char *wrong = line->answers ? read_answer(line, p, end) : read_event(line, p, end);
	return wrong ? wrong : check(line);
}

void socketio_line_fini(struct socketio_line *line)
{
	text_fini(&line->array);
}
