/* eventsource_client_test.c: the EventSource client against a server that is played by hand: what it
 * asks, what each answer means, when it comes back, and that it can be freed anywhere. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "support/origin.h"
#include "support/said.h"

static struct origin origin;
static rill_loop *loop;
static rill_eventsource_client *client;
static char sentence[256];
static int64_t waits;
static int failed_rc, failed_status;
static bool in_call;
static const char *free_in; /* the callback that frees the client */

static void expect_said(const char *want)
{
	origin_turn(&origin);
	assert_string_equal(said, want);
	said[0] = 0;
}

static void maybe_free(const char *place)
{
	assert_false(in_call);
	if (free_in && strcmp(free_in, place) == 0) {
		rill_eventsource_client_free(client);
		rill_eventsource_client_free(client);
		client = NULL;
	}
}

static void on_open(rill_eventsource_client *c, const rill_answer *answer, void *user)
{
	assert_ptr_equal(user, &origin);
	assert_int_equal(rill_answer_status(answer), 200);
	assert_int_equal(rill_eventsource_client_state(c), RILL_CONN_OPEN);
	say("open ");
	maybe_free("open");
}

static void on_event(rill_eventsource_client *c, const rill_event_in *event, void *user)
{
	(void)user;
	say("%.*s|%.*s|%.*s ", (int)event->type.len, (const char *)event->type.data,
		(int)event->id.len, (const char *)event->id.data, (int)event->data.len,
		(const char *)event->data.data);
	assert_memory_equal(rill_eventsource_client_last_id(c), event->id.data, event->id.len);
	maybe_free("event");
}

static void on_error(
	rill_eventsource_client *c, const rill_failure *failure, int64_t retry_ms, void *user)
{
	(void)user;
	assert_int_equal(failure->size, sizeof(*failure));
	assert_true(failure->sentence[0]);
	assert_int_not_equal(failure->sentence[strlen(failure->sentence) - 1], '.');
	assert_int_equal(rill_eventsource_client_state(c),
		retry_ms < 0 ? RILL_CONN_CLOSED : RILL_CONN_CONNECTING);
	assert_int_equal(failure->status,
		failure->answer ? rill_answer_status(failure->answer) : failure->status);
	snprintf(sentence, sizeof(sentence), "%s", failure->sentence);
	failed_rc = failure->rc;
	failed_status = failure->status;
	waits = retry_ms;
	say("error:%d ", (int)retry_ms);
	maybe_free("error");
}

static const rill_eventsource_client_handler handler = {
	.size = sizeof(handler),
	.on_open = on_open,
	.on_event = on_event,
	.on_error = on_error,
};

static rill_eventsource_client_options defaults(void)
{
	rill_eventsource_client_options options;
	rill_eventsource_client_options_default(&options);
	return options;
}

static void start(void)
{
	said[0] = sentence[0] = 0;
	free_in = NULL;
	client = NULL;
	loop = origin_loop();
	origin_start(&origin, loop);
}

static int connect_to(const char *path, const rill_eventsource_client_options *options)
{
	char url[128];
	snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", origin.port, path);
	in_call = true;
	int rc = rill_eventsource_connect(&client, loop, url, &handler, &origin, options);
	in_call = false;
	return rc;
}

static void start_connect(const rill_eventsource_client_options *options)
{
	start();
	assert_int_equal(connect_to("/a?b", options), 0);
	origin_accept(&origin);
}

static void finish(void)
{
	rill_eventsource_client_free(client);
	origin_stop(&origin);
	rill_loop_free(loop);
}

#define STREAM "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"

static const char *answer(const char *text)
{
	const char *head = origin_take_head(&origin);
	origin_send(&origin, text);
	origin_turn(&origin);
	return head;
}

/* A stream that is open, its beginning read. */
static void open_stream(const rill_eventsource_client_options *options, const char *stream)
{
	start_connect(options);
	answer(STREAM);
	expect_said("open ");
	origin_send(&origin, stream);
}

TEST(eventsource_client, it_asks_for_a_stream_that_nobody_keeps)
{
	static const char *const headers[] = { "Origin: http://a", "Cookie: b", NULL };
	rill_eventsource_client_options options = defaults();
	options.connect.headers = headers;
	options.last_event_id = "seven";
	start_connect(&options);
	const char *head = answer(STREAM);
	assert_int_equal(strncmp(head, "GET /a?b HTTP/1.1\r\nHost: 127.0.0.1:", 35), 0);
	assert_non_null(strstr(head, "\r\nAccept: text/event-stream\r\n"));
	assert_non_null(strstr(head, "\r\nCache-Control: no-store\r\n"));
	assert_non_null(strstr(head, "\r\nLast-Event-ID: seven\r\n"));
	assert_non_null(strstr(head, "\r\nOrigin: http://a\r\n"));
	assert_non_null(strstr(head, "\r\nCookie: b\r\n"));
	expect_said("open ");
	finish();
}

TEST(eventsource_client, events_are_read_by_the_rules_of_browsers)
{
	open_stream(NULL, "\xef\xbb\xbf: hello\r\nid: 1\r\nevent: t\rdata: a\ndata: b\n\n"
			  "data: c\n\ndata: lost");
	expect_said("t|1|a\nb message|1|c ");
	origin_close(&origin);
	expect_said("error:3000 ");
	finish();
}

TEST(eventsource_client, a_chunked_stream_is_one_too)
{
	start_connect(NULL);
	answer("HTTP/1.1 200 OK\r\nContent-Type: Text/Event-Stream; charset=utf-8\r\n"
	       "Transfer-Encoding: chunked\r\n\r\n6\r\ndata: \r\n3\r\na\n\n\r\n0\r\n\r\n");
	expect_said("open message||a error:3000 ");
	assert_string_equal(sentence, "the server has ended the stream");
	finish();
}

TEST(eventsource_client, it_comes_back_after_what_the_server_asked_with_the_last_id)
{
	open_stream(NULL, "retry: 500\nid: 7\ndata: a\n\nid: 8\ndata: lost\n");
	expect_said("message|7|a ");
	origin_close(&origin);
	expect_said("error:500 ");
	origin_pass(&origin, 499);
	assert_int_equal(rill_eventsource_client_state(client), RILL_CONN_CONNECTING);
	origin_pass(&origin, 1);
	origin_accept(&origin);
	const char *head = answer(STREAM "data: b\n\n");
	assert_non_null(strstr(head, "\r\nLast-Event-ID: 7\r\n"));
	expect_said("open message|7|b ");
	finish();
}

static void waits_at_least(uint32_t own, uint32_t least, const char *retry, const char *want)
{
	rill_eventsource_client_options options = defaults();
	options.retry_ms = own;
	options.retry_min_ms = least;
	open_stream(&options, retry);
	origin_close(&origin);
	expect_said(want);
	finish();
}

TEST(eventsource_client, a_server_cannot_make_it_come_back_at_once_unless_the_program_would)
{
	assert_int_equal(defaults().retry_min_ms, 100);
	waits_at_least(3000, 100, "retry: 0\n\n", "error:100 ");
	waits_at_least(3000, 100, "retry: 99\n\n", "error:100 ");
	waits_at_least(3000, 100, "retry: 101\n\n", "error:101 ");
	waits_at_least(3000, 500, "retry: 101\n\n", "error:500 ");
	waits_at_least(3000, 0, "retry: 0\n\n", "error:0 ");
	waits_at_least(50, 100, "retry: 0\n\n", "error:50 ");
	waits_at_least(50, 100, "\n", "error:50 ");
}

TEST(eventsource_client, an_id_that_was_cleared_is_not_sent)
{
	open_stream(NULL, "id: 7\n\nid\nretry: 0\ndata: a\n\n");
	expect_said("message||a ");
	origin_close(&origin);
	expect_said("error:100 ");
	origin_pass(&origin, 100);
	origin_accept(&origin);
	assert_null(strstr(answer(STREAM), "Last-Event-ID"));
	finish();
}

static void stops(const char *answered, int rc, const char *why)
{
	start_connect(NULL);
	answer(answered);
	expect_said("error:-1 ");
	if (!strstr(sentence, why))
		fail_msg("want \"%s\", have \"%s\"", why, sentence);
	assert_int_equal(failed_rc, rc);
	assert_int_equal(failed_status,
		(answered[9] - '0') * 100 + (answered[10] - '0') * 10 + (answered[11] - '0'));
	origin_expect_end(&origin);
	origin_pass(&origin, 1000 * 1000);
	expect_said("");
	finish();
}

TEST(eventsource_client, an_answer_that_is_no_stream_is_the_end)
{
	stops("HTTP/1.1 204 No Content\r\n\r\n", RILL_EREFUSED, "no more to tell");
	stops("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", RILL_EREFUSED, "404");
	stops("HTTP/1.1 500 No\r\nContent-Type: text/event-stream\r\n\r\n", RILL_EREFUSED, "500");
	stops("HTTP/1.1 205 No\r\nContent-Length: 0\r\n\r\n", RILL_EREFUSED, "205");
	stops("HTTP/1.1 300 No\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", RILL_EREFUSED, "300");
	stops("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", RILL_EREFUSED,
		"of type text/html, not text/event-stream");
	stops("HTTP/1.1 200 OK\r\nContent-Type: text/event-streams\r\n\r\n", RILL_EREFUSED, "type");
	stops("HTTP/1.1 200 OK\r\n\r\n", RILL_EREFUSED, "names no type");
	stops("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\n"
	      "\r\n",
		RILL_EREFUSED, "content coding");
	stops("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", RILL_EPROTO, "no URL");
	stops("HTTP/1.1 302 Found\r\nLocation: ftp://a/\r\nContent-Length: 0\r\n\r\n", RILL_EPROTO,
		"no URL");
}

TEST(eventsource_client, redirects_are_followed_and_forgotten)
{
	static const int statuses[] = { 301, 302, 303, 307, 308 };
	start();
	assert_int_equal(connect_to("/0", NULL), 0);
	for (int i = 0; i < 5; i++) {
		char text[128];
		origin_accept(&origin);
		snprintf(text, sizeof(text),
			"HTTP/1.1 %d Go\r\nLocation: /%d\r\nContent-Length: 0\r\n\r\n", statuses[i],
			i + 1);
		const char *head = answer(text);
		assert_int_equal(head[5], '0' + i);
		assert_non_null(strstr(head, "\r\nAccept: text/event-stream\r\n"));
	}
	origin_accept(&origin);
	assert_int_equal(answer(STREAM "retry: 100\nid: 1\n\n")[5], '5');
	expect_said("open ");
	origin_close(&origin);
	expect_said("error:100 ");
	origin_pass(&origin, 100);
	origin_accept(&origin);
	const char *head = answer(STREAM);
	assert_int_equal(head[5], '0');
	assert_non_null(strstr(head, "\r\nLast-Event-ID: 1\r\n"));
	finish();
}

TEST(eventsource_client, secrets_stay_behind_on_the_way_elsewhere_and_are_said_again_at_home)
{
	static const char *const headers[] = { "Cookie: secret", "X-More: yes", NULL };
	rill_eventsource_client_options options = defaults();
	char text[128];
	options.connect.headers = headers;
	options.retry_ms = 0;
	start_connect(&options);
	snprintf(text, sizeof(text),
		"HTTP/1.1 302 Go\r\nLocation: http://localhost:%u/x\r\nContent-Length: 0\r\n\r\n",
		origin.port);
	assert_non_null(strstr(answer(text), "\r\nCookie: secret\r\n"));
	origin_accept(&origin);
	const char *head = answer(STREAM);
	assert_non_null(strstr(head, "\r\nHost: localhost:"));
	assert_non_null(strstr(head, "\r\nX-More: yes\r\n"));
	assert_null(strstr(head, "secret"));
	expect_said("open ");
	origin_close(&origin);
	origin_accept(&origin);
	head = answer(STREAM);
	assert_non_null(strstr(head, "\r\nHost: 127.0.0.1:"));
	assert_non_null(strstr(head, "\r\nCookie: secret\r\n"));
	finish();
}

TEST(eventsource_client, redirects_do_not_go_on_for_ever)
{
	rill_eventsource_client_options options = defaults();
	options.max_redirects = 2;
	start_connect(&options);
	for (int i = 0; i < 3; i++) {
		if (i)
			origin_accept(&origin);
		answer("HTTP/1.1 307 Go\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n");
	}
	expect_said("error:-1 ");
	assert_string_equal(sentence, "the server redirected too many times");
	assert_int_equal(failed_status, 307);
	finish();
}

TEST(eventsource_client, after_attempts_that_fail_the_wait_doubles_up_to_a_bound)
{
	static const int want[] = { 1000, 2000, 4000, 5000, 5000 };
	rill_eventsource_client_options options = defaults();
	options.retry_ms = 1000;
	options.retry_max_ms = 5000;
	start();
	assert_int_equal(connect_to("/", &options), 0);
	for (int i = 0; i < 5; i++) {
		origin_accept(&origin);
		origin_take_head(&origin);
		origin_close(&origin);
		origin_turn(&origin);
		assert_int_equal(waits, want[i]);
		assert_true(sentence[0]);
		origin_pass(&origin, (uint64_t)waits);
	}
	said[0] = 0;
	origin_accept(&origin);
	answer(STREAM);
	expect_said("open ");
	origin_close(&origin);
	expect_said("error:1000 ");
	finish();
}

TEST(eventsource_client, a_wait_of_nothing_grows_after_a_failure_all_the_same)
{
	rill_eventsource_client_options options = defaults();
	options.retry_ms = 0;
	start_connect(&options);
	origin_close(&origin);
	expect_said("error:100 ");
	origin_pass(&origin, 100);
	origin_accept(&origin);
	origin_close(&origin);
	expect_said("error:200 ");
	finish();
}

TEST(eventsource_client, nobody_there_is_tried_again)
{
	start();
	close(origin.listener);
	assert_int_equal(connect_to("/", NULL), 0);
	origin_turn(&origin);
	expect_said("error:3000 ");
	assert_int_equal(failed_rc, RILL_EREFUSED);
	assert_non_null(strstr(sentence, "127.0.0.1"));
	rill_eventsource_client_free(client);
	assert_int_equal(rill_loop_turn(loop), 0);
	rill_loop_free(loop);
}

TEST(eventsource_client, a_server_that_never_answers_is_given_up_in_time)
{
	start_connect(NULL);
	origin_take_head(&origin);
	origin_send(&origin, "HTTP/1.1 200 OK\r\n");
	origin_pass(&origin, 9999);
	expect_said("");
	origin_pass(&origin, 1);
	expect_said("error:3000 ");
	assert_int_equal(failed_rc, RILL_ETIMEDOUT);
	finish();
}

TEST(eventsource_client, silence_is_taken_for_the_end_when_asked_to)
{
	rill_eventsource_client_options options = defaults();
	options.idle_timeout_ms = 1000;
	open_stream(&options, ":\n\n");
	origin_pass(&origin, 999);
	origin_send(&origin, ":\n\n");
	origin_pass(&origin, 999);
	expect_said("");
	origin_pass(&origin, 1);
	expect_said("error:3000 ");
	assert_int_equal(failed_rc, RILL_ETIMEDOUT);
	origin_expect_end(&origin);
	finish();
}

TEST(eventsource_client, an_event_above_the_limit_is_the_end)
{
	rill_eventsource_client_options options = defaults();
	options.max_event = 10;
	open_stream(&options, "data: 12345678\n\ndata: 1234567890\n\ndata: x\n\n");
	expect_said("message||12345678 error:-1 ");
	assert_int_equal(failed_rc, RILL_ETOOBIG);
	origin_expect_end(&origin);
	finish();
}

TEST(eventsource_client, it_can_be_freed_in_every_callback_and_in_every_state)
{
	static const char *const places[] = { "open", "event", "error", "redirected" };
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		start_connect(NULL);
		free_in = places[i];
		answer(STREAM "data: a\n\ndata: b\n\n");
		origin_close(&origin);
		origin_turn(&origin);
		assert_true(i == 3 || !client);
		assert_string_equal(said, i == 0   ? "open "
					  : i == 1 ? "open message||a "
						   : "open message||a message||b error:3000 ");
		finish();
	}
	start_connect(NULL);
	finish(); /* while it waits for the answer */
	start();
	assert_int_equal(connect_to("/", NULL), 0);
	finish(); /* before anything has happened */
	rill_eventsource_client_free(NULL);
}

TEST(eventsource_client, freeing_it_on_the_last_error_is_fine)
{
	start_connect(NULL);
	free_in = "error";
	answer("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n");
	expect_said("error:-1 ");
	assert_null(client);
	finish();
}

static void refused(
	const char *url, const rill_eventsource_client_options *options, int rc, const char *why)
{
	assert_int_equal(rill_eventsource_connect(&client, loop, url, &handler, NULL, options), rc);
	if (!strstr(rill_loop_error(loop), why))
		fail_msg("want \"%s\", have \"%s\"", why, rill_loop_error(loop));
	assert_non_null(strstr(test_log(), why));
}

TEST(eventsource_client, what_makes_no_sense_is_refused_with_a_sentence)
{
	static const char *const bad[] = { "Last-Event-ID: 1", NULL };
	rill_eventsource_client_options options = defaults();
	start();
	refused("ws://a/", NULL, RILL_EINVAL, "scheme");
	refused("http://user:secret@a/#b", NULL, RILL_EINVAL, "fragment");
	assert_null(strstr(test_log(), "secret"));
	refused("http://", NULL, RILL_EINVAL, "");
	refused("", NULL, RILL_EINVAL, "");
	refused("http://me:secret@a:0/", NULL, RILL_EINVAL, "port");
	assert_null(strstr(test_log(), "secret"));
	options.connect.headers = bad;
	refused("http://a/", &options, RILL_EINVAL, "Last-Event-ID");
	options = defaults();
	options.max_event = 0;
	refused("http://a/", &options, RILL_EINVAL, "max_event");
	options = defaults();
	options.last_event_id = "a\r\nb";
	refused("http://a/", &options, RILL_EINVAL, "last_event_id");
	options.size = 0;
	refused("http://a/", &options, RILL_EINVAL, "size is not set");
	options = defaults();
	options.connect.tls.ca_file = "/nonexistent";
	refused("https://a/", &options, RILL_ENOENT, "/nonexistent");
	finish();
}

TEST(eventsource_client, an_older_caller_gets_the_defaults_for_what_it_does_not_know)
{
	size_t known = offsetof(rill_eventsource_client_options, max_event);
	rill_eventsource_client_options old;
	memset(&old, 0xee, sizeof(old));
	rill_eventsource_client_options_init(&old, known);
	assert_int_equal(((uint8_t *)&old)[known], 0xee);
	old.retry_ms = 1;
	open_stream(&old, "data: a\n\n");
	expect_said("message||a ");
	origin_close(&origin);
	expect_said("error:1 ");
	finish();
}

/* Plays the server until a stream was read and ended. */
static void play(void)
{
	static const char text[] = STREAM "id: \xff\ndata: \xff\n\n";
	char bytes[1024];
	for (int patience = 10000; !strstr(said, "\xef\xbf\xbd error:"); patience--) {
		assert_true(patience > 0);
		rill_loop_wait(loop, 1);
		if (origin.fd < 0) {
			origin.fd = accept4(origin.listener, NULL, NULL, SOCK_CLOEXEC);
			test_now += 100; /* it may be waiting to come back */
			continue;
		}
		ssize_t n = recv(origin.fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (n > 0) {
			send(origin.fd, text, sizeof(text) - 1, MSG_NOSIGNAL);
			shutdown(origin.fd, SHUT_WR);
		} else if (n == 0) { /* the client has failed */
			origin_close(&origin);
		}
	}
}

/* Whichever allocation fails. */
static bool live(size_t n)
{
	start();
	test_fail_allocation(n, false);
	int rc = connect_to("/", NULL);
	if (rc < 0) {
		assert_int_equal(rc, RILL_ENOMEM);
		assert_null(client);
	} else {
		play();
	}
	bool failed = test_allocation_failed();
	test_fail_allocation(0, false);
	finish();
	return failed;
}

TEST(eventsource_client, without_memory_it_fails_at_once_or_comes_back)
{
	size_t n = 1;
	while (live(n))
		n++;
	assert_true(n > 10);
}
