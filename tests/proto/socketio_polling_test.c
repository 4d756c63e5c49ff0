/* socketio_polling_test.c: the same over requests; and the client's files. */
#include <sys/stat.h>
#include <unistd.h>
#include "proto/socketio_program.h"

static struct http_peer peer;
static char head[4096], body[4096];

/* The next answer, with its body of a given length. */
static int take_answer(struct http_peer *p)
{
	http_take(p);
	char *end = p->text ? strstr(p->text, "\r\n\r\n") : NULL;
	if (!end)
		fail_msg("no answer in \"%s\"", p->text ? p->text : "");
	snprintf(head, sizeof(head), "%.*s", (int)(end + 2 - p->text), p->text);
	drop(p, (size_t)(end + 4 - p->text));
	char *length = strstr(head, "Content-Length: ");
	size_t n = length ? strtoul(length + 16, NULL, 10) : 0;
	assert_true(n <= p->len && n < sizeof(body));
	memcpy(body, p->text, n);
	body[n] = 0;
	drop(p, n);
	return atoi(head + 9);
}

static void get(const char *target, const char *fields)
{
	char request[1024];
	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: a\r\n%s\r\n", target, fields);
	http_send(&peer, request);
}

static char session[64];

static void poll(void)
{
	char target[256];
	snprintf(target, sizeof(target), "/socket.io/?EIO=4&transport=polling&sid=%s", session);
	get(target, "");
}

static void expect_poll(const char *want)
{
	assert_int_equal(take_answer(&peer), 200);
	hide(body, "sid", "SID", sid);
	assert_string_equal(body, want);
}

static void post(const char *text)
{
	struct http_peer sender;
	char request[1024];
	http_open(&sender);
	snprintf(request, sizeof(request),
		"POST /socket.io/?EIO=4&transport=polling&sid=%s HTTP/1.1\r\nHost: a\r\n"
		"Content-Type: text/plain;charset=UTF-8\r\nContent-Length: %zu\r\n\r\n%s",
		session, strlen(text), text);
	http_send(&sender, request);
	assert_int_equal(take_answer(&sender), 200);
	assert_string_equal(body, "ok");
	http_close(&sender);
}

static void open_polling(void)
{
	http_open(&peer);
	get("/socket.io/?EIO=4&transport=polling", "");
	assert_int_equal(take_answer(&peer), 200);
	hide(body, "sid", "SID", sid);
	snprintf(session, sizeof(session), "%s", sid);
	post("40");
	poll();
	expect_poll("40{\"sid\":\"SID\"}");
	said[0] = 0;
}

TEST(socketio_polling, packets_and_their_attachments_come_and_go_in_bodies)
{
	serve(NULL);
	open_polling();
	rill_emit(latest, "one", NULL);
	rill_broadcast_emit(&(rill_broadcast){ .ns = root }, "two",
		RILL_ARGS(rill_binary("\1\2", 2), rill_binary("", 0)));
	rill_emit(latest, "three", RILL_ARGS(rill_text("\x1e")));
	poll();
	expect_poll("42[\"one\"]\x1e"
		    "452-[\"two\",{\"_placeholder\":true,\"num\":0},"
		    "{\"_placeholder\":true,\"num\":1}]\x1e"
		    "bAQI=\x1e"
		    "b\x1e"
		    "42[\"three\",\"\\u001e\"]");
	post("451-1[\"echo\",{\"_placeholder\":true,\"num\":0}]\x1e"
	     "bAQI=\x1e"
	     "42[\"echo\",2]");
	expect_said("echo[{\"_placeholder\":true,\"num\":0}] echo[2] ");
	poll();
	expect_poll("461-1[{\"_placeholder\":true,\"num\":0}]\x1e"
		    "bAQI=\x1e"
		    "42[\"echo-back\",2]");
	post("41\x1e"
	     "40");
	expect_said("gone:client namespace disconnect connect:/ ");
	rill_socket_disconnect(latest, true);
	expect_said("gone:server namespace disconnect ");
	poll();
	take_answer(&peer);
	http_close(&peer);
	http_turns();
	http_end();
}

TEST(socketio_polling, what_cannot_be_read_ends_a_session_that_polls_too)
{
	serve(NULL);
	open_polling();
	post("42[\"echo\",1]\x1e"
	     "4x\x1e"
	     "42[\"echo\",3]");
	expect_said("echo[1] gone:parse error ");
	http_close(&peer);
	http_turns();
	http_end();
}

TEST(socketio_polling, volatile_events_go_when_a_poll_is_held)
{
	serve(NULL);
	open_polling();
	assert_int_equal(rill_emit_with(latest, "v", NULL, RILL_VOLATILE), RILL_ELIMIT);
	poll();
	assert_int_equal(rill_emit_with(latest, "v", NULL, RILL_VOLATILE), 0);
	expect_poll("42[\"v\"]");
	http_close(&peer);
	http_turns();
	http_end();
}

/* The client's files. */

static char dir[] = "/tmp/rill-bundle-XXXXXX";

static void put_file(const char *name, const char *text)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void remove_file(const char *name)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	unlink(path);
}

static void serve_files(const char *version)
{
	char dist[128];
	static const char *const origins[] = { "*", NULL };
	rill_engineio_options engine = engine_defaults();
	rill_socketio_options options = defaults();
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	assert_non_null(mkdtemp(dir));
	snprintf(dist, sizeof(dist), "%s/dist", dir);
	assert_int_equal(mkdir(dist, 0700), 0);
	put_file("dist/socket.io.js", "(the client)");
	put_file("dist/socket.io.min.js.map", "{}");
	put_file("dist/secret.js", "secret");
	put_file("package.json", "{\"name\":\"x\",\"version\":\"4.8.1\"}");
	snprintf(dist, sizeof(dist), "%s/dist/socket.io.min.js", dir);
	assert_int_equal(symlink("/etc/passwd", dist), 0);
	snprintf(dist, sizeof(dist), "%s/dist", dir);
	engine.cors.origins = origins;
	options.engineio = &engine;
	options.client_dir = dist;
	options.client_version = version;
	serve(&options);
	http_open(&peer);
}

static void end_files(void)
{
	static const char *const names[] = { "dist/socket.io.js", "dist/socket.io.min.js.map",
		"dist/secret.js", "package.json", "dist/socket.io.min.js" };
	char dist[128];
	http_close(&peer);
	http_end();
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		remove_file(names[i]);
	snprintf(dist, sizeof(dist), "%s/dist", dir);
	rmdir(dist);
	rmdir(dir);
}

static void expect_file(const char *fields, int status, const char *tag)
{
	char want[64];
	get("/socket.io/socket.io.js?x", fields);
	assert_int_equal(take_answer(&peer), status);
	snprintf(want, sizeof(want), "ETag: %s\r\n", tag);
	assert_non_null(strstr(head, want));
	assert_non_null(strstr(head, "Cache-Control: public, max-age=0\r\n"));
	assert_non_null(strstr(head, "Access-Control-Allow-Origin: *\r\n"));
}

TEST(socketio_polling, the_clients_files_are_served)
{
	serve_files(NULL);
	expect_file("", 200, "\"4.8.1\"");
	assert_string_equal(body, "(the client)");
	assert_non_null(strstr(head, "Content-Type: application/javascript; charset=utf-8\r\n"));
	expect_file("If-None-Match: \"4.8.1\"\r\n", 304, "\"4.8.1\"");
	expect_file("If-None-Match: \"x\", W/\"4.8.1\"\r\n", 304, "\"4.8.1\"");
	expect_file("If-None-Match: \"4.8\"\r\n", 200, "\"4.8.1\"");
	expect_file("Accept-Encoding: gzip\r\n", 200, "\"4.8.1\"");
	assert_non_null(strstr(head, "Content-Encoding: gzip\r\n"));
	expect_file("Accept-Encoding: deflate\r\n", 200, "\"4.8.1\"");
	assert_non_null(strstr(head, "Content-Encoding: deflate\r\n"));
	put_file("dist/socket.io.js", "(another)");
	expect_file("", 200, "\"4.8.1\"");
	assert_string_equal(body, "(another)");
	get("/socket.io/socket.io.min.js.map", "");
	assert_int_equal(take_answer(&peer), 200);
	assert_non_null(strstr(head, "Content-Type: application/json; charset=utf-8\r\n"));
	end_files();
}

TEST(socketio_polling, a_version_is_what_was_said_or_a_hash)
{
	serve_files("9.9");
	expect_file("", 200, "\"9.9\"");
	end_files();
	serve_files(NULL);
	remove_file("package.json");
	get("/socket.io/socket.io.js", "");
	assert_int_equal(take_answer(&peer), 200);
	assert_null(strstr(head, "4.8.1"));
	assert_non_null(strstr(head, "ETag: \""));
	end_files();
}

TEST(socketio_polling, nothing_else_is_served_from_the_folder)
{
	static const char *const names[] = { "secret.js", "socket.io.min.js", "../package.json",
		"%2e%2e/package.json", "socket.io.esm.min.js", "socket.io.js/", "" };
	serve_files(NULL);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char target[128];
		snprintf(target, sizeof(target), "/socket.io/%s", names[i]);
		http_close(&peer);
		http_open(&peer);
		get(target, "");
		assert_int_equal(take_answer(&peer), 400);
		assert_string_equal(body, "{\"code\":0,\"message\":\"Transport unknown\"}");
	}
	end_files();
}
