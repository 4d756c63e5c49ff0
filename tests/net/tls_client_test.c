/* tls_client_test.c: our client against our server, both on one loop, over streams in memory whose
 * bytes come in chosen pieces. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <openssl/ssl.h>
#include "net/tls_client.h"
#include "net/tls_context.h"
#include "net/tls_stream.h"
#include "support/certificate.h"
#include "support/memory_stream.h"
#include "support/support.h"

/* One side of a connection. */
struct side {
	struct rl_tls_pending *pending; /* until done */
	struct rl_stream *stream;
	int calls, rc;
	char sentence[300];
	bool echo, ended;
	const char *says; /* as soon as it can */
	int lost;
	char failure[300];
	uint8_t *got;
	size_t got_len;
};

struct pair {
	rill_loop *loop;
	struct rl_stream_group group;
	struct rl_tls_context *context;
	struct rl_tls_client *client;
	struct rl_stream *raw[2]; /* the server's and the client's */
	struct side server, caller;
};

static struct test_certificate authority, leaf, itself, friend, address;

static void make_certificates(void)
{
	static const char *const names[] = { "example.org", "*.example.net", NULL };
	static const char *const addresses[] = { "192.0.2.1", "2001:db8::1", NULL };
	if (authority.key_file[0])
		return;
	test_make_certificate(&authority, "authority", "authority", NULL, NULL);
	test_make_certificate(&leaf, "leaf", "leaf", names, &authority);
	test_make_certificate(&address, "address", "address", addresses, &authority);
	test_make_certificate(&friend, "friend", "friend", NULL, &authority);
	test_make_certificate(&itself, "itself", "itself", names, NULL);
}

static void server_options(rill_tls_options *options, rill_tls_certificate *one)
{
	make_certificates();
	*one = (rill_tls_certificate){ leaf.certificate_file, leaf.key_file, NULL };
	rill_tls_options_default(options);
	options->certificates = one;
	options->certificate_count = 1;
}

static rill_client_tls_options client_options(void)
{
	make_certificates();
	return (rill_client_tls_options){ .ca_file = authority.certificate_file,
		.min_version = 12 };
}

/* NULL: the usual ones. */
static void start(
	struct pair *p, const rill_tls_options *serves, const rill_client_tls_options *wants)
{
	rill_tls_options served;
	rill_tls_certificate one;
	rill_client_tls_options wanted = client_options();
	char error[300] = "";
	server_options(&served, &one);
	*p = (struct pair){ .loop = test_loop() };
	assert_non_null(p->loop);
	rl_stream_group_init(&p->group, p->loop);
	if (rl_tls_context_new(&p->context, &p->loop->env, serves ? serves : &served, error,
		    sizeof(error)) < 0)
		fail_msg("%s", error);
	if (rl_tls_client_new(
		    &p->client, &p->loop->env, wants ? wants : &wanted, error, sizeof(error)) < 0)
		fail_msg("%s", error);
}

static void close_side(struct side *side)
{
	if (side->stream)
		rl_stream_close(side->stream);
	free(side->got);
	*side = (struct side){ .rc = 1 };
}

static void close_both(struct pair *p)
{
	close_side(&p->server);
	close_side(&p->caller);
	test_now += 60000; /* those that are closed gently */
	test_settle(p->loop);
	assert_int_equal(p->group.count, 0);
	assert_int_equal(p->group.buffered, 0);
}

static void finish(struct pair *p)
{
	close_both(p);
	rl_stream_group_fini(&p->group);
	rl_tls_context_unref(p->context);
	rl_tls_client_unref(p->client);
	rill_loop_free(p->loop);
}

static void on_read(struct rl_stream *stream, struct rl_slice *in)
{
	struct side *side = stream->owner;
	side->got = realloc(side->got, side->got_len + in->len);
	assert_non_null(side->got);
	memcpy(side->got + side->got_len, in->data, in->len);
	side->got_len += in->len;
	if (side->echo)
		rl_stream_write(stream, *in);
	rl_slice_skip(in, in->len);
}

static void on_end(struct rl_stream *stream)
{
	((struct side *)stream->owner)->ended = true;
}

static void on_drain(struct rl_stream *stream)
{
	(void)stream;
}

static void on_lost(struct rl_stream *stream, int rc)
{
	struct side *side = stream->owner;
	const char *failure = rl_tls_failure(stream);
	side->lost = rc;
	snprintf(side->failure, sizeof(side->failure), "%s", failure ? failure : "");
}

static const struct rl_stream_events events = {
	.on_read = on_read,
	.on_end = on_end,
	.on_drain = on_drain,
	.on_lost = on_lost,
};

static void on_done(struct rl_stream *stream, int rc, const char *sentence, void *user)
{
	struct side *side = user;
	side->calls++;
	side->rc = rc;
	side->stream = stream;
	side->pending = NULL;
	assert_true((rc == 0) == (stream != NULL));
	assert_true((rc == 0) == (sentence == NULL));
	if (sentence)
		snprintf(side->sentence, sizeof(side->sentence), "%s", sentence);
	if (!stream)
		return;
	assert_true(stream->paused);
	rl_stream_own(stream, &events, side);
	rl_stream_resume(stream);
	if (side->says)
		assert_int_equal(rl_stream_write(stream, rl_slice_str(side->says)), 0);
}

static int call_over(
	struct pair *p, struct rl_stream *raw, struct rl_slice name, uint32_t timeout_ms)
{
	p->caller = (struct side){ .rc = 1 };
	int rc = rl_tls_connect(
		&p->caller.pending, raw, p->client, name, timeout_ms, on_done, &p->caller);
	assert_int_equal(p->caller.calls, 0);
	return rc;
}

static int answer_over(struct pair *p, struct rl_stream *raw)
{
	p->server = (struct side){ .rc = 1, .echo = true };
	return rl_tls_accept(&p->server.pending, raw, p->context, 60000, on_done, &p->server);
}

static void begin(struct pair *p, const char *name)
{
	memory_stream_pair(&p->group, &p->raw[0], &p->raw[1]);
	assert_int_equal(answer_over(p, p->raw[0]), 0);
	assert_int_equal(call_over(p, p->raw[1], rl_slice_str(name), 0), 0);
}

static void connect_pair(struct pair *p, const char *name)
{
	begin(p, name);
	test_settle(p->loop);
}

static void expect_open(struct pair *p)
{
	assert_int_equal(p->caller.calls, 1);
	if (p->caller.rc != 0)
		fail_msg("%s", p->caller.sentence);
	assert_int_equal(p->server.rc, 0);
}

static void expect_echo(struct pair *p, const char *text)
{
	assert_int_equal(rl_stream_write(p->caller.stream, rl_slice_str(text)), 0);
	test_settle(p->loop);
	test_expect_text(p->caller.got, p->caller.got_len, text);
}

static void expect_failure(struct pair *p, int rc, const char *sentence)
{
	assert_int_equal(p->caller.calls, 1);
	assert_string_equal(p->caller.sentence, sentence);
	assert_int_equal(p->caller.rc, rc);
}

static SSL *ssl_of(struct rl_stream *stream)
{
	return rl_container(stream, struct rl_tls, stream)->ssl;
}

TEST(tls_client, a_server_with_a_name_an_authority_vouches_for_is_believed)
{
	struct pair p;
	start(&p, NULL, NULL);
	connect_pair(&p, "example.org");
	expect_open(&p);
	expect_echo(&p, "hello");
	assert_string_equal(SSL_get_servername(ssl_of(p.server.stream), TLSEXT_NAMETYPE_host_name),
		"example.org");
	struct rl_slice alpn = rl_tls_alpn(p.caller.stream);
	test_expect_text(alpn.data, alpn.len, "http/1.1");
	assert_string_equal(rl_tls_version(p.caller.stream), "TLSv1.3");
	assert_true(rl_stream_secure(p.caller.stream));
	assert_null(rl_tls_failure(p.caller.stream));
	finish(&p);
}

TEST(tls_client, a_handshake_comes_in_any_pieces)
{
	for (size_t split = 1; split < 1200; split += split < 20 ? 1 : 37) {
		for (int others = 0; others < 2; others++) {
			struct pair p;
			start(&p, NULL, NULL);
			begin(&p, "example.org");
			memory_stream_pieces(p.raw[0], split, others ? 301 : 0, split % 2);
			memory_stream_pieces(p.raw[1], split, others ? 301 : 0, split % 2);
			test_settle(p.loop);
			expect_open(&p);
			expect_echo(&p, "hello");
			finish(&p);
		}
	}
	struct pair p;
	start(&p, NULL, NULL);
	begin(&p, "example.org");
	memory_stream_pieces(p.raw[0], 1, 1, false);
	memory_stream_pieces(p.raw[1], 1, 1, true);
	test_settle(p.loop);
	expect_open(&p);
	expect_echo(&p, "byte by byte");
	finish(&p);
}

TEST(tls_client, names_are_looked_for_in_the_certificate)
{
	static const struct {
		const char *name;
		bool fits;
	} cases[] = {
		{ "example.org", true },
		{ "EXAMPLE.org", true },
		{ "example.org.", true }, /* the root's dot */
		{ "www.example.net", true },
		{ "example.net", false },
		{ "a.b.example.net", false },
		{ "example.com", false },
		{ "leaf", false }, /* the common name does not count beside others */
		{ "", false },
		{ ".", false },
		{ "?", false },
	};
	struct pair p;
	start(&p, NULL, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		connect_pair(&p, cases[i].name);
		if (cases[i].fits)
			expect_open(&p);
		else
			expect_failure(
				&p, RILL_ETLS, "certificate verify failed: hostname mismatch");
		close_both(&p);
	}
	finish(&p);
}

TEST(tls_client, a_nul_does_not_cut_a_name_short)
{
	struct pair p;
	start(&p, NULL, NULL);
	memory_stream_pair(&p.group, &p.raw[0], &p.raw[1]);
	assert_int_equal(answer_over(&p, p.raw[0]), 0);
	assert_int_equal(call_over(&p, p.raw[1], RL_SLICE("example.org\0.example.com"), 0), 0);
	test_settle(p.loop);
	expect_failure(&p, RILL_ETLS, "certificate verify failed: hostname mismatch");
	finish(&p);
}

TEST(tls_client, addresses_are_looked_for_but_not_asked_for)
{
	static const char *const good[] = { "192.0.2.1", "2001:db8::1", "[2001:db8::1]" };
	static const char *const bad[] = { "192.0.2.2", "::1" };
	rill_tls_options options;
	rill_tls_certificate one;
	struct pair p;
	server_options(&options, &one);
	one = (rill_tls_certificate){ address.certificate_file, address.key_file, NULL };
	start(&p, &options, NULL);
	for (size_t i = 0; i < 3; i++) {
		connect_pair(&p, good[i]);
		expect_open(&p);
		assert_null(SSL_get_servername(ssl_of(p.server.stream), TLSEXT_NAMETYPE_host_name));
		close_both(&p);
	}
	for (size_t i = 0; i < 2; i++) {
		connect_pair(&p, bad[i]);
		expect_failure(&p, RILL_ETLS, "certificate verify failed: IP address mismatch");
		close_both(&p);
	}
	finish(&p);
}

static void start_with_itself(struct pair *p, const rill_client_tls_options *wants)
{
	rill_tls_options options;
	rill_tls_certificate one;
	server_options(&options, &one);
	one = (rill_tls_certificate){ itself.certificate_file, itself.key_file, NULL };
	start(p, &options, wants);
}

TEST(tls_client, a_server_that_vouches_for_itself_is_not_believed)
{
	struct pair p;
	start_with_itself(&p, NULL);
	connect_pair(&p, "example.org");
	expect_failure(&p, RILL_ETLS, "certificate verify failed: self-signed certificate");
	/* The server is told, and can read it. */
	assert_int_equal(p.server.rc, RILL_ETLS);
	assert_string_equal(p.server.sentence, "alert from the client: unknown CA");
	finish(&p);
}

TEST(tls_client, unless_anybody_is_believed)
{
	rill_client_tls_options wants = { .insecure = true, .min_version = 12 };
	static const char *const names[] = { "example.com", "192.0.2.7", "" };
	struct pair p;
	start_with_itself(&p, &wants);
	for (int i = 0; i < 3; i++) {
		connect_pair(&p, names[i]);
		expect_open(&p);
		expect_echo(&p, "hello");
		close_both(&p);
	}
	finish(&p);
}

TEST(tls_client, without_a_file_the_systems_authorities_are_believed)
{
	rill_client_tls_options wants = { .min_version = 12 };
	struct pair p;
	make_certificates();
	start(&p, NULL, &wants);
	connect_pair(&p, "example.org");
	expect_failure(
		&p, RILL_ETLS, "certificate verify failed: unable to get local issuer certificate");
	finish(&p);
	setenv("SSL_CERT_FILE", authority.certificate_file, 1); /* what the system calls its own */
	start(&p, NULL, &wants);
	connect_pair(&p, "example.org");
	expect_open(&p);
	unsetenv("SSL_CERT_FILE");
	close_both(&p);
	connect_pair(&p, "example.org"); /* they have been read */
	expect_open(&p);
	finish(&p);
}

static void ask_for_client_certificates(rill_tls_options *options, rill_tls_certificate *one)
{
	server_options(options, one);
	options->client_ca_file = authority.certificate_file;
}

TEST(tls_client, it_shows_a_certificate_of_its_own)
{
	rill_client_tls_options wants = client_options();
	rill_tls_options options;
	rill_tls_certificate one;
	struct pair p;
	ask_for_client_certificates(&options, &one);
	wants.certificate_file = friend.certificate_file;
	wants.key_file = friend.key_file;
	start(&p, &options, &wants);
	connect_pair(&p, "example.org");
	expect_open(&p);
	expect_echo(&p, "hello");
	finish(&p);
}

/* RFC 8446, 4.4.2.4: the alert comes when the client's handshake has ended. */
TEST(tls_client, without_one_the_loss_says_that_it_is_required)
{
	rill_tls_options options;
	rill_tls_certificate one;
	struct pair p;
	ask_for_client_certificates(&options, &one);
	start(&p, &options, NULL);
	connect_pair(&p, "example.org");
	assert_int_equal(p.caller.rc, 0);
	assert_int_equal(p.server.rc, RILL_ETLS);
	assert_int_equal(p.caller.lost, RILL_ETLS);
	assert_string_equal(p.caller.failure, "alert from the server: certificate required");
	finish(&p);

	start(&p, &options, NULL);
	SSL_CTX_set_max_proto_version(p.context->hosts[0].ctx, TLS1_2_VERSION);
	connect_pair(&p, "example.org");
	expect_failure(&p, RILL_ETLS, "alert from the server: handshake failure");
	finish(&p);
}

/* Two connected TCP sockets: what is closed with bytes unread is reset. */
static void connect_sockets(int fds[2])
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	fds[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
	assert_int_equal(connect(fds[1], (struct sockaddr *)&at, len), 0);
	fds[0] = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	assert_true(fds[0] >= 0);
	close(listener);
}

TEST(tls_client, a_server_is_heard_that_hangs_up_right_behind_its_alert)
{
	rill_tls_options options;
	rill_tls_certificate one;
	struct pair p;
	struct rl_addr peer = { .family = RL_ADDR_IP4, .ip = { 127, 0, 0, 1 } };
	int fds[2];
	ask_for_client_certificates(&options, &one);
	start(&p, &options, NULL);
	connect_sockets(fds);
	SSL *server = SSL_new(p.context->hosts[0].ctx);
	assert_non_null(server);
	SSL_set_fd(server, fds[0]);
	SSL_set_accept_state(server);
	assert_int_equal(rl_socket_stream(&p.raw[1], &p.group, fds[1], &peer), 0);
	assert_int_equal(call_over(&p, p.raw[1], RL_SLICE("example.org"), 0), 0);
	p.caller.says = "GET / HTTP/1.1\r\n\r\n";
	for (;;) {
		assert_int_equal(rill_loop_wait(p.loop, 10), 0);
		int rc = SSL_do_handshake(server);
		if (SSL_get_error(server, rc) != SSL_ERROR_WANT_READ)
			break;
	}
	close(fds[0]); /* the request lies there unread */
	SSL_free(server);
	for (int i = 0; i < 1000 && !p.caller.lost; i++)
		rill_loop_wait(p.loop, 10);
	assert_int_equal(p.caller.lost, RILL_ETLS);
	assert_string_equal(p.caller.failure, "alert from the server: certificate required");
	finish(&p);
}

TEST(tls_client, versions_and_ciphers_are_the_options)
{
	rill_client_tls_options wants = client_options();
	struct pair p;
	start(&p, NULL, NULL);
	SSL_CTX_set_max_proto_version(p.context->hosts[0].ctx, TLS1_2_VERSION);
	connect_pair(&p, "example.org");
	expect_open(&p);
	assert_string_equal(rl_tls_version(p.caller.stream), "TLSv1.2");
	expect_echo(&p, "hello");
	finish(&p);

	wants.min_version = 13;
	start(&p, NULL, &wants);
	SSL_CTX_set_max_proto_version(p.context->hosts[0].ctx, TLS1_2_VERSION);
	connect_pair(&p, "example.org");
	expect_failure(&p, RILL_ETLS, "alert from the server: protocol version");
	finish(&p);

	wants.min_version = 12;
	wants.ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384";
	start(&p, NULL, &wants);
	SSL_CTX_set_max_proto_version(p.context->hosts[0].ctx, TLS1_2_VERSION);
	connect_pair(&p, "example.org");
	expect_open(&p);
	assert_string_equal(SSL_get_cipher_name(ssl_of(p.caller.stream)), wants.ciphers);
	finish(&p);
}

TEST(tls_client, options_that_cannot_be_used_are_named)
{
	make_certificates();
	const struct {
		rill_client_tls_options options;
		int rc;
		const char *says;
	} cases[] = {
		{ { .min_version = 11 }, RILL_EINVAL,
			"the lowest TLS version is 12 or 13, not 11" },
		{ { .min_version = 12, .ciphers = "none such" }, RILL_EINVAL,
			"no usable cipher in \"none such\"" },
		{ { .min_version = 12, .ca_file = "/nowhere/ca.pem" }, RILL_ENOENT,
			"cannot read the CA file /nowhere/ca.pem: No such file or directory" },
		{ { .min_version = 12, .ca_file = leaf.key_file }, RILL_ETLS,
			"no usable certificates in the CA file" },
		{ { .min_version = 12, .certificate_file = leaf.certificate_file }, RILL_EINVAL,
			"a client's certificate needs a certificate file and a key file" },
		{ { .min_version = 12, .key_file = leaf.key_file }, RILL_EINVAL,
			"a client's certificate needs a certificate file and a key file" },
		{ { .min_version = 12,
			  .certificate_file = leaf.certificate_file,
			  .key_file = friend.key_file },
			RILL_ETLS, "no usable key for" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rl_tls_client *client;
		char error[300];
		int rc = rl_tls_client_new(
			&client, test_env(), &cases[i].options, error, sizeof(error));
		if (!strstr(error, cases[i].says))
			fail_msg("\"%s\" instead of \"%s\"", error, cases[i].says);
		assert_int_equal(rc, cases[i].rc);
		assert_int_equal(
			rl_tls_client_new(&client, test_env(), &cases[i].options, NULL, 0), rc);
	}
	rl_tls_client_unref(NULL);
}

/* The client alone; what it hears is written to p->raw[0]. */
static void begin_alone(struct pair *p, uint32_t timeout_ms)
{
	memory_stream_pair(&p->group, &p->raw[0], &p->raw[1]);
	rl_stream_own(p->raw[0], &events, &p->server);
	rl_stream_resume(p->raw[0]);
	p->server.stream = p->raw[0];
	assert_int_equal(call_over(p, p->raw[1], RL_SLICE("example.org"), timeout_ms), 0);
}

TEST(tls_client, it_speaks_first_and_from_the_loop)
{
	struct pair p;
	start(&p, NULL, NULL);
	begin_alone(&p, 0);
	assert_int_equal(rl_stream_queued(p.raw[1]), 0);
	test_settle(p.loop);
	assert_in_range(p.server.got_len, 100, 2000);
	assert_int_equal(p.server.got[0], 22); /* RFC 8446, 5.1: handshake */
	rl_tls_cancel(p.caller.pending);
	finish(&p);
}

TEST(tls_client, a_server_without_tls_is_told_from_a_bad_one)
{
	struct pair p;
	start(&p, NULL, NULL);
	begin_alone(&p, 0);
	rl_stream_write(p.raw[0], RL_SLICE("HTTP/1.1 400 Bad Request\r\n\r\n"));
	test_settle(p.loop);
	expect_failure(&p, RILL_ETLS, "the server does not speak TLS (wrong version number)");
	finish(&p);
}

TEST(tls_client, a_handshake_that_ends_or_breaks_has_failed)
{
	struct pair p;
	start(&p, NULL, NULL);
	begin_alone(&p, 0);
	rl_stream_shutdown(p.raw[0]);
	test_settle(p.loop);
	expect_failure(&p, RILL_ERESET, "the connection ended during the TLS handshake");
	close_both(&p);

	begin_alone(&p, 0);
	memory_stream_break(p.raw[1], RILL_EIO); /* before the first step */
	test_settle(p.loop);
	expect_failure(&p, RILL_EIO, rill_strerror(RILL_EIO));
	close_both(&p);

	begin_alone(&p, 0);
	test_settle(p.loop);
	memory_stream_break(p.raw[1], RILL_ERESET);
	test_settle(p.loop);
	expect_failure(&p, RILL_ERESET, "the connection ended during the TLS handshake");
	finish(&p);
}

TEST(tls_client, a_handshake_that_takes_too_long_is_cut)
{
	struct pair p;
	start(&p, NULL, NULL);
	begin_alone(&p, 5000);
	test_settle(p.loop);
	test_now += 4990;
	test_settle(p.loop);
	assert_int_equal(p.caller.calls, 0);
	test_now += 20;
	test_settle(p.loop);
	expect_failure(&p, RILL_ETIMEDOUT, "the TLS handshake took too long");
	assert_true(p.server.ended);
	close_both(&p);

	begin_alone(&p, 0); /* no limit */
	test_now += (uint64_t)1 << 40;
	test_settle(p.loop);
	assert_int_equal(p.caller.calls, 0);
	rl_tls_cancel(p.caller.pending);
	finish(&p);
}

TEST(tls_client, a_handshake_can_be_called_off)
{
	struct pair p;
	start(&p, NULL, NULL);
	for (int settled = 0; settled < 2; settled++) {
		begin_alone(&p, 5000);
		if (settled)
			test_settle(p.loop);
		rl_tls_cancel(p.caller.pending);
		test_settle(p.loop);
		assert_int_equal(p.caller.calls, 0);
		assert_true(p.server.ended);
		close_both(&p);
	}
	finish(&p);
}

static void fill(uint8_t *data, size_t size)
{
	uint32_t x = 1;
	for (size_t i = 0; i < size; i++)
		data[i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
}

TEST(tls_client, tls_inside_tls_is_a_stream_like_any_other)
{
	struct pair p;
	size_t size = 300 * 1024 + 7;
	uint8_t *data = malloc(size);
	assert_non_null(data);
	fill(data, size);
	for (size_t piece = 0; piece < 3000; piece += 1009) {
		start(&p, NULL, NULL);
		connect_pair(&p, "example.org");
		expect_open(&p);
		struct rl_stream *outer[2] = { p.server.stream, p.caller.stream };
		p.server.echo = false;
		rl_stream_pause(outer[0]);
		rl_stream_pause(outer[1]);
		memory_stream_pieces(p.raw[0], piece, piece, true);
		memory_stream_pieces(p.raw[1], piece, piece, false);

		assert_int_equal(answer_over(&p, outer[0]), 0);
		assert_int_equal(call_over(&p, outer[1], RL_SLICE("www.example.net"), 0), 0);
		test_settle(p.loop);
		expect_open(&p);
		assert_ptr_not_equal(p.caller.stream, outer[1]);
		assert_true(rl_stream_write(p.caller.stream, rl_slice(data, size)) >= 0);
		for (int i = 0; i < 10000 && p.caller.got_len < size; i++)
			test_settle(p.loop);
		assert_int_equal(p.caller.got_len, size);
		assert_memory_equal(p.caller.got, data, size);
		rl_stream_shutdown(p.caller.stream);
		test_settle(p.loop);
		assert_true(p.server.ended);
		finish(&p);
	}
	free(data);
}

TEST(tls_client, a_client_is_counted_by_its_connections)
{
	struct pair p;
	start(&p, NULL, NULL);
	begin(&p, "example.org");
	assert_ptr_equal(rl_tls_client_ref(p.client), p.client);
	rl_tls_client_unref(p.client);
	rl_tls_client_unref(p.client);
	p.client = NULL;
	test_settle(p.loop);
	expect_open(&p);
	expect_echo(&p, "hello");
	finish(&p);
}

static void try_client(void *arg)
{
	struct rl_tls_client *client;
	rill_client_tls_options wants = client_options();
	(void)arg;
	int rc = rl_tls_client_new(&client, test_env(), &wants, NULL, 0);
	if (rc == 0)
		rl_tls_client_unref(client);
	else
		assert_int_equal(rc, RILL_ENOMEM);
}

/* A handshake and an echo, as far as they come. */
static void try_connection(void *arg)
{
	struct pair p = { .loop = test_loop() };
	rill_client_tls_options wants = client_options();
	rill_tls_options served;
	rill_tls_certificate one;
	(void)arg;
	if (!p.loop)
		return;
	server_options(&served, &one);
	rl_stream_group_init(&p.group, p.loop);
	if (rl_tls_context_new(&p.context, &p.loop->env, &served, NULL, 0) < 0 ||
		rl_tls_client_new(&p.client, &p.loop->env, &wants, NULL, 0) < 0)
		goto end;
	memory_stream_pair(&p.group, &p.raw[0], &p.raw[1]);
	if (answer_over(&p, p.raw[0]) < 0)
		rl_stream_close(p.raw[0]);
	if (call_over(&p, p.raw[1], RL_SLICE("example.org"), 0) < 0) {
		assert_true(test_allocation_failed());
		rl_stream_close(p.raw[1]);
	}
	test_settle(p.loop);
	if (p.caller.stream) {
		rl_stream_write(p.caller.stream, RL_SLICE("hello"));
		test_settle(p.loop);
	}
	if (p.caller.pending)
		rl_tls_cancel(p.caller.pending);
	if (p.server.pending)
		rl_tls_cancel(p.server.pending);
end:
	finish(&p);
}

TEST(tls_client, each_failing_allocation_ends_a_connection_at_most)
{
	make_certificates();
	test_each_failing_allocation(try_client, NULL);
	test_each_failing_allocation(try_connection, NULL);
}
