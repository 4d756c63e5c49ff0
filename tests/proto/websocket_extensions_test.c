/* websocket_extensions_test.c: a service with extensions of the program's own, against a client of raw
 * bytes. */
#include <sys/socket.h>
#include <unistd.h>
#include "proto/websocket_program.h"
#include "wire/own_extensions.h"

static rill_extension changing; /* xor, as the case wants it */
static int failure;

static int fail_as_told(
	void *session, const rill_extension_piece *piece, rill_extension_output *out)
{
	return failure ? failure : own_xor(session, piece, out);
}

static rill_websocket *serve_own(rill_websocket_options *options)
{
	static const rill_extension *list[3];
	sessions_open = 0;
	failure = 0;
	changing = own_xoring;
	changing.incoming = changing.outgoing = fail_as_told;
	list[0] = &own_reversing;
	list[1] = &changing;
	options->extensions = list;
	options->deflate.threshold = 5;
	rill_websocket *service = serve(options);
	list[0] = list[1] = NULL; /* it was copied */
	return service;
}

static void open_own(const char *offer)
{
	char field[256];
	rill_websocket_options options = defaults();
	serve_own(&options);
	snprintf(field, sizeof(field), "Sec-WebSocket-Extensions: %s\r\n", offer);
	peer_open(&peer, "/ws", field);
	expect_said("open ");
}

static void stop(void)
{
	peer_stop(&peer);
	assert_int_equal(sessions_open, 0);
}

TEST(websocket_extensions, what_was_agreed_stands_in_the_answer_and_is_told)
{
	rill_websocket_options options = defaults();
	serve_own(&options);
	peer_connect(&peer);
	peer_ask(&peer, "/ws",
		"Sec-WebSocket-Extensions: other, xor; y, xor; x\r\n"
		"Sec-WebSocket-Extensions: permessage-deflate\r\n");
	assert_non_null(strstr(peer_take_head(&peer),
		"\r\nSec-WebSocket-Extensions: permessage-deflate, xor; x\r\n"));
	assert_string_equal(rill_conn_extensions(conn), "permessage-deflate, xor; x");
	stop();
}

TEST(websocket_extensions, messages_pass_through_what_was_agreed_both_ways)
{
	open_own("permessage-deflate, xor");
	peer_send_hex(&peer, "a1 83 00000000 343736  e1 87 00000000 a71d989c9c5255");
	peer_send_frame(&peer, 0x81, "plain");
	expect_said("text:abc text:Hello text:plain ");
	assert_int_equal(rill_send_text(conn, "abc"), 0);
	peer_expect_hex(&peer, "a1 03 343736");
	assert_int_equal(rill_send_text(conn, "Hello"), 0);
	peer_expect_hex(&peer, "e1 07 a71d989c9c5255");
	assert_int_equal(rill_send_piece(conn, RILL_BINARY, "a", 1, false), 0);
	assert_int_equal(rill_send_piece(conn, RILL_BINARY, "b", 1, true), 0);
	peer_expect_hex(&peer, "22 01 34 80 01 37");
	peer_expect_idle(&peer);
	stop();
}

TEST(websocket_extensions, a_counted_message_is_transformed_too)
{
	uint8_t zeros[2000] = { 0 };
	rill_msg msg;
	open_own("xor");
	assert_int_equal(rill_msg_new(&msg, peer.loop, RILL_BINARY, zeros, sizeof(zeros)), 0);
	assert_int_equal(rill_send_msg(conn, msg), 0);
	rill_msg_release(msg);
	peer_expect_hex(&peer, "a2 7e 07d0 5555");
	stop();
}

TEST(websocket_extensions, what_holds_back_gives_all_with_the_last_piece)
{
	open_own("reverse");
	peer_send_hex(&peer, "11 82 00000000 6463 00 80 00000000");
	expect_said("");
	peer_send_hex(&peer, "80 82 00000000 6261");
	expect_said("text:abcd ");
	rill_send_piece(conn, RILL_TEXT, "ab", 2, false);
	peer_expect_hex(&peer, "11 00");
	rill_send_piece(conn, RILL_TEXT, "cd", 2, true);
	peer_expect_hex(&peer, "80 04 64636261");
	stop();
}

TEST(websocket_extensions, pieces_come_out_of_the_pipeline_as_they_come)
{
	rill_websocket_options options = defaults();
	options.pieces = true;
	serve_own(&options);
	peer_open(&peer, "/ws", "Sec-WebSocket-Extensions: xor\r\n");
	peer_send_hex(&peer, "21 82 00000000 34");
	peer_send_hex(&peer, "37 80 81 00000000 36");
	expect_said("open text:a+ text:b+ text:c ");
	stop();
}

TEST(websocket_extensions, a_header_that_breaks_the_grammar_is_refused)
{
	rill_websocket_options options = defaults();
	serve_own(&options);
	refused("Sec-WebSocket-Extensions: xor;\r\n", "400");
	refused("Sec-WebSocket-Extensions: xor\r\nSec-WebSocket-Extensions: a=b\r\n", "400");
	assert_int_equal(sessions_open, 0);
	stop();
}

static int refuse_all(rill_websocket *service, rill_request *request, void *user)
{
	(void)service;
	(void)request;
	(void)user;
	assert_int_equal(sessions_open, 0);
	return 403;
}

TEST(websocket_extensions, an_opening_that_is_refused_makes_no_session)
{
	rill_websocket_options options = defaults();
	options.on_request = refuse_all;
	serve_own(&options);
	refused("Sec-WebSocket-Extensions: xor\r\n", "403");
	assert_int_equal(sessions_open, 0);
	stop();
}

TEST(websocket_extensions, a_session_ends_with_the_connection_also_when_that_is_kept)
{
	open_own("xor, reverse");
	assert_int_equal(sessions_open, 2);
	rill_conn *kept = rill_conn_ref(conn);
	peer_leave(&peer);
	peer_turn(&peer);
	expect_said("close:1006: ");
	assert_int_equal(sessions_open, 0);
	assert_int_equal(rill_send_text(kept, "a"), RILL_ECLOSED);
	rill_conn_unref(kept);
	stop();
}

static void refused_list(const rill_extension *const *list, const char *why)
{
	rill_websocket_options options = defaults();
	options.extensions = list;
	assert_int_equal(
		rill_websocket_serve(peer.server, "/ws", &handler, &options, NULL), RILL_EINVAL);
	assert_non_null(strstr(test_log(), why));
}

TEST(websocket_extensions, two_of_one_name_are_refused)
{
	rill_extension e = own_xoring;
	const rill_extension *const list[] = { &e, NULL };
	const rill_extension *const twice[] = { &own_xoring, &own_xoring, NULL };
	start();
	refused_list(twice, "websocket options: two extensions have one name");
	e.name = "permessage-deflate";
	refused_list(list, "websocket options: two extensions have one name");
	e.name = "no token";
	refused_list(list, "websocket options: an extension's name must be a token");
	stop();
}

TEST(websocket_extensions, what_cannot_be_undone_closes)
{
	open_own("xor");
	failure = RILL_EPROTO;
	peer_send_hex(&peer, "a1 81 00000000 34");
	expect_said("close:1007:data cannot be decoded ");
	peer_expect_hex(&peer, "88 18 03ef 646174612063616e6e6f74206265206465636f646564");
	stop();
	open_own("xor");
	failure = RILL_EIO;
	peer_send_hex(&peer, "a1 81 00000000 34");
	expect_said("close:1011:an extension failed ");
	stop();
}

TEST(websocket_extensions, bits_that_were_not_agreed_on_close)
{
	open_own("xor");
	peer_send_hex(&peer, "91");
	expect_said("close:1002:a reserved bit is set ");
	stop();
}

TEST(websocket_extensions, a_failure_to_send_is_told_to_the_peer_and_later_to_the_program)
{
	open_own("permessage-deflate, xor");
	assert_int_equal(rill_send_text(conn, "abc"), 0);
	failure = RILL_ENOMEM;
	assert_int_equal(rill_send_text(conn, "Hello"), RILL_ECLOSED);
	assert_int_equal(rill_send_text(conn, "Hello"), RILL_ECLOSED);
	assert_int_equal(rill_send_piece(conn, RILL_TEXT, "a", 1, true), RILL_ECLOSED);
	assert_int_equal(rill_close(conn, 1000, NULL), 0);
	assert_int_equal(rill_conn_queued(conn), 0);
	expect_said(""); /* no callback from inside a call */
	peer_turn(&peer);
	expect_said("close:1011: ");
	peer_expect_hex(&peer, "a1 03 343736  88 15 03f3 616e20657874656e73696f6e206661696c6564");
	peer_expect_end(&peer);
	stop();
}

static void send_failing(rill_conn *c)
{
	failure = RILL_EIO;
	assert_int_equal(rill_send_text(c, "Hello"), RILL_ECLOSED);
}

TEST(websocket_extensions, a_failure_to_send_inside_on_message_is_told_behind_it)
{
	open_own("xor");
	in_message = send_failing;
	peer_send_hex(&peer, "a1 81 00000000 34  a1 81 00000000 34");
	expect_said("text:a close:1011: ");
	peer_expect_hex(&peer, "88 15 03f3");
	stop();
	rill_websocket_options options = defaults();
	serve_own(&options);
	in_open = send_failing;
	peer_open(&peer, "/ws", "Sec-WebSocket-Extensions: xor\r\n");
	expect_said("open close:1011: ");
	stop();
}

static void note_bits(rill_conn *c, const rill_frame *frame, void *user)
{
	(void)c;
	(void)user;
	say("%s%d%d%d:%.*s ", frame->out ? ">" : "<", frame->rsv1, frame->rsv2, frame->rsv3,
		(int)frame->payload.len, (const char *)frame->payload.data);
}

TEST(websocket_extensions, the_tap_sees_the_bits)
{
	open_own("xor, reverse");
	assert_int_equal(rill_conn_trace(conn, note_bits, NULL), 0);
	peer_send_hex(&peer, "a1 81 00000000 34");
	expect_said("<010:4 text:a ");
	rill_send_text(conn, "abc");
	expect_said(">011:674 ");
	stop();
}

static void whole_life(void *unused)
{
	static const rill_extension *const list[] = { &own_xoring, &own_reversing, NULL };
	static const char request[] =
		"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Extensions: permessage-deflate, xor; x=\"\\1\", reverse\r\n\r\n"
		"\x31\x81\0\0\0\0a\x80\x81\0\0\0\0b\x88\x80\0\0\0\0";
	rill_websocket_options ws_options = defaults();
	rill_loop_options options;
	rill_server *server = NULL;
	rill_loop *loop = NULL;
	int fds[2];
	(void)unused;
	ws_options.extensions = list;
	rill_loop_options_default(&options);
	options.allocator = test_env()->memory;
	said[0] = 0;
	in_open = NULL;
	in_message = NULL;
	if (rill_loop_new(&loop, &options) < 0)
		return;
	if (rill_server_new(&server, loop, NULL) == 0 &&
		rill_websocket_serve(server, "/ws", &handler, &ws_options, NULL) == 0 &&
		socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0) {
		if (rill_server_adopt(server, fds[1], request, sizeof(request) - 1) < 0)
			close(fds[1]);
		for (int i = 0; i < 4; i++) {
			rill_loop_turn(loop);
			if (conn)
				rill_send_text(conn, "hello, hello");
		}
		close(fds[0]);
		for (int i = 0; i < 4; i++)
			rill_loop_turn(loop);
	}
	rill_server_free(server);
	rill_loop_free(loop);
	assert_int_equal(sessions_open, 0);
	/* Whatever failed: who was told of an opening was told of the end. */
	if (strstr(said, "open"))
		assert_non_null(strstr(said, "close:"));
	else
		assert_string_equal(said, "");
}

TEST(websocket_extensions, each_failing_allocation_is_survived)
{
	sessions_open = 0;
	test_each_failing_allocation(whole_life, NULL);
}
