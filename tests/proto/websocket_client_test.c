/* Proves what rill_websocket_connect() promises, against a server that the test plays by hand. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "proto/websocket_client_program.h"
#include "wire/ws_handshake.h"

TEST(websocket_client, asks_as_rfc_6455_has_it)
{
	static const char *const protocols[] = { "chat", "superchat", NULL };
	static const char *const headers[] = { "Origin: https://example.org", "Cookie: a=b", NULL };
	rill_websocket_client_options options = defaults();
	char want[512];

	options.protocols = protocols;
	options.connect.headers = headers;
	options.deflate.enabled = false;
	begin();
	connect_to("ws://Aladdin:open%%20sesame@127.0.0.1:%u/chat/room?a=b", &options);
	origin_accept(&origin);
	const char *head = origin_take_head(&origin);
	snprintf(want, sizeof(want),
		"GET /chat/room?a=b HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n"
		"Sec-WebSocket-Protocol: chat, superchat\r\nOrigin: https://example.org\r\n"
		"Cookie: a=b\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n",
		origin.port, origin.key);
	assert_string_equal(head, want);
	origin_send_101(&origin, "Sec-WebSocket-Protocol: superchat\r\nX-More: 1\r\nx-more: 2\r\n");
	expect_said("open ");
	assert_string_equal(rill_conn_protocol(conn), "superchat");
	assert_string_equal(rill_conn_extensions(conn), "");
	assert_string_equal(rill_conn_version(conn), "hybi-13");
	assert_string_equal(rill_conn_peer(conn), "127.0.0.1");
	assert_int_equal(rill_answer_status(rill_conn_answer(conn)), 101);
	rill_bytes more = rill_answer_header(rill_conn_answer(conn), "X-More");
	test_expect_text(more.data, more.len, "1, 2");
	end();
	expect_said("close:1006: ");
}

TEST(websocket_client, keys_are_new_each_time)
{
	char first[64];
	begin();
	open_up(NULL);
	memcpy(first, origin.key, sizeof(first));
	open_up(NULL);
	assert_string_not_equal(first, origin.key);
	end();
	expect_said("open close:1006: open close:1006: ");
}

TEST(websocket_client, frames_are_masked_and_come_back_as_messages)
{
	begin();
	open_up(NULL);
	expect_said("open ");
	assert_int_equal(rill_send_text(conn, "Hello"), 0);
	origin_expect_frame(&origin, 0x81, "Hello");
	assert_int_equal(rill_send(conn, RILL_BINARY, "", 0), 0);
	origin_expect_frame(&origin, 0x82, "");
	assert_int_equal(rill_send_piece(conn, RILL_TEXT, "a", 1, false), 0);
	assert_int_equal(rill_send_piece(conn, RILL_TEXT, "b", 1, true), 0);
	origin_expect_frame(&origin, 0x01, "a");
	origin_expect_frame(&origin, 0x80, "b");
	origin_send_hex(&origin, "81 05 48656c6c6f  01 01 61  80 01 62  82 00");
	expect_said("text:Hello text:ab binary: ");
	origin_send_hex(&origin, "89 02 6869");
	origin_expect_frame(&origin, 0x8a, "hi");
	end();
	expect_said("close:1006: ");
}

static void expect_masked(size_t len, const uint8_t *payload)
{
	size_t head = len > 65535 ? 14 : len > 125 ? 8 : 6;
	for (int turns = 0; origin.in_len < head + len && turns < 1000; turns++)
		origin_turn(&origin);
	assert_true(origin.in_len >= head + len);
	assert_int_equal(origin.in[0], 0x82);
	assert_int_equal(origin.in[1], head == 14 ? 0xff : head == 8 ? 0xfe : 0x80 | len);
	const uint8_t *key = origin.in + head - 4;
	for (size_t i = 0; i < len; i++)
		if ((origin.in[head + i] ^ key[i % 4]) != payload[i])
			fail_msg("byte %zu of %zu", i, len);
	origin.in_len = 0;
}

TEST(websocket_client, messages_of_every_length_form_are_masked)
{
	static const size_t sizes[] = { 125, 126, 1000, 16384, 65535, 65536, 200000 };
	static uint8_t payload[200000];
	rill_websocket_client_options options = defaults();
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i * 7);
	options.deflate.enabled = false;
	begin();
	open_up(&options);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_true(rill_send(conn, RILL_BINARY, payload, sizes[i]) >= 0);
		expect_masked(sizes[i], payload);
	}
	rill_msg msg;
	assert_int_equal(rill_msg_new(&msg, origin.loop, RILL_BINARY, payload, 5000), 0);
	assert_int_equal(rill_send_msg(conn, msg), 0);
	expect_masked(5000, payload);
	rill_msg_release(msg);
	end();
}

TEST(websocket_client, the_server_may_close_and_is_waited_for_to_end_tcp)
{
	begin();
	open_up(NULL);
	origin_send_hex(&origin, "88 05 03e9 627965"); /* 1001, "bye" */
	expect_said("open close:1001:bye ");
	origin_expect_hex(&origin, "88 85");
	origin.in_len = 0; /* the mask, and what it hides */
	origin_turn(&origin);
	assert_false(origin.ended);
	origin_shut(&origin);
	origin_expect_end(&origin);
	end();
}

TEST(websocket_client, tcp_is_ended_when_the_server_does_not)
{
	rill_websocket_client_options options = defaults();
	options.linger_ms = 700;
	begin();
	open_up(&options);
	assert_int_equal(rill_close(conn, 1000, "done"), 0);
	origin_expect_hex(&origin, "88 86");
	origin.in_len = 0;
	expect_said("open ");
	origin_send_hex(&origin, "88 06 03e8 646f6e65");
	expect_said("close:1000:done ");
	origin_pass(&origin, 690);
	assert_false(origin.ended);
	origin_pass(&origin, 20);
	origin_expect_end(&origin);
	end();
}

TEST(websocket_client, an_unanswered_close_is_1006_after_its_time)
{
	begin();
	open_up(NULL);
	assert_int_equal(rill_close(conn, 1000, NULL), 0);
	origin_pass(&origin, 29990);
	expect_said("open ");
	origin_pass(&origin, 20);
	expect_said("close:1006: ");
	end();
}

TEST(websocket_client, a_masked_frame_fails_the_connection)
{
	begin();
	open_up(NULL);
	origin_send_hex(&origin, "81 81 00000000 61");
	expect_said("open close:1002:a server's frame is masked ");
	end();
}

TEST(websocket_client, tcp_ending_without_a_close_is_1006)
{
	begin();
	open_up(NULL);
	origin_shut(&origin);
	expect_said("open close:1006: ");
	end();
}

TEST(websocket_client, bytes_behind_the_101_are_frames)
{
	char text[1024];
	begin();
	connect_to("ws://127.0.0.1:%u/", NULL);
	origin_accept(&origin);
	origin_take_head(&origin);
	origin_send_bytes(&origin, text,
		origin_write_101(&origin, "", "81 02 6869 82 01 78 88 00", text, sizeof(text)));
	expect_said("open text:hi binary:x close:1005: ");
	end();
}

/* The answer, with frames behind it, cut in two at every place. */
TEST(websocket_client, the_answer_may_come_cut_anywhere)
{
	char text[1024];
	size_t len = SIZE_MAX;
	begin();
	for (size_t cut = 1; cut < len; cut++) {
		connect_to("ws://127.0.0.1:%u/", NULL);
		origin_accept(&origin);
		origin_take_head(&origin);
		len = origin_write_101(
			&origin, "", "81 02 6869 01 01 61 80 01 62", text, sizeof(text));
		origin_send_bytes(&origin, text, cut);
		origin_send_bytes(&origin, text + cut, len - cut);
		expect_said("open text:hi text:ab ");
		rill_conn_destroy(conn);
		origin_turn(&origin);
		expect_said("close:1006: ");
	}
	end();
}

TEST(websocket_client, interim_answers_are_passed_over)
{
	char text[1024];
	begin();
	connect_to("ws://127.0.0.1:%u/", NULL);
	origin_accept(&origin);
	origin_take_head(&origin);
	origin_send(&origin,
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
	expect_said("");
	origin_send_bytes(
		&origin, text, origin_write_101(&origin, "", "81 01 61", text, sizeof(text)));
	expect_said("open text:a ");
	end();
}

TEST(websocket_client, what_is_sent_while_connecting_follows_in_order)
{
	begin();
	connect_to("ws://127.0.0.1:%u/", NULL);
	assert_int_equal(rill_conn_get_state(conn), RILL_CONN_CONNECTING);
	assert_int_equal(rill_send_text(conn, "one"), 0);
	assert_int_equal(rill_ping(conn, "p", 1, on_pong_wait, NULL), 0);
	assert_int_equal(rill_send_piece(conn, RILL_BINARY, "t", 1, false), 0);
	assert_int_equal(rill_send_text(conn, "refused"), RILL_ESTATE);
	assert_int_equal(rill_send_piece(conn, RILL_BINARY, "wo", 2, true), 0);
	assert_int_equal(rill_send(conn, RILL_TEXT, "\xff", 1), RILL_EUTF8);
	assert_int_equal(rill_pong(conn, "", 0), 0);
	assert_true(rill_conn_queued(conn) > 6);
	in_open = send_three;
	origin_accept(&origin);
	origin_take_head(&origin);
	origin_turn(&origin);
	assert_int_equal(origin.in_len, 0);
	origin_send_101(&origin, "");
	expect_said("open ");
	origin_expect_frame(&origin, 0x81, "one");
	origin_expect_frame(&origin, 0x89, "p");
	origin_expect_frame(&origin, 0x02, "t");
	origin_expect_frame(&origin, 0x80, "wo");
	origin_expect_frame(&origin, 0x8a, "");
	origin_expect_frame(&origin, 0x81, "three");
	origin_send_hex(&origin, "8a 01 70");
	expect_said("pong:1 ");
	end();
}

TEST(websocket_client, the_queue_has_its_limit_while_connecting_too)
{
	static char kilo[1024];
	rill_websocket_client_options options = defaults();
	memset(kilo, 'x', sizeof(kilo));
	options.max_queue = 4096;
	options.max_send = 1024;
	begin();
	connect_to("ws://127.0.0.1:%u/", &options);
	int taken = 0;
	while (rill_send(conn, RILL_TEXT, kilo, sizeof(kilo)) == 0)
		taken++;
	assert_int_equal(taken, 3);
	assert_int_equal(rill_send(conn, RILL_TEXT, kilo, sizeof(kilo)), RILL_ETOOBIG);
	rill_conn_destroy(conn);
	origin_turn(&origin);
	expect_said("failed:-3 ");
	connect_to("ws://127.0.0.1:%u/", &options);
	char big[1025] = { 0 };
	assert_int_equal(rill_send(conn, RILL_BINARY, big, sizeof(big)), RILL_ETOOBIG);
	end();
	expect_said("failed:-3 ");
}

TEST(websocket_client, who_fills_the_queue_while_connecting_hears_when_it_is_empty)
{
	static char much[300 * 1024];
	memset(much, 'x', sizeof(much));
	begin();
	connect_to("ws://127.0.0.1:%u/", NULL);
	assert_int_equal(rill_send(conn, RILL_TEXT, much, sizeof(much)), 1);
	origin_accept(&origin);
	origin_take_head(&origin);
	origin_send_101(&origin, "");
	while (!strstr(said, "drain")) {
		origin_turn(&origin);
		origin.in_len = 0;
	}
	expect_said("open drain ");
	end();
}

TEST(websocket_client, closing_while_connecting_is_a_failed_opening)
{
	begin();
	connect_to("ws://127.0.0.1:%u/", NULL);
	assert_int_equal(rill_close(conn, 999, NULL), RILL_EINVAL);
	assert_int_equal(rill_close(conn, 1000, "\xff"), RILL_EUTF8);
	assert_int_equal(rill_close(conn, 3000, "changed my mind"), 0);
	assert_int_equal(rill_close(conn, 1000, NULL), 0);
	assert_int_equal(rill_send_text(conn, "x"), RILL_ECLOSED);
	expect_said("");
	origin_turn(&origin);
	expect_said("failed:-3 ");
	assert_string_equal(sentence, "it was closed before it was open");

	connect_to("ws://127.0.0.1:%u/", NULL);
	origin_accept(&origin);
	origin_take_head(&origin);
	rill_ping(conn, "x", 1, on_pong_wait, NULL);
	rill_conn_destroy(conn);
	rill_conn_destroy(conn);
	origin_turn(&origin);
	expect_said("pong:0 failed:-3 ");
	origin_expect_end(&origin);
	end();
}

static void close_it(rill_conn *c)
{
	rill_close(c, 1000, NULL);
}

TEST(websocket_client, may_be_closed_paused_and_destroyed_in_on_open)
{
	char text[1024];
	begin();
	in_open = close_it;
	open_up(NULL);
	expect_said("open ");
	origin_expect_hex(&origin, "88 82");
	origin.in_len = 0;
	origin_send_hex(&origin, "81 01 61 88 02 03e8");
	expect_said("close:1000: ");

	in_open = rill_conn_destroy;
	open_up(NULL);
	expect_said("open close:1006: ");

	in_open = rill_conn_pause;
	connect_to("ws://127.0.0.1:%u/", NULL);
	origin_accept(&origin);
	origin_take_head(&origin);
	origin_send_bytes(
		&origin, text, origin_write_101(&origin, "", "81 01 61", text, sizeof(text)));
	expect_said("open ");
	rill_conn_resume(conn);
	origin_turn(&origin);
	expect_said("text:a ");
	end();
}

TEST(websocket_client, stays_paused_when_it_was_before_it_opened)
{
	begin();
	connect_to("ws://127.0.0.1:%u/", NULL);
	rill_conn_pause(conn);
	origin_accept(&origin);
	origin_take_head(&origin);
	origin_send_101(&origin, "");
	origin_send_hex(&origin, "81 01 61");
	expect_said("open ");
	rill_conn_resume(conn);
	origin_turn(&origin);
	expect_said("text:a ");
	end();
}

TEST(websocket_client, the_loop_may_be_freed_at_any_point)
{
	begin();
	open_up(NULL);
	rill_conn *open = conn;
	int fd = origin.fd;
	origin.fd = -1;
	connect_to("ws://127.0.0.1:%u/", NULL);
	origin_accept(&origin);
	connect_to("ws://127.0.0.1:%u/", NULL);
	rill_conn_destroy(conn);
	connect_to("ws://127.0.0.1:%u/", NULL);
	rill_conn_ref(open);
	rill_conn_unref(open);
	said[0] = 0;
	in_failed = connect_again;
	end();
	close(fd);
	expect_said("close:1006: failed:-3 again:-3 failed:-3 again:-3 failed:-3 again:-3 ");
}

TEST(websocket_client, pings_by_itself_and_misses_pongs)
{
	rill_websocket_client_options options = defaults();
	options.ping_interval_ms = 1000;
	options.pong_timeout_ms = 500;
	begin();
	connect_to("ws://127.0.0.1:%u/", &options);
	origin_accept(&origin);
	origin_take_head(&origin);
	origin_pass(&origin, 3000);
	origin_send_101(&origin, "");
	origin_pass(&origin, 990);
	assert_int_equal(origin.in_len, 0);
	origin_pass(&origin, 20);
	origin_expect_frame(&origin, 0x89, "1");
	origin_send_hex(&origin, "8a 01 31");
	origin_pass(&origin, 1010);
	origin_expect_frame(&origin, 0x89, "2");
	expect_said("open ");
	origin_pass(&origin, 510);
	expect_said("close:1006: ");
	end();
}

TEST(websocket_client, permessage_deflate_is_offered_and_used_when_taken)
{
	rill_websocket_client_options options = defaults();
	options.deflate.threshold = 0;
	begin();
	connect_to("ws://127.0.0.1:%u/", &options);
	origin_accept(&origin);
	const char *head = origin_take_head(&origin);
	assert_non_null(strstr(head, "Sec-WebSocket-Extensions: permessage-deflate"));
	origin_send_101(&origin, "Sec-WebSocket-Extensions: permessage-deflate; "
				 "client_no_context_takeover\r\n");
	expect_said("open ");
	assert_string_equal(
		rill_conn_extensions(conn), "permessage-deflate; client_no_context_takeover");
	origin_send_hex(&origin, "c1 07 f248cdc9c90700");
	expect_said("text:Hello ");
	assert_int_equal(rill_send_text(conn, "Hello"), 0);
	origin_expect_hex(&origin, "c1 87");
	end();
}

TEST(websocket_client, urls_and_options_that_make_no_sense_are_refused_at_once)
{
	static const char *const twice[] = { "a", "b", "a", NULL };
	static const char *const no_token[] = { "a b", NULL };
	static const char *const own[] = { "sec-websocket-key: x", NULL };
	static const char *const host[] = { "Host: x", NULL };
	static const char *const broken[] = { "X: a\r\nb", NULL };
	static const char *const no_colon[] = { "X", NULL };
	rill_websocket_client_options options = defaults();
	begin();
	refused("http://h/", &options, "the URL's scheme is neither ws nor wss");
	refused("ws://h/#x", &options, "the URL has a fragment (\"#\")");
	refused("ws://h:0/", &options, "the URL's port is not between 1 and 65535");
	refused("ws://u%3ax:p@h/", &options,
		"the URL's credentials hold a control character, or the user a colon");
	options.protocols = twice;
	refused("ws://h/", &options, "websocket client: a subprotocol is named twice");
	options.protocols = no_token;
	refused("ws://h/", &options, "websocket client: a subprotocol's name is not a token");
	options = defaults();
	options.connect.headers = own;
	refused("ws://h/", &options, "a header is not the program's to set: sec-websocket-key: x");
	options.connect.headers = host;
	refused("ws://h/", &options, "a header is not the program's to set: Host: x");
	options.connect.headers = broken;
	refused("ws://h/", &options,
		"a header's name is no token, or it holds a control character");
	options.connect.headers = no_colon;
	refused("ws://h/", &options, "a header has no colon: X");
	options = defaults();
	options.connect.proxy = "socks5://p:1";
	refused("ws://h/", &options, "the proxy: the URL's scheme is neither http nor https");
	options.connect.proxy = "http://p:1/path";
	refused("ws://h/", &options, "the proxy: the URL has a path");
	options = defaults();
	options.deflate.level = 0;
	refused("ws://h/", &options, "deflate.level must be 1 to 9");
	options = defaults();
	options.connect.max_head = 0;
	refused("ws://h/", &options, "max_head is not between 1 byte and 64 MiB");
	options = defaults();
	options.max_message = 0;
	refused("ws://h/", &options, "websocket client: max_message must not be 0");
	options = defaults();
	options.size = 0;
	refused("ws://h/", &options, "websocket client: size is not set");
	end();
}

TEST(websocket_client, options_of_an_older_program_are_filled_up)
{
	rill_websocket_client_options options = defaults();
	options.size = offsetof(rill_websocket_client_options, close_timeout_ms);
	options.close_timeout_ms = 1;
	options.on_failed = NULL;
	begin();
	open_up(&options);
	rill_close(conn, 1000, NULL);
	origin_pass(&origin, 1000);
	expect_said("open ");
	end();
}

static void on_frame(rill_conn *c, const rill_frame *frame, void *user)
{
	(void)c;
	(void)user;
	say("%s%x%s:%.*s ", frame->out ? ">" : "<", frame->opcode, frame->masked ? "m" : "",
		(int)frame->payload.len, (const char *)frame->payload.data);
}

TEST(websocket_client, frames_can_be_traced_from_the_first_one)
{
	begin();
	connect_to("ws://127.0.0.1:%u/", NULL);
	assert_int_equal(rill_conn_trace(conn, on_frame, NULL), 0);
	assert_int_equal(rill_send_text(conn, "early"), 0);
	origin_accept(&origin);
	origin_take_head(&origin);
	origin_send_101(&origin, "");
	expect_said(">1m:early open ");
	rill_send_text(conn, "later");
	origin_send_hex(&origin, "89 01 70");
	origin_send_hex(&origin, "82 01 78");
	expect_said(">1m:later <9:p >am:p <2:x binary:x ");
	end();
}

/* An extension of the program's own: shouts, by RSV2. */

static int sessions, fails;

static int offer_shout(void *user, size_t i, rill_extension_output *out)
{
	(void)user;
	return i ? 0 : rill_extension_write(out, "loud", 4) == 0;
}

static int confirm_shout(void *user, const rill_extension_params *answer, void **session)
{
	rill_bytes name, value;
	(void)user;
	if (!rill_extension_param_at(answer, 0, &name, &value))
		return 0;
	sessions++;
	*session = &sessions;
	return 1;
}

static int shout(void *session, const rill_extension_piece *piece, rill_extension_output *out)
{
	const char *text = piece->data.data;
	(void)session;
	for (size_t i = 0; i < piece->data.len; i++) {
		char c = (char)(text[i] ^ 0x20);
		if (rill_extension_write(out, &c, 1) < 0)
			return RILL_ENOMEM;
	}
	return fails ? RILL_EIO : 0;
}

static void close_shout(void *session)
{
	assert_ptr_equal(session, &sessions);
	sessions--;
}

static const rill_extension shouting = {
	.size = sizeof(shouting),
	.name = "shout",
	.rsv2 = true,
	.offer = offer_shout,
	.confirm = confirm_shout,
	.outgoing = shout,
	.incoming = shout,
	.close = close_shout,
};

/* One that is offered, and taken if the server says so. */
static void open_shouting(const char *answer)
{
	static const rill_extension *const list[] = { &shouting, NULL };
	rill_websocket_client_options options = defaults();
	options.deflate.enabled = false;
	options.extensions = list;
	connect_to("ws://127.0.0.1:%u/", &options);
	assert_int_equal(rill_send_text(conn, "early"), 0);
	origin_accept(&origin);
	assert_non_null(
		strstr(origin_take_head(&origin), "Sec-WebSocket-Extensions: shout; loud\r\n"));
	origin_send_101(&origin, answer);
}

TEST(websocket_client, extensions_of_the_program_are_offered_and_used)
{
	begin();
	fails = 0;
	open_shouting("Sec-WebSocket-Extensions: shout; loud\r\n");
	expect_said("open ");
	assert_string_equal(rill_conn_extensions(conn), "shout; loud");
	origin_expect_frame(&origin, 0xa1, "EARLY");
	origin_send_hex(&origin, "a1 02 4849 81 02 4849");
	expect_said("text:hi text:HI ");
	assert_int_equal(sessions, 1);
	origin_send_hex(&origin, "88 02 03e8");
	expect_said("close:1000: ");
	assert_int_equal(sessions, 0);

	open_shouting("");
	origin_expect_frame(&origin, 0x81, "early");
	expect_said("open ");
	rill_conn_destroy(conn);
	origin_turn(&origin);
	expect_said("close:1006: ");

	open_shouting("Sec-WebSocket-Extensions: shout\r\n");
	expect_said("failed:-6 ");
	assert_string_equal(sentence, "the server answers parameters that were not offered");
	end();
}

TEST(websocket_client, an_extension_that_fails_an_early_message_fails_the_opening)
{
	begin();
	fails = 1;
	open_shouting("Sec-WebSocket-Extensions: shout; loud\r\n");
	expect_said("failed:-10 ");
	assert_string_equal(sentence, "what was sent before it was open could not be written");
	assert_int_equal(answered, 101);
	assert_int_equal(sessions, 0);
	fails = 0;
	end();
}
