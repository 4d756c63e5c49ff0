/* sse.c: /sse: event streams that do what the query says, in its order:
 *
 *     retry=S ping=S     seconds, fractions allowed; 0: the default
 *     hdr=N:V            one more field in the answer
 *     send=DATA          an event; event=TYPE and id=ID right behind belong to it
 *     echo=1             an event with the URL and the Last-Event-ID
 *     count=N            then N events n0, n1, ... with ids 0, 1, ... as fast as they are taken
 *     close=1            then closes
 *     closed=1           no stream: how many have been closed so far
 *
 * What would break a line (CR, LF, NUL) in hdr, event or id is left out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sse.h"

static unsigned long closed;

struct stream {
	bool closes;
	unsigned long count, next;
};

/* One name=value of a query, decoded. Ends with a NUL, and may hold others. */
struct pair {
	char *name, *value;
	size_t name_len, value_len;
};

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c | 0x20) : NULL;
	return at ? (int)(at - digits) : -1;
}

static size_t decode(char *text, size_t len)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		int high = i + 2 < len ? hex_digit(text[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
		if (text[i] == '%' && low >= 0) {
			text[n++] = (char)(high << 4 | low);
			i += 2;
		} else {
			text[n++] = text[i] == '+' ? ' ' : text[i];
		}
	}
	text[n] = 0;
	return n;
}

/* Takes the next pair off *rest, which is cut up. */
static bool next_pair(char **rest, struct pair *pair)
{
	char *text = *rest;
	if (!text || !*text)
		return false;
	size_t len = strcspn(text, "&");
	*rest = text[len] ? text + len + 1 : NULL;
	text[len] = 0;
	size_t name = strcspn(text, "=");
	pair->name = text;
	pair->value = text[name] ? text + name + 1 : text + name;
	pair->value_len = decode(pair->value, strlen(pair->value));
	text[name] = 0;
	pair->name_len = decode(pair->name, name);
	return true;
}

static bool is(const struct pair *pair, const char *name)
{
	return !strcmp(pair->name, name);
}

static bool fits_line(const struct pair *pair)
{
	return pair->value_len == strcspn(pair->value, "\r\n");
}

/* A copy of the query, for next_pair(). */
static char *copy_query(const rill_request *request)
{
	rill_bytes query = rill_request_query(request);
	char *copy = malloc(query.len + 1);
	if (!copy)
		return NULL;
	if (query.len)
		memcpy(copy, query.data, query.len);
	copy[query.len] = 0;
	return copy;
}

static uint32_t milliseconds(const char *seconds, uint32_t standard)
{
	double ms = strtod(seconds, NULL) * 1000;
	return ms >= 1 && ms <= UINT32_MAX ? (uint32_t)ms : standard;
}

static void read_options(
	rill_eventsource_options *o, struct stream *stream, rill_request *request, char *query)
{
	struct pair pair;
	while (next_pair(&query, &pair)) {
		char *colon = strchr(pair.value, ':');
		if (is(&pair, "retry"))
			o->retry_ms = milliseconds(pair.value, o->retry_ms);
		else if (is(&pair, "ping"))
			o->ping_interval_ms = milliseconds(pair.value, o->ping_interval_ms);
		else if (is(&pair, "count"))
			stream->count = strtoul(pair.value, NULL, 10);
		else if (is(&pair, "close"))
			stream->closes = !strcmp(pair.value, "1");
		else if (is(&pair, "hdr") && colon && fits_line(&pair)) {
			*colon = 0;
			rill_response_header(
				request, pair.value, colon + 1 + strspn(colon + 1, " "));
		}
	}
}

/* An event that is being put together: what belongs to it may still come. */
struct sending {
	struct pair data, type, id;
	bool any;
};

static void flush(rill_conn *conn, struct sending *sending)
{
	rill_event event = { sending->type.value, sending->id.value };
	if (event.id && !*event.id)
		event.id = NULL;
	if (sending->any)
		rill_eventsource_send(conn, sending->data.value, sending->data.value_len, &event);
	*sending = (struct sending){ .any = false };
}

static void echo(rill_conn *conn)
{
	const char *url = rill_eventsource_url(conn), *last = rill_eventsource_last_id(conn);
	size_t size = strlen(url) + strlen(last) + sizeof("url= last=");
	char *text = malloc(size);
	if (!text)
		return;
	snprintf(text, size, "url=%s last=%s", url, last);
	rill_send_text(conn, text);
	free(text);
}

static void send_all(rill_conn *conn, char *query)
{
	struct sending sending = { .any = false };
	struct pair pair;
	while (next_pair(&query, &pair)) {
		if (is(&pair, "event") && sending.any) {
			if (fits_line(&pair))
				sending.type = pair;
			continue;
		}
		if (is(&pair, "id") && sending.any) {
			if (fits_line(&pair))
				sending.id = pair;
			continue;
		}
		flush(conn, &sending);
		if (is(&pair, "send"))
			sending = (struct sending){ .data = pair, .any = true };
		else if (is(&pair, "echo") && !strcmp(pair.value, "1"))
			echo(conn);
	}
	flush(conn, &sending);
}

/* Until the client falls behind; on_drain goes on. */
static void go_on(rill_conn *conn)
{
	struct stream *stream = rill_conn_user(conn);
	while (stream->next < stream->count) {
		char data[24], id[24];
		snprintf(data, sizeof(data), "n%lu", stream->next);
		snprintf(id, sizeof(id), "%lu", stream->next);
		int rc = rill_eventsource_send(conn, data, strlen(data), &(rill_event){ NULL, id });
		if (rc < 0)
			return;
		stream->next++;
		if (rc == 1)
			return;
	}
	if (stream->closes)
		rill_close(conn, 1000, NULL);
}

static void on_open(rill_conn *conn)
{
	char *query = copy_query(rill_conn_request(conn));
	if (query)
		send_all(conn, query);
	free(query);
	go_on(conn);
}

static void on_close(rill_conn *conn, int code, rill_bytes reason)
{
	(void)code;
	(void)reason;
	closed++;
	free(rill_conn_user(conn));
}

static int open_stream(rill_request *request)
{
	static const rill_handler handler = { sizeof(rill_handler), .on_open = on_open,
		.on_drain = go_on, .on_close = on_close };
	rill_eventsource_options options;
	rill_conn *conn = NULL;
	struct stream *stream = calloc(1, sizeof(*stream));
	char *query = copy_query(request);

	int rc = RILL_ENOMEM;
	if (stream && query) {
		rill_eventsource_options_default(&options);
		read_options(&options, stream, request, query);
		rc = rill_eventsource_open(&conn, request, &handler, &options, stream);
	}
	free(query);
	if (!conn)
		free(stream);
	if (rc < 0)
		rill_respond(request, 503, NULL, NULL, 0);
	return RILL_TAKE;
}

static int answer_sse(rill_request *request, void *user)
{
	char text[24];
	(void)user;
	if (rill_request_query_value(request, "closed", text, sizeof(text)) > 0) {
		int len = snprintf(text, sizeof(text), "%lu", closed);
		rill_respond(request, 200, "text/plain", text, (size_t)len);
		return RILL_TAKE;
	}
	if (rill_eventsource_asked(request))
		return open_stream(request);
	rill_respond(request, 200, "text/plain", "no event stream was asked for\n", 30);
	return RILL_TAKE;
}

int attach_sse(rill_server *server)
{
	return rill_server_handle(server, "/sse", answer_sse, NULL, NULL);
}
