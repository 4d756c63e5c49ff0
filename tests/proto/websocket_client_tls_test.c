/* Proves that a client's WebSockets go over TLS, and over TLS inside TLS: rill's own server at the far
 * end, and in between a proxy that is reached by TLS itself. */
#include <sys/socket.h>
#include <unistd.h>
#include "http/server_state.h"
#include "net/tls_context.h"
#include "proto/websocket_client_program.h"
#include "support/certificate.h"

static struct test_certificate authority, inner, outer;
static rill_server *server;
static char url[128], proxy_url[128];

/* What the proxy heard and how far it is. */
static struct rl_tls_context *inner_context, *outer_context;
static struct rl_tls_pending *pending;
static char heard[2048];

static void echo(rill_conn *c, rill_msg msg)
{
	rill_send_msg(c, msg);
}

static const rill_handler echoes = { .size = sizeof(echoes), .on_message = echo };

static void make_certificates(void)
{
	static const char *const inner_names[] = { "inner.example", NULL };
	static const char *const outer_names[] = { "127.0.0.1", NULL };
	if (authority.key_file[0])
		return;
	test_make_certificate(&authority, "authority", "authority", NULL, NULL);
	test_make_certificate(&inner, "inner", "inner", inner_names, &authority);
	test_make_certificate(&outer, "outer", "outer", outer_names, &authority);
}

static struct rl_tls_context *context_of(const struct test_certificate *certificate)
{
	const rill_tls_certificate one = { certificate->certificate_file, certificate->key_file,
		NULL };
	struct rl_tls_context *context;
	rill_tls_options options;
	char error[256];
	rill_tls_options_default(&options);
	options.certificates = &one;
	options.certificate_count = 1;
	assert_int_equal(
		rl_tls_context_new(&context, &origin.loop->env, &options, error, sizeof(error)), 0);
	return context;
}

static void start(void)
{
	rill_listen_options where;
	rill_tls_options tls;
	make_certificates();
	begin();
	heard[0] = 0;
	assert_int_equal(rill_server_new(&server, origin.loop, NULL), 0);
	assert_int_equal(rill_websocket_serve(server, "/", &echoes, NULL, NULL), 0);
	const rill_tls_certificate one = { inner.certificate_file, inner.key_file, NULL };
	rill_tls_options_default(&tls);
	tls.certificates = &one;
	tls.certificate_count = 1;
	rill_listen_options_default(&where);
	where.tls = &tls;
	assert_int_equal(rill_server_listen(server, &where), 0);
	snprintf(url, sizeof(url), "wss://127.0.0.1:%u/", rill_server_port(server, 0));
	snprintf(proxy_url, sizeof(proxy_url), "https://127.0.0.1:%u", origin.port);
	inner_context = context_of(&inner);
	outer_context = context_of(&outer);
}

static void stop(void)
{
	if (pending)
		rl_tls_cancel(pending);
	pending = NULL;
	rl_tls_context_unref(inner_context);
	rl_tls_context_unref(outer_context);
	rill_server_free(server);
	end();
}

static rill_websocket_client_options trusting(void)
{
	rill_websocket_client_options options = defaults();
	options.connect.tls.ca_file = authority.certificate_file;
	options.connect.proxy_tls.ca_file = authority.certificate_file;
	return options;
}

/* Turns until something of that kind was said. */
static void await(const char *what)
{
	for (int turns = 0; !strstr(said, what); turns++) {
		if (turns == 10000)
			fail_msg("waited in vain for %s, heard \"%s\"", what, said);
		assert_int_equal(rill_loop_wait(origin.loop, 1), 0);
	}
}

static void connect_by(const char *to, const rill_websocket_client_options *options)
{
	if (rill_websocket_connect(&conn, origin.loop, to, &handler, options) < 0)
		fail_msg("%s", rill_loop_error(origin.loop));
}

static void expect_echo(void)
{
	assert_int_equal(rill_send_text(conn, "hello"), 0);
	await("text:hello");
	assert_true(rill_conn_secure(conn));
	assert_int_equal(rill_close(conn, 1000, NULL), 0);
	await("close");
	expect_said("open text:hello close:1000: ");
}

TEST(websocket_client_tls, a_server_is_believed_by_its_name)
{
	rill_websocket_client_options options = trusting();
	start();
	options = trusting();
	options.connect.tls.name = "inner.example";
	connect_by(url, &options);
	await("open");
	expect_echo();
	options.connect.tls.name = NULL; /* the URL's: an address the certificate does not have */
	connect_by(url, &options);
	await("failed");
	expect_said("failed:-14 ");
	assert_non_null(strstr(sentence, "TLS with 127.0.0.1: certificate verify failed: "));
	stop();
}

TEST(websocket_client_tls, an_unknown_authority_is_not_believed_unless_all_are)
{
	rill_websocket_client_options options = defaults();
	start();
	options.connect.tls.ca_file = inner.certificate_file;
	options.connect.tls.name = "elsewhere.example";
	connect_by(url, &options);
	await("failed");
	expect_said("failed:-14 ");
	options.connect.tls.insecure = true;
	connect_by(url, &options);
	await("open");
	expect_echo();
	stop();
}

/* The proxy: TLS, CONNECT, and behind it, in the tunnel, the server's own TLS. */

static void on_inner(struct rl_stream *stream, int rc, const char *why, void *user)
{
	(void)rc;
	(void)why;
	(void)user;
	pending = NULL;
	if (stream)
		rl_server_accept(server, stream);
}

static void proxy_reads(struct rl_stream *stream, struct rl_slice *in)
{
	const uint8_t *end_of_head = memmem(in->data, in->len, "\r\n\r\n", 4);
	if (!end_of_head)
		return;
	size_t len = (size_t)(end_of_head - in->data) + 4;
	snprintf(heard, sizeof(heard), "%.*s", (int)len, (const char *)in->data);
	rl_slice_skip(in, len);
	rl_stream_write(stream, RL_SLICE("HTTP/1.1 200 OK\r\n\r\n"));
	rl_stream_pause(stream);
	assert_int_equal(rl_tls_accept(&pending, stream, inner_context, 10000, on_inner, NULL), 0);
}

static void proxy_ends(struct rl_stream *stream)
{
	rl_stream_close(stream);
}

static void proxy_drains(struct rl_stream *stream)
{
	(void)stream;
}

static void proxy_loses(struct rl_stream *stream, int rc)
{
	(void)rc;
	rl_stream_close(stream);
}

static const struct rl_stream_events proxy_events = {
	.on_read = proxy_reads,
	.on_end = proxy_ends,
	.on_drain = proxy_drains,
	.on_lost = proxy_loses,
};

static void on_outer(struct rl_stream *stream, int rc, const char *why, void *user)
{
	(void)rc;
	(void)why;
	(void)user;
	pending = NULL;
	if (!stream)
		return;
	rl_stream_own(stream, &proxy_events, NULL);
	rl_stream_resume(stream);
}

static void proxy_accepts(void)
{
	struct rl_stream *stream;
	origin_accept(&origin);
	assert_int_equal(rl_socket_stream(&stream, &server->group, origin.fd, NULL), 0);
	origin.fd = -1;
	assert_int_equal(rl_tls_accept(&pending, stream, outer_context, 10000, on_outer, NULL), 0);
}

TEST(websocket_client_tls, tls_inside_tls_reaches_a_server_behind_a_proxy)
{
	rill_websocket_client_options options;
	start();
	options = trusting();
	options.connect.proxy = proxy_url;
	connect_by("wss://inner.example/", &options);
	proxy_accepts();
	await("open");
	test_expect_text(heard, 34, "CONNECT inner.example:443 HTTP/1.1");
	expect_echo();
	stop();
}

TEST(websocket_client_tls, large_messages_pass_through_both)
{
	static char large[300000];
	rill_websocket_client_options options;
	start();
	memset(large, 'x', sizeof(large));
	options = trusting();
	options.connect.proxy = proxy_url;
	options.deflate.enabled = false;
	connect_by("wss://inner.example/", &options);
	assert_int_equal(rill_send(conn, RILL_TEXT, large, sizeof(large)), 1);
	proxy_accepts();
	await("message:300000 bytes");
	assert_int_equal(rill_close(conn, 1000, NULL), 0);
	await("close:1000");
	stop();
}

TEST(websocket_client_tls, a_proxy_has_to_prove_its_name_too)
{
	rill_websocket_client_options options;
	start();
	options = trusting();
	options.connect.proxy = proxy_url;
	options.connect.proxy_tls.ca_file = inner.certificate_file;
	connect_by("wss://inner.example/", &options);
	proxy_accepts();
	await("failed");
	expect_said("failed:-14 ");
	assert_non_null(
		strstr(sentence, "TLS with the proxy 127.0.0.1: certificate verify failed: "));
	assert_string_equal(heard, "");
	stop();
}

TEST(websocket_client_tls, each_stage_is_bounded_by_the_timeout)
{
	rill_websocket_client_options options;
	start();
	options = trusting();
	options.connect.proxy = proxy_url;
	connect_by("wss://inner.example/", &options);
	origin_accept(&origin);
	origin_pass(&origin, 10010);
	expect_said("failed:-7 ");
	assert_string_equal(sentence, "the TLS handshake with the proxy was not done after 10 s");
	char here[64];
	snprintf(here, sizeof(here), "wss://127.0.0.1:%u/", origin.port);
	options.connect.proxy = NULL;
	connect_by(here, &options);
	origin_accept(&origin);
	origin_pass(&origin, 10010);
	expect_said("failed:-7 ");
	assert_string_equal(sentence, "the TLS handshake was not done after 10 s");
	stop();
}
