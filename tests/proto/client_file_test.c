/* Proves what client_file.h promises of files in a folder that others can write to. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include "http/server_state.h"
#include "proto/client_file.h"
#include "support/http_peer.h"

#define DEEP "lib/vendor/main.swf"

static char top[] = "/tmp/client-file-XXXXXX";
static struct rl_client_file file;
static const char *wanted, *version;
static struct http_peer peer;

/* Below top, in memory that the next call but three takes. */
static const char *at(const char *name)
{
	static char paths[4][128];
	static unsigned next;
	char *path = paths[next++ % 4];

	assert_true(snprintf(path, sizeof(paths[0]), "%s/%s", top, name) < (int)sizeof(paths[0]));
	return path;
}

static void put(const char *name, const char *text)
{
	FILE *out = fopen(at(name), "w");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static void make_folder(const char *name)
{
	assert_int_equal(mkdir(at(name), 0700), 0);
}

/* "dist" is the folder that is served; "else" lies beside it. */
static void make_files(void)
{
	memcpy(top + sizeof(top) - 7, "XXXXXX", 6);
	assert_non_null(mkdtemp(top));
	make_folder("dist");
	make_folder("dist/lib");
	make_folder("dist/lib/vendor");
	make_folder("else");
	put("dist/client.js", "(the client)");
	put("dist/lib/vendor/main.swf", "(flash)");
	put("else/main.swf", "(another)");
}

static void remove_files(void)
{
	static const char *const all[] = { "dist/client.js", "dist/lib/vendor/main.swf",
		"dist/lib/vendor", "dist/lib", "dist", "else/vendor/main.swf", "else/vendor",
		"else/main.swf", "else", "package.json", "link" };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		remove(at(all[i]));
	assert_int_equal(rmdir(top), 0);
}

static int refresh(const char *name)
{
	return rl_client_file_refresh(&file, test_env(), at("dist"), name, NULL);
}

static void begin_file(void)
{
	make_files();
	rl_client_file_init(&file, test_env());
}

static void end_file(void)
{
	rl_client_file_fini(&file);
	remove_files();
}

static void expect_text(const char *text)
{
	test_expect_text(file.forms[0].data, file.forms[0].len, text);
}

TEST(client_file, is_there_in_the_folder_and_below_it)
{
	static const char *const missing[] = { "none.js", "lib", "lib/vendor", "lib/vendor/", "",
		"/client.js", "lib//vendor/main.swf", "client.js/", "client.js/client.js",
		"none/main.swf", "../else/main.swf", "lib/../../else/main.swf", "..", "." };
	char longest[600];

	begin_file();
	assert_int_equal(refresh("client.js"), 0);
	expect_text("(the client)");
	assert_int_equal(refresh(DEEP), 0);
	expect_text("(flash)");
	for (size_t i = 0; i < sizeof(missing) / sizeof(*missing); i++)
		assert_int_equal(refresh(missing[i]), RILL_ENOENT);
	memset(longest, 'x', sizeof(longest));
	memcpy(longest + sizeof(longest) - 3, "/y", 3);
	assert_int_equal(refresh(longest), RILL_ENOENT);
	assert_int_equal(
		rl_client_file_refresh(&file, test_env(), at("none"), "x", NULL), RILL_ENOENT);
	end_file();
}

TEST(client_file, no_link_is_followed_at_any_step)
{
	begin_file();
	assert_int_equal(rename(at("dist/client.js"), at("dist/lib/vendor/client.js")), 0);
	assert_int_equal(symlink("lib/vendor/client.js", at("dist/client.js")), 0);
	assert_int_equal(refresh("client.js"), RILL_ENOENT);
	assert_int_equal(remove(at("dist/lib/vendor/client.js")), 0);

	make_folder("else/vendor");
	put("else/vendor/main.swf", "(another)");
	assert_int_equal(remove(at("dist/" DEEP)), 0);
	assert_int_equal(symlink(at("else/main.swf"), at("dist/" DEEP)), 0);
	assert_int_equal(refresh(DEEP), RILL_ENOENT);
	assert_int_equal(remove(at("dist/" DEEP)), 0);

	assert_int_equal(rmdir(at("dist/lib/vendor")), 0);
	assert_int_equal(symlink("../../else", at("dist/lib/vendor")), 0);
	assert_int_equal(refresh(DEEP), RILL_ENOENT);
	assert_int_equal(remove(at("dist/lib/vendor")), 0);

	assert_int_equal(rmdir(at("dist/lib")), 0);
	assert_int_equal(symlink(at("else"), at("dist/lib")), 0);
	assert_int_equal(refresh(DEEP), RILL_ENOENT);
	end_file();
}

/* It is the operator's word where the folder is. */
TEST(client_file, the_folder_itself_may_be_a_link)
{
	begin_file();
	assert_int_equal(symlink("dist", at("link")), 0);
	assert_int_equal(rl_client_file_refresh(&file, test_env(), at("link"), DEEP, NULL), 0);
	expect_text("(flash)");
	end_file();
}

TEST(client_file, what_is_no_regular_file_with_something_in_it_is_not_there)
{
	begin_file();
	assert_int_equal(remove(at("dist/client.js")), 0);
	make_folder("dist/client.js");
	assert_int_equal(refresh("client.js"), RILL_ENOENT);
	assert_int_equal(rmdir(at("dist/client.js")), 0);
	assert_int_equal(mkfifo(at("dist/client.js"), 0600), 0);
	assert_int_equal(refresh("client.js"), RILL_ENOENT);
	assert_int_equal(remove(at("dist/client.js")), 0);
	put("dist/client.js", "");
	assert_int_equal(refresh("client.js"), RILL_ENOENT);
	assert_int_equal(truncate(at("dist/client.js"), 8 * 1024 * 1024 + 1), 0);
	assert_int_equal(refresh("client.js"), RILL_ENOENT);
	assert_int_equal(truncate(at("dist/client.js"), 8 * 1024 * 1024), 0);
	assert_int_equal(refresh("client.js"), 0);
	end_file();
}

TEST(client_file, is_read_again_when_it_has_changed_and_not_otherwise)
{
	begin_file();
	assert_int_equal(refresh("client.js"), 0);
	size_t allocations = test_allocations();
	assert_int_equal(refresh("client.js"), 0);
	assert_int_equal(test_allocations(), allocations);
	put("dist/new.js", "(the newer)");
	assert_int_equal(rename(at("dist/new.js"), at("dist/client.js")), 0);
	assert_int_equal(refresh("client.js"), 0);
	expect_text("(the newer)");
	put("dist/client.js", "(written over)");
	assert_int_equal(refresh("client.js"), 0);
	expect_text("(written over)");
	assert_int_equal(remove(at("dist/client.js")), 0);
	assert_int_equal(refresh("client.js"), RILL_ENOENT);
	put("dist/client.js", "(back)");
	assert_int_equal(refresh("client.js"), 0);
	expect_text("(back)");
	end_file();
}

static void expect_tag(const char *said, const char *tag)
{
	rl_client_file_fini(&file);
	assert_int_equal(
		rl_client_file_refresh(&file, test_env(), at("dist"), "client.js", said), 0);
	assert_string_equal(file.tag, tag);
}

TEST(client_file, its_tag_is_a_version_or_a_hash)
{
	char first[80];

	begin_file();
	assert_int_equal(refresh("client.js"), 0);
	memcpy(first, file.tag, sizeof(first));
	assert_int_equal(strlen(first), 18);
	expect_tag("0.6.3", "\"0.6.3\"");
	expect_tag("", first);
	expect_tag("a b", first);
	expect_tag("a\"", first);
	put("package.json", "{\"version\":\"4.8.1\"}");
	expect_tag(NULL, first); /* it may be of the program that lies around the folder */
	file.packaged = true;
	expect_tag(NULL, "\"4.8.1\"");
	expect_tag("0.6", "\"0.6\"");
	put("package.json", "{\"version\":\"4.8.1 \"}");
	expect_tag(NULL, first);
	put("package.json", "{\"version\":4}");
	expect_tag(NULL, first);
	put("package.json", "nothing of that kind");
	expect_tag(NULL, first);
	end_file();
}

static int answer(rill_request *request, void *user)
{
	(void)user;
	int rc = rl_client_file_refresh(&file, test_env(), at("dist"), wanted, version);
	if (rc == RILL_ENOENT)
		return RILL_PASS;
	if (rc < 0)
		rill_request_abort(request);
	else
		rl_client_file_answer(&file, request, "text/javascript");
	return RILL_TAKE;
}

static void begin(void)
{
	begin_file();
	wanted = "client.js";
	version = "0.6";
	http_begin(NULL);
	assert_int_equal(rill_server_handle(http_server, "/", answer, NULL, NULL), 0);
	http_open(&peer);
}

static void end(void)
{
	http_close(&peer);
	http_end();
	end_file();
}

static void ask(const char *method, const char *fields)
{
	char text[300];

	snprintf(text, sizeof(text), "%s /x HTTP/1.1\r\nHost: a\r\n%s\r\n", method, fields);
	http_send(&peer, text);
}

#define FIELDS "Cache-Control: public, max-age=0\r\nETag: \"0.6\"\r\nVary: Accept-Encoding\r\n"
#define WHOLE                                                                                      \
	"HTTP/1.1 200 OK\r\nContent-Type: text/javascript\r\n" FIELDS "Content-Length: 12\r\n\r\n"

TEST(client_file, is_answered_whole_or_without_its_body_to_head)
{
	begin();
	ask("GET", "");
	http_expect(&peer, WHOLE "(the client)");
	ask("HEAD", "");
	http_expect(&peer, WHOLE);
	wanted = "none.js";
	ask("GET", "");
	http_expect_status(&peer, 404);
	end();
}

TEST(client_file, who_has_it_is_told_so_with_or_without_quotes)
{
	static const char *const known[] = { "If-None-Match: \"0.6\"\r\n",
		"If-None-Match: W/\"0.6\"\r\n", "If-None-Match: *\r\n", "If-None-Match: 0.6\r\n",
		"If-None-Match: \"a\", 0.6\r\n" };
	static const char *const unknown[] = { "If-None-Match: \"0.7\"\r\n",
		"If-None-Match: 0.7\r\n", "If-None-Match: 0.6.1\r\n", "If-None-Match: \"0.6\r\n",
		"If-None-Match: \r\n" };

	begin();
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		ask(i % 2 ? "GET" : "HEAD", known[i]);
		http_expect(&peer, "HTTP/1.1 304 Not Modified\r\n" FIELDS "\r\n");
	}
	for (size_t i = 0; i < sizeof(unknown) / sizeof(*unknown); i++) {
		ask("GET", unknown[i]);
		http_expect(&peer, WHOLE "(the client)");
	}
	file.only_quoted = true;
	ask("GET", known[0]);
	http_expect(&peer, "HTTP/1.1 304 Not Modified\r\n" FIELDS "\r\n");
	ask("GET", known[3]);
	http_expect(&peer, WHOLE "(the client)");
	end();
}

static void expect_inflated(const char *text)
{
	const char *body = strstr(http_take(&peer), "\r\n\r\n");
	uint8_t out[256];
	z_stream z = { 0 };

	assert_non_null(body);
	body += 4;
	z.next_in = (uint8_t *)(uintptr_t)body;
	z.avail_in = (unsigned)(peer.text + peer.len - body);
	z.next_out = out;
	z.avail_out = sizeof(out);
	assert_int_equal(inflateInit2(&z, 15 + 32), Z_OK); /* either format */
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	test_expect_text(out, z.total_out, text);
	inflateEnd(&z);
}

TEST(client_file, is_compressed_once_for_those_who_take_that_and_anew_when_it_has_changed)
{
	begin();
	for (int i = 0; i < 2; i++) {
		ask("GET", "Accept-Encoding: gzip\r\n");
		assert_non_null(strstr(http_take(&peer), "Content-Encoding: gzip\r\n"));
		expect_inflated("(the client)");
		http_forget(&peer);
		ask("GET", "Accept-Encoding: deflate\r\n");
		assert_non_null(strstr(http_take(&peer), "Content-Encoding: deflate\r\n"));
		expect_inflated("(the client)");
		http_forget(&peer);
	}
	put("dist/client.js", "(written over)");
	ask("GET", "Accept-Encoding: gzip\r\n");
	expect_inflated("(written over)");
	http_forget(&peer);
	ask("GET", "Accept-Encoding: gzip;q=0\r\n");
	assert_null(strstr(http_take(&peer), "Content-Encoding"));
	end();
}

/* With the n-th allocation failing the file comes whole, or not at all. */
static void ask_for_it(void *arg)
{
	struct rl_stream *stream;
	const struct rl_addr from = { .family = RL_ADDR_IP4 };
	rill_loop_options options;
	int fds[2];
	(void)arg;

	peer = (struct http_peer){ .fd = -1 };
	wanted = DEEP;
	version = NULL;
	rl_client_file_init(&file, test_env());
	file.packaged = true;
	rill_loop_options_default(&options);
	options.allocator = test_env()->memory;
	if (rill_loop_new(&http_loop, &options) < 0)
		return;
	if (rill_server_new(&http_server, http_loop, NULL) < 0)
		goto loop;
	if (rill_server_handle(http_server, "/", answer, NULL, NULL) < 0)
		goto server;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	peer.fd = fds[0];
	if (rl_socket_stream(&stream, &http_server->group, fds[1], &from) < 0) {
		close(fds[1]);
	} else {
		rl_server_accept(http_server, stream);
		ask("GET", "Accept-Encoding: gzip\r\n");
	}
	if (peer.len && strstr(peer.text, "Content-Encoding: gzip\r\n"))
		expect_inflated("(flash)");
	else if (peer.len)
		assert_string_equal(strstr(peer.text, "\r\n\r\n"), "\r\n\r\n(flash)");
	else
		assert_true(test_allocation_failed());
	http_close(&peer);
server:
	rill_server_free(http_server);
loop:
	rill_loop_free(http_loop);
	rl_client_file_fini(&file);
	http_loop = NULL;
}

TEST(client_file, any_allocation_may_fail)
{
	make_files();
	put("package.json", "{\"version\":\"1\"}");
	test_each_failing_allocation(ask_for_it, NULL);
	remove_files();
}
