/* connect_output_json.c: one object a line. */
#include "connect_output.h"

#include <ctype.h>
#include <string.h>
#include "json.h"
#include "socketio_json.h"
#include "utf8.h"

static bool same_name(rill_bytes a, rill_bytes b)
{
	const char *x = a.data, *y = b.data;
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (tolower((unsigned char)x[i]) != tolower((unsigned char)y[i]))
			return false;
	}
	return true;
}

/* Has the i-th field's name come before? */
static bool is_repeated(const rill_answer *answer, size_t i, rill_bytes name)
{
	rill_bytes earlier, value;
	for (size_t k = 0; k < i && rill_answer_header_at(answer, k, &earlier, &value); k++) {
		if (same_name(earlier, name))
			return true;
	}
	return false;
}

/* All values of a field in one string (RFC 9110, 5.3), gone through again because names in an object are
 * unique and Set-Cookie may come often. */
static void put_values(struct text *out, const rill_answer *answer, rill_bytes name)
{
	struct text joined = { 0 };
	rill_bytes other, value;
	bool more = false;
	for (size_t i = 0; rill_answer_header_at(answer, i, &other, &value); i++) {
		if (!same_name(other, name))
			continue;
		text_puts(&joined, more ? ", " : "");
		text_put(&joined, value.data, value.len);
		more = true;
	}
	json_string(out, (rill_bytes){ joined.data, joined.len });
	out->failed |= joined.failed;
	text_fini(&joined);
}

static void put_headers(struct text *out, const rill_answer *answer)
{
	rill_bytes name, value;
	bool more = false;
	for (size_t i = 0; answer && rill_answer_header_at(answer, i, &name, &value); i++) {
		if (is_repeated(answer, i, name))
			continue;
		text_puts(out, more ? "," : "");
		const size_t from = out->len;
		json_string(out, name);
		for (size_t k = from; k < out->len; k++)
			out->data[k] = (char)tolower((unsigned char)out->data[k]);
		text_puts(out, ":");
		put_values(out, answer, name);
		more = true;
	}
}

static void tell_open(const struct telling *telling, struct text *out, const rill_answer *answer,
	const char *protocol, const char *extensions)
{
	text_putf(out, "{\"event\":\"open\",\"status\":%d,\"protocol\":",
		answer ? rill_answer_status(answer) : 0);
	json_words(out, protocol);
	text_puts(out, ",\"extensions\":");
	json_words(out, extensions);
	text_puts(out, ",\"headers\":{");
	put_headers(out, answer);
	text_puts(out, "}");
	if (telling->space) {
		text_puts(out, ",\"namespace\":");
		json_words(out, telling->space);
		text_puts(out, ",\"id\":");
		json_words(out, telling->id);
	}
	text_puts(out, "}\n");
}

static void tell_message(
	const struct telling *telling, struct text *out, const struct told_message *message)
{
	(void)telling;
	if (message->kind == RILL_BINARY) {
		text_puts(out, "{\"event\":\"message\",\"kind\":\"binary\",\"data\":");
		json_base64(out, message->data);
	} else {
		text_puts(out, "{\"event\":\"message\",\"kind\":\"text\",\"data\":");
		json_string(out, message->data);
	}
	if (message->event) {
		text_puts(out, ",\"type\":");
		json_string(out, message->type);
		text_puts(out, ",\"id\":");
		json_string(out, message->id);
	}
	text_puts(out, "}\n");
}

static void tell_event(
	const struct telling *telling, struct text *out, const struct socketio_event *event)
{
	const bool named = event->name.type != RILL_JSON_NONE;
	(void)telling;
	text_putf(out, "{\"event\":\"message\",\"kind\":\"%s\"", named ? "event" : "ack");
	if (named) {
		text_puts(out, ",\"name\":");
		socketio_put_json(out, event->name);
	}
	text_puts(out, ",\"args\":[");
	socketio_put_args(out, event, ",");
	text_puts(out, "]");
	if (event->numbered)
		text_putf(out, ",\"ack\":%llu", (unsigned long long)event->number);
	text_puts(out, "}\n");
}

/* What we send its sender knows. */
static void tell_sent(
	const struct telling *telling, struct text *out, const struct told_message *message)
{
	(void)telling;
	(void)out;
	(void)message;
}

static void tell_ping(const struct telling *telling, struct text *out, bool pong, rill_bytes data)
{
	(void)telling;
	text_putf(out, "{\"event\":\"%s\",\"data\":", pong ? "pong" : "ping");
	if (utf8_valid(data.data, data.len)) {
		json_string(out, data);
	} else {
		json_base64(out, data);
		text_puts(out, ",\"base64\":true");
	}
	text_puts(out, "}\n");
}

static void tell_error(
	const struct telling *telling, struct text *out, const char *sentence, int status)
{
	(void)telling;
	text_puts(out, "{\"event\":\"error\",\"message\":");
	json_words(out, sentence);
	if (status)
		text_putf(out, ",\"status\":%d", status);
	text_puts(out, "}\n");
}

static void tell_close(
	const struct telling *telling, struct text *out, const struct told_close *end)
{
	(void)telling;
	text_putf(out, "{\"event\":\"close\",\"code\":%d,\"reason\":", end->code);
	json_string(out, end->reason);
	text_puts(out, "}\n");
}

static void tell_remark(const struct telling *telling, struct text *out, const char *sentence)
{
	(void)telling;
	(void)out;
	(void)sentence;
}

const struct telling_ops telling_json = {
	.open = tell_open,
	.message = tell_message,
	.event = tell_event,
	.sent = tell_sent,
	.ping = tell_ping,
	.error = tell_error,
	.close = tell_close,
	.remark = tell_remark,
};
