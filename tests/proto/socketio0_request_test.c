/* socketio0_request_test.c: requests below the resource: whose they are, and how they are answered. */
#include "proto/socketio0_program.h"

static struct client client;

static int today(rill_request *request, void *user)
{
	(void)user;
	rill_respond(request, 200, NULL, "today", 5);
	return RILL_TAKE;
}

TEST(socketio0_request, what_names_no_transport_that_is_on_is_somebody_elses)
{
	static const char *const only[] = { "xhr-polling", "jsonp-polling", NULL };
	static const char *const paths[] = { "/socket.io", "/socket.io/", "/socket.io/?EIO=4",
		"/socket.iofoo/xhr-polling", "/socket.io/xhr", "/socket.io/xhr-pollings",
		"/socket.io/websocket", "/socket.io/htmlfile//1", "/socket.io/socket.io.js", "/" };
	rill_socketio0_options options = defaults();
	options.transports = only;
	start(NULL);
	assert_int_equal(rill_socketio0_serve(http_server, &options, &io), 0);
	assert_int_equal(rill_server_handle(http_server, "/", today, NULL, NULL), 0);
	http_open(&peer);
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		expect("GET", paths[i], 200, "today");
	ask_by(&peer, "GET", "/socket.io/xhr-polling", "", NULL);
	assert_int_equal(take_answer(&peer), 200);
	expect_said("connection ");
	finish();
}

TEST(socketio0_request, a_session_that_is_empty_or_missing_is_a_new_one)
{
	static const char *const paths[] = { "/socket.io/xhr-polling", "/socket.io/xhr-polling/",
		"/socket.io/xhr-polling//", "/socket.io/xhr-polling//1290000000000",
		"/socket.io/xhr-polling/?a=b", "/socket.io/jsonp-polling//1/0",
		"/socket.io/jsonp-polling//1/0/" };
	serve(NULL);
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		ask_by(&peer, "GET", paths[i], "", NULL);
		assert_int_equal(take_answer(&peer), 200);
		expect_said("connection ");
	}
	finish();
}

TEST(socketio0_request, a_session_that_is_not_there_is_answered_404)
{
	EACH_TRANSPORT(t)
	{
		char path[64];
		serve(NULL);
		snprintf(path, sizeof(path), "/socket.io/%s/123/1/1", names[t]);
		ask_by(&peer, "GET", path, is_socket(t) ? UPGRADE : "", NULL);
		expect_answer(&peer, 404, "There is no such session.");
		expect_field("Connection", is_socket(t) ? "close" : NULL);
		if (!is_socket(t)) {
			ask_by(&peer, "POST", path, "", "data=x");
			expect_answer(&peer, 404, "There is no such session.");
			snprintf(path, sizeof(path), "/socket.io/%s//send", names[t]);
			ask_by(&peer, "POST", path, "", "data=x");
			expect_answer(&peer, 404, "There is no such session.");
		}
		finish();
	}
}

TEST(socketio0_request, a_session_is_reached_by_its_own_transport_alone)
{
	EACH_TRANSPORT(t)
	{
		int wrong = (t + 1) % TRANSPORTS;
		char path[96];
		serve(NULL);
		client_open(&client, t);
		snprintf(path, sizeof(path), "/socket.io/%s/%s/1/1", names[wrong], client.id);
		ask_by(&peer, "GET", path, is_socket(wrong) ? UPGRADE : "", NULL);
		expect_answer(&peer, 400, "This session is on another transport.");
		client_close(&client);
		finish();
	}
}

TEST(socketio0_request, a_request_without_an_upgrade_is_no_websocket)
{
	for (int t = 0; t < SERVER_EVENTS; t++) {
		char path[64];
		serve(NULL);
		snprintf(path, sizeof(path), "/socket.io/%s", names[t]);
		expect("GET", path, 400, "This is for WebSockets alone.");
		ask_by(&peer, "GET", path, "Upgrade: h2c\r\nConnection: Upgrade\r\n", NULL);
		expect_answer(&peer, 400, "This is for WebSockets alone.");
		expect_field("Connection", "close");
		finish();
	}
}

TEST(socketio0_request, other_methods_are_refused_with_those_there_are)
{
	static const char *const methods[] = { "PUT", "DELETE", "OPTIONS", "HEAD" };
	EACH_TRANSPORT(t)
	{
		char path[64];
		serve(NULL);
		snprintf(path, sizeof(path), "/socket.io/%s//1/1", names[t]);
		for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
			ask_by(&peer, methods[i], path, "", NULL);
			http_take(&peer);
			assert_int_equal(take_head(&peer), 405);
			expect_field("Allow", is_socket(t) ? "GET" : "GET, POST");
			http_close(&peer);
			http_open(&peer);
		}
		if (is_socket(t)) {
			ask_by(&peer, "POST", path, "", "data=x");
			assert_int_equal(take_answer(&peer), 405);
		}
		finish();
	}
}

TEST(socketio0_request, a_script_without_the_number_of_its_callback_is_refused)
{
	static const char *const paths[] = { "/socket.io/jsonp-polling",
		"/socket.io/jsonp-polling//1", "/socket.io/jsonp-polling//1/",
		"/socket.io/jsonp-polling//1/x", "/socket.io/jsonp-polling//1/-1",
		"/socket.io/jsonp-polling//1/12345678901" };
	serve(NULL);
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		expect("GET", paths[i], 400, "The number of the script's callback is missing.");
	expect_said("");
	finish();
}

TEST(socketio0_request, the_page_that_asked_may_read_the_answer)
{
	for (int t = SERVER_EVENTS; t < TRANSPORTS; t++) {
		for (int cookie = 0; cookie < 2; cookie++) {
			char path[64];
			serve(NULL);
			snprintf(path, sizeof(path), "/socket.io/%s//1/1", names[t]);
			ask_by(&peer, "GET", path,
				cookie ? "Origin: http://b.c\r\nCookie: d=e\r\n"
				       : "Origin: http://b.c\r\n",
				NULL);
			assert_int_equal(take_head(&peer), 200);
			expect_field("Access-Control-Allow-Origin", "http://b.c");
			expect_field("Access-Control-Allow-Credentials",
				cookie || t == XHR_MULTIPART ? "true" : NULL);
			expect_field("Vary", "Origin");
			finish();
		}
	}
}

TEST(socketio0_request, preflights_are_granted_what_they_ask_for)
{
	for (int t = SERVER_EVENTS; t < TRANSPORTS; t++) {
		char path[64];
		serve(NULL);
		snprintf(path, sizeof(path), "/socket.io/%s/5/send", names[t]);
		ask_by(&peer, "OPTIONS", path,
			"Origin: http://b\r\nAccess-Control-Request-Method: POST\r\n"
			"Access-Control-Request-Headers: x-a, x-b\r\n",
			NULL);
		expect_answer(&peer, 200, "ok");
		expect_field("Access-Control-Allow-Methods", "POST");
		expect_field("Access-Control-Allow-Headers", "x-a, x-b");
		expect_field("Access-Control-Allow-Origin", "http://b");
		finish();
	}
}

static const char *const pages[] = { "example.org:80", "*:8080", "secure.org:*", NULL };

static void serve_pages(void)
{
	rill_socketio0_options options = defaults();
	options.origins = pages;
	serve(&options);
}

TEST(socketio0_request, pages_are_admitted_by_host_and_port)
{
	static const struct {
		const char *origin;
		bool ok;
	} cases[] = { { "http://example.org", true }, { "http://EXAMPLE.org:80", true },
		{ "https://example.org", false }, { "http://example.org:81", false },
		{ "http://any.where:8080", true }, { "https://any.where:8080", true },
		{ "http://any.where", false }, { "https://secure.org", true },
		{ "http://secure.org:99", true }, { "http://insecure.org", false },
		{ "null", false }, { "file://", false } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char fields[96];
		serve_pages();
		snprintf(fields, sizeof(fields), "Origin: %s\r\n", cases[i].origin);
		ask_by(&peer, "GET", "/socket.io/xhr-polling/", fields, NULL);
		int status = take_answer(&peer);
		if (status != (cases[i].ok ? 200 : 403))
			fail_msg("%s: %d", cases[i].origin, status);
		expect_field("Access-Control-Allow-Origin", cases[i].ok ? cases[i].origin : NULL);
		finish();
	}
}

TEST(socketio0_request, pages_that_are_not_admitted_get_no_client_and_no_answer)
{
	static const char alert[] = "alert('Cross domain security restrictions not met');";
	static const char *const foreign[] = { "Origin: http://b\r\n",
		"Sec-Fetch-Site: cross-site\r\nReferer: http://b/x\r\n",
		"Sec-Fetch-Site: same-site\r\n",
		"Origin: http://example.org\r\nOrigin: http://b\r\n" };
	EACH_TRANSPORT(t)
	{
		for (size_t i = 0; i < sizeof(foreign) / sizeof(*foreign); i++) {
			char path[64], fields[400];
			serve_pages();
			snprintf(path, sizeof(path), "/socket.io/%s//1/1", names[t]);
			snprintf(fields, sizeof(fields), "%s%s", foreign[i],
				is_socket(t) ? UPGRADE : "");
			ask_by(&peer, "GET", path, fields, NULL);
			if (t == JSONP_POLLING) {
				expect_answer(&peer, 200, alert);
				expect_field("Content-Type", "text/javascript; charset=UTF-8");
			} else {
				expect_answer(&peer, 403,
					"This service is not for pages of your origin.");
			}
			expect_field("Access-Control-Allow-Origin", NULL);
			expect_said("");
			finish();
		}
	}
}

TEST(socketio0_request, who_says_no_origin_is_no_foreign_page)
{
	static const char *const own[] = { "", "Sec-Fetch-Site: same-origin\r\n",
		"Sec-Fetch-Site: none\r\n", "Referer: http://b/\r\n",
		"Sec-Fetch-Site: cross-site\r\nReferer: http://example.org/x?y\r\n" };
	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++) {
		serve_pages();
		ask_by(&peer, "GET", "/socket.io/jsonp-polling//1/1", own[i], NULL);
		take_answer(&peer);
		expect_said("connection ");
		finish();
	}
}

TEST(socketio0_request, messages_of_foreign_pages_are_dropped)
{
	for (int t = SERVER_EVENTS; t < TRANSPORTS; t++) {
		char path[96];
		serve_pages();
		client_open(&client, t);
		snprintf(path, sizeof(path), "/socket.io/%s/%s/send", names[t], client.id);
		ask_by(&peer, "POST", path, "Origin: http://b\r\n", "data=~m~1~m~a");
		expect_answer(&peer, 401, "unauthorized");
		expect_field("Access-Control-Allow-Origin", NULL);
		expect_said("connection ");
		client_close(&client);
		finish();
	}
}

TEST(socketio0_request, options_of_the_whole_server_are_somebody_elses)
{
	serve(NULL);
	ask_by(&peer, "OPTIONS", "*", "Access-Control-Request-Method: GET\r\n", NULL);
	assert_int_equal(take_answer(&peer), 404);
	finish();
}

static char lines[1024];

static void keep_line(rill_log_level level, const char *message, void *user)
{
	(void)user;
	assert_int_equal(level, RILL_LOG_INFO);
	snprintf(lines + strlen(lines), sizeof(lines) - strlen(lines), "%s\n", message);
}

TEST(socketio0_request, the_program_may_have_a_log_of_its_own)
{
	rill_socketio0_options options = defaults();
	options.log = keep_line;
	lines[0] = 0;
	serve(&options);
	client_open(&client, WEBSOCKET);
	expect("GET", "/socket.io/htmlfile/1", 404, "There is no such session.");
	client_close(&client);
	assert_string_equal(lines, "192.0.2.1: websocket has connected\n"
				   "192.0.2.1: htmlfile answered 404: There is no such session.\n"
				   "192.0.2.1: websocket has disconnected\n");
	finish();
}

static void detach_in_log(rill_log_level level, const char *message, void *user)
{
	(void)level;
	(void)message;
	(void)user;
	rill_socketio0_detach(io, 3000, NULL);
}

TEST(socketio0_request, the_service_may_be_detached_in_its_log)
{
	EACH_TRANSPORT(t)
	{
		rill_socketio0_options options = defaults();
		char path[64];
		options.log = detach_in_log;
		serve(&options);
		snprintf(path, sizeof(path), "/socket.io/%s//1/1", names[t]);
		ask_by(&peer, "GET", path, is_socket(t) ? UPGRADE : "", NULL);
		http_pass(10000);
		expect_said("connection 3000: ");
		finish();
	}
}
