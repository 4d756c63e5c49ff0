/* bench_client.c: a message says which connection and which of its messages it is, so that an answer is known
 * whatever the server does besides, and in whatever order it answers. Message k stands in slot k mod M, and
 * leaves when the one before in that slot has come back. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "json.h"

enum { CLOSE_NORMAL = 1000 };
#define CLOSE_TIMEOUT_MS 2000

/* The text, or ["name","the text"]; the tag goes to the text's front each time. */
static void put_message(struct bench *bench)
{
	struct text *out = &bench->message;
	if (bench->options.socketio) {
		text_puts(out, "[");
		json_words(out, bench->options.event);
		text_puts(out, ",\"");
	}
	for (uint64_t i = 0; i < bench->options.size; i++)
		text_puts(out, "x");
	text_puts(out, bench->options.socketio ? "\"]" : "");
}

static void send_one(struct bench_client *client, struct bench_slot *slot)
{
	struct bench *bench = client->bench;
	struct text *message = &bench->message;
	const bool socketio = bench->options.socketio;
	char tag[BENCH_TAG_LEN + 1];
	snprintf(tag, sizeof(tag), "%06llx:%012llx:", (unsigned long long)client->index & 0xffffff,
		(unsigned long long)slot->number & 0xffffffffffff);
	const size_t tail = (size_t)bench->options.size + (socketio ? 2 : 0);
	memcpy(message->data + message->len - tail, tag, BENCH_TAG_LEN);
	slot->sent_ns = bench_now_ns();
	client->session.next = slot->number; /* acknowledgements have the same */
	uint64_t number;
	const int rc = socketio ? socketio_session_emit(&client->session, message->data,
					  message->len, bench->options.ack ? &number : NULL)
				: rill_send(client->conn, RILL_TEXT, message->data, message->len);
	if (rc >= 0)
		bench->sent++;
	else if (rc != RILL_ECLOSED)
		rill_conn_destroy(client->conn);
}

void bench_client_start(struct bench_client *client)
{
	struct bench *bench = client->bench;
	for (uint64_t i = 0; i < bench->options.in_flight; i++) {
		client->slots[i].number = i;
		send_one(client, &client->slots[i]);
	}
}

static void take_answer(struct bench_client *client, uint64_t number)
{
	struct bench *bench = client->bench;
	struct bench_slot *slot = &client->slots[number % bench->options.in_flight];
	if (bench->state != BENCH_RUNNING || slot->number != number) {
		bench->strange += bench->state == BENCH_RUNNING;
		return;
	}
	bench->answered++;
	latency_add(&bench->latency, bench_now_ns() - slot->sent_ns);
	slot->number += bench->options.in_flight;
	send_one(client, slot);
}

/* Is it a message of this client? */
static bool read_tag(const struct bench_client *client, rill_bytes text, uint64_t *number)
{
	char tag[BENCH_TAG_LEN + 1];
	unsigned long long index, n;
	int used = 0;
	if (text.len < BENCH_TAG_LEN)
		return false;
	memcpy(tag, text.data, BENCH_TAG_LEN);
	tag[BENCH_TAG_LEN] = '\0';
	*number = 0;
	if (sscanf(tag, "%6llx:%12llx:%n", &index, &n, &used) != 2 || used != BENCH_TAG_LEN)
		return false;
	*number = n;
	return index == (client->index & 0xffffff);
}

static void take_text(struct bench_client *client, rill_bytes text)
{
	uint64_t number;
	if (read_tag(client, text, &number))
		take_answer(client, number);
	else if (client->bench->state == BENCH_RUNNING)
		client->bench->strange++;
}

/* Socket.IO. */

static void on_joined(const char *id, void *user)
{
	(void)id;
	bench_ready(user);
}

/* Any event that brings the message back is an answer. */
static void on_event(const struct socketio_event *event, void *user)
{
	struct bench_client *client = user;
	rill_json rest = event->args, item;
	if (client->bench->options.ack) {
		if (event->name.type == RILL_JSON_NONE)
			take_answer(client, event->number);
		else
			client->bench->strange += client->bench->state == BENCH_RUNNING;
		return;
	}
	uint64_t number;
	while (rill_json_next(&rest, NULL, &item)) {
		const rill_bytes inside = { item.data + 1, item.len - 1 };
		if (item.type == RILL_JSON_STRING && read_tag(client, inside, &number)) {
			take_answer(client, number);
			return;
		}
	}
	client->bench->strange += client->bench->state == BENCH_RUNNING;
}

static void on_session_ping(rill_bytes data, void *user)
{
	(void)data;
	(void)user;
}

static void give_up(const char *sentence, void *user)
{
	struct bench_client *client = user;
	rill_conn *conn = client->conn;
	client->conn = NULL;
	bench_gone(client, sentence);
	rill_conn_destroy(conn);
}

static void on_left(void *user)
{
	give_up("the server has ended a namespace", user);
}

/* The WebSocket. */

static void on_open(rill_conn *conn)
{
	struct bench_client *client = rill_conn_user(conn);
	if (client->bench->options.socketio)
		socketio_session_begin(&client->session, conn);
	else
		bench_ready(client);
}

static void on_message(rill_conn *conn, rill_msg msg)
{
	struct bench_client *client = rill_conn_user(conn);
	if (!client->conn)
		return;
	if (client->bench->options.socketio)
		socketio_session_take(&client->session, msg);
	else
		take_text(client, (rill_bytes){ msg.data, msg.len });
}

static void on_close(rill_conn *conn, int code, rill_bytes reason)
{
	struct bench_client *client = rill_conn_user(conn);
	char sentence[200];
	if (!client->conn)
		return;
	client->conn = NULL;
	if (client->bench->options.socketio)
		socketio_session_leave(&client->session);
	snprintf(sentence, sizeof(sentence), "a connection was closed with %d %.*s", code,
		(int)reason.len, (const char *)reason.data);
	bench_gone(client, sentence);
}

static void on_failed(rill_conn *conn, const rill_failure *failure)
{
	struct bench_client *client = rill_conn_user(conn);
	if (!client->conn)
		return;
	client->conn = NULL;
	bench_gone(client, failure->sentence);
}

static int prepare_session(struct bench_client *client)
{
	static const struct socketio_events events = { .joined = on_joined,
		.event = on_event,
		.ping = on_session_ping,
		.refused = give_up,
		.left = on_left,
		.broken = give_up };
	const struct bench_options *options = &client->bench->options;
	if (!options->socketio)
		return 0;
	client->session.space = options->space;
	client->session.auth = options->auth;
	return socketio_session_init(&client->session, client->bench->loop, &events, client);
}

int bench_client_open(struct bench_client *client)
{
	static const rill_handler handler = { sizeof(rill_handler), .on_open = on_open,
		.on_message = on_message, .on_close = on_close };
	struct bench *bench = client->bench;
	rill_websocket_client_options o;
	if (!bench->message.len)
		put_message(bench);
	client->slots = calloc(bench->options.in_flight, sizeof(*client->slots));
	if (!client->slots || bench->message.failed)
		return RILL_ENOMEM;
	int rc = prepare_session(client);
	if (rc < 0)
		return rc;
	rill_websocket_client_options_default(&o);
	o.connect.timeout_ms = bench->options.timeout_ms;
	o.connect.headers = bench->options.headers;
	o.connect.tls.ca_file = bench->options.ca;
	o.connect.tls.insecure = bench->options.insecure;
	o.deflate.enabled = false;
	o.max_queue = 0; /* what is under way is bounded */
	o.close_timeout_ms = CLOSE_TIMEOUT_MS;
	o.on_failed = on_failed;
	o.user = client;
	return rill_websocket_connect(&client->conn, bench->loop, bench->url.data, &handler, &o);
}

void bench_client_close(struct bench_client *client)
{
	if (!client->conn)
		return;
	if (client->bench->options.socketio && client->ready)
		socketio_session_leave(&client->session);
	rill_close(client->conn, CLOSE_NORMAL, NULL);
}

void bench_client_fini(struct bench_client *client)
{
	client->conn = NULL; /* freeing the loop closes it, which is nobody's business then */
	socketio_session_fini(&client->session);
	free(client->slots);
}
