/* resolve.c: see resolve.h. A look-up's thread is made for it and detached: how long getaddrinfo()
 * takes is up to servers far away (half a minute is common when they are silent), it cannot be
 * called off, and nobody should wait for it, least of all rill_loop_free(). */
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>
#include "net/resolve.h"

/* What a thread is told. */
struct question {
	rl_look_up look_up;
	void *user;
	char host[RL_NAME_MAX + 1];
};

struct resolver {
	struct rl_loop_member member;
	struct rill_loop *loop;
	rl_look_up look_up;
	void *user;
	struct rl_list waiting, running; /* struct look_up, first come first */
	int count;                       /* of running */
	struct rl_task start;            /* starts those that may, at the end of the turn */
};

struct look_up {
	struct rl_list node;
	struct resolver *resolver;
	struct rl_list wishes; /* struct rl_resolve; none left: nobody wants to know */
	struct rl_watch watch; /* while it runs: our end of the pair */
	size_t len;
	char host[]; /* with a NUL behind its len bytes */
};

static const char key;

static struct look_up *of_node(struct rl_list *node)
{
	return rl_container(node, struct look_up, node);
}

int rl_addresses_rc(const struct rl_addresses *found)
{
	if (found->code == EAI_MEMORY || (found->code == EAI_SYSTEM && found->error == ENOMEM))
		return RILL_ENOMEM;
	return found->code == EAI_SYSTEM ? RILL_EIO : RILL_EADDR;
}

const char *rl_addresses_text(const struct rl_addresses *found)
{
	return found->code == EAI_SYSTEM ? strerror(found->error) : gai_strerror(found->code);
}

/* Not AI_ADDRCONFIG: it leaves out addresses of families which no interface but the loopback has,
 * and with them localhost on a machine without a network. What has no way to it stands last in the
 * answer (RFC 6724, rule 1), and trying it fails at once. */
static void ask_system(const char *host, struct rl_addresses *found, void *user)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	(void)user;

	found->code = getaddrinfo(host, NULL, &hints, &list);
	if (found->code != 0) {
		found->error = errno;
		return;
	}
	for (const struct addrinfo *one = list; one; one = one->ai_next) {
		struct rl_endpoint *to = &found->list[found->count];
		if ((one->ai_family != AF_INET && one->ai_family != AF_INET6) ||
			one->ai_addrlen > sizeof(to->ip6))
			continue;
		to->len = one->ai_addrlen;
		memcpy(&to->any, one->ai_addr, one->ai_addrlen);
		if (++found->count == RL_ADDRESSES)
			break;
	}
	freeaddrinfo(list);
}

/* The thread: reads the question, answers, ends. Its descriptor is its own. */
static void *answer(void *argument)
{
	int fd = (int)(intptr_t)argument;
	struct question question;
	struct rl_addresses found;

	memset(&found, 0, sizeof(found));
	if (recv(fd, &question, sizeof(question), 0) == (ssize_t)sizeof(question)) {
		question.look_up(question.host, &found, question.user);
		if (found.code == 0 && !found.count)
			found.code = EAI_NONAME;
		/* Fails when nobody is there any more. */
		send(fd, &found, sizeof(found), MSG_NOSIGNAL);
	}
	close(fd);
	return NULL;
}

/* A thread that gets no signals, which are the program's, and which nobody waits for. 0 or errno. */
static int start_thread(int fd)
{
	sigset_t all, before;
	pthread_attr_t detached;
	pthread_t thread;

	int error = pthread_attr_init(&detached);
	if (error)
		return error;
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread, &detached, answer, (void *)(intptr_t)fd);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&detached);
	return error;
}

static int set_watch(struct look_up *look_up, int events)
{
	struct rl_engine *engine = look_up->resolver->loop->engine;
	return engine->ops->set_watch(engine, &look_up->watch, events);
}

/* Tells all who wished, and frees it; it is in no list. They may wish anew, or give up each other's
 * wishes. */
static void finish(struct look_up *look_up, const struct rl_addresses *found)
{
	struct rl_list wishes;

	rl_list_init(&wishes);
	rl_list_splice(&wishes, &look_up->wishes);
	rl_free(&look_up->resolver->loop->env, look_up);
	while (!rl_list_empty(&wishes)) {
		struct rl_resolve *resolve = rl_container(wishes.next, struct rl_resolve, node);
		rl_list_remove(&resolve->node);
		resolve->done(resolve, found);
	}
}

static void finish_failed(struct look_up *look_up, int code, int error)
{
	struct rl_addresses found = { .code = code, .error = error };
	finish(look_up, &found);
}

/* The thread does not use our end any more, or finds it closed. */
static void stop_running(struct look_up *look_up)
{
	set_watch(look_up, 0);
	close(look_up->watch.fd);
	rl_list_remove(&look_up->node);
	look_up->resolver->count--;
}

static void on_answer(struct rl_watch *watch, int events)
{
	struct look_up *look_up = rl_container(watch, struct look_up, watch);
	struct resolver *resolver = look_up->resolver;
	struct rl_addresses found;
	(void)events;

	ssize_t n = recv(watch->fd, &found, sizeof(found), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	stop_running(look_up);
	if (!rl_list_empty(&resolver->waiting))
		rl_loop_defer(resolver->loop, &resolver->start);
	if (n == (ssize_t)sizeof(found))
		finish(look_up, &found);
	else
		finish_failed(look_up, EAI_SYSTEM, n < 0 ? errno : EIO);
}

static bool ask(int fd, const struct look_up *look_up)
{
	struct question question;

	memset(&question, 0, sizeof(question));
	question.look_up = look_up->resolver->look_up;
	question.user = look_up->resolver->user;
	memcpy(question.host, look_up->host, look_up->len);
	return send(fd, &question, sizeof(question), MSG_NOSIGNAL) == (ssize_t)sizeof(question);
}

/* Puts the question on its way. 0 or errno, with nothing left open. */
static int run(struct look_up *look_up)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
		return errno;
	look_up->watch.fd = fds[0];
	int error = ask(fds[0], look_up) ? 0 : errno;
	if (!error && set_watch(look_up, RILL_READABLE) < 0)
		error = ENOMEM;
	if (!error) {
		error = start_thread(fds[1]);
		if (!error)
			return 0;
	}
	set_watch(look_up, 0);
	close(fds[0]);
	close(fds[1]);
	return error;
}

/* A name that is none is not asked for; nor does a NUL cut one short. */
static bool is_name(const struct look_up *look_up)
{
	return look_up->len && look_up->len <= RL_NAME_MAX && strlen(look_up->host) == look_up->len;
}

static void start_next(struct look_up *look_up)
{
	struct resolver *resolver = look_up->resolver;
	int error;

	rl_list_remove(&look_up->node);
	if (rl_list_empty(&look_up->wishes)) {
		rl_free(&resolver->loop->env, look_up);
	} else if (!is_name(look_up)) {
		finish_failed(look_up, EAI_NONAME, 0);
	} else if ((error = run(look_up)) != 0) {
		finish_failed(look_up, EAI_SYSTEM, error);
	} else {
		rl_list_append(&resolver->running, &look_up->node);
		resolver->count++;
	}
}

static void start_waiting(struct rl_task *task)
{
	struct resolver *resolver = rl_container(task, struct resolver, start);

	while (resolver->count < RL_LOOK_UPS && !rl_list_empty(&resolver->waiting))
		start_next(of_node(resolver->waiting.next));
}

static void forget(struct look_up *look_up)
{
	while (!rl_list_empty(&look_up->wishes))
		rl_list_remove(look_up->wishes.next);
	rl_list_remove(&look_up->node);
	rl_free(&look_up->resolver->loop->env, look_up);
}

static void free_member(struct rl_loop_member *member, struct rill_loop *loop)
{
	struct resolver *resolver = rl_container(member, struct resolver, member);

	while (!rl_list_empty(&resolver->running)) {
		struct look_up *look_up = of_node(resolver->running.next);
		stop_running(look_up);
		forget(look_up);
	}
	while (!rl_list_empty(&resolver->waiting))
		forget(of_node(resolver->waiting.next));
	rl_list_remove(&resolver->start.node);
	rl_free(&loop->env, resolver);
}

/* The loop's one, made when first asked for; NULL when out of memory. */
static struct resolver *get(struct rill_loop *loop)
{
	struct rl_loop_member *member = rl_loop_find(loop, &key);

	if (member)
		return rl_container(member, struct resolver, member);
	struct resolver *resolver = rl_alloc(&loop->env, sizeof(*resolver));
	if (!resolver)
		return NULL;
	*resolver = (struct resolver){ .loop = loop, .look_up = ask_system };
	resolver->member = (struct rl_loop_member){ .key = &key, .free = free_member };
	rl_list_init(&resolver->member.node);
	rl_list_init(&resolver->waiting);
	rl_list_init(&resolver->running);
	rl_task_init(&resolver->start, start_waiting);
	rl_loop_join(loop, &resolver->member);
	return resolver;
}

int rl_resolve_by(struct rill_loop *loop, rl_look_up look_up, void *user)
{
	struct resolver *resolver = get(loop);

	if (!resolver)
		return RILL_ENOMEM;
	resolver->look_up = look_up;
	resolver->user = user;
	return 0;
}

static struct look_up *find(struct rl_list *list, struct rl_slice host)
{
	rl_list_each (node, list) {
		struct look_up *look_up = of_node(node);
		if (rl_slice_equal(rl_slice(look_up->host, look_up->len), host))
			return look_up;
	}
	return NULL;
}

static struct look_up *add(struct resolver *resolver, struct rl_slice host)
{
	struct look_up *look_up = rl_alloc(&resolver->loop->env, sizeof(*look_up) + host.len + 1);

	if (!look_up)
		return NULL;
	*look_up = (struct look_up){
		.resolver = resolver,
		.watch = { .on_ready = on_answer, .fd = -1 },
		.len = host.len,
	};
	if (host.len)
		memcpy(look_up->host, host.data, host.len);
	look_up->host[host.len] = 0;
	rl_list_init(&look_up->wishes);
	rl_list_init(&look_up->node);
	rl_list_append(&resolver->waiting, &look_up->node);
	rl_loop_defer(resolver->loop, &resolver->start);
	return look_up;
}

int rl_resolve(struct rill_loop *loop, struct rl_resolve *resolve, struct rl_slice host)
{
	struct resolver *resolver = get(loop);

	rl_list_init(&resolve->node);
	if (!resolver)
		return RILL_ENOMEM;
	struct look_up *look_up = find(&resolver->running, host);
	if (!look_up)
		look_up = find(&resolver->waiting, host);
	if (!look_up)
		look_up = add(resolver, host);
	if (!look_up)
		return RILL_ENOMEM;
	rl_list_append(&look_up->wishes, &resolve->node);
	return 0;
}

void rl_resolve_cancel(struct rl_resolve *resolve)
{
	rl_list_remove(&resolve->node);
}
