/* adopt.c: a program that has an HTTP server already, here libmicrohttpd, and gives rill the
 * requests for /ws on the same port.
 *
 *     build/examples/adopt 8000
 *     curl http://127.0.0.1:8000/               libmicrohttpd answers
 *     npx wscat -c ws://127.0.0.1:8000/ws       rill answers
 *
 * rill wants the descriptor and every byte that was read from it. libmicrohttpd has parsed the
 * head and thrown it away, so it is written anew from what libmicrohttpd tells; a WebSocket
 * client sends nothing behind its head until it is answered. The descriptor is duplicated, and
 * MHD_USE_TURBO keeps libmicrohttpd from shutting the connection down as it drops its own.
 *
 * libmicrohttpd runs on a thread of its own, so the connection is posted to rill's loop. */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <rill/rill.h>

struct gift {
	rill_server *server;
	int fd;
	size_t len;
	char head[16 * 1024];
};

static void on_message(rill_conn *conn, rill_msg msg)
{
	if (rill_send_msg(conn, msg) == 1)
		rill_conn_pause(conn);
}

static const rill_handler echo = {
	sizeof(rill_handler),
	.on_message = on_message,
	.on_drain = rill_conn_resume,
};

/* On rill's thread. */
static void adopt(void *user)
{
	struct gift *gift = user;
	if (rill_server_adopt(gift->server, gift->fd, gift->head, gift->len) < 0)
		close(gift->fd);
	free(gift);
}

static void add(struct gift *gift, const char *a, const char *b, const char *c, const char *d)
{
	size_t room = sizeof(gift->head) - gift->len;
	int len = snprintf(gift->head + gift->len, room, "%s%s%s%s", a, b, c, d);
	gift->len += len > 0 && (size_t)len < room ? (size_t)len : room; /* full: rill says 431 */
}

static enum MHD_Result add_field(
	void *user, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	add(user, name, ": ", value ? value : "", "\r\n");
	return MHD_YES;
}

static enum MHD_Result give(rill_server *server, struct MHD_Connection *connection,
	const char *method, const char *target)
{
	int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	struct gift *gift = calloc(1, sizeof(*gift));
	if (!gift)
		return MHD_NO;
	gift->server = server;
	add(gift, method, " ", target, " HTTP/1.1\r\n");
	MHD_get_connection_values(connection, MHD_HEADER_KIND, add_field, gift);
	add(gift, "\r\n", "", "", "");
	gift->fd = dup(fd);
	if (gift->fd < 0 || rill_loop_post(rill_server_loop(server), adopt, gift) < 0) {
		if (gift->fd >= 0)
			close(gift->fd);
		free(gift);
	}
	return MHD_NO; /* libmicrohttpd drops its descriptor */
}

static enum MHD_Result answer(void *user, struct MHD_Connection *connection, const char *path,
	const char *method, const char *version, const char *body, size_t *body_len, void **target)
{
	static char page[] = "libmicrohttpd answers here, rill at /ws\n";
	(void)version;
	(void)body;
	(void)body_len;
	if (!strcmp(path, "/ws"))
		return give(user, connection, method, *target);
	struct MHD_Response *response = MHD_create_response_from_buffer(
		sizeof(page) - 1, page, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	return result;
}

/* The target as it was sent; answer() gets only what libmicrohttpd made of it. */
static void *keep_target(void *user, const char *target, struct MHD_Connection *connection)
{
	(void)user;
	(void)connection;
	return strdup(target);
}

static void drop_target(void *user, struct MHD_Connection *connection, void **target,
	enum MHD_RequestTerminationCode code)
{
	(void)user;
	(void)connection;
	(void)code;
	free(*target);
}

int main(int argc, char **argv)
{
	uint16_t port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 8000);
	rill_loop *loop;
	rill_server *server; /* listens nowhere */

	if (rill_loop_new(&loop, NULL) < 0 || rill_server_new(&server, loop, NULL) < 0)
		return 1;
	rill_websocket_serve(server, "/ws", &echo, NULL, NULL);
	const struct sockaddr_in where = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_TURBO,
		port, NULL, NULL, answer, server, MHD_OPTION_URI_LOG_CALLBACK, keep_target, NULL,
		MHD_OPTION_NOTIFY_COMPLETED, drop_target, NULL, MHD_OPTION_SOCK_ADDR, &where,
		MHD_OPTION_END);
	if (!daemon) {
		fprintf(stderr, "libmicrohttpd cannot listen on port %u\n", port);
		return 1;
	}
	printf("listening on http://127.0.0.1:%u\n",
		MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	fflush(stdout);
	int rc = rill_loop_run(loop);
	MHD_stop_daemon(daemon);
	rill_server_free(server);
	rill_loop_free(loop);
	return rc < 0;
}
