#include "raw_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "process.h"

uint8_t raw_buffer[RAW_BUFFER];

static int loop = -1;

static int die(const char *what)
{
	perror(what);
	exit(1);
}

static void end(int signal_number)
{
	(void)signal_number;
	_exit(0);
}

static int listen_on(uint16_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
	socklen_t len = sizeof address;
	int on = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	/* Accepted sockets inherit it. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 4096) < 0)
		return die("bind");
	getsockname(fd, (struct sockaddr *)&address, &len);
	printf("listening on http://127.0.0.1:%u\n", ntohs(address.sin_port));
	fflush(stdout);
	return fd;
}

static void accept_all(int listener, const struct raw_events *events)
{
	int fd;
	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };
		if (epoll_ctl(loop, EPOLL_CTL_ADD, fd, &ev) < 0)
			die("epoll_ctl");
		if (events->opened)
			events->opened(fd);
	}
	if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
		die("accept4");
}

void raw_wait(int fd, bool for_room)
{
	struct epoll_event ev = { .events = for_room ? EPOLLOUT : EPOLLIN, .data.fd = fd };
	if (epoll_ctl(loop, EPOLL_CTL_MOD, fd, &ev) < 0)
		die("epoll_ctl");
}

static bool serve(int fd, uint32_t ready, const struct raw_events *events)
{
	if (ready & EPOLLOUT)
		return events->writable(fd);
	ssize_t n = recv(fd, raw_buffer, sizeof raw_buffer, 0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	return n > 0 && events->received(fd, (size_t)n);
}

static uint16_t port_asked(int argc, char **argv)
{
	if (argc == 1)
		return 0;
	if (argc == 3 && strcmp(argv[1], "--port") == 0)
		return (uint16_t)atoi(argv[2]);
	fprintf(stderr, "usage: %s [--port N]\n", argv[0]);
	exit(2);
}

int raw_serve(const struct raw_events *events, int argc, char **argv)
{
	struct epoll_event ready[512];

	uint16_t port = port_asked(argc, argv);
	raise_descriptor_limit();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, end);
	loop = epoll_create1(EPOLL_CLOEXEC);
	int listener = listen_on(port);
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = listener };
	if (epoll_ctl(loop, EPOLL_CTL_ADD, listener, &ev) < 0)
		return die("epoll_ctl");

	for (;;) {
		int n = epoll_wait(loop, ready, 512, -1);
		if (n < 0 && errno != EINTR)
			return die("epoll_wait");
		for (int i = 0; i < n; i++) {
			int fd = ready[i].data.fd;
			if (fd == listener) {
				accept_all(listener, events);
			} else if (!serve(fd, ready[i].events, events)) {
				events->closed(fd);
				close(fd);
			}
		}
	}
}
