#include "http_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "load.h"
#include "transport.h"

static int fail(struct http_link *link, const char *what)
{
	return load_fail(link->load, "over HTTP: %s", what);
}

/* Answers may be as long as a response_limit makes them. */
static const struct rl_http1_limits limits = {
	.head = 16384,
	.target = 8192,
	.fields = 128,
	.body = UINT64_MAX,
	.chunk_extension = 4096,
};

static int link_ready(struct watcher *watcher, uint32_t events);

void http_link_init(struct http_link *link, struct load *load,
	const struct http_link_events *events, void *owner)
{
	*link = (struct http_link){ .watcher.ready = link_ready,
		.load = load,
		.events = events,
		.owner = owner,
		.fd = -1,
		.opened = link->opened };
	rl_buf_init(&link->out, &load->env);
	rl_buf_init(&link->rest, &load->env);
}

void http_link_close(struct http_link *link)
{
	if (link->fd < 0)
		return;
	close(link->fd);
	link->fd = -1;
	link->busy = link->last = false;
	rl_http1_fini(&link->parser);
	rl_buf_release(&link->out);
	rl_buf_release(&link->rest);
}

static int open_link(struct http_link *link)
{
	struct load *load = link->load;
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = &link->watcher };

	int fd = transport_connect(load);
	if (fd < 0)
		return -1;
	if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, fd, &ev) < 0) {
		close(fd);
		return fail(link, strerror(errno));
	}
	link->fd = fd;
	link->opened++;
	link->waits_for_room = false;
	rl_http1_init(&link->parser, &load->env, RL_HTTP1_RESPONSE, &limits);
	return 0;
}

static int write_head(struct http_link *link, struct rl_slice method, struct rl_slice target)
{
	const struct sockaddr_in *server = &link->load->options->server;
	char host[64], address[INET_ADDRSTRLEN], origin[96];

	inet_ntop(AF_INET, &server->sin_addr, address, sizeof address);
	snprintf(host, sizeof host, "%s:%u", address, ntohs(server->sin_port));
	/* Browsers say where the page is from with each POST. */
	snprintf(origin, sizeof origin, "http://%s", host);
	int rc = rl_http1_write_request_line(&link->out, method, target);
	if (rc == 0)
		rc = rl_http1_write_field(&link->out, RL_SLICE("Host"), rl_slice_str(host));
	if (rc == 0)
		rc = rl_http1_write_field(&link->out, RL_SLICE("Origin"), rl_slice_str(origin));
	return rc;
}

int http_link_begin(struct http_link *link, struct rl_slice method, struct rl_slice target)
{
	if (link->fd < 0 && open_link(link) < 0)
		return -1;
	link->busy = true;
	return write_head(link, method, target) < 0 ? fail(link, "the request cannot be written")
						    : 0;
}

static int wait_for_room(struct http_link *link, bool wait)
{
	struct epoll_event ev = { .events = EPOLLIN | (wait ? (uint32_t)EPOLLOUT : 0),
		.data.ptr = &link->watcher };

	if (link->waits_for_room == wait)
		return 0;
	link->waits_for_room = wait;
	if (epoll_ctl(link->load->epoll, EPOLL_CTL_MOD, link->fd, &ev) < 0)
		return fail(link, strerror(errno));
	return 0;
}

int http_link_flush(struct http_link *link)
{
	while (link->out.len > 0) {
		ssize_t n = send(link->fd, link->out.data, link->out.len, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return fail(link, strerror(errno));
		if (n < 0)
			return wait_for_room(link, true);
		rl_buf_consume(&link->out, (size_t)n);
	}
	return wait_for_room(link, false);
}

static int answer_ended(struct http_link *link)
{
	bool last = link->last;

	link->busy = false;
	if (last)
		http_link_close(link);
	return link->events->end(link);
}

static int take_event(struct http_link *link, const struct rl_http1_event *ev, uint64_t now)
{
	switch (ev->type) {
	case RL_HTTP1_HEAD:
		if (!link->busy)
			return fail(link, "an answer to no request");
		link->last = !link->parser.head.keep_alive;
		return link->events->head(link, link->parser.head.status);
	case RL_HTTP1_BODY:
		return link->events->body(link, ev->data, now);
	case RL_HTTP1_END:
		return answer_ended(link);
	}
	return 0;
}

/* Keeps what of a head has not been used. in may lie in rest itself. */
static int keep_rest(struct http_link *link, struct rl_slice in, bool from_rest)
{
	if (from_rest) {
		rl_buf_consume(&link->rest, link->rest.len - in.len);
		return 0;
	}
	return rl_buf_append_slice(&link->rest, in) < 0 ? fail(link, "out of memory") : 0;
}

static int take_input(struct http_link *link, struct rl_slice in)
{
	bool from_rest = link->rest.len > 0;
	unsigned opened = link->opened;
	uint64_t now = load_now();
	struct rl_http1_event ev;
	int rc;

	if (from_rest) {
		if (rl_buf_append_slice(&link->rest, in) < 0)
			return fail(link, "out of memory");
		in = rl_buf_slice(&link->rest);
	}
	while ((rc = rl_http1_next(&link->parser, &in, &ev)) > 0) {
		if (take_event(link, &ev, now) < 0)
			return -1;
		if (link->fd < 0 || link->opened != opened)
			break;
	}
	if (rc < 0)
		return fail(
			link, link->parser.error_text ? link->parser.error_text : "out of memory");
	if (rc == 0 && keep_rest(link, in, from_rest) < 0)
		return -1;
	return link->events->read(link);
}

/* The peer's end of the stream. Behind an answer without a length it is what was waited for; between
 * requests it would be its right, but then what is measured is not what was meant. */
static int ended(struct http_link *link)
{
	bool complete = false;

	if (rl_http1_end_of_input(&link->parser, &complete) < 0 || !complete)
		return fail(link, "the connection is lost");
	link->last = true;
	return answer_ended(link) < 0 ? -1 : link->events->read(link);
}

static int link_ready(struct watcher *watcher, uint32_t events)
{
	struct http_link *link = (struct http_link *)watcher;
	uint8_t *data = link->load->input + LOAD_FRONT;

	if (link->fd < 0)
		return 0;
	if ((events & EPOLLOUT) && http_link_flush(link) < 0)
		return -1;
	if (!(events & ~(uint32_t)EPOLLOUT))
		return 0;
	ssize_t n = recv(link->fd, data, LOAD_INPUT, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0)
		return fail(link, strerror(errno));
	return n == 0 ? ended(link) : take_input(link, rl_slice(data, (size_t)n));
}
