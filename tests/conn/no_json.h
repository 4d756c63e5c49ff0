/* no_json.h: a connection of a protocol that has no messages of kind RILL_JSON takes none, by no way there is. */
#ifndef TEST_CONN_NO_JSON_H
#define TEST_CONN_NO_JSON_H

#include "conn/conn.h"
#include "conn/publication.h"
#include "support/support.h"

static inline void expect_no_json(rill_conn *conn)
{
	struct rl_publication *publication = rl_publication_new(
		&conn->loop->env, RILL_JSON, RL_SLICE("1"), rl_slice(NULL, 0));
	rill_msg msg;

	assert_int_equal(rill_msg_new(&msg, rill_conn_loop(conn), RILL_JSON, "1", 1), 0);
	assert_int_equal(rill_send_msg(conn, msg), RILL_EUNSUPPORTED);
	rill_msg_release(msg);
	msg.hold = NULL;
	msg.data = "1";
	assert_int_equal(rill_send_msg(conn, msg), RILL_EUNSUPPORTED);
	assert_int_equal(rill_send(conn, RILL_JSON, "1", 1), RILL_EUNSUPPORTED);
	assert_int_equal(rill_send(conn, RILL_JSON, "no JSON", 7), RILL_EUNSUPPORTED);
	assert_int_equal(rill_send_piece(conn, RILL_JSON, "1", 1, false), RILL_EUNSUPPORTED);
	assert_int_equal(rill_send_piece(conn, RILL_JSON, "1", 1, true), RILL_EUNSUPPORTED);
	assert_int_equal(rl_conn_publish(conn, publication), RILL_EUNSUPPORTED);
	rl_publication_unref(publication);
}

#endif
