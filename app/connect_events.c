/* connect_events.c: the link over an event stream, which comes back by itself when it was open once. */
#include "connect.h"

#include <stdio.h>
#include <string.h>

static void end(struct connect *c, int code, const char *reason, bool clean)
{
	rill_eventsource_client_free(c->client);
	c->client = NULL;
	connect_ended(c, code, (rill_bytes){ reason, strlen(reason) }, clean);
}

static void on_open(rill_eventsource_client *client, const rill_answer *answer, void *user)
{
	(void)client;
	connect_opened(user, answer, "", "");
}

static void on_event(rill_eventsource_client *client, const rill_event_in *event, void *user)
{
	(void)client;
	const struct told_message message = { .kind = RILL_TEXT,
		.data = event->data,
		.event = true,
		.type = event->type,
		.id = event->id };
	connect_message(user, &message);
}

/* WHATWG HTML, 9.2.3: it comes back after a loss; 204 tells it to stay away, which is the server's way to
 * end a stream. Who has never been there is not waited for. */
static void on_error(
	rill_eventsource_client *client, const rill_failure *failure, int64_t retry_ms, void *user)
{
	(void)client;
	struct connect *c = user;
	if (c->opened && retry_ms >= 0) {
		char sentence[512];
		snprintf(sentence, sizeof(sentence), "%s; trying again in %g s", failure->sentence,
			(double)retry_ms / 1000);
		connect_error(c, sentence, failure->status);
		return;
	}
	if (c->opened && failure->status == 204) {
		end(c, 1000, "", true);
		return;
	}
	connect_error(c, failure->sentence, failure->status);
	end(c, 1006, "", false);
}

static int open_link(struct connect *c)
{
	static const rill_eventsource_client_handler handler = {
		sizeof(rill_eventsource_client_handler), on_open, on_event, on_error
	};
	const struct connect_options *options = &c->options;
	rill_eventsource_client_options o;
	rill_eventsource_client_options_default(&o);
	o.connect.timeout_ms = options->timeout_ms;
	o.connect.proxy = options->proxy;
	o.connect.proxy_headers = options->proxy_headers;
	o.connect.headers = options->headers;
	o.connect.tls.ca_file = o.connect.proxy_tls.ca_file = options->ca;
	o.connect.tls.insecure = o.connect.proxy_tls.insecure = options->insecure;
	o.connect.tls.certificate_file = options->certificate;
	o.connect.tls.key_file = options->key;
	if (options->max_message)
		o.max_event = (size_t)options->max_message;
	return rill_eventsource_connect(&c->client, c->loop, options->url, &handler, c, &o);
}

static void close_link(struct connect *c, int code, const char *reason)
{
	end(c, code, reason, c->opened);
}

static void cut(struct connect *c)
{
	end(c, 1006, "", false);
}

/* A stream of events cannot be held: the program waits until its output has taken them. */
static void hold(struct connect *c, bool held)
{
	if (!held)
		return;
	output_drain(&c->output, c->signals.fd);
	output_flush(&c->output);
}

static void fini(struct connect *c)
{
	rill_eventsource_client_free(c->client);
	c->client = NULL;
}

const struct connect_link events_link = {
	.open = open_link,
	.close = close_link,
	.cut = cut,
	.hold = hold,
	.fini = fini,
};
