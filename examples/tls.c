/* tls.c: an echo server over TLS, whose certificate can be replaced while it runs.
 *
 *     openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=localhost \
 *             -keyout key.pem -out cert.pem
 *     build/examples/tls cert.pem key.pem 8443
 *     npx wscat --no-check -c wss://127.0.0.1:8443/ws
 *     kill -HUP the process     after the files have changed
 *
 * rill touches no signals; the program takes this one as a descriptor in rill's loop. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <rill/rill.h>

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

/* The signal's descriptor, and whose certificate it is about. */
struct reload {
	int fd;
	rill_server *server;
};

static void on_hangup(rill_watch *watch, int events, void *user)
{
	const struct reload *reload = user;
	struct signalfd_siginfo info;
	(void)watch;
	(void)events;
	if (read(reload->fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (rill_server_reload(reload->server) < 0) /* the old certificate stays in use */
		fprintf(stderr, "%s\n", rill_server_error(reload->server));
}

static int hangup_fd(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: tls CERTIFICATE KEY [PORT]\n");
		return 2;
	}
	rill_loop *loop;
	struct reload reload = { .fd = hangup_fd() };
	rill_watch *watch;
	if (rill_loop_new(&loop, NULL) < 0 || rill_server_new(&reload.server, loop, NULL) < 0 ||
		rill_watch_new(&watch, loop, reload.fd, RILL_READABLE, on_hangup, &reload) < 0)
		return 1;
	rill_websocket_serve(reload.server, "/ws", &echo, NULL, NULL);

	const rill_tls_certificate certificate = { argv[1], argv[2], NULL };
	rill_tls_options tls;
	rill_tls_options_default(&tls);
	tls.certificates = &certificate;
	tls.certificate_count = 1;

	rill_listen_options listen;
	rill_listen_options_default(&listen);
	listen.port = (uint16_t)(argc > 3 ? atoi(argv[3]) : 8443);
	listen.tls = &tls;
	if (rill_server_listen(reload.server, &listen) < 0) {
		fprintf(stderr, "%s\n", rill_server_error(reload.server));
		return 1;
	}
	printf("listening on %s\n", rill_server_url(reload.server, 0));
	fflush(stdout);
	return rill_loop_run(loop) < 0;
}
