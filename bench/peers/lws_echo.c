/* lws_echo: an echo server with libwebsockets: lws_echo [--port N] [--deflate] [--poll]
 * [--tls-cert FILE --tls-key FILE].
 *
 * Its event loop is libuv's (epoll), since its own poll(2) looks at every descriptor each turn;
 * --poll takes that one. What comes is kept until the socket can be written, as the library asks
 * for; several messages wait in line, and each writable callback sends one. */
#include <getopt.h>
#include <libwebsockets.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* One message, LWS_PRE bytes behind the struct. */
struct waiting {
	struct waiting *next;
	size_t len, room;
	bool binary;
};

struct session {
	struct waiting *first, **last;
	struct waiting *coming; /* not whole yet */
};

static struct lws_context *context;

static unsigned char *bytes_of(struct waiting *w)
{
	return (unsigned char *)(w + 1) + LWS_PRE;
}

static bool append(struct session *s, const void *data, size_t len, size_t more)
{
	struct waiting *w = s->coming;
	size_t have = w ? w->len : 0;

	if (!w || w->room < have + len) {
		size_t room = have + len + more;
		w = realloc(w, sizeof *w + LWS_PRE + room);
		if (!w)
			return false;
		w->len = have;
		w->room = room;
		s->coming = w;
	}
	memcpy(bytes_of(w) + have, data, len);
	w->len += len;
	return true;
}

static int received(struct lws *wsi, struct session *s, const void *data, size_t len)
{
	if (!append(s, data, len, lws_remaining_packet_payload(wsi)))
		return -1;
	if (lws_remaining_packet_payload(wsi) > 0 || !lws_is_final_fragment(wsi))
		return 0;
	s->coming->binary = lws_frame_is_binary(wsi) != 0;
	s->coming->next = NULL;
	*s->last = s->coming;
	s->last = &s->coming->next;
	s->coming = NULL;
	lws_callback_on_writable(wsi);
	return 0;
}

static int writable(struct lws *wsi, struct session *s)
{
	struct waiting *w = s->first;
	if (!w)
		return 0;
	int n = lws_write(wsi, bytes_of(w), w->len, w->binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT);
	s->first = w->next;
	if (!s->first)
		s->last = &s->first;
	size_t len = w->len;
	free(w);
	if (n < 0 || (size_t)n < len)
		return -1;
	if (s->first)
		lws_callback_on_writable(wsi);
	return 0;
}

static void opened(struct lws *wsi, struct session *s)
{
	memset(s, 0, sizeof *s);
	s->last = &s->first;
	/* Its buffers of 1 KiB would cut messages into fragments. */
	lws_set_extension_option(wsi, "permessage-deflate", "rx_buf_size", "16");
	lws_set_extension_option(wsi, "permessage-deflate", "tx_buf_size", "16");
}

static void closed(struct session *s)
{
	while (s->first) {
		struct waiting *w = s->first;
		s->first = w->next;
		free(w);
	}
	free(s->coming);
}

static int on_event(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *data, size_t len)
{
	switch (reason) {
	case LWS_CALLBACK_ESTABLISHED:
		opened(wsi, user);
		return 0;
	case LWS_CALLBACK_RECEIVE:
		return received(wsi, user, data, len);
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return writable(wsi, user);
	case LWS_CALLBACK_CLOSED:
		closed(user);
		return 0;
	default:
		return 0;
	}
}

static const struct lws_protocols protocols[] = {
	{ .name = "echo",
		.callback = on_event,
		.per_session_data_size = sizeof(struct session),
		.rx_buffer_size = 65536 },
	{ .name = NULL },
};

static const struct lws_extension deflate[] = {
	{ "permessage-deflate", lws_extension_callback_pm_deflate, "permessage-deflate" },
	{ NULL, NULL, NULL },
};

static void end(int signal_number)
{
	(void)signal_number;
	_exit(0);
}

static void read_options(struct lws_context_creation_info *info, int argc, char **argv)
{
	static const struct option options[] = {
		{ "port", required_argument, NULL, 'p' },
		{ "deflate", no_argument, NULL, 'd' },
		{ "poll", no_argument, NULL, 'l' },
		{ "tls-cert", required_argument, NULL, 'c' },
		{ "tls-key", required_argument, NULL, 'k' },
		{ NULL, 0, NULL, 0 },
	};
	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (o == 'p')
			info->port = atoi(optarg);
		else if (o == 'd')
			info->extensions = deflate;
		else if (o == 'l')
			info->options &= ~(uint64_t)LWS_SERVER_OPTION_LIBUV;
		else if (o == 'c')
			info->ssl_cert_filepath = optarg;
		else if (o == 'k')
			info->ssl_private_key_filepath = optarg;
		else
			exit(2);
	}
	if (info->ssl_cert_filepath)
		info->options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
}

static void raise_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int main(int argc, char **argv)
{
	struct lws_context_creation_info info = {
		.iface = "127.0.0.1",
		.protocols = protocols,
		.options = LWS_SERVER_OPTION_LIBUV,
		.pt_serv_buf_size = 65536 + 64,
	};

	read_options(&info, argc, argv);
	raise_limit();
	lws_set_log_level(LLL_ERR, NULL);
	context = lws_create_context(&info);
	if (!context)
		return 1;
	/* Making the context has set libuv's own handler, after which this loop would spin. */
	signal(SIGTERM, end);
	struct lws_vhost *host = lws_get_vhost_by_name(context, "default");
	printf("listening on %s://127.0.0.1:%d\n", info.ssl_cert_filepath ? "https" : "http",
		lws_get_vhost_listen_port(host));
	fflush(stdout);
	while (lws_service(context, 0) >= 0)
		;
	return 0;
}
