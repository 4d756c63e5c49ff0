/* cors_test.c: which pages of elsewhere may ask, and how that is said. */
#include "proto/engineio_program.h"

static rill_engineio_options with_origins(const char *const *origins)
{
	rill_engineio_options o = defaults();
	o.cors.origins = origins;
	return o;
}

static const char *const any[] = { "*", NULL };
static const char *const two[] = { "http://a.example", "http://b.example", NULL };

TEST(cors, any_page_may_read_every_answer)
{
	rill_engineio_options o = with_origins(any);
	serve(&o);
	open_session();
	expect_field("Access-Control-Allow-Origin", "*");
	expect_field("Access-Control-Allow-Credentials", NULL);
	expect_field("Vary", NULL);
	post("4x", 200, "ok");
	expect_field("Access-Control-Allow-Origin", "*");
	rill_send_text(conn, "x");
	expect_poll("4x");
	expect_field("Access-Control-Allow-Origin", "*");
	expect("GET", "/engine.io/", 400, UNKNOWN_TRANSPORT);
	expect_field("Access-Control-Allow-Origin", "*");
	post("abc", 400, "");
	expect_field("Access-Control-Allow-Origin", "*");
	finish();
}

TEST(cors, a_preflight_is_answered_at_once)
{
	rill_engineio_options o = with_origins(any);
	serve(&o);
	ask_by(&peer, "OPTIONS", "/engine.io/",
		"Origin: http://a.example\r\nAccess-Control-Request-Method: POST\r\n"
		"Access-Control-Request-Headers: content-type, x-own\r\n", NULL);
	expect_answer(&peer, 204, "");
	expect_field("Access-Control-Allow-Origin", "*");
	expect_field("Access-Control-Allow-Methods", "GET,HEAD,PUT,PATCH,POST,DELETE");
	expect_field("Access-Control-Allow-Headers", "content-type, x-own");
	expect_field("Vary", "Access-Control-Request-Headers");
	expect_field("Access-Control-Max-Age", NULL);
	expect("OPTIONS", HANDSHAKE, 204, "");
	expect_field("Access-Control-Allow-Headers", NULL);
	finish();
}

TEST(cors, some_pages_may)
{
	rill_engineio_options o = with_origins(two);
	serve(&o);
	ask_by(&peer, "GET", HANDSHAKE, "Origin: http://b.example\r\n", NULL);
	take_answer(&peer);
	expect_field("Access-Control-Allow-Origin", "http://b.example");
	expect_field("Vary", "Origin");
	ask_by(&peer, "GET", HANDSHAKE, "Origin: http://c.example\r\n", NULL);
	take_answer(&peer);
	expect_field("Access-Control-Allow-Origin", NULL);
	expect_field("Vary", "Origin");
	ask_by(&peer, "GET", HANDSHAKE, "", NULL);
	take_answer(&peer);
	expect_field("Access-Control-Allow-Origin", NULL);
	expect_field("Vary", "Origin");
	finish();
}

TEST(cors, what_else_may_be_said)
{
	rill_engineio_options o = with_origins(two);
	o.cors.credentials = true;
	o.cors.methods = "GET,POST";
	o.cors.allowed_headers = "x-a,x-b";
	o.cors.exposed_headers = "x-c";
	o.cors.max_age_s = 86400;
	serve(&o);
	ask_by(&peer, "OPTIONS", HANDSHAKE, "Origin: http://a.example\r\n", NULL);
	expect_answer(&peer, 204, "");
	expect_field("Access-Control-Allow-Origin", "http://a.example");
	expect_field("Access-Control-Allow-Credentials", "true");
	expect_field("Access-Control-Allow-Methods", "GET,POST");
	expect_field("Access-Control-Allow-Headers", "x-a,x-b");
	expect_field("Access-Control-Expose-Headers", "x-c");
	expect_field("Access-Control-Max-Age", "86400");
	ask_by(&peer, "GET", HANDSHAKE, "Origin: http://a.example\r\n", NULL);
	take_answer(&peer);
	expect_field("Access-Control-Allow-Credentials", "true");
	expect_field("Access-Control-Expose-Headers", "x-c");
	expect_field("Access-Control-Allow-Methods", NULL);
	finish();
}

TEST(cors, without_a_list_nothing_is_said)
{
	serve(NULL);
	ask_by(&peer, "OPTIONS", HANDSHAKE, "Origin: http://a.example\r\n", NULL);
	expect_answer(&peer, 400, BAD_METHOD);
	expect_field("Access-Control-Allow-Origin", NULL);
	finish();
}

TEST(cors, methods_are_needed)
{
	rill_engineio_options o = with_origins(any);
	o.cors.methods = NULL;
	start(NULL);
	assert_int_equal(rill_engineio_serve(http_server, "/e", &handler, &o, NULL), RILL_EINVAL);
	http_end();
}
