/* Proves what server.h promises of TLS, through the public interface: certificates by name, the
 * protocol agreed on, and files read anew. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <rill/rill.h>
#include "http/server.h"
#include "support/support.h"
#include "support/tls_client.h"

static const char *const example_names[] = { "example.org", NULL };
static const char *const wildcard_names[] = { "*.example.net", NULL };

static rill_loop *loop;
static rill_server *server;
static struct test_certificate first, second, third;

static int say_secure(rill_request *request, void *user)
{
	const char *text = rill_request_secure(request) ? "secure" : "plain";

	(void)user;
	rill_respond(request, 200, "text/plain", text, strlen(text));
	return RILL_TAKE;
}

/* A server with two certificates on listener 0 and none on listener 1. */
static void begin(void)
{
	rill_loop_options options;
	rill_tls_options tls;
	rill_listen_options where;

	rill_loop_options_default(&options);
	options.allocator = test_env()->memory;
	options.log = test_env()->log;
	assert_int_equal(rill_loop_new(&loop, &options), 0);
	assert_int_equal(rill_server_new(&server, loop, NULL), 0);
	assert_int_equal(rill_server_handle(server, "/", say_secure, NULL, NULL), 0);
	test_make_certificate(&first, "first", "first", example_names, NULL);
	test_make_certificate(&second, "second", "second", wildcard_names, NULL);
	const rill_tls_certificate both[] = {
		{ first.certificate_file, first.key_file, NULL },
		{ second.certificate_file, second.key_file, NULL },
	};
	rill_tls_options_default(&tls);
	tls.certificates = both;
	tls.certificate_count = 2;
	rill_listen_options_default(&where);
	where.tls = &tls;
	assert_int_equal(rill_server_listen(server, &where), 0);
	assert_int_equal(rill_server_listen_tcp(server, "127.0.0.1", 0), 1);
	assert_int_equal(strncmp(rill_server_url(server, 0), "https://127.0.0.1:", 18), 0);
}

static void end(void)
{
	rill_server_free(server);
	rill_loop_free(loop);
}

/* Steps the client and the loop until what was said is answered and the connection has ended. */
static void say_at(struct tls_client *c, int listener, const char *name, struct rl_slice said)
{
	const struct tls_client_options options = { .name = name, .alpn = "\x02h2\x08http/1.1" };
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(rill_server_port(server, listener)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	tls_client_init(c, fd, &options);
	for (bool asked = false; !c->bye && !c->eof && !c->error;) {
		tls_client_step(c);
		if (c->connected && !asked) {
			tls_client_write(c, said.data, said.len);
			asked = true;
		}
		assert_int_equal(rill_loop_wait(loop, 1), 0);
	}
	assert_int_equal(c->error, 0);
}

static void ask_at(struct tls_client *c, int listener, const char *name)
{
	say_at(c, listener, name,
		RL_SLICE("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
	assert_true(c->got_len > 10);
	test_expect_text(c->got + c->got_len - 10, 10, "\r\n\r\nsecure");
}

static void ask(struct tls_client *c, const char *name)
{
	ask_at(c, 0, name);
}

static void expect_certificate(const char *name, const char *common_name)
{
	struct tls_client c;

	ask(&c, name);
	assert_string_equal(tls_client_server_name(&c), common_name);
	tls_client_free(&c);
}

TEST(server_tls, shows_the_certificate_of_the_name_asked_for)
{
	begin();
	expect_certificate(NULL, "first");
	expect_certificate("example.org", "first");
	expect_certificate("www.example.net", "second");
	expect_certificate("elsewhere.example", "first");
	end();
}

TEST(server_tls, agrees_on_http_1_1)
{
	const unsigned char *protocol;
	unsigned len;
	struct tls_client c;

	begin();
	ask(&c, NULL);
	SSL_get0_alpn_selected(c.ssl, &protocol, &len);
	test_expect_text(protocol, len, "http/1.1");
	tls_client_free(&c);
	end();
}

static int answer_hello(struct rl_hello *hello, struct rl_buf *out)
{
	(void)hello;
	return rl_buf_append_str(out, "nobody");
}

TEST(server_tls, a_hello_is_said_inside_of_it_too)
{
	struct rl_hello hello = { .question = RL_SLICE("<who/>"), .answer = answer_hello };
	struct tls_client c;

	begin();
	rl_server_add_hello(server, &hello);
	say_at(&c, 0, NULL, RL_SLICE("<who/>"));
	test_expect_text(c.got, c.got_len, "nobody");
	tls_client_free(&c);
	rl_server_remove_hello(&hello);
	end();
}

TEST(server_tls, reloading_shows_the_new_certificate_and_a_broken_one_changes_nothing)
{
	begin();
	test_make_certificate(&second, "second", "renewed", wildcard_names, NULL);
	expect_certificate("www.example.net", "second");
	assert_int_equal(rill_server_reload(server), 0);
	expect_certificate("www.example.net", "renewed");
	assert_int_equal(unlink(second.key_file), 0);
	assert_int_equal(rill_server_reload(server), RILL_ENOENT);
	assert_non_null(strstr(rill_server_error(server), second.key_file));
	expect_certificate("www.example.net", "renewed");
	end();
}

TEST(server_tls, listeners_are_reloaded_together_or_not_at_all)
{
	rill_listen_options where;
	rill_tls_options tls;
	struct tls_client c;

	begin();
	test_make_certificate(&third, "third", "third", NULL, NULL);
	const rill_tls_certificate one = { third.certificate_file, third.key_file, NULL };
	rill_tls_options_default(&tls);
	tls.certificates = &one;
	tls.certificate_count = 1;
	rill_listen_options_default(&where);
	where.tls = &tls;
	assert_int_equal(rill_server_listen(server, &where), 2);
	test_make_certificate(&first, "first", "renewed", example_names, NULL);
	assert_int_equal(unlink(third.certificate_file), 0);
	assert_int_equal(rill_server_reload(server), RILL_ENOENT);
	expect_certificate("example.org", "first");
	test_make_certificate(&third, "third", "renewed too", NULL, NULL);
	assert_int_equal(rill_server_reload(server), 0);
	expect_certificate("example.org", "renewed");
	ask_at(&c, 2, NULL);
	assert_string_equal(tls_client_server_name(&c), "renewed too");
	tls_client_free(&c);
	end();
}
