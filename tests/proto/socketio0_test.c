/* socketio0_test.c: the service: clients on all transports, and how it comes and goes. */
#include "proto/socketio0_program.h"

static struct client client, other;

#define EACH_TRANSPORT(t) for (int t = 0; t < TRANSPORTS; t++)

TEST(socketio0, a_client_is_told_its_id_and_messages_go_both_ways)
{
	EACH_TRANSPORT (t) {
		serve(NULL);
		client_open(&client, t);
		expect_said("connection ");
		assert_string_equal(rill_conn_transport(conn), names[t]);
		assert_string_equal(rill_socketio0_session_id(conn), client.id);
		assert_ptr_equal(rill_socketio0_client(io, client.id), conn);
		assert_int_equal(rill_socketio0_connections(conn), 1);
		send_frames(&client, "~m~2~m~hi~m~10~m~~j~{\"a\":1}~m~2~m~\xf0\x9f\x98\x80~m~0~m~");
		expect_said("<hi> json{\"a\":1} <\xf0\x9f\x98\x80> <> ");
		assert_int_equal(rill_send_text(conn, "\xc3\xa9"), 0);
		assert_int_equal(rill_send(conn, RILL_JSON, "[1]", 3), 0);
		expect_frames(&client, "~m~1~m~\xc3\xa9~m~6~m~~j~[1]");
		client_close(&client);
		finish();
		expect_said("1006: ");
	}
}
