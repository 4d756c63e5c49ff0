/* tls_test.c: TLS streams against OpenSSL's client, both in one thread, over a socket pair. */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <openssl/ssl.h>
#include <openssl/sslerr.h>
#include "net/tls.h"
#include "support/support.h"
#include "support/tls_client.h"

#define TURNS 20000 /* nothing here needs as many */

static const char *const example_names[] = { "example.org", "www.example.org", NULL };
static const char *const wildcard_names[] = { "*.example.net", NULL };

/* The server's side of one connection. */
struct server {
	rill_loop *loop;
	struct rl_stream_group group;
	struct rl_tls_context *context;
	struct rl_tls_pending *pending;
	struct rl_stream *raw, *stream;
	int done_rc; /* 1: not yet */
	bool reading, echo, close_in_read, pause_in_read;
	bool ended;
	int drained, lost;
	uint8_t *got;
	size_t got_len;
};

static struct test_certificate first, second, third;

/* Made once; a P-256 key takes no time, but a directory is enough. */
static void make_certificates(void)
{
	if (first.key_file[0])
		return;
	test_make_certificate(&first, "first", "first", example_names, NULL);
	test_make_certificate(&second, "second", "second", wildcard_names, NULL);
	test_make_certificate(&third, "third", "third.example.com", NULL, NULL);
}

static void start_loop(struct server *s)
{
	rill_loop_options options;
	rill_loop_options_default(&options);
	options.allocator = test_env()->memory;
	options.log = test_env()->log;
	options.log_level = RILL_LOG_DEBUG;
	*s = (struct server){ .done_rc = 1, .reading = true };
	assert_int_equal(rill_loop_new(&s->loop, &options), 0);
	rl_stream_group_init(&s->group, s->loop);
}

static void set_context(struct server *s, const rill_tls_options *options)
{
	char error[256] = "";
	if (rl_tls_context_new(&s->context, &s->loop->env, options, error, sizeof(error)) < 0)
		fail_msg("%s", error);
}

static void start(struct server *s)
{
	rill_tls_options options;
	make_certificates();
	rill_tls_certificate list[] = {
		{ first.certificate_file, first.key_file, NULL },
		{ second.certificate_file, second.key_file, NULL },
		{ third.certificate_file, third.key_file, NULL },
	};
	rill_tls_options_default(&options);
	options.certificates = list;
	options.certificate_count = 3;
	start_loop(s);
	set_context(s, &options);
}

static void finish(struct server *s)
{
	if (s->stream)
		rl_stream_close(s->stream);
	for (int i = 0; i < 500 && s->group.count; i++)
		rill_loop_wait(s->loop, 10); /* one that is closed gently */
	assert_int_equal(s->group.count, 0);
	assert_int_equal(s->group.buffered, 0);
	rill_loop_turn(s->loop);
	rl_stream_group_fini(&s->group);
	rl_tls_context_unref(s->context);
	rill_loop_free(s->loop);
	free(s->got);
}

static void on_read(struct rl_stream *stream, struct rl_slice *in)
{
	struct server *s = stream->owner;
	s->got = realloc(s->got, s->got_len + in->len);
	assert_non_null(s->got);
	memcpy(s->got + s->got_len, in->data, in->len);
	s->got_len += in->len;
	if (s->echo)
		rl_stream_write(stream, *in);
	rl_slice_skip(in, in->len);
	if (s->close_in_read) {
		s->stream = NULL;
		rl_stream_close(stream);
	} else if (s->pause_in_read) {
		rl_stream_pause(stream);
	}
}

static void on_end(struct rl_stream *stream)
{
	struct server *s = stream->owner;
	assert_false(s->ended);
	s->ended = true;
}

static void on_drain(struct rl_stream *stream)
{
	((struct server *)stream->owner)->drained++;
}

static void on_lost(struct rl_stream *stream, int rc)
{
	struct server *s = stream->owner;
	assert_int_equal(s->lost, 0);
	s->lost = rc;
}

static const struct rl_stream_events events = {
	.on_read = on_read,
	.on_end = on_end,
	.on_drain = on_drain,
	.on_lost = on_lost,
};

static void on_done(struct rl_stream *stream, int rc, const char *sentence, void *user)
{
	struct server *s = user;
	assert_true((rc == 0) == (sentence == NULL));
	assert_int_equal(s->done_rc, 1);
	s->done_rc = rc;
	s->stream = stream;
	if (!stream)
		return;
	rl_stream_own(stream, &events, s);
	if (s->reading)
		rl_stream_resume(stream);
}

/* Puts the server on one end of a socket pair; the other end is returned. */
static int serve(struct server *s, uint32_t timeout_ms)
{
	int fds[2], small = 4096;
	struct rl_addr peer = { .family = RL_ADDR_UNIX };
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	assert_int_equal(rl_socket_stream(&s->raw, &s->group, fds[0], &peer), 0);
	assert_int_equal(rl_tls_accept(&s->pending, s->raw, s->context, timeout_ms, on_done, s), 0);
	return fds[1];
}

/* Takes a step on both sides. */
static void step(struct server *s, struct tls_client *c)
{
	tls_client_step(c);
	assert_int_equal(rill_loop_wait(s->loop, 0), 0);
}

#define await(s, c, condition)                                                                     \
	do {                                                                                       \
		int turns_ = 0;                                                                    \
		while (!(condition)) {                                                             \
			step(s, c);                                                                \
			if (++turns_ == TURNS)                                                     \
				fail_msg("%s never came", #condition);                             \
		}                                                                                  \
	} while (0)

static void connect_with(
	struct server *s, struct tls_client *c, const struct tls_client_options *options)
{
	s->done_rc = 1;
	tls_client_init(c, serve(s, 10000), options);
	await(s, c, (c->connected || c->error) && s->done_rc <= 0);
}

static void connect_to(struct server *s, struct tls_client *c)
{
	connect_with(s, c, NULL);
	assert_int_equal(s->done_rc, 0);
}

static void fill(uint8_t *data, size_t len, unsigned seed)
{
	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)(i * 31 + i / 251 + seed);
}

TEST(tls, bytes_go_both_ways)
{
	struct server s;
	struct tls_client c;
	start(&s);
	connect_to(&s, &c);
	assert_string_equal(rl_tls_version(s.stream), "TLSv1.3");
	assert_true(rl_stream_secure(s.stream));
	assert_int_equal(rl_tls_alpn(s.stream).len, 0);
	tls_client_write(&c, "hello", 5);
	await(&s, &c, s.got_len == 5);
	test_expect_text(s.got, s.got_len, "hello");
	assert_int_equal(rl_stream_write(s.stream, RL_SLICE("welcome")), 0);
	await(&s, &c, c.got_len == 7);
	test_expect_text(c.got, c.got_len, "welcome");
	tls_client_free(&c);
	finish(&s);
}

TEST(tls, version_1_2_works_and_can_be_ruled_out)
{
	struct server s;
	struct tls_client c;
	struct tls_client_options old = { .max_version = TLS1_2_VERSION };
	start(&s);
	connect_with(&s, &c, &old);
	assert_int_equal(s.done_rc, 0);
	assert_string_equal(rl_tls_version(s.stream), "TLSv1.2");
	s.echo = true;
	tls_client_write(&c, "x", 1);
	await(&s, &c, c.got_len == 1);
	tls_client_free(&c);
	rl_stream_close(s.stream);
	s.stream = NULL;

	rill_tls_options options;
	rill_tls_certificate one = { first.certificate_file, first.key_file, NULL };
	rill_tls_options_default(&options);
	options.certificates = &one;
	options.certificate_count = 1;
	options.min_version = 13;
	rl_tls_context_unref(s.context);
	set_context(&s, &options);
	connect_with(&s, &c, &old);
	assert_int_equal(s.done_rc, RILL_ETLS);
	assert_int_equal(c.error, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION);
	tls_client_free(&c);
	finish(&s);
}

static void expect_certificate(struct server *s, const char *name, const char *common_name)
{
	struct tls_client c;
	connect_with(s, &c, &(struct tls_client_options){ .name = name });
	assert_int_equal(s->done_rc, 0);
	assert_string_equal(tls_client_server_name(&c), common_name);
	tls_client_free(&c);
	rl_stream_close(s->stream);
	s->stream = NULL;
}

TEST(tls, the_name_asked_for_chooses_the_certificate)
{
	struct server s;
	start(&s);
	expect_certificate(&s, NULL, "first");
	expect_certificate(&s, "nowhere.test", "first");
	expect_certificate(&s, "www.example.org", "first");
	expect_certificate(&s, "a.example.net", "second");
	expect_certificate(&s, "A.Example.NET", "second");
	expect_certificate(&s, "b.a.example.net", "first"); /* a wildcard fits one label */
	expect_certificate(&s, "example.net", "first");
	expect_certificate(&s, "third.example.com", "third.example.com"); /* by its CN */
	finish(&s);
}

TEST(tls, names_in_the_options_stand_instead_of_those_in_the_certificate)
{
	struct server s;
	rill_tls_options options;
	make_certificates();
	rill_tls_certificate list[] = {
		{ third.certificate_file, third.key_file, NULL },
		{ first.certificate_file, first.key_file,
			(const char *const[]){ "*.chosen.test", NULL } },
		{ second.certificate_file, second.key_file,
			(const char *const[]){ "one.chosen.test", NULL } },
	};
	rill_tls_options_default(&options);
	options.certificates = list;
	options.certificate_count = 3;
	start_loop(&s);
	set_context(&s, &options);
	expect_certificate(&s, "two.chosen.test", "first");
	expect_certificate(&s, "one.chosen.test", "second"); /* an exact name comes first */
	expect_certificate(&s, "example.org", "third.example.com");
	finish(&s);
}

TEST(tls, http_1_1_is_agreed_on_wherever_it_is_offered)
{
	struct server s;
	struct tls_client c;
	start(&s);
	connect_with(&s, &c, &(struct tls_client_options){ .alpn = "\x02h2\x08http/1.1" });
	assert_int_equal(s.done_rc, 0);
	struct rl_slice agreed = rl_tls_alpn(s.stream);
	test_expect_text(agreed.data, agreed.len, "http/1.1");
	tls_client_free(&c);
	finish(&s);
}

TEST(tls, a_client_that_offers_only_other_protocols_gets_the_alert)
{
	struct server s;
	struct tls_client c;
	start(&s);
	connect_with(&s, &c, &(struct tls_client_options){ .alpn = "\x02h2" });
	assert_int_equal(s.done_rc, RILL_ETLS);
	assert_int_equal(c.error, SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL);
	tls_client_free(&c);
	finish(&s);
}

TEST(tls, a_handshake_cut_anywhere_succeeds)
{
	static const size_t pieces[] = { 1, 2, 3, 5, 7, 64 };
	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		struct server s;
		struct tls_client c;
		start(&s);
		s.echo = true;
		tls_client_init(&c, serve(&s, 60000), NULL);
		c.piece = pieces[i];
		tls_client_step(&c);
		await(&s, &c, c.connected);
		tls_client_write(&c, "first words", 11);
		await(&s, &c, c.got_len == 11);
		test_expect_text(c.got, c.got_len, "first words");
		tls_client_free(&c);
		finish(&s);
	}
}

TEST(tls, words_sent_with_the_end_of_the_handshake_are_not_lost)
{
	struct server s;
	struct tls_client c;
	start(&s);
	s.reading = false;
	tls_client_init(&c, serve(&s, 60000), NULL);
	for (int i = 0; !c.connected && i < TURNS; i++) {
		tls_client_step(&c);
		if (!c.connected)
			rill_loop_wait(s.loop, 0);
	}
	/* The end of the handshake has left; these follow before the server turns. */
	tls_client_write(&c, "early", 5);
	tls_client_step(&c);
	await(&s, &c, s.done_rc == 0);
	for (int i = 0; i < 5; i++)
		step(&s, &c);
	assert_int_equal(s.got_len, 0);
	rl_stream_resume(s.stream);
	await(&s, &c, s.got_len == 5);
	tls_client_free(&c);
	finish(&s);
}

static void send_much(struct server *s, struct tls_client *c, bool large)
{
	size_t size = 3 * 1024 * 1024 + 17, at = 0;
	uint8_t *data = malloc(size);
	assert_non_null(data);
	fill(data, size, 1);
	s->group.high = 256 * 1024;
	s->group.low = 64 * 1024;
	c->appetite = 40000;
	int drained = 0;
	bool above = false;
	for (int turns = 0; at < size || c->got_len < size; turns++) {
		if (above && s->drained > drained) {
			drained = s->drained;
			above = false;
		}
		while (at < size && !above) {
			size_t n = size - at < 70001 ? size - at : 70001;
			struct rl_slice part = rl_slice(data + at, n);
			int rc = large ? rl_stream_write_large(s->stream, RL_SLICE(""), part)
				       : rl_stream_write(s->stream, part);
			assert_true(rc >= 0);
			at += n;
			above = rc == 1;
		}
		/* One record, its head and tag, wait below at most. */
		assert_true(rl_stream_queued(s->raw) <= 16384 + 256);
		assert_true(rl_stream_queued(s->stream) <= s->group.high + 70001);
		step(s, c);
		assert_true(turns < TURNS);
	}
	assert_true(drained > 0);
	assert_int_equal(c->got_len, size);
	assert_memory_equal(c->got, data, size);
	free(data);
}

TEST(tls, much_goes_to_a_slow_reader_within_the_marks)
{
	for (int large = 0; large < 2; large++) {
		struct server s;
		struct tls_client c;
		start(&s);
		connect_to(&s, &c);
		send_much(&s, &c, large);
		tls_client_free(&c);
		finish(&s);
	}
}

TEST(tls, much_comes_whole_through_pauses)
{
	struct server s;
	struct tls_client c;
	size_t size = 2 * 1024 * 1024 + 3;
	uint8_t *data = malloc(size);
	assert_non_null(data);
	fill(data, size, 2);
	start(&s);
	connect_to(&s, &c);
	s.pause_in_read = true;
	tls_client_write(&c, data, size);
	for (int turns = 0; s.got_len < size; turns++) {
		size_t before = s.got_len;
		step(&s, &c);
		assert_true(s.got_len - before <= 64 * 1024);
		before = s.got_len;
		step(&s, &c); /* paused */
		assert_int_equal(s.got_len, before);
		rl_stream_resume(s.stream);
		assert_true(turns < TURNS);
	}
	assert_memory_equal(s.got, data, size);
	free(data);
	tls_client_free(&c);
	finish(&s);
}

TEST(tls, small_writes_of_a_turn_leave_as_one_record)
{
	struct server s;
	struct tls_client c;
	start(&s);
	connect_to(&s, &c);
	await(&s, &c, !rl_stream_queued(s.raw));
	step(&s, &c);
	uint64_t before = BIO_number_read(SSL_get_rbio(c.ssl));
	for (int i = 0; i < 100; i++)
		assert_int_equal(rl_stream_write(s.stream, RL_SLICE("0123456789")), 0);
	await(&s, &c, c.got_len == 1000);
	/* 5 bytes of head, the type, and 16 of tag. */
	assert_int_equal(BIO_number_read(SSL_get_rbio(c.ssl)) - before, 1000 + 22);
	tls_client_free(&c);
	finish(&s);
}

TEST(tls, close_notify_ends_a_stream_which_can_still_answer)
{
	struct server s;
	struct tls_client c;
	start(&s);
	connect_to(&s, &c);
	tls_client_write(&c, "last", 4);
	SSL_shutdown(c.ssl);
	await(&s, &c, s.ended);
	test_expect_text(s.got, s.got_len, "last");
	assert_int_equal(rl_stream_write(s.stream, RL_SLICE("answer")), 0);
	rl_stream_shutdown(s.stream);
	await(&s, &c, c.bye && c.eof);
	test_expect_text(c.got, c.got_len, "answer");
	assert_int_equal(c.error, 0);
	tls_client_free(&c);
	finish(&s);
}

TEST(tls, shutdown_says_goodbye_and_goes_on_reading)
{
	struct server s;
	struct tls_client c;
	start(&s);
	connect_to(&s, &c);
	rl_stream_shutdown(s.stream);
	await(&s, &c, c.bye);
	/* The peer asks for new keys, whose answer has nowhere to go any more. */
	SSL_key_update(c.ssl, SSL_KEY_UPDATE_REQUESTED);
	tls_client_write(&c, "still", 5);
	await(&s, &c, s.got_len == 5);
	assert_int_equal(s.lost, 0);
	tls_client_free(&c);
	finish(&s);
}

TEST(tls, an_end_without_close_notify_is_an_end)
{
	struct server s;
	struct tls_client c;
	start(&s);
	connect_to(&s, &c);
	tls_client_write(&c, "last", 4);
	await(&s, &c, !tls_client_unsent(&c));
	shutdown(c.fd, SHUT_WR);
	await(&s, &c, s.ended);
	test_expect_text(s.got, s.got_len, "last");
	assert_int_equal(s.lost, 0);
	tls_client_free(&c);
	finish(&s);
}

TEST(tls, an_end_waits_for_what_a_paused_stream_has_not_shown)
{
	struct server s;
	struct tls_client c;
	uint8_t data[40000];
	fill(data, sizeof(data), 3);
	start(&s);
	connect_to(&s, &c);
	rl_stream_pause(s.stream);
	tls_client_write(&c, data, sizeof(data));
	for (int i = 0; i < 50; i++)
		step(&s, &c);
	s.pause_in_read = true;
	while (!s.ended) {
		if (!tls_client_unsent(&c))
			shutdown(c.fd, SHUT_WR);
		rl_stream_resume(s.stream);
		step(&s, &c);
	}
	assert_int_equal(s.got_len, sizeof(data));
	assert_memory_equal(s.got, data, sizeof(data));
	tls_client_free(&c);
	finish(&s);
}

TEST(tls, garbage_after_the_handshake_loses_the_stream)
{
	struct server s;
	struct tls_client c;
	start(&s);
	connect_to(&s, &c);
	assert_int_equal(write(c.fd, "no record at all", 16), 16);
	await(&s, &c, s.lost);
	assert_int_equal(s.lost, RILL_ETLS);
	assert_int_equal(rl_stream_write(s.stream, RL_SLICE("x")), RILL_ECLOSED);
	tls_client_free(&c);
	finish(&s);
}

TEST(tls, a_stream_can_be_closed_while_it_is_read)
{
	struct server s;
	struct tls_client c;
	start(&s);
	connect_to(&s, &c);
	s.close_in_read = true;
	for (int i = 0; i < 20; i++)
		tls_client_write(&c, "one of many records", 19);
	await(&s, &c, c.eof);
	assert_null(s.stream);
	tls_client_free(&c);
	finish(&s);
}

TEST(tls, a_peer_gone_in_the_middle_of_a_transfer_is_noticed)
{
	struct server s;
	struct tls_client c;
	uint8_t *data = calloc(1, 1 << 20);
	assert_non_null(data);
	start(&s);
	connect_to(&s, &c);
	assert_true(rl_stream_write(s.stream, rl_slice(data, 1 << 20)) >= 0);
	step(&s, &c);
	close(c.fd);
	c.fd = -1;
	for (int i = 0; i < TURNS && !s.lost; i++)
		rill_loop_wait(s.loop, 0);
	assert_int_equal(s.lost, RILL_ERESET);
	free(data);
	tls_client_free(&c);
	finish(&s);
}

TEST(tls, key_updates_by_the_thousand_do_not_grow_the_queue)
{
	struct server s;
	struct tls_client c;
	start(&s);
	connect_to(&s, &c);
	c.appetite = 1;
	size_t most = 0;
	for (int i = 0; i < 20000 && !s.lost; i++) {
		if (tls_client_unsent(&c) < 4096 && SSL_key_update(c.ssl, SSL_KEY_UPDATE_REQUESTED))
			tls_client_write(&c, "x", 1);
		tls_client_step(&c);
		if (i % 16 == 0)
			rill_loop_wait(s.loop, 0);
		if (rl_stream_queued(s.raw) > most)
			most = rl_stream_queued(s.raw);
	}
	assert_true(most > 32 * 1024); /* it did come to that */
	assert_true(most < 256 * 1024);
	c.appetite = 0;
	size_t before = s.got_len;
	tls_client_write(&c, "y", 1);
	await(&s, &c, s.got_len > before && s.got[s.got_len - 1] == 'y');
	tls_client_free(&c);
	finish(&s);
}

static void use_test_clock(struct server *s)
{
	test_now = s->loop->now + 1;
	s->loop->env.clock = test_env()->clock;
	s->loop->env.user = test_env()->user;
}

TEST(tls, a_handshake_that_takes_too_long_is_cut)
{
	struct server s;
	start(&s);
	use_test_clock(&s);
	int fd = serve(&s, 5000);
	assert_int_equal(write(fd, "\x16\x03\x01", 3), 3);
	for (int i = 0; i < 5; i++)
		rill_loop_wait(s.loop, 0);
	assert_int_equal(s.done_rc, 1);
	test_now += 4990;
	rill_loop_wait(s.loop, 0);
	assert_int_equal(s.done_rc, 1);
	test_now += 20;
	for (int i = 0; i < 5; i++)
		rill_loop_wait(s.loop, 0);
	assert_int_equal(s.done_rc, RILL_ETIMEDOUT);
	char byte;
	assert_int_equal(read(fd, &byte, 1), 0);
	close(fd);
	finish(&s);
}

TEST(tls, a_handshake_that_ends_early_has_failed)
{
	struct server s;
	start(&s);
	int fd = serve(&s, 5000);
	assert_int_equal(write(fd, "\x16\x03\x01", 3), 3);
	close(fd);
	for (int i = 0; i < TURNS && s.done_rc == 1; i++)
		rill_loop_wait(s.loop, 0);
	assert_int_equal(s.done_rc, RILL_ERESET);
	finish(&s);
}

TEST(tls, plain_http_on_a_tls_port_fails_with_a_line_in_the_log)
{
	struct server s;
	start(&s);
	int fd = serve(&s, 5000);
	assert_int_equal(write(fd, "GET / HTTP/1.1\r\n\r\n", 18), 18);
	for (int i = 0; i < TURNS && s.done_rc == 1; i++)
		rill_loop_wait(s.loop, 0);
	assert_int_equal(s.done_rc, RILL_ETLS);
	assert_non_null(strstr(test_log(), "plain HTTP on a TLS port, from unix\n"));
	close(fd);
	finish(&s);
}

TEST(tls, a_handshake_can_be_called_off)
{
	struct server s;
	start(&s);
	int fd = serve(&s, 5000);
	rill_loop_wait(s.loop, 0);
	rl_tls_cancel(s.pending);
	assert_int_equal(s.done_rc, 1);
	close(fd);
	finish(&s);
}

/* A wave of handshakes: as many as this are begun at once. */
#define WAVE 50

static void count_done(struct rl_stream *stream, int rc, const char *sentence, void *user)
{
	(void)sentence;
	assert_int_equal(rc, 0);
	++*(int *)user;
	rl_stream_close(stream);
}

TEST(tls, a_wave_of_handshakes_takes_several_turns_and_all_succeed)
{
	struct server s;
	struct tls_client clients[WAVE];
	struct rl_addr peer = { .family = RL_ADDR_UNIX };
	int done = 0;
	start(&s);
	for (int i = 0; i < WAVE; i++) {
		int fds[2];
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
		assert_int_equal(rl_socket_stream(&s.raw, &s.group, fds[0], &peer), 0);
		assert_int_equal(
			rl_tls_accept(&s.pending, s.raw, s.context, 60000, count_done, &done), 0);
		tls_client_init(&clients[i], fds[1], NULL);
		tls_client_step(&clients[i]);
	}
	rill_loop_wait(s.loop, 0);
	size_t answered = 0;
	for (int i = 0; i < WAVE; i++) {
		tls_client_step(&clients[i]);
		answered += clients[i].connected;
	}
	assert_in_range(answered, 1, WAVE - 1);
	for (int turns = 0; turns < TURNS && done < WAVE; turns++) {
		rill_loop_wait(s.loop, 0);
		for (int i = 0; i < WAVE; i++)
			tls_client_step(&clients[i]);
	}
	assert_int_equal(done, WAVE);
	for (int i = 0; i < WAVE; i++)
		tls_client_free(&clients[i]);
	finish(&s);
}

TEST(tls, a_session_is_resumed_by_its_ticket)
{
	struct server s;
	struct tls_client c;
	start(&s);
	connect_to(&s, &c);
	s.echo = true;
	tls_client_write(&c, "x", 1);
	await(&s, &c, c.got_len == 1);
	SSL_SESSION *session = SSL_get1_session(c.ssl);
	assert_true(SSL_SESSION_is_resumable(session));
	SSL_shutdown(c.ssl);
	await(&s, &c, s.ended);
	tls_client_free(&c);
	rl_stream_close(s.stream);
	s.stream = NULL;
	s.ended = false;
	connect_with(&s, &c, &(struct tls_client_options){ .session = session });
	assert_int_equal(s.done_rc, 0);
	assert_true(SSL_session_reused(c.ssl));
	SSL_SESSION_free(session);
	tls_client_free(&c);
	finish(&s);
}

TEST(tls, client_certificates_are_required_when_a_ca_is_named)
{
	struct server s;
	struct tls_client c;
	struct test_certificate ca, friend, stranger;
	rill_tls_options options;
	make_certificates();
	test_make_certificate(&ca, "ca", "authority", NULL, NULL);
	test_make_certificate(&friend, "friend", "friend", NULL, &ca);
	test_make_certificate(&stranger, "stranger", "stranger", NULL, NULL);
	rill_tls_certificate one = { first.certificate_file, first.key_file, NULL };
	rill_tls_options_default(&options);
	options.certificates = &one;
	options.certificate_count = 1;
	options.client_ca_file = ca.certificate_file;
	start_loop(&s);
	set_context(&s, &options);

	connect_with(&s, &c, &(struct tls_client_options){ .own = &friend });
	assert_int_equal(s.done_rc, 0);
	tls_client_free(&c);
	rl_stream_close(s.stream);
	s.stream = NULL;
	connect_with(&s, &c, &(struct tls_client_options){ .own = &stranger });
	assert_int_equal(s.done_rc, RILL_ETLS);
	tls_client_free(&c);
	connect_with(&s, &c, NULL);
	assert_int_equal(s.done_rc, RILL_ETLS);
	await(&s, &c, c.error);
	assert_int_equal(c.error, SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED);
	tls_client_free(&c);
	finish(&s);
}

TEST(tls, renewing_reads_the_files_anew_and_leaves_open_streams_alone)
{
	struct server s;
	struct tls_client old, c;
	struct test_certificate changing;
	struct rl_tls_context *fresh;
	rill_tls_options options;
	char error[256];
	test_make_certificate(&changing, "changing", "before", NULL, NULL);
	rill_tls_certificate one = { changing.certificate_file, changing.key_file, NULL };
	rill_tls_options_default(&options);
	options.certificates = &one;
	options.certificate_count = 1;
	start_loop(&s);
	set_context(&s, &options);
	connect_to(&s, &old);
	struct rl_stream *first_stream = s.stream;

	test_make_certificate(&changing, "changing", "after", NULL, NULL);
	assert_int_equal(rl_tls_context_renew(&fresh, s.context, error, sizeof(error)), 0);
	rl_tls_context_unref(s.context);
	s.context = fresh;
	connect_to(&s, &c);
	assert_string_equal(tls_client_server_name(&old), "before");
	assert_string_equal(tls_client_server_name(&c), "after");
	assert_int_equal(rl_stream_write(first_stream, RL_SLICE("still here")), 0);
	await(&s, &old, old.got_len == 10);

	/* A broken file: the context that is there stays. */
	assert_int_equal(truncate(changing.certificate_file, 30), 0);
	assert_int_equal(rl_tls_context_renew(&fresh, s.context, error, sizeof(error)), RILL_ETLS);
	assert_non_null(strstr(error, changing.certificate_file));
	struct rl_stream *second_stream = s.stream;
	expect_certificate(&s, NULL, "after");
	rl_stream_close(second_stream);
	rl_stream_close(first_stream);
	tls_client_free(&old);
	tls_client_free(&c);
	finish(&s);
}

/* A handshake and an echo, as far as they come. */
static void try_all(void *arg)
{
	struct server s;
	struct tls_client c;
	rill_loop_options options;
	struct rl_addr peer = { .family = RL_ADDR_UNIX };
	int fds[2];

	rill_loop_options_default(&options);
	options.allocator = test_env()->memory;
	s = (struct server){ .done_rc = 1, .reading = true, .echo = true };
	if (rill_loop_new(&s.loop, &options) < 0)
		return;
	rl_stream_group_init(&s.group, s.loop);
	if (rl_tls_context_new(&s.context, &s.loop->env, arg, NULL, 0) < 0)
		goto no_context;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	tls_client_init(&c, fds[1], NULL);
	if (rl_socket_stream(&s.raw, &s.group, fds[0], &peer) < 0) {
		close(fds[0]);
		goto no_stream;
	}
	if (rl_tls_accept(&s.pending, s.raw, s.context, 60000, on_done, &s) < 0) {
		rl_stream_close(s.raw);
		goto no_stream;
	}
	for (int i = 0; i < 200 && !c.eof && !s.lost && c.got_len < 30000; i++) {
		step(&s, &c);
		if (c.connected && i == 20) {
			static const uint8_t data[30000];
			tls_client_write(&c, data, sizeof(data));
		}
	}
	if (s.done_rc == 1)
		rl_tls_cancel(s.pending);
no_stream:
	tls_client_free(&c);
no_context:
	finish(&s);
}

TEST(tls, each_failing_allocation_ends_a_connection_at_most)
{
	rill_tls_options options;
	make_certificates();
	rill_tls_certificate one = { first.certificate_file, first.key_file, NULL };
	rill_tls_options_default(&options);
	options.certificates = &one;
	options.certificate_count = 1;
	test_each_failing_allocation(try_all, &options);
}
