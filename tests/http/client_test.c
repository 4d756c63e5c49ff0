/* Proves what http/client.h promises: the request and its answer, bodies, redirects, and the way through
 * a proxy, against servers and proxies that the test plays by hand. */
#include <rill/error.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "http/client.h"
#include "support/origin.h"
#include "support/said.h"

static struct origin origin;
static struct rl_client_target *target;
static struct rl_client_call *call;
static char sentence[512];
static bool take, read_body, free_in_answer, free_in_body;
static struct rl_stream *taken;
static struct rill_answer *answer_taken;

static void expect_said(const char *want)
{
	origin_until_said(&origin, said, want);
	assert_string_equal(said, want);
	said[0] = 0;
}

static void on_answer(struct rl_client_call *c, struct rill_answer *answer, void *user)
{
	assert_ptr_equal(user, &origin);
	say("answer:%d ", rill_answer_status(answer));
	if (take)
		taken = rl_client_take_stream(c, &answer_taken);
	else if (read_body)
		rl_client_read_body(c);
	else if (free_in_answer)
		rl_client_free(c);
	if (!read_body)
		call = NULL;
}

static void on_body(struct rl_client_call *c, struct rl_slice bytes, void *user)
{
	(void)user;
	say("%.*s", (int)bytes.len, (const char *)bytes.data);
	if (free_in_body) {
		rl_client_free(c);
		call = NULL;
	}
}

static void on_body_end(struct rl_client_call *c, int rc, const char *why, void *user)
{
	(void)user;
	say(" end:%d ", rc);
	snprintf(sentence, sizeof(sentence), "%s", why);
	rl_client_free(c); /* harmless: it is gone */
	call = NULL;
}

static void on_failed(struct rl_client_call *c, const rill_failure *failure, void *user)
{
	(void)user;
	assert_null(failure->answer);
	say("failed:%d:%d ", failure->rc, failure->status);
	snprintf(sentence, sizeof(sentence), "%s", failure->sentence);
	rl_client_free(c);
	call = NULL;
}

static const struct rl_client_events events = {
	.on_answer = on_answer,
	.on_body = on_body,
	.on_body_end = on_body_end,
	.on_failed = on_failed,
};

static bool own_field(struct rl_slice name)
{
	return rl_slice_equal_nocase(name, RL_SLICE("Accept"));
}

static const struct rl_client_kind kind = {
	.schemes = (const char *const[]){ "http", "https", NULL },
	.own_field = own_field,
};

static rill_connect_options defaults(void)
{
	rill_connect_options options;
	rl_connect_options_default(&options);
	return options;
}

static void begin(void)
{
	said[0] = sentence[0] = 0;
	take = read_body = free_in_answer = free_in_body = false;
	call = NULL;
	target = NULL;
	rill_loop *loop = origin_loop();
	assert_non_null(loop);
	origin_start(&origin, loop);
}

static void end(void)
{
	if (call)
		rl_client_free(call);
	rl_client_target_free(target);
	rill_loop_free(origin.loop);
	origin_stop(&origin);
}

static void aim(const char *url, const rill_connect_options *options)
{
	const rill_connect_options usual = defaults();
	char error[256];
	rl_client_target_free(target);
	if (rl_client_target_new(&target, origin.loop, &kind, url, options ? options : &usual,
		    error, sizeof(error)) < 0)
		fail_msg("%s", error);
}

/* Aims at the origin itself. */
static void aim_here(const char *path)
{
	char url[256];
	snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", origin.port, path);
	aim(url, NULL);
}

static void begin_call(void)
{
	assert_int_equal(
		rl_client_open(&call, target, RL_SLICE("Accept: */*\r\n"), &events, &origin), 0);
	expect_said("");
}

static const char *asked(void)
{
	begin_call();
	origin_accept(&origin);
	return origin_take_head(&origin);
}

static void answers(const char *text, const char *want)
{
	asked();
	origin_send(&origin, text);
	expect_said(want);
}

TEST(client, bodies_end_where_they_say)
{
	begin();
	aim_here("/x");
	read_body = true;
	answers("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "answer:200 hello end:0 ");
	answers("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "answer:200  end:0 ");
	answers("HTTP/1.1 204 No\r\n\r\n", "answer:204  end:0 ");
	answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: "
		"chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
		"answer:200 abcde end:0 ");
	answers("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\n\r\nas long as",
		"answer:200 as long as");
	origin_send(&origin, " it takes");
	origin_shut(&origin);
	expect_said(" it takes end:0 ");
	end();
}

TEST(client, bodies_come_in_any_pieces)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
				   "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: u\r\n\r\n";
	begin();
	aim_here("/x");
	read_body = true;
	for (size_t cut = 1; cut < sizeof(text) - 1; cut++) {
		asked();
		origin_send_bytes(&origin, text, cut);
		origin_send_bytes(&origin, text + cut, sizeof(text) - 1 - cut);
		expect_said("answer:200 abcde end:0 ");
	}
	end();
}

TEST(client, a_body_cut_short_or_malformed_is_told_of)
{
	begin();
	aim_here("/x");
	read_body = true;
	answers("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", "answer:200 hel");
	origin_shut(&origin);
	expect_said(" end:-17 ");
	assert_string_equal(sentence, "the server cut its answer short");
	answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
		"answer:200  end:-6 ");
	assert_non_null(strstr(sentence, "the server's answer is malformed: "));
	end();
}

TEST(client, a_body_has_no_deadline)
{
	begin();
	aim_here("/x");
	read_body = true;
	answers("HTTP/1.1 200 OK\r\n\r\na", "answer:200 a");
	origin_pass(&origin, 100 * 1000);
	origin_send(&origin, "b");
	expect_said("b");
	end();
}

TEST(client, a_call_that_nobody_wants_is_freed_and_so_is_its_connection)
{
	begin();
	aim_here("/x");
	answers("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "answer:200 ");
	origin_expect_end(&origin);
	free_in_answer = true;
	answers("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "answer:200 ");
	origin_expect_end(&origin);
	free_in_answer = false;
	read_body = free_in_body = true;
	answers("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", "answer:200 hel");
	origin_expect_end(&origin);
	end();
}

TEST(client, a_call_may_be_freed_at_any_stage)
{
	begin();
	aim_here("/x");
	begin_call();
	rl_client_free(call);
	begin_call();
	origin_accept(&origin);
	rl_client_free(call);
	asked();
	rl_client_free(call);
	call = NULL;
	origin_expect_end(&origin);
	expect_said("");
	end();
}

static void take_all(struct rl_stream *stream, struct rl_slice *in)
{
	(void)stream;
	say("bytes:%.*s ", (int)in->len, (const char *)in->data);
	rl_slice_skip(in, in->len);
}

static void heard_end(struct rl_stream *stream)
{
	(void)stream;
}

static void heard_loss(struct rl_stream *stream, int rc)
{
	(void)stream;
	(void)rc;
}

TEST(client, the_stream_may_be_taken_with_what_is_behind_the_head)
{
	static const struct rl_stream_events owner = { .on_read = take_all,
		.on_end = heard_end,
		.on_drain = heard_end,
		.on_lost = heard_loss };
	begin();
	aim_here("/x");
	take = true;
	answers("HTTP/1.1 101 X\r\nUpgrade: y\r\n\r\nbehind", "answer:101 ");
	assert_true(taken->paused);
	rl_stream_own(taken, &owner, NULL);
	rl_stream_resume(taken);
	origin_turn(&origin);
	expect_said("bytes:behind ");
	rill_bytes upgrade = rill_answer_header(answer_taken, "UPGRADE");
	test_expect_text(upgrade.data, upgrade.len, "y");
	rl_answer_free(answer_taken);
	rl_stream_close(taken);
	end();
}

TEST(client, answers_join_fields_of_one_name_and_keep_their_order)
{
	rill_bytes name, value;
	begin();
	aim_here("/x");
	take = true;
	answers("HTTP/1.1 200 OK\r\nA: 1\r\nB:\r\na: 2\r\nC: 3\r\nA:4\r\n\r\n", "answer:200 ");
	rl_stream_close(taken);
	value = rill_answer_header(answer_taken, "a");
	test_expect_text(value.data, value.len, "1, 2, 4");
	value = rill_answer_header(answer_taken, "b");
	assert_non_null(value.data);
	assert_int_equal(value.len, 0);
	assert_null(rill_answer_header(answer_taken, "d").data);
	assert_true(rill_answer_header_at(answer_taken, 4, &name, &value));
	test_expect_text(name.data, name.len, "A");
	test_expect_text(value.data, value.len, "4");
	assert_false(rill_answer_header_at(answer_taken, 5, &name, &value));
	rl_answer_free(answer_taken);
	end();
}

/* Through a proxy. */

static void aim_through(const char *url, const char *credentials, rill_connect_options *options)
{
	char proxy[256];
	snprintf(proxy, sizeof(proxy), "http://%s127.0.0.1:%u", credentials, origin.port);
	options->proxy = proxy;
	aim(url, options);
}

TEST(client, a_proxy_is_told_where_to_and_nothing_else)
{
	static const char *const proxy_headers[] = { "X-Proxy: 1", NULL };
	static const char *const headers[] = { "Cookie: secret", NULL };
	rill_connect_options options = defaults();
	begin();
	options.headers = headers;
	options.proxy_headers = proxy_headers;
	aim_through("http://user:secret@Nowhere.example/path", "al%20ad:p%40ss@", &options);
	assert_string_equal(asked(),
		"CONNECT Nowhere.example:80 HTTP/1.1\r\nHost: Nowhere.example:80\r\n"
		"Connection: keep-alive\r\nProxy-Connection: keep-alive\r\n"
		"Proxy-Authorization: Basic YWwgYWQ6cEBzcw==\r\nX-Proxy: 1\r\n\r\n");
	origin_send(&origin, "HTTP/1.1 200 Connection established\r\n\r\n");
	assert_string_equal(origin_take_head(&origin),
		"GET /path HTTP/1.1\r\nHost: Nowhere.example\r\nAccept: */*\r\n"
		"Cookie: secret\r\nAuthorization: Basic dXNlcjpzZWNyZXQ=\r\n\r\n");
	read_body = true;
	origin_send(&origin, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
	expect_said("answer:200 hi end:0 ");
	end();
}

TEST(client, a_proxy_gets_addresses_in_brackets_with_their_port)
{
	rill_connect_options options = defaults();
	begin();
	aim_through("http://[2001:db8::1]:8080/", "", &options);
	assert_string_equal(asked(),
		"CONNECT [2001:db8::1]:8080 HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\n"
		"Connection: keep-alive\r\nProxy-Connection: keep-alive\r\n\r\n");
	end();
}

static void tunnels(const char *proxys_answer)
{
	asked();
	origin_send(&origin, proxys_answer);
	origin_take_head(&origin);
	origin_send(&origin, "HTTP/1.1 204 No\r\n\r\n");
	expect_said("answer:204  end:0 ");
}

TEST(client, any_2xx_opens_the_tunnel_whatever_it_says_of_a_body)
{
	rill_connect_options options = defaults();
	begin();
	aim_through("http://h/", "", &options);
	read_body = true;
	tunnels("HTTP/1.0 200 OK\r\n\r\n");
	tunnels("HTTP/1.1 299\r\nContent-Length: 100\r\n\r\n");
	tunnels("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: x\r\n\r\n");
	tunnels("HTTP/1.1 103 Wait\r\n\r\nHTTP/1.1 204 OK\r\n\r\n");
	end();
}

TEST(client, a_tunnel_opens_however_its_answer_is_cut)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nVia: x\r\n\r\n";
	rill_connect_options options = defaults();
	begin();
	aim_through("http://h/", "", &options);
	for (size_t cut = 1; cut < sizeof(text) - 1; cut++) {
		asked();
		origin_send_bytes(&origin, text, cut);
		assert_int_equal(origin.in_len, 0);
		origin_send_bytes(&origin, text + cut, sizeof(text) - 1 - cut);
		origin_take_head(&origin);
		rl_client_free(call);
	}
	call = NULL;
	end();
}

static void proxy_fails(const char *text, const char *want, const char *why)
{
	asked();
	origin_send(&origin, text);
	expect_said(want);
	assert_string_equal(sentence, why);
	origin_expect_end(&origin);
}

TEST(client, a_proxy_that_refuses_is_told_of_and_tcp_ended)
{
	rill_connect_options options = defaults();
	begin();
	options.max_head = 100;
	aim_through("http://h/", "", &options);
	proxy_fails("HTTP/1.1 407 Whatever\r\nProxy-Authenticate: Basic\r\n\r\n", "failed:-18:407 ",
		"the proxy answered 407 Proxy Authentication Required");
	proxy_fails("HTTP/1.1 101 Switching\r\n\r\n", "failed:-18:101 ",
		"the proxy answered 101 Switching Protocols");
	proxy_fails("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", "failed:-18:302 ",
		"the proxy answered 302 Found");
	proxy_fails("220 smtp\r\n", "failed:-6:0 ",
		"the proxy's answer is malformed: the start line is malformed");
	proxy_fails("HTTP/1.1 200 OK\r\nX: "
		    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
		"failed:-4:0 ", "the head of the proxy's answer is longer than 100 bytes");
	asked();
	origin_shut(&origin);
	expect_said("failed:-17:0 ");
	assert_string_equal(sentence, "the proxy ended the connection before it had answered");
	asked();
	origin_pass(&origin, 10010);
	expect_said("failed:-7:0 ");
	assert_string_equal(sentence, "the proxy had not answered after 10 s");
	end();
}

/* Redirects. */

static void redirects(const char *location, const char *url, bool same_origin)
{
	static const char *const headers[] = { "Cookie: c", "X: y", "authorization: z", NULL };
	rill_connect_options options = defaults();
	char want[256];
	options.headers = headers;
	aim("http://u:p@127.0.0.1:1/a/b?c", &options);
	assert_int_equal(rl_client_target_redirect(target, rl_slice_str(location)), 0);
	assert_string_equal(rl_client_target_url(target), url);
	snprintf(want, sizeof(want), "http://127.0.0.1:%u/", origin.port);
	if (same_origin)
		return;
	/* What is left to be sent is seen at a server that answers. */
	assert_int_equal(rl_client_target_redirect(target, rl_slice_str(want)), 0);
	snprintf(want, sizeof(want),
		"GET / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAccept: */*\r\nX: y\r\n\r\n", origin.port);
	assert_string_equal(asked(), want);
	rl_client_free(call);
	call = NULL;
}

TEST(client, redirects_are_resolved_and_leave_secrets_behind)
{
	begin();
	redirects("x", "http://127.0.0.1:1/a/x", true);
	redirects("/x#fragment", "http://127.0.0.1:1/x", true);
	redirects("//other.example/x", "http://other.example/x", false);
	redirects("http://127.0.0.1:2/", "http://127.0.0.1:2/", false);
	redirects("https://127.0.0.1:1/", "https://127.0.0.1:1/", false);
	end();
}

TEST(client, a_redirect_to_the_same_origin_keeps_the_credentials)
{
	char url[128], want[256];
	begin();
	snprintf(url, sizeof(url), "http://u:p@127.0.0.1:%u/a", origin.port);
	aim(url, NULL);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/b", origin.port);
	assert_int_equal(rl_client_target_redirect(target, rl_slice_str(url)), 0);
	snprintf(want, sizeof(want),
		"GET /b HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAccept: */*\r\n"
		"Authorization: Basic dTpw\r\n\r\n",
		origin.port);
	assert_string_equal(asked(), want);
	end();
}

TEST(client, a_redirect_that_leads_nowhere_changes_nothing)
{
	begin();
	aim("http://h/a", NULL);
	assert_int_equal(rl_client_target_redirect(target, RL_SLICE("ftp://h/")), RILL_EINVAL);
	assert_int_equal(rl_client_target_redirect(target, RL_SLICE("http://")), RILL_EINVAL);
	assert_int_equal(rl_client_target_redirect(target, RL_SLICE("/a b")), RILL_EINVAL);
	assert_string_equal(rl_client_target_url(target), "http://h/a");
	end();
}

TEST(client, files_for_tls_are_read_at_once)
{
	rill_connect_options options = defaults();
	char error[256];
	begin();
	options.tls.ca_file = "/nonexistent/ca.pem";
	assert_int_equal(rl_client_target_new(&target, origin.loop, &kind, "http://h/", &options,
				 error, sizeof(error)),
		RILL_ENOENT);
	assert_non_null(strstr(error, "/nonexistent/ca.pem"));
	end();
}

/* With each allocation failing: the target, a tunnel, the answer and its body. */
static void proxy_step(int *step)
{
	static const char *const says[] = {
		"HTTP/1.1 200 OK\r\n\r\n",
		"HTTP/1.1 200 OK\r\nA: 1\r\nA: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n"
	};
	ssize_t n;
	if (origin.fd < 0)
		origin.fd = accept4(origin.listener, NULL, NULL, SOCK_CLOEXEC);
	if (origin.fd < 0 || *step == 2)
		return;
	n = recv(origin.fd, origin.in + origin.in_len, sizeof(origin.in) - origin.in_len,
		MSG_DONTWAIT);
	if (n > 0)
		origin.in_len += (size_t)n;
	if (!memmem(origin.in, origin.in_len, "\r\n\r\n", 4))
		return;
	origin.in_len = 0;
	send(origin.fd, says[*step], strlen(says[*step]), MSG_NOSIGNAL);
	if (++*step == 2)
		send(origin.fd, "0\r\n\r\n", 5, MSG_NOSIGNAL);
}

static void through_a_proxy(void *arg)
{
	static const char *const headers[] = { "Cookie: c", NULL };
	rill_connect_options options = defaults();
	char error[256], proxy[64];
	int step = 0;
	(void)arg;
	said[0] = 0;
	read_body = true;
	target = NULL;
	call = NULL;
	rill_loop *loop = origin_loop();
	if (!loop)
		return;
	origin_start(&origin, loop);
	snprintf(proxy, sizeof(proxy), "http://u:p@127.0.0.1:%u", origin.port);
	options.proxy = proxy;
	options.headers = headers;
	int rc = rl_client_target_new(
		&target, loop, &kind, "http://u:p@h/a/b", &options, error, sizeof(error));
	if (rc == 0)
		rc = rl_client_target_redirect(target, RL_SLICE("/c"));
	if (rc == 0)
		rc = rl_client_target_redirect(target, RL_SLICE("https://f/"));
	if (rc == 0)
		rc = rl_client_target_redirect(target, RL_SLICE("http://g/d"));
	if (rc == 0)
		rc = rl_client_open(&call, target, RL_SLICE("Accept: */*\r\n"), &events, &origin);
	assert_true(rc == 0 || rc == RILL_ENOMEM);
	for (int i = 0; rc == 0 && call; i++) {
		assert_true(i < 5000);
		proxy_step(&step);
		rill_loop_wait(loop, 1);
	}
	if (!test_allocation_failed())
		assert_string_equal(said, "answer:200 hi end:0 ");
	end();
}

TEST(client, each_failing_allocation_is_survived)
{
	take = free_in_answer = free_in_body = false;
	test_each_failing_allocation(through_a_proxy, NULL);
}
