/* sockjs_dialect_test.c: what stands in the frames. */
#include "conn/no_json.h"
#include "proto/sockjs_program.h"

static void said_as(const void *text, size_t len, const char *want)
{
	char frame[512];
	assert_int_equal(rill_send(conn, RILL_TEXT, text, len), 0);
	snprintf(frame, sizeof(frame), "a[\"%s\"]\n", want);
	expect("POST", "/echo/000/s/xhr", 200, frame);
}

TEST(sockjs_dialect, what_browsers_mangle_leaves_escaped_and_all_else_as_it_is)
{
	serve(NULL);
	open_session();
	said_as("\"\\/\b\f\n\r\t\x01\x7f", 10, "\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\x7f");
	said_as("\0", 1, "\\u0000");
	said_as("\xe2\x80\x8b\xe2\x80\x8c\xe2\x80\x8f\xe2\x80\x90", 12,
		"\xe2\x80\x8b\\u200c\\u200f\xe2\x80\x90");
	said_as("\xe2\x80\xa8\xe2\x80\xaf\xe2\x81\xa0\xe2\x81\xaf", 12,
		"\\u2028\\u202f\\u2060\\u206f");
	said_as("\xef\xbf\xaf\xef\xbf\xb0\xef\xbf\xbf", 9, "\xef\xbf\xaf\\ufff0\\uffff");
	said_as("\xf0\x9f\x98\x80", 4, "\\ud83d\\ude00");
	said_as("\xc3\xbf</script>", 11, "\xc3\xbf</script>");
	finish();
}

TEST(sockjs_dialect, halves_of_surrogate_pairs_go_there_and_back)
{
	serve(NULL);
	open_session();
	send_to_session("[\"\\ud800\",\"\\udfff\\ud800\",\"\\ud83d\\ude00\"]", 204, "");
	expect_said("<\xed\xa0\x80> <\xed\xbf\xbf\xed\xa0\x80> <\xf0\x9f\x98\x80> ");
	said_as("\xed\xa0\x80", 3, "\\ud800");
	said_as("\xed\xbf\xbf\xed\xa0\x80", 6, "\\udfff\\ud800");
	assert_int_equal(rill_send(conn, RILL_TEXT, "\xff", 1), RILL_EUTF8);
	assert_int_equal(rill_send(conn, RILL_TEXT, "\xed\xa0", 2), RILL_EUTF8);
	assert_int_equal(rill_send(conn, RILL_BINARY, "x", 1), RILL_EUNSUPPORTED);
	finish();
}

TEST(sockjs_dialect, a_sign_of_life_ends_a_poll_and_stands_in_a_stream)
{
	struct http_peer stream;
	serve(NULL);
	open_session();
	ask("POST", "/echo/000/s/xhr");
	http_open(&stream);
	ask_by(&stream, "POST", "/echo/000/t/xhr_streaming", "", NULL);
	take_answer(&stream);
	http_pass(25000);
	assert_string_equal(take_more(&stream), "h\n");
	expect_answer(&peer, 200, "h\n");
	http_close(&stream);
	finish();
}

TEST(sockjs_dialect, a_program_may_say_no_sign_of_life_at_all)
{
	rill_sockjs_options options = defaults();
	options.heartbeat_ms = 0;
	serve(&options);
	ask("POST", "/echo/000/s/xhr_streaming");
	take_answer(&peer);
	http_pass(60000);
	expect_more(&peer, "");
	assert_false(ended);
	finish();
}

static rill_hub *hub;

static void subscribe(rill_conn *c)
{
	assert_int_equal(rill_subscribe(hub, "news", c, NULL), 0);
}

TEST(sockjs_dialect, what_is_published_is_quoted_once_for_all)
{
	rill_topic_stats stats = { .size = sizeof(stats) };
	struct http_peer first, other;
	serve(NULL);
	assert_int_equal(rill_hub_new(&hub, http_loop, NULL), 0);
	in_open = subscribe;
	http_open(&first);
	ask_by(&first, "POST", "/echo/000/s/xhr_streaming", "", NULL);
	take_answer(&first);
	http_open(&other);
	ask_by(&other, "GET", "/echo/000/t/eventsource", "", NULL);
	take_answer(&other);
	expect("POST", "/echo/000/u/xhr", 200, "o\n");
	expect_said("open open open ");
	assert_int_equal(rill_publish(hub, "news", RILL_TEXT, "a\n%", 3), 0);
	assert_int_equal(rill_publish(hub, "news", RILL_TEXT, "b", 1), 0);
	in_chunks = true;
	ended = false;
	assert_string_equal(take_more(&first), "a[\"a\\n%\",\"b\"]\n");
	assert_string_equal(take_more(&other), "data: a[\"a\\n%25\",\"b\"]\r\n\r\n");
	expect("POST", "/echo/000/u/xhr", 200, "a[\"a\\n%\",\"b\"]\n");
	assert_int_equal(rill_topic_read_stats(hub, "news", &stats), 0);
	assert_int_equal(stats.encoded, 2);
	rill_hub_free(hub);
	http_close(&first);
	http_close(&other);
	finish();
}

TEST(sockjs_dialect, messages_that_say_they_are_json_there_are_none)
{
	serve(NULL);
	open_session();
	expect_no_json(conn);
	said_as("{}", 2, "{}");
	finish();
}
