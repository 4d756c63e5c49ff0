/* socketio0_files_test.c: the client's files. */
#include <sys/stat.h>
#include <unistd.h>
#include "proto/socketio0_program.h"

static char dir[64];

static void write_file(const char *name, const char *text)
{
	char path[192];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void make_dir(const char *name)
{
	char path[192];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void remove_file(const char *name)
{
	char path[192];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(remove(path), 0);
}

static void begin(void)
{
	snprintf(dir, sizeof(dir), "/tmp/rill-socketio0-XXXXXX");
	assert_non_null(mkdtemp(dir));
	make_dir("lib");
	make_dir("lib/vendor");
	make_dir("lib/vendor/web-socket-js");
	write_file("socket.io.js", "io();");
	write_file("old.js", "old();");
	write_file("secret.js", "secret");
	write_file("lib/vendor/web-socket-js/WebSocketMain.swf", "main");
	write_file("lib/vendor/web-socket-js/WebSocketMainInsecure.swf", "insecure");
}

static void end(void)
{
	static const char *const names_of[] = { "lib/vendor/web-socket-js/WebSocketMain.swf",
		"lib/vendor/web-socket-js/WebSocketMainInsecure.swf", "lib/vendor/web-socket-js",
		"lib/vendor", "lib", "socket.io.js", "old.js", "secret.js", "" };
	for (size_t i = 0; i < sizeof(names_of) / sizeof(*names_of); i++)
		remove_file(names_of[i]);
	finish();
}

static rill_socketio0_options with_files(void)
{
	rill_socketio0_options options = defaults();
	options.client_dir = dir;
	return options;
}

TEST(socketio0_files, there_is_a_fixed_list_of_them)
{
	static const struct {
		const char *path, *body, *type;
	} files[] = { { "/socket.io/socket.io.js", "io();", "text/javascript; charset=utf-8" },
		{ "/socket.io/WebSocketMain.swf", "main", "application/x-shockwave-flash" },
		{ "/socket.io/lib/vendor/web-socket-js/WebSocketMain.swf", "main",
			"application/x-shockwave-flash" },
		{ "/socket.io/lib/vendor/web-socket-js/WebSocketMainInsecure.swf", "insecure",
			"application/x-shockwave-flash" } };
	static const char *const others[] = { "/socket.io/secret.js", "/socket.io/old.js",
		"/socket.io/lib/", "/socket.io/../socket.io.js", "/socket.io/socket.io.js/",
		"/socket.io/lib/vendor/web-socket-js/../../../secret.js", "/socket.io/" };
	begin();
	rill_socketio0_options options = with_files();
	serve(&options);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		expect("GET", files[i].path, 200, files[i].body);
		expect_field("Content-Type", files[i].type);
		assert_non_null(field("ETag"));
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		ask_by(&peer, "GET", others[i], "", NULL);
		assert_int_equal(take_answer(&peer), 404);
	}
	end();
}

TEST(socketio0_files, the_old_one_may_have_a_name_of_its_own_beside_todays)
{
	begin();
	rill_socketio0_options options = with_files();
	options.client_file = "old.js";
	options.client_name = "old/socket.io.js";
	options.client_version = "0.6";
	serve(&options);
	expect("GET", "/socket.io/old/socket.io.js", 200, "old();");
	expect_field("ETag", "\"0.6\"");
	ask_by(&peer, "GET", "/socket.io/old/socket.io.js", "If-None-Match: 0.6\r\n", NULL);
	expect_answer(&peer, 304, "");
	ask_by(&peer, "GET", "/socket.io/socket.io.js", "", NULL);
	assert_int_equal(take_answer(&peer), 404);
	end();
}

TEST(socketio0_files, a_package_around_the_folder_has_a_version_of_its_own)
{
	char folder[192], first[1024];
	begin();
	rill_socketio0_options options = with_files();
	snprintf(folder, sizeof(folder), "%s/lib", dir);
	options.client_dir = folder;
	write_file("lib/socket.io.js", "io();");
	write_file("package.json", "{\"version\":\"1.0.0\"}");
	serve(&options);
	expect("GET", "/socket.io/socket.io.js", 200, "io();");
	snprintf(first, sizeof(first), "%s", field("ETag"));
	write_file("lib/socket.io.js", "io(1);");
	expect("GET", "/socket.io/socket.io.js", 200, "io(1);");
	assert_string_not_equal(field("ETag"), first);
	remove_file("lib/socket.io.js");
	remove_file("package.json");
	end();
}

TEST(socketio0_files, they_are_read_and_no_more)
{
	begin();
	rill_socketio0_options options = with_files();
	serve(&options);
	ask_by(&peer, "POST", "/socket.io/socket.io.js", "", "x");
	assert_int_equal(take_answer(&peer), 404);
	ask_by(&peer, "HEAD", "/socket.io/socket.io.js", "", NULL);
	assert_int_equal(take_head(&peer), 200);
	expect_field("Content-Length", "5");
	assert_int_equal(peer.len, 0);
	end();
}

TEST(socketio0_files, without_memory_the_request_is_cut)
{
	begin();
	rill_socketio0_options options = with_files();
	for (size_t n = 1; n < 20; n++) {
		serve(&options);
		test_fail_allocation(n, false);
		ask_by(&peer, "GET", "/socket.io/socket.io.js", "", NULL);
		test_fail_allocation(0, false);
		if (peer.len)
			take_answer(&peer);
		else
			assert_true(peer.ended);
		finish();
	}
	serve(&options);
	end();
}

TEST(socketio0_files, without_a_folder_there_are_none)
{
	serve(NULL);
	ask_by(&peer, "GET", "/socket.io/socket.io.js", "", NULL);
	assert_int_equal(take_answer(&peer), 404);
	finish();
}

static void expect_eras(void)
{
	http_open(&peer);
	/* Today's bundle has that name to itself; the old file has one of its own. */
	expect("GET", "/socket.io/socket.io.js", 200, "io();");
	expect("GET", "/socket.io/old.js", 200, "old();");
	expect("GET", "/socket.io/secret.js", 400, body);
	ask_by(&peer, "GET", "/socket.io/?EIO=4&transport=polling", "", NULL);
	assert_int_equal(take_answer(&peer), 200);
	assert_non_null(strstr(body, "\"upgrades\""));
	expect_said("");
	ask_by(&peer, "GET", "/socket.io/xhr-polling//1", "", NULL);
	assert_int_equal(take_answer(&peer), 200);
	expect_said("connection ");
}

static void say_line(rill_log_level level, const char *line, void *user)
{
	(void)level;
	(void)user;
	say("%s ", line);
}

TEST(socketio0_files, one_that_is_missing_is_404_and_said_by_the_log)
{
	rill_socketio0_options options = defaults();
	options.client_dir = "/tmp/rill-socketio0-no-such-folder";
	options.log = say_line;
	serve(&options);
	ask_by(&peer, "GET", "/socket.io/socket.io.js", "", NULL);
	expect_said("192.0.2.1: client_dir has no file socket.io.js ");
	assert_int_equal(take_answer(&peer), 404);
	assert_string_equal(body, "404");
	finish();
}

TEST(socketio0_files, both_eras_share_a_path_in_whatever_order_they_come)
{
	rill_socketio_options today;
	rill_socketio_options_default(&today);
	for (int first = 0; first < 2; first++) {
		begin();
		rill_socketio0_options options = with_files();
		options.client_file = options.client_name = "old.js";
		today.client_dir = dir;
		start(NULL);
		if (first)
			assert_int_equal(rill_socketio_serve(http_server, &today, NULL), 0);
		assert_int_equal(rill_socketio0_serve(http_server, &options, &io), 0);
		if (!first)
			assert_int_equal(rill_socketio_serve(http_server, &today, NULL), 0);
		expect_eras();
		end();
	}
}
