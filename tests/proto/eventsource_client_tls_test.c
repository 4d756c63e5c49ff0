/* Proves who the client says it is by TLS, and to whom: three listeners of one server, which are three
 * origins. The first two let in nobody without a certificate of ours. */
#include <stdio.h>
#include <string.h>
#include <rill/rill.h>
#include "support/certificate.h"
#include "support/support.h"

enum { HOME, STRICT, OPEN, LISTENERS };

static struct test_certificate authority, home, here, ours;
static rill_loop *loop;
static rill_server *server;
static rill_eventsource_client *client;
static char where[LISTENERS][64];
static int leads_to;      /* which listener the first one redirects to */
static int asked_at_home; /* requests that the first one has got */
static int opens, errors;
static char sentence[256];

static void on_conn(rill_conn *conn)
{
	rill_send_text(conn, "hello");
}

static const rill_handler streams = { .size = sizeof(streams), .on_open = on_conn };

static int redirect(rill_request *request, void *user)
{
	char to[80];
	(void)user;
	asked_at_home++;
	snprintf(to, sizeof(to), "%s/events", where[leads_to]);
	assert_int_equal(rill_response_header(request, "Location", to), 0);
	assert_int_equal(rill_respond(request, 302, NULL, NULL, 0), 0);
	return RILL_TAKE;
}

static void on_open(rill_eventsource_client *c, const rill_answer *answer, void *user)
{
	(void)c;
	(void)answer;
	(void)user;
	opens++;
}

static void on_error(
	rill_eventsource_client *c, const rill_failure *failure, int64_t retry_ms, void *user)
{
	(void)c;
	(void)user;
	assert_true(retry_ms >= 0);
	errors++;
	snprintf(sentence, sizeof(sentence), "%s", failure->sentence);
}

static const rill_eventsource_client_handler handler = {
	.size = sizeof(handler), .on_open = on_open, .on_error = on_error
};

static void make_certificates(void)
{
	static const char *const home_names[] = { "home.example", NULL };
	static const char *const here_names[] = { "127.0.0.1", NULL };
	if (authority.key_file[0])
		return;
	test_make_certificate(&authority, "authority", "authority", NULL, NULL);
	test_make_certificate(&home, "home", "home", home_names, &authority);
	test_make_certificate(&here, "here", "here", here_names, &authority);
	test_make_certificate(&ours, "ours", "ours", NULL, &authority);
}

static void listen_as(int which, const struct test_certificate *certificate, const char *client_ca)
{
	const rill_tls_certificate one = { certificate->certificate_file, certificate->key_file,
		NULL };
	rill_listen_options options;
	rill_tls_options tls;
	rill_tls_options_default(&tls);
	tls.certificates = &one;
	tls.certificate_count = 1;
	tls.client_ca_file = client_ca;
	rill_listen_options_default(&options);
	options.tls = &tls;
	assert_int_equal(rill_server_listen(server, &options), which);
	snprintf(where[which], sizeof(where[which]), "https://127.0.0.1:%u",
		rill_server_port(server, which));
}

static void start(void)
{
	make_certificates();
	opens = errors = asked_at_home = 0;
	sentence[0] = 0;
	assert_int_equal(rill_loop_new(&loop, NULL), 0);
	assert_int_equal(rill_server_new(&server, loop, NULL), 0);
	assert_int_equal(rill_eventsource_serve(server, "/events", &streams, NULL, NULL), 0);
	assert_int_equal(rill_server_handle(server, "/", redirect, NULL, NULL), 0);
	listen_as(HOME, &home, authority.certificate_file);
	listen_as(STRICT, &here, authority.certificate_file);
	listen_as(OPEN, &here, NULL);
}

static void stop(void)
{
	rill_eventsource_client_free(client);
	rill_server_free(server);
	rill_loop_free(loop);
}

static void connect_home(const struct test_certificate *certificate, const char *name)
{
	rill_eventsource_client_options options;
	rill_eventsource_client_options_default(&options);
	options.retry_ms = 0;
	options.connect.tls.ca_file = authority.certificate_file;
	options.connect.tls.certificate_file = certificate->certificate_file;
	options.connect.tls.key_file = certificate->key_file;
	options.connect.tls.name = name;
	char url[80];
	snprintf(url, sizeof(url), "%s/go", where[HOME]);
	if (rill_eventsource_connect(&client, loop, url, &handler, NULL, &options) < 0)
		fail_msg("%s", rill_loop_error(loop));
}

static void await(const int *count, int want)
{
	for (int turns = 0; *count < want; turns++) {
		if (turns == 10000)
			fail_msg("waited in vain; heard last \"%s\"", sentence);
		assert_int_equal(rill_loop_wait(loop, 1), 0);
	}
}

TEST(eventsource_client_tls, elsewhere_the_server_is_known_by_its_own_name)
{
	start();
	leads_to = OPEN;
	connect_home(&ours, "home.example");
	await(&opens, 1);
	assert_int_equal(errors, 0);
	assert_int_equal(asked_at_home, 1);
	stop();
}

TEST(eventsource_client_tls, elsewhere_our_certificate_is_not_shown_and_at_home_it_is_again)
{
	start();
	leads_to = STRICT;
	connect_home(&ours, "home.example");
	await(&errors, 1);
	await(&asked_at_home, 3); /* it begins at home each time, where nobody else is let in */
	assert_int_equal(opens, 0);
	stop();
}

TEST(eventsource_client_tls, at_the_same_origin_it_stays_who_it_was)
{
	start();
	leads_to = HOME;
	connect_home(&ours, "home.example");
	await(&opens, 1);
	assert_int_equal(errors, 0);
	stop();
}
