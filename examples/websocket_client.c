/* websocket_client.c: says what it is told to a WebSocket server, shows what comes back, and leaves.
 *
 *     build/examples/websocket_echo 8000 &
 *     build/examples/websocket_client ws://127.0.0.1:8000/ws hello world */
#include <stdio.h>
#include <rill/rill.h>

/* What is still to come back; in main's memory, known to the connection as its user. */
struct talk {
	rill_loop *loop;
	int awaited;
	int exit_status;
};

static void on_open(rill_conn *conn)
{
	const rill_answer *answer = rill_conn_answer(conn);
	printf("open: %d, extensions \"%s\"\n", rill_answer_status(answer),
		rill_conn_extensions(conn));
}

static void on_message(rill_conn *conn, rill_msg msg)
{
	struct talk *talk = rill_conn_user(conn);
	printf("%.*s\n", (int)msg.len, (const char *)msg.data);
	if (--talk->awaited == 0)
		rill_close(conn, 1000, "goodbye");
}

static void on_close(rill_conn *conn, int code, rill_bytes reason)
{
	struct talk *talk = rill_conn_user(conn);
	printf("closed: %d %.*s\n", code, (int)reason.len, (const char *)reason.data);
	talk->exit_status = code != 1000;
	rill_loop_stop(talk->loop);
}

static void on_failed(rill_conn *conn, const rill_failure *failure)
{
	struct talk *talk = rill_conn_user(conn);
	fprintf(stderr, "%s\n", failure->sentence);
	talk->exit_status = 1;
	rill_loop_stop(talk->loop);
}

static const rill_handler handler = {
	sizeof(rill_handler),
	.on_open = on_open,
	.on_message = on_message,
	.on_close = on_close,
};

int main(int argc, char **argv)
{
	rill_websocket_client_options options;
	struct talk talk = { .awaited = argc - 2 };
	rill_conn *conn;

	if (argc < 3) {
		fprintf(stderr, "usage: %s URL MESSAGE...\n", argv[0]);
		return 2;
	}
	if (rill_loop_new(&talk.loop, NULL) < 0)
		return 1;
	rill_websocket_client_options_default(&options);
	options.on_failed = on_failed;
	options.user = &talk;
	if (rill_websocket_connect(&conn, talk.loop, argv[1], &handler, &options) < 0) {
		fprintf(stderr, "%s\n", rill_loop_error(talk.loop));
		return 1;
	}
	/* What is sent before it is open waits for that. */
	for (int i = 2; i < argc; i++)
		rill_send_text(conn, argv[i]);
	rill_loop_run(talk.loop);
	rill_loop_free(talk.loop);
	return talk.exit_status;
}
