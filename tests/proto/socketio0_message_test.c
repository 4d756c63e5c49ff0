/* socketio0_message_test.c: values become messages. */
#include <math.h>
#include "proto/socketio0_program.h"

static struct client client, other;

static void open_client(void)
{
	serve(NULL);
	client_open(&client, XHR_POLLING);
}

static void close_client(void)
{
	client_close(&client);
	finish();
}

static rill_json json(const char *text)
{
	rill_json value;
	assert_int_equal(rill_json_read(&value, text, strlen(text)), 0);
	return value;
}

TEST(socketio0_message, values_are_the_texts_that_javascript_makes_of_them)
{
	open_client();
	assert_int_equal(
		rill_socketio0_send(conn,
			RILL_ARGS(rill_text("a\xc3\xa9"), rill_bool(true), rill_bool(false),
				rill_null(), rill_text(NULL), rill_int(INT64_MIN), rill_int(0),
				rill_number(0.5), rill_number(-0.0), rill_number(1e21),
				rill_number((double)NAN), rill_number((double)-INFINITY))),
		0);
	expect_frames(&client, "~m~2~m~a\xc3\xa9~m~4~m~true~m~5~m~false~m~0~m~~m~0~m~"
			       "~m~20~m~-9223372036854775808~m~1~m~0~m~3~m~0.5~m~1~m~0~m~5~m~1e+21"
			       "~m~3~m~NaN~m~9~m~-Infinity");
	close_client();
}

TEST(socketio0_message, json_values_likewise_and_objects_as_json)
{
	open_client();
	assert_int_equal(
		rill_socketio0_send(conn,
			RILL_ARGS(rill_json_arg(json("\"a\\u00e9\"")), rill_json_arg(json("1.0")),
				rill_json_arg(json("1e999")), rill_json_arg(json("-1e999")),
				rill_json_arg(json("true")), rill_json_arg(json("null")),
				rill_json_arg((rill_json){ .data = NULL }),
				rill_json_arg(json("{\"a\":[1]}")))),
		0);
	expect_frames(&client, "~m~2~m~a\xc3\xa9~m~1~m~1~m~8~m~Infinity~m~9~m~-Infinity"
			       "~m~4~m~true~m~0~m~~m~0~m~~m~12~m~~j~{\"a\":[1]}");
	close_client();
}

TEST(socketio0_message, an_array_is_several_messages_but_not_one_in_an_array)
{
	open_client();
	assert_int_equal(
		rill_socketio0_send(conn,
			RILL_ARGS(rill_json_arg(json("[\"a\",2,[3,4],{},[]]")),
				rill_json_arg(json("[]")), rill_items(json("[\"b\",[5,[6]]]")))),
		0);
	expect_frames(&client, "~m~1~m~a~m~1~m~2~m~8~m~~j~[3,4]~m~5~m~~j~{}~m~5~m~~j~[]"
			       "~m~1~m~b~m~1~m~5~m~6~m~~j~[6]");
	assert_int_equal(rill_socketio0_send(conn, NULL), 0);
	close_client();
}

TEST(socketio0_message, behind_one_that_is_not_taken_nothing_is_sent)
{
	static const rill_bytes attached = { (const uint8_t *)"x", 1 };
	rill_json bytes = json("{\"a\":{\"_placeholder\":true,\"num\":0}}");
	bytes.attached = &attached;
	bytes.attached_count = 1;
	rill_json only = rill_json_get(bytes, "a"), without = json("{\"a\":1}");
	without.attached = &attached;
	without.attached_count = 1;
	const struct {
		rill_arg arg;
		int rc;
	} cases[] = {
		{ rill_binary("x", 1), RILL_EUNSUPPORTED },
		{ rill_json_arg(bytes), RILL_EUNSUPPORTED },
		{ rill_json_arg(only), RILL_EUNSUPPORTED },
		{ rill_text("~h~1"), RILL_EUNSUPPORTED },
		{ rill_text("~j~"), RILL_EUNSUPPORTED },
		{ rill_text("\xff"), RILL_EUTF8 },
		{ rill_json_arg(json("\"\\ud800\"")), RILL_EUTF8 },
		{ rill_json_arg(json("[\"~h~\"]")), RILL_EUNSUPPORTED },
	};
	open_client();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const rill_arg args[] = { rill_text("a"), cases[i].arg, rill_text("b"),
			{ RILL_ARG_END, { false } } };
		assert_int_equal(rill_socketio0_send(conn, args), cases[i].rc);
		expect_frames(&client, "~m~1~m~a");
		assert_int_equal(rill_socketio0_broadcast(io, args, NULL), cases[i].rc);
		expect_frames(&client, "~m~1~m~a");
	}
	assert_int_equal(rill_socketio0_send(conn, RILL_ARGS(rill_json_arg(without))), 0);
	expect_frames(&client, "~m~10~m~~j~{\"a\":1}");
	close_client();
}

TEST(socketio0_message, a_client_may_speak_to_all_others)
{
	open_client();
	rill_conn *first = conn;
	client_open(&other, WEBSOCKET);
	assert_int_equal(rill_socketio0_broadcast_from(
				 first, RILL_ARGS(rill_text("a"), rill_json_arg(json("{}")))),
		0);
	expect_frames(&other, "~m~1~m~a~m~5~m~~j~{}");
	expect_frames(&client, "");
	client_close(&other);
	close_client();
}

TEST(socketio0_message, a_broadcast_does_not_wait_for_a_message_in_pieces)
{
	EACH_TRANSPORT(t)
	{
		serve(NULL);
		client_open(&client, t);
		assert_int_equal(rill_send_piece(conn, RILL_TEXT, "a", 1, false), 0);
		assert_int_equal(rill_socketio0_broadcast(io, RILL_ARGS(rill_text("x")), NULL), 0);
		assert_int_equal(rill_send_piece(conn, RILL_TEXT, "b", 1, true), 0);
		expect_frames(&client, "~m~1~m~x~m~2~m~ab");
		close_client();
	}
}

TEST(socketio0_message, a_client_that_is_too_slow_keeps_nobody_from_getting_it)
{
	static const rill_overflow ways[] = { RILL_OVERFLOW_CLOSE, RILL_OVERFLOW_REFUSE,
		RILL_OVERFLOW_DROP_OLDEST };
	static const char last[] = { '1', '1', '9' };
	for (int k = 0; k < 3; k++) {
		rill_socketio0_options options = defaults();
		char text[32];
		options.max_queue = 100;
		options.overflow = ways[k];
		serve(&options);
		client_open(&client, XHR_POLLING);
		client_open(&other, WEBSOCKET);
		for (int i = 0; i < 10; i++) {
			snprintf(text, sizeof(text), "%030d", i);
			assert_int_equal(
				rill_socketio0_broadcast(io, RILL_ARGS(rill_text(text)), NULL), 0);
		}
		http_turns();
		take_in(&other);
		assert_int_equal(strlen(other.frames), 10 * (8 + 30));
		come(&client);
		size_t n = strlen(client.frames);
		assert_int_equal(client.frames[n - 1], last[k]);
		come(&client);
		expect_said(k ? "connection connection " : "connection connection 1008: ");
		client_close(&other);
		close_client();
	}
}

TEST(socketio0_message, without_memory_nothing_is_half_sent)
{
	for (size_t n = 1; n < 12; n++) {
		open_client();
		client_open(&other, WEBSOCKET);
		test_fail_allocation(n, false);
		int rc = rill_socketio0_send(conn, RILL_ARGS(rill_number(0.5)));
		assert_true(rc == 0 || rc == RILL_ENOMEM || rc == RILL_ECLOSED);
		rc = rill_socketio0_broadcast(io, RILL_ARGS(rill_int(7)), NULL);
		test_fail_allocation(0, false);
		assert_true(rc == 0 || rc == RILL_ENOMEM);
		client_close(&other);
		close_client();
	}
}
