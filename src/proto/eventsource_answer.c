/* eventsource_answer.c: what a server's answer means to the client (WHATWG HTML, 9.2.3), and the
 * stream behind it.
 *
 * 200 with text/event-stream is a stream; a redirect is followed; 204 says that it is enough; anything
 * else is a mistake that another attempt would not mend. Only what breaks a connection is tried again. */
#include <stdio.h>
#include "proto/eventsource_client.h"

/* The call is gone, or goes with this callback of its. */
static void give_up(struct rill_eventsource_client *client, int rc, const char *sentence,
	const struct rill_answer *answer)
{
	const rill_failure failure = {
		.size = sizeof(failure),
		.rc = rc,
		.sentence = sentence,
		.status = answer ? rill_answer_status(answer) : 0,
		.answer = answer,
	};

	rl_es_client_fail(client, &failure);
}

/* "Text/Event-Stream; charset=utf-8": the type is what counts, in any case (WHATWG MIME, 4.4). */
static bool is_event_stream(rill_bytes type)
{
	const uint8_t *end = type.len ? memchr(type.data, ';', type.len) : NULL;
	size_t len = end ? (size_t)(end - (const uint8_t *)type.data) : type.len;

	return rl_slice_equal_nocase(
		rl_slice_trim(rl_slice(type.data, len)), RL_SLICE("text/event-stream"));
}

static bool is_encoded(const struct rill_answer *answer)
{
	rill_bytes coding = rill_answer_header(answer, "Content-Encoding");

	return coding.len &&
	       !rl_slice_equal_nocase(rl_slice(coding.data, coding.len), RL_SLICE("identity"));
}

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* What may be shown of a type: bytes that are no ASCII could be anything. */
static int shown_length(rill_bytes type)
{
	const char *text = type.data;
	size_t len = 0;

	while (len < type.len && len < 100 && text[len] >= ' ' && text[len] <= '~')
		len++;
	return (int)len;
}

/* Why this answer is no stream; empty: it is one. */
static void judge(const struct rill_answer *answer, char *sentence, size_t size)
{
	int status = rill_answer_status(answer);
	rill_bytes type = rill_answer_header(answer, "Content-Type");

	sentence[0] = 0;
	if (status == 204)
		snprintf(sentence, size, "the server has no more to tell (204)");
	else if (status != 200)
		snprintf(sentence, size, "the server answered %d, not 200", status);
	else if (!type.len)
		snprintf(sentence, size, "the answer names no type, not text/event-stream");
	else if (!is_event_stream(type))
		snprintf(sentence, size, "the answer is of type %.*s, not text/event-stream",
			shown_length(type), (const char *)type.data);
	else if (is_encoded(answer))
		snprintf(sentence, size, "the answer is in a content coding nobody asked for");
}

static void open_stream(struct rill_eventsource_client *client, struct rl_client_call *call,
	struct rill_answer *answer)
{
	void (*told)(rill_eventsource_client *, const rill_answer *,
		void *) = RL_ES_CLIENT_CALLBACK(client, on_open);

	client->state = RILL_CONN_OPEN;
	client->failures = 0;
	rl_sse_restart(&client->sse);
	rl_es_client_heard(client);
	if (told)
		told(client, answer, client->user);
	if (!client->freed)
		rl_client_read_body(call);
}

/* The same request elsewhere, at once. */
static void follow(struct rill_eventsource_client *client, struct rl_client_call *call,
	struct rill_answer *answer)
{
	rill_bytes location = rill_answer_header(answer, "Location");
	int rc = RILL_EINVAL;

	if (client->redirects >= client->max_redirects) {
		client->call = NULL;
		give_up(client, RILL_EREFUSED, "the server redirected too many times", answer);
		return;
	}
	client->redirects++;
	if (location.len)
		rc = rl_client_target_redirect(
			client->target, rl_slice(location.data, location.len));
	if (rc == RILL_EINVAL) {
		client->call = NULL;
		give_up(client, RILL_EPROTO, "the server redirected to no URL that can be followed",
			answer);
		return;
	}
	client->call = NULL;
	rl_client_free(call);
	if (rc == 0)
		rc = rl_es_client_attempt(client);
	if (rc < 0)
		rl_es_client_retry(client, &(rill_failure){ .size = sizeof(rill_failure),
						   .rc = rc,
						   .sentence = rill_strerror(rc) });
}

static void on_answer(struct rl_client_call *call, struct rill_answer *answer, void *user)
{
	struct rill_eventsource_client *client = user;
	char sentence[200];

	if (is_redirect(rill_answer_status(answer))) {
		follow(client, call, answer);
		return;
	}
	judge(answer, sentence, sizeof(sentence));
	if (!sentence[0]) {
		open_stream(client, call, answer);
		return;
	}
	client->call = NULL; /* it ends when this returns */
	give_up(client, RILL_EREFUSED, sentence, answer);
}

static void on_event(struct rill_eventsource_client *client, const struct rl_sse_event *event)
{
	void (*told)(rill_eventsource_client *, const rill_event_in *,
		void *) = RL_ES_CLIENT_CALLBACK(client, on_event);
	const rill_event_in in = {
		.type = rl_bytes(event->type.len ? event->type : RL_SLICE("message")),
		.id = rl_bytes(event->id),
		.data = rl_bytes(event->data),
	};

	if (told)
		told(client, &in, client->user);
}

/* The stream cannot be read on. Too large an event would come again and again. */
static void on_unreadable(struct rill_eventsource_client *client, int rc)
{
	rl_client_free(client->call);
	client->call = NULL;
	if (rc == RILL_ETOOBIG)
		give_up(client, rc, "an event is larger than max_event", NULL);
	else
		rl_es_client_retry(client, &(rill_failure){ .size = sizeof(rill_failure),
						   .rc = rc,
						   .sentence = rill_strerror(rc) });
}

static void on_body(struct rl_client_call *call, struct rl_slice bytes, void *user)
{
	struct rill_eventsource_client *client = user;
	struct rl_sse_event event;
	int rc;

	(void)call;
	rl_es_client_heard(client);
	while ((rc = rl_sse_next(&client->sse, &bytes, &event)) > 0) {
		on_event(client, &event);
		if (client->freed)
			return;
	}
	if (rc < 0)
		on_unreadable(client, rc);
}

static void on_body_end(struct rl_client_call *call, int rc, const char *sentence, void *user)
{
	struct rill_eventsource_client *client = user;
	const rill_failure failure = {
		.size = sizeof(failure),
		.rc = rc ? rc : RILL_ERESET,
		.sentence = rc ? sentence : "the server has ended the stream",
	};

	(void)call;
	client->call = NULL;
	rl_es_client_retry(client, &failure);
}

static void on_failed(struct rl_client_call *call, const rill_failure *failure, void *user)
{
	struct rill_eventsource_client *client = user;

	(void)call;
	client->call = NULL;
	rl_es_client_retry(client, failure);
}

const struct rl_client_events rl_es_client_events = {
	.on_answer = on_answer,
	.on_body = on_body,
	.on_body_end = on_body_end,
	.on_failed = on_failed,
};
