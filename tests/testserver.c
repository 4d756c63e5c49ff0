/* testserver.c: the server that interoperability suites run against, by the public headers alone.
 *
 *     testserver services --port 0
 *
 * Its first line on standard output is "listening on http://HOST:PORT" once it accepts
 * connections; logs go to standard error; SIGTERM or SIGINT ends it with status 0. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <rill/rill.h>
#include "testserver/engineio.h"
#include "testserver/socketio.h"
#include "testserver/socketio0.h"
#include "testserver/sockjs.h"
#include "testserver/sse.h"

#define BIG_BYTES      ((uint64_t)64 * 1024 * 1024)
#define BIG_PIECE      ((size_t)64 * 1024)
#define MAX_MESSAGE    67108863
#define MAX_BODY       ((uint64_t)16 * 1024 * 1024)
#define STOP_WITHIN_MS 1000

enum { STATUS_FAILED = 1, STATUS_USAGE = 2 };

struct arguments {
	const char *app;
	const char *host;
	uint16_t port;
	const char *tls_cert, *tls_key;
	rill_io io;
	bool quiet;
	bool eio3;              /* engineio-suite: clients of revision 3, too */
	const char *client_dir; /* socketio: where its client's files are */
	/* socketio-0.x: its client's file; the port of the Flash policy, if it is to have one */
	const char *client_file;
	bool flash_policy;
	uint16_t flash_policy_port;
	bool old_first; /* socketio-both: Socket.IO of 2010 is attached first */
};

struct world {
	rill_loop *loop;
	rill_server *server;
	rill_watch *signals;
	int signal_fd;
	bool stopping;
};

/* Arguments. Each reader takes an option's value and returns NULL, or what is wrong with it. */

static const char *read_host(struct arguments *a, const char *value)
{
	a->host = value;
	return NULL;
}

static const char *read_uint16(uint16_t *port, const char *value)
{
	char *end;
	unsigned long number = strtoul(value, &end, 10);
	if (*value < '0' || *value > '9' || *end || number > UINT16_MAX)
		return "is a number from 0 to 65535";
	*port = (uint16_t)number;
	return NULL;
}

static const char *read_port(struct arguments *a, const char *value)
{
	return read_uint16(&a->port, value);
}

static const char *read_flash_policy_port(struct arguments *a, const char *value)
{
	a->flash_policy = true;
	return read_uint16(&a->flash_policy_port, value);
}

static const char *read_tls_cert(struct arguments *a, const char *value)
{
	a->tls_cert = value;
	return NULL;
}

static const char *read_tls_key(struct arguments *a, const char *value)
{
	a->tls_key = value;
	return NULL;
}

static const char *read_io(struct arguments *a, const char *value)
{
	static const char *const names[] = { "auto", "epoll", "uring" };
	static const rill_io ios[] = { RILL_IO_AUTO, RILL_IO_EPOLL, RILL_IO_URING };
	for (size_t i = 0; i < sizeof(ios) / sizeof(*ios); i++) {
		if (!strcmp(value, names[i])) {
			a->io = ios[i];
			return NULL;
		}
	}
	return "is auto, epoll or uring";
}

static const char *read_threads(struct arguments *a, const char *value)
{
	(void)a;
	return strcmp(value, "1") ? "can only be 1" : NULL;
}

static const char *read_client_dir(struct arguments *a, const char *value)
{
	a->client_dir = value;
	return NULL;
}

static const char *read_client_file(struct arguments *a, const char *value)
{
	a->client_file = value;
	return NULL;
}

static const struct option {
	const char *name;
	const char *(*read)(struct arguments *a, const char *value);
} options[] = {
	{ "--host", read_host },
	{ "--port", read_port },
	{ "--tls-cert", read_tls_cert },
	{ "--tls-key", read_tls_key },
	{ "--io", read_io },
	{ "--threads", read_threads },
	{ "--client-dir", read_client_dir },
	{ "--client-file", read_client_file },
	{ "--flash-policy-port", read_flash_policy_port },
};

static const struct option *find_option(const char *name)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		if (!strcmp(options[i].name, name))
			return &options[i];
	}
	return NULL;
}

static int misused(const char *what, const char *why)
{
	fprintf(stderr, "testserver: %s %s\n", what, why);
	return STATUS_USAGE;
}

static int read_arguments(struct arguments *a, int argc, char **argv)
{
	*a = (struct arguments){ .host = "127.0.0.1" };
	if (argc < 2)
		return misused("usage:", "testserver APP [--host 127.0.0.1] [--port N] "
					 "[--tls-cert FILE --tls-key FILE] [--io auto|epoll|uring] "
					 "[--threads N] [--quiet] [--eio3] [--client-dir DIR] "
					 "[--flash-policy-port N] [--client-file FILE] [--old-first]");
	a->app = argv[1];
	for (int i = 2; i < argc; i++) {
		if (!strcmp(argv[i], "--quiet")) {
			a->quiet = true;
			continue;
		}
		if (!strcmp(argv[i], "--eio3")) {
			a->eio3 = true;
			continue;
		}
		if (!strcmp(argv[i], "--old-first")) {
			a->old_first = true;
			continue;
		}
		const struct option *option = find_option(argv[i]);
		if (!option)
			return misused(argv[i], "is no option of this program");
		if (i + 1 == argc)
			return misused(option->name, "needs a value");
		const char *wrong = option->read(a, argv[++i]);
		if (wrong)
			return misused(option->name, wrong);
	}
	if (!a->tls_cert != !a->tls_key)
		return misused("--tls-cert and --tls-key", "belong together");
	return 0;
}

/* What every APP answers. */

static int answer_health(rill_request *request)
{
	rill_respond(request, 200, "text/plain", "ok", 2);
	return RILL_TAKE;
}

struct body_count {
	uint64_t len;
};

static void count_body(rill_request *request, rill_bytes bytes, void *user)
{
	(void)request;
	struct body_count *count = user;
	count->len += bytes.len;
}

static void answer_count(rill_request *request, void *user)
{
	const struct body_count *count = user;
	char text[24];
	int len = snprintf(text, sizeof(text), "%llu", (unsigned long long)count->len);
	rill_respond(request, 200, "text/plain", text, (size_t)len);
}

static void forget_body(rill_request *request, int rc, void *user)
{
	(void)request;
	(void)rc;
	free(user);
}

static int answer_body(rill_request *request)
{
	static const rill_request_handler handler = { sizeof(rill_request_handler),
		.on_body = count_body, .on_end = answer_count, .on_close = forget_body };
	struct body_count *count = calloc(1, sizeof(*count));
	if (!count)
		rill_respond(request, 503, NULL, NULL, 0);
	else
		rill_request_follow(request, &handler, count);
	return RILL_TAKE;
}

struct big {
	uint64_t left;
};

/* Until the peer falls behind; on_drain goes on. */
static void write_big(rill_request *request, void *user)
{
	static char piece[BIG_PIECE];
	struct big *big = user;
	if (!big->left)
		return;
	memset(piece, 'x', sizeof(piece));
	while (big->left) {
		int rc = rill_response_write(request, piece, sizeof(piece));
		if (rc < 0) {
			if (rc != RILL_ECLOSED)
				rill_request_abort(request);
			big->left = 0;
			return;
		}
		big->left -= sizeof(piece);
		if (rc > 0 && big->left)
			return;
	}
	rill_response_end(request);
}

static void forget_big(rill_request *request, int rc, void *user)
{
	(void)request;
	(void)rc;
	free(user);
}

static int answer_big(rill_request *request)
{
	static const rill_request_handler handler = { sizeof(rill_request_handler),
		.on_drain = write_big, .on_close = forget_big };
	struct big *big = calloc(1, sizeof(*big));
	if (!big) {
		rill_respond(request, 503, NULL, NULL, 0);
		return RILL_TAKE;
	}
	big->left = BIG_BYTES;
	rill_request_follow(request, &handler, big);
	rill_response_header(request, "Content-Type", "text/plain");
	if (rill_response_begin(request, 200, BIG_BYTES) < 0)
		rill_request_abort(request);
	else
		write_big(request, big);
	return RILL_TAKE;
}

static const struct page {
	const char *path;
	const char *allow;
	int (*answer)(rill_request *request);
} pages[] = {
	{ "/health", "GET, HEAD", answer_health },
	{ "/body", "POST", answer_body },
	{ "/big", "GET, HEAD", answer_big },
};

static bool is(rill_bytes bytes, const char *text)
{
	return bytes.len == strlen(text) && !memcmp(bytes.data, text, bytes.len);
}

/* Is method one of the names in the list "GET, HEAD"? */
static bool allowed(const char *list, rill_bytes method)
{
	while (*list) {
		size_t len = strcspn(list, ",");
		if (len == method.len && !memcmp(list, method.data, len))
			return true;
		list += len;
		list += strspn(list, ", ");
	}
	return false;
}

static int answer_page(rill_request *request, void *user)
{
	(void)user;
	for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++) {
		if (!is(rill_request_path(request), pages[i].path))
			continue;
		if (allowed(pages[i].allow, rill_request_method(request)))
			return pages[i].answer(request);
		rill_response_header(request, "Allow", pages[i].allow);
		rill_respond(request, 405, NULL, NULL, 0);
		return RILL_TAKE;
	}
	return RILL_PASS;
}

/* APP services. */

/* A client that does not read its echoes is not read from until they have gone. */
static void echo(rill_conn *conn, rill_msg msg)
{
	int rc = rill_send_msg(conn, msg);
	if (rc == 1)
		rill_conn_pause(conn);
	else if (rc < 0 && rc != RILL_ECLOSED)
		rill_conn_destroy(conn);
}

static int attach_services(rill_server *server, const struct arguments *a)
{
	static const rill_handler handler = { sizeof(rill_handler), .on_message = echo,
		.on_drain = rill_conn_resume };
	static const char *const protocols[] = { "irc", "amqp", NULL };
	static const char *const origins[] = { "*", NULL };
	rill_websocket_options o;

	(void)a;
	rill_websocket_options_default(&o);
	o.max_message = MAX_MESSAGE;
	o.max_queue = 0; /* bounded by pausing: the high-water mark and one message */
	o.protocols = protocols;
	o.origins = origins;
	o.hixie_drafts = true;
	int rc = rill_websocket_serve(server, "/ws", &handler, &o, NULL);
	if (rc == 0)
		rc = attach_sse(server);
	return rc == 0 ? attach_sockjs(server) : rc;
}

/* APP engineio-suite. */

static int attach_engineio(rill_server *server, const struct arguments *a)
{
	return attach_engineio_suite(server, a->eio3);
}

/* APPs socketio and socketio-suite. */

static int attach_socketio_app(rill_server *server, const struct arguments *a)
{
	return attach_socketio(server, a->client_dir);
}

static int attach_socketio_suite_app(rill_server *server, const struct arguments *a)
{
	(void)a;
	return attach_socketio_suite(server);
}

/* APP socketio-0.x. */

static int attach_socketio0_app(rill_server *server, const struct arguments *a)
{
	rill_socketio0 *io;
	int rc = attach_socketio0(server, a->client_file, NULL, &io);
	if (rc < 0 || !a->flash_policy)
		return rc;
	rc = rill_socketio0_listen_policy(io, a->host, a->flash_policy_port);
	if (rc < 0)
		return rc;
	fprintf(stderr, "policy on %s:%u\n", a->host, rill_socketio0_policy_port(io));
	return 0;
}

/* APP socketio-both: the APPs socketio and socketio-0.x on one path. The old client has a name of its own there. */

static int attach_both(rill_server *server, const struct arguments *a)
{
	static const char old_name[] = "socket.io-0.js";
	rill_socketio0 *io;
	int rc = a->old_first ? attach_socketio0(server, a->client_file, old_name, &io) : 0;
	if (rc == 0)
		rc = attach_socketio(server, a->client_dir);
	if (rc == 0 && !a->old_first)
		rc = attach_socketio0(server, a->client_file, old_name, &io);
	return rc;
}

/* What is for none of its services. */
static int say_path(rill_request *request, void *user)
{
	(void)user;
	rill_bytes path = rill_request_path(request);
	rill_response_header(request, "Content-Type", "text/plain");
	if (rill_response_begin(request, 200, strlen("app:") + path.len) < 0) {
		rill_request_abort(request);
		return RILL_TAKE;
	}
	rill_response_write(request, "app:", strlen("app:"));
	rill_response_write(request, path.data, path.len);
	rill_response_end(request);
	return RILL_TAKE;
}

static const struct app {
	const char *name;
	int (*attach)(rill_server *server, const struct arguments *a);
	rill_request_fn rest; /* takes what nobody else has taken. Optional */
} apps[] = {
	{ "services", attach_services, NULL },
	{ "engineio-suite", attach_engineio, NULL },
	{ "socketio", attach_socketio_app, say_path },
	{ "socketio-suite", attach_socketio_suite_app, NULL },
	{ "socketio-0.x", attach_socketio0_app, say_path },
	{ "socketio-both", attach_both, say_path },
};

static const struct app *find_app(const char *name)
{
	for (size_t i = 0; i < sizeof(apps) / sizeof(*apps); i++) {
		if (!strcmp(apps[i].name, name))
			return &apps[i];
	}
	return NULL;
}

/* Beginning and end. */

static void on_stopped(void *user)
{
	rill_loop_stop(user);
}

static void on_signal(rill_watch *watch, int events, void *user)
{
	(void)watch;
	(void)events;
	struct world *w = user;
	struct signalfd_siginfo info;
	if (read(w->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (w->stopping)
		rill_loop_stop(w->loop);
	else
		rill_server_stop(w->server, STOP_WITHIN_MS, on_stopped, w->loop);
	w->stopping = true;
}

static int watch_signals(struct world *w)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	w->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (w->signal_fd < 0)
		return RILL_EIO;
	return rill_watch_new(&w->signals, w->loop, w->signal_fd, RILL_READABLE, on_signal, w);
}

static int make_loop(struct world *w, const struct arguments *a)
{
	rill_loop_options o;
	rill_loop_options_default(&o);
	o.io = a->io;
	o.log = a->quiet ? NULL : rill_log_stderr;
	return rill_loop_new(&w->loop, &o);
}

static int make_server(struct world *w, const struct arguments *a, const struct app *app)
{
	rill_server_options o;
	rill_server_options_default(&o);
	o.max_body = MAX_BODY;
	int rc = rill_server_new(&w->server, w->loop, &o);
	if (rc < 0)
		return rc;
	rc = app->attach(w->server, a);
	if (rc == 0)
		rc = rill_server_handle(w->server, "/", answer_page, NULL, NULL);
	if (rc == 0 && app->rest)
		rc = rill_server_handle(w->server, "/", app->rest, NULL, NULL);
	return rc;
}

static int listen_as_told(struct world *w, const struct arguments *a)
{
	rill_tls_certificate certificate = { a->tls_cert, a->tls_key, NULL };
	rill_tls_options tls;
	rill_listen_options o;

	rill_tls_options_default(&tls);
	tls.certificates = &certificate;
	tls.certificate_count = 1;
	rill_listen_options_default(&o);
	o.host = a->host;
	o.port = a->port;
	o.tls = a->tls_cert ? &tls : NULL;
	return rill_server_listen(w->server, &o);
}

static int failed(const char *what, const char *why)
{
	fprintf(stderr, "testserver: %s: %s\n", what, why);
	return STATUS_FAILED;
}

static int serve(struct world *w, const struct arguments *a, const struct app *app)
{
	int rc = make_loop(w, a);
	if (rc == RILL_EUNSUPPORTED)
		return failed("--io uring", "this build or this kernel cannot do it");
	if (rc < 0)
		return failed("cannot make a loop", rill_strerror(rc));
	rc = watch_signals(w);
	if (rc < 0)
		return failed("cannot watch signals", rill_strerror(rc));
	rc = make_server(w, a, app);
	if (rc < 0)
		return failed("cannot make the server", rill_strerror(rc));
	rc = listen_as_told(w, a);
	if (rc < 0) {
		fprintf(stderr, "testserver: %s\n", rill_server_error(w->server));
		return STATUS_FAILED;
	}

	printf("listening on %s\n", rill_server_url(w->server, rc));
	fflush(stdout);
	rc = rill_loop_run(w->loop);
	return rc < 0 ? failed("the loop ended", rill_strerror(rc)) : 0;
}

int main(int argc, char **argv)
{
	struct arguments a;
	int status = read_arguments(&a, argc, argv);
	if (status)
		return status;
	const struct app *app = find_app(a.app);
	if (!app)
		return misused(a.app, "is no APP of this program; there are services, "
				      "engineio-suite, socketio, socketio-suite, "
				      "socketio-0.x and socketio-both");

	struct world w = { .signal_fd = -1 };
	status = serve(&w, &a, app);
	rill_server_free(w.server);
	rill_watch_free(w.signals);
	rill_loop_free(w.loop);
	if (w.signal_fd >= 0)
		close(w.signal_fd);
	return status;
}
