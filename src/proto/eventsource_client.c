/* eventsource_client.c: the EventSource client (WHATWG HTML, 9.2): one call after the other, each with
 * the last event's id, until a server says that it is enough.
 *
 * The wait after a stream that ended is what the server asked for, but not next to nothing: a server
 * that ends each stream at once would have it ask as fast as both can. After attempts that failed it
 * doubles, because a server that is down is not helped by being asked; so that it can double, it
 * begins at a tenth of a second at least. */
#include <stdio.h>
#include <string.h>
#include "proto/eventsource_client.h"
#include "proto/options.h"

#define FIRST_BACKOFF_MS 100

void rill_eventsource_client_options_init(rill_eventsource_client_options *options, size_t size)
{
	rill_eventsource_client_options all = {
		.size = size,
		.retry_ms = 3 * 1000, /* what browsers wait, some say five */
		.retry_max_ms = 60 * 1000,
		.retry_min_ms = 100,
		.max_event = 64 * 1024 * 1024 - 1,
		.max_redirects = 20, /* WHATWG Fetch, 4.4 */
	};

	rl_connect_options_default(&all.connect);
	memset(options, 0, size);
	memcpy(options, &all, size < sizeof(all) ? size : sizeof(all));
}

static bool own_field(struct rl_slice name)
{
	static const char *const own[] = { "Accept", "Cache-Control", "Last-Event-ID", "Upgrade",
		"Accept-Encoding" };

	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (rl_slice_equal_nocase(name, rl_slice_str(own[i])))
			return true;
	return false;
}

static const char *const schemes[] = { "http", "https", NULL };
static const struct rl_client_kind kind = { schemes, own_field };

static int write_fields(struct rl_buf *out, const struct rl_sse *sse)
{
	int rc = rl_buf_append_str(out, "Accept: text/event-stream\r\nCache-Control: no-store\r\n");

	/* An id holds no line end and no NUL; what other controls it holds, no field could carry. */
	if (rc == 0 && *rl_sse_id(sse))
		rc = rl_http1_write_field(
			out, RL_SLICE("Last-Event-ID"), rl_slice_str(rl_sse_id(sse)));
	return rc == RILL_EINVAL ? 0 : rc;
}

int rl_es_client_attempt(struct rill_eventsource_client *client)
{
	struct rl_buf *scratch = &client->loop->scratch;
	int rc = write_fields(scratch, &client->sse);

	if (rc == 0)
		rc = rl_client_open(&client->call, client->target, rl_buf_slice(scratch),
			&rl_es_client_events, client);
	rl_buf_consume(scratch, scratch->len);
	return rc;
}

static void tell(
	struct rill_eventsource_client *client, const rill_failure *failure, int64_t retry_ms)
{
	void (*told)(rill_eventsource_client *, const rill_failure *, int64_t,
		void *) = RL_ES_CLIENT_CALLBACK(client, on_error);

	if (told)
		told(client, failure, retry_ms, client->user);
}

void rl_es_client_fail(struct rill_eventsource_client *client, const rill_failure *failure)
{
	client->state = RILL_CONN_CLOSED;
	rl_loop_clear_timer(client->loop, &client->timer);
	tell(client, failure, -1);
}

/* What is to be waited now. failures 0: a stream that was open has ended. */
static uint32_t wait_of(const struct rill_eventsource_client *client)
{
	uint64_t asked = client->sse.retry_ms < UINT32_MAX ? client->sse.retry_ms : UINT32_MAX;
	uint64_t wait = asked, most = client->retry_max_ms;

	if (wait < client->retry_min_ms)
		wait = client->retry_min_ms;
	if (!client->failures)
		return (uint32_t)wait;
	if (wait < FIRST_BACKOFF_MS)
		wait = FIRST_BACKOFF_MS;
	if (most < wait)
		most = wait; /* the server's own word is not cut short */
	for (uint32_t i = 1; i < client->failures && wait < most; i++)
		wait *= 2;
	return (uint32_t)(wait < most ? wait : most);
}

void rl_es_client_retry(struct rill_eventsource_client *client, const rill_failure *failure)
{
	if (client->state == RILL_CONN_OPEN)
		client->failures = 0;
	else if (client->failures < UINT32_MAX)
		client->failures++;
	uint32_t wait = wait_of(client);
	client->state = RILL_CONN_CONNECTING;
	rl_loop_set_timer(client->loop, &client->timer, rl_loop_now(client->loop) + wait);
	tell(client, failure, wait);
}

void rl_es_client_heard(struct rill_eventsource_client *client)
{
	if (client->idle_timeout_ms)
		rl_loop_set_timer(client->loop, &client->timer,
			rl_loop_now(client->loop) + client->idle_timeout_ms);
}

static void on_silence(struct rill_eventsource_client *client)
{
	char sentence[80];

	rl_client_free(client->call);
	client->call = NULL;
	snprintf(sentence, sizeof(sentence), "nothing has come for %u ms", client->idle_timeout_ms);
	rl_es_client_retry(client,
		&(rill_failure){
			.size = sizeof(rill_failure), .rc = RILL_ETIMEDOUT, .sentence = sentence });
}

static void on_timer(struct rl_timer *timer)
{
	struct rill_eventsource_client *client = rl_container(
		timer, struct rill_eventsource_client, timer);

	if (client->state == RILL_CONN_OPEN) {
		on_silence(client);
		return;
	}
	client->redirects = 0;
	rl_client_target_restore(client->target);
	if (rl_es_client_attempt(client) < 0)
		rl_es_client_retry(client, &(rill_failure){ .size = sizeof(rill_failure),
						   .rc = RILL_ENOMEM,
						   .sentence = rill_strerror(RILL_ENOMEM) });
}

/* Options from those a program handed in, of whatever age, filled up with the defaults; the sentence
 * about what makes no sense, or NULL. */
static const char *read_options(
	rill_eventsource_client_options *to, const rill_eventsource_client_options *from)
{
	rill_eventsource_client_options_default(to);
	const char *why = rl_options_read(to, sizeof(*to), from);
	if (!why && !to->max_event)
		return "max_event must not be 0";
	return why;
}

static void free_client(struct rl_task *task)
{
	struct rill_eventsource_client *client = rl_container(
		task, struct rill_eventsource_client, task);

	rl_client_target_free(client->target);
	rl_sse_fini(&client->sse);
	rl_free(&client->loop->env, client);
}

static int fill_in(struct rill_eventsource_client *client, const char *url,
	const rill_eventsource_client_options *options, char *error, size_t error_len)
{
	/* The program's own word is not made longer. */
	client->retry_min_ms = options->retry_min_ms < options->retry_ms ? options->retry_min_ms
									  : options->retry_ms;
	client->retry_max_ms = options->retry_max_ms;
	client->idle_timeout_ms = options->idle_timeout_ms;
	client->max_redirects = options->max_redirects;
	rl_sse_init(&client->sse, &client->loop->env, options->max_event);
	client->sse.retry_ms = options->retry_ms;
	int rc = rl_client_target_new(
		&client->target, client->loop, &kind, url, &options->connect, error, error_len);
	if (rc == 0 && options->last_event_id)
		rc = rl_sse_set_id(&client->sse, rl_slice_str(options->last_event_id));
	return rc == 0 ? rl_es_client_attempt(client) : rc;
}

int rill_eventsource_connect(rill_eventsource_client **result, rill_loop *loop, const char *url,
	const rill_eventsource_client_handler *handler, void *user,
	const rill_eventsource_client_options *options)
{
	rill_eventsource_client_options all;
	struct rill_eventsource_client *client;
	const char *why = read_options(&all, options);
	char error[sizeof(loop->error)];

	loop->error[0] = 0;
	if (!handler || handler->size < offsetof(rill_eventsource_client_handler, on_open))
		why = "handler.size must be sizeof(rill_eventsource_client_handler)";
	if (all.last_event_id && !rl_sse_fits_line(rl_slice_str(all.last_event_id)))
		why = "last_event_id must not hold a line end";
	if (why)
		return rl_loop_failed(loop, RILL_EINVAL, "eventsource client options: %s", why);
	if (loop->ending)
		return rl_loop_failed(loop, RILL_ECLOSED, "the loop is being freed");
	client = rl_zalloc(&loop->env, sizeof(*client));
	if (!client)
		return RILL_ENOMEM;
	client->loop = loop;
	client->handler = handler;
	client->user = user;
	client->state = RILL_CONN_CONNECTING;
	rl_timer_init(&client->timer, on_timer);
	rl_task_init(&client->task, free_client);
	int rc = fill_in(client, url, &all, error, sizeof(error));
	if (rc < 0) {
		free_client(&client->task);
		/* Not with the URL, which may hold a password. */
		return rl_loop_failed(loop, rc, "%s", error[0] ? error : rill_strerror(rc));
	}
	*result = client;
	return 0;
}

const char *rill_eventsource_client_last_id(const rill_eventsource_client *client)
{
	return rl_sse_id(&client->sse);
}

rill_conn_state rill_eventsource_client_state(const rill_eventsource_client *client)
{
	return client->state;
}

/* Whoever called the callback that frees it still looks at it: it goes at the end of the turn. */
void rill_eventsource_client_free(rill_eventsource_client *client)
{
	if (!client || client->freed)
		return;
	client->freed = true;
	client->state = RILL_CONN_CLOSED;
	rl_loop_clear_timer(client->loop, &client->timer);
	if (client->call)
		rl_client_free(client->call);
	client->call = NULL;
	rl_loop_bury(client->loop, &client->task);
}
