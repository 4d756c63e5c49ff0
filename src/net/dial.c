/* dial.c: the attempts to connect, and the winner (RFC 8305, section 5).
 *
 * Addresses take turns by family, beginning with the family of the one that the resolver put first:
 * where one family leads nowhere, only every other attempt is lost. An attempt that fails makes room
 * for the next at once, one that is silent after attempt_ms; it stays open beside the others, and the
 * first that connects wins. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include "net/dial.h"
#include "net/resolve.h"

/* RFC 8305, section 8: the delay between attempts must not be shorter. */
#define MIN_ATTEMPT_MS 10

#define SENTENCE_MAX   512

struct attempt {
	struct rl_watch watch; /* fd -1: not open */
	struct rl_dial *dial;
};

struct rl_dial {
	struct rl_stream_group *group;
	rl_dial_done done;
	void *user;
	struct rl_resolve resolve;
	struct rl_task begin; /* instead of resolve, for an address */
	struct rl_timer timer;
	uint16_t port;
	uint32_t attempt_ms;
	int error;             /* errno of the most telling failure so far */
	int count, next, open; /* addresses, the next to be tried, attempts under way */
	struct rl_endpoint list[RL_ADDRESSES];
	struct attempt attempts[RL_ADDRESSES]; /* of each address */
	size_t host_len;
	char host[]; /* without brackets */
};

static struct rill_loop *loop_of(const struct rl_dial *dial)
{
	return dial->group->loop;
}

static int set_watch(struct attempt *attempt, int events)
{
	struct rl_engine *engine = loop_of(attempt->dial)->engine;
	return engine->ops->set_watch(engine, &attempt->watch, events);
}

/* The descriptor stays. */
static int take_fd(struct attempt *attempt)
{
	int fd = attempt->watch.fd;

	set_watch(attempt, 0);
	attempt->watch.fd = -1;
	attempt->dial->open--;
	return fd;
}

static void free_dial(struct rl_dial *dial)
{
	for (int i = 0; i < dial->next; i++)
		if (dial->attempts[i].watch.fd >= 0)
			close(take_fd(&dial->attempts[i]));
	rl_resolve_cancel(&dial->resolve);
	rl_list_remove(&dial->begin.node);
	rl_loop_clear_timer(loop_of(dial), &dial->timer);
	rl_free(&loop_of(dial)->env, dial);
}

static void succeed(struct rl_dial *dial, struct rl_stream *stream)
{
	rl_dial_done done = dial->done;
	void *user = dial->user;

	free_dial(dial);
	done(user, stream, 0, NULL);
}

static void fail(struct rl_dial *dial, int rc, const char *why)
{
	char sentence[SENTENCE_MAX];
	rl_dial_done done = dial->done;
	void *user = dial->user;

	snprintf(sentence, sizeof(sentence), "connecting to %.*s port %u: %s",
		(int)(dial->host_len < RL_NAME_MAX ? dial->host_len : RL_NAME_MAX), dial->host,
		dial->port, why);
	free_dial(dial);
	done(user, NULL, rc, sentence);
}

static int code_of(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return RILL_EREFUSED;
	case ECONNRESET:
	case ECONNABORTED:
	case EPIPE:
		return RILL_ERESET;
	case ENOMEM:
	case ENOBUFS:
		return RILL_ENOMEM;
	default:
		return RILL_EIO;
	}
}

/* Of several failures the one that says most: that we can do nothing, what the other end said, that
 * it said nothing, and last that this machine has no way to that family of addresses. */
static int weight(int error)
{
	switch (error) {
	case 0:
		return 0;
	case ENETUNREACH:
	case EADDRNOTAVAIL:
	case EAFNOSUPPORT:
		return 1;
	case ECONNREFUSED:
	case ECONNRESET:
		return 3;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOBUFS:
		return 4;
	default:
		return 2;
	}
}

static void note(struct rl_dial *dial, int error)
{
	if (weight(error) >= weight(dial->error))
		dial->error = error;
}

static void win(struct attempt *attempt)
{
	struct rl_dial *dial = attempt->dial;
	const struct rl_endpoint *to = &dial->list[attempt - dial->attempts];
	struct sockaddr_storage at = { 0 };
	struct rl_stream *stream;
	struct rl_addr peer;
	int fd = take_fd(attempt);

	memcpy(&at, &to->any, to->len);
	rl_addr_from_sockaddr(&peer, &at, to->len);
	int rc = rl_socket_stream(&stream, dial->group, fd, &peer);
	if (rc < 0) {
		close(fd);
		fail(dial, rc, rill_strerror(rc));
		return;
	}
	succeed(dial, stream);
}

static void set_port(struct rl_endpoint *to, uint16_t port)
{
	if (to->any.sa_family == AF_INET6)
		to->ip6.sin6_port = htons(port);
	else
		to->ip4.sin_port = htons(port);
}

static void on_ready(struct rl_watch *watch, int events);

/* Tries the next address. 0: it is under way, or -1 with errno. */
static int try_next(struct rl_dial *dial)
{
	struct attempt *attempt = &dial->attempts[dial->next];
	struct rl_endpoint *to = &dial->list[dial->next++];
	int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;

	*attempt = (struct attempt){ { .on_ready = on_ready, .fd = -1 }, dial };
	int fd = socket(to->any.sa_family, type, 0);
	if (fd < 0)
		return -1;
	set_port(to, dial->port);
	if (connect(fd, &to->any, to->len) != 0 && errno != EINPROGRESS && errno != EINTR) {
		int error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	/* One that is connected already is found to be writable. */
	attempt->watch.fd = fd;
	dial->open++;
	if (set_watch(attempt, RILL_WRITABLE) == 0)
		return 0;
	close(take_fd(attempt));
	errno = ENOMEM;
	return -1;
}

/* Goes through the addresses until an attempt is under way; none left: ends it when no attempt is. */
static void go_on(struct rl_dial *dial)
{
	while (dial->next < dial->count) {
		if (try_next(dial) == 0) {
			rl_loop_set_timer(loop_of(dial), &dial->timer,
				rl_loop_now(loop_of(dial)) + dial->attempt_ms);
			return;
		}
		note(dial, errno);
	}
	if (!dial->open)
		fail(dial, code_of(dial->error), strerror(dial->error));
}

static void on_ready(struct rl_watch *watch, int events)
{
	struct attempt *attempt = rl_container(watch, struct attempt, watch);
	struct rl_dial *dial = attempt->dial;
	int error = 0;
	socklen_t len = sizeof(error);
	(void)events;

	if (getsockopt(watch->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (!error) {
		win(attempt);
		return;
	}
	close(take_fd(attempt));
	note(dial, error);
	go_on(dial);
}

static void on_silence(struct rl_timer *timer)
{
	struct rl_dial *dial = rl_container(timer, struct rl_dial, timer);
	if (dial->next < dial->count)
		go_on(dial);
}

/* The first that is not taken and not of this family, or else the first that is not taken. */
static int choose(const struct rl_addresses *from, const bool *taken, sa_family_t last)
{
	int first = -1;

	for (int i = 0; i < from->count; i++) {
		if (taken[i])
			continue;
		if (from->list[i].any.sa_family != last)
			return i;
		if (first < 0)
			first = i;
	}
	return first;
}

/* RFC 8305, section 4: alternately by family, each in its order. */
static void take_in_turn(struct rl_dial *dial, const struct rl_addresses *found)
{
	bool taken[RL_ADDRESSES] = { false };
	sa_family_t last = AF_UNSPEC;

	for (dial->count = 0; dial->count < found->count; dial->count++) {
		int i = choose(found, taken, last);
		taken[i] = true;
		last = found->list[i].any.sa_family;
		dial->list[dial->count] = found->list[i];
	}
}

static void on_resolved(struct rl_resolve *resolve, const struct rl_addresses *found)
{
	struct rl_dial *dial = rl_container(resolve, struct rl_dial, resolve);

	if (found->code != 0) {
		fail(dial, rl_addresses_rc(found), rl_addresses_text(found));
		return;
	}
	take_in_turn(dial, found);
	go_on(dial);
}

static void begin(struct rl_task *task)
{
	go_on(rl_container(task, struct rl_dial, begin));
}

/* "[fe80::1%eth0]" is left to the resolver, which knows what the part behind the % is. */
static struct rl_slice without_brackets(struct rl_slice host)
{
	if (host.len > 2 && host.data[0] == '[' && host.data[host.len - 1] == ']' &&
		memchr(host.data, ':', host.len))
		return rl_slice(host.data + 1, host.len - 2);
	return host;
}

static int find_addresses(struct rl_dial *dial)
{
	struct rl_slice host = rl_slice(dial->host, dial->host_len);
	struct sockaddr_storage at;
	struct rl_addr literal;

	if (!rl_addr_parse(host, &literal))
		return rl_resolve(loop_of(dial), &dial->resolve, host);
	dial->list[0].len = rl_addr_to_sockaddr(&literal, &at);
	memcpy(&dial->list[0].any, &at, dial->list[0].len);
	dial->count = 1;
	rl_loop_defer(loop_of(dial), &dial->begin);
	return 0;
}

int rl_dial_open(struct rl_dial **dial, struct rl_stream_group *group,
	const struct rl_dial_target *target, rl_dial_done done, void *user)
{
	struct rl_slice host = without_brackets(target->host);
	struct rl_dial *made = rl_zalloc(&group->loop->env, sizeof(*made) + host.len + 1);

	if (!made)
		return RILL_ENOMEM;
	made->group = group;
	made->done = done;
	made->user = user;
	made->port = target->port;
	made->attempt_ms = target->attempt_ms < MIN_ATTEMPT_MS ? MIN_ATTEMPT_MS
							       : target->attempt_ms;
	made->host_len = host.len;
	if (host.len)
		memcpy(made->host, host.data, host.len);
	rl_list_init(&made->resolve.node);
	made->resolve.done = on_resolved;
	rl_task_init(&made->begin, begin);
	rl_timer_init(&made->timer, on_silence);
	int rc = find_addresses(made);
	if (rc < 0) {
		free_dial(made);
		return rc;
	}
	*dial = made;
	return 0;
}

void rl_dial_cancel(struct rl_dial *dial)
{
	free_dial(dial);
}
