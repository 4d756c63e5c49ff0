/* listen.c: listeners: their sockets on the loop, what happens when descriptors run out, and
 * reading certificates anew. How sockets are opened stands in listen_socket.c, what accepted
 * connections go through in entrance.c. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "net/entrance.h"
#include "net/listen_socket.h"

/* Accepting goes on after this when descriptors or memory ran out. Trying is cheap; turning
 * without it would be a spinning loop. While each try brings connections the next one comes soon:
 * a backlog of peers that have gone again is worked off without keeping others waiting. */
#define EXHAUSTED_MS 500
#define MOVING_MS    10

/* It is said so often at most. */
#define COMPLAINT_MS 10000

struct gate {
	struct rl_acceptor acceptor;
	struct rl_listener *listener;
	char url[RL_LISTEN_URL + 8];
};

struct rl_listener {
	struct rill_loop *loop; /* outlives the group, which is gone when the memory is freed */
	struct rl_listener_config config;
	struct rl_entrances entrances;
	struct rl_listen_sockets sockets;
	struct rl_tls_context *fresh; /* renewed and not settled; else NULL */
	struct rl_timer again;        /* accepting, after exhaustion */
	bool moving;                  /* a connection came in since descriptors last ran out */
	uint64_t complained_at;       /* 0: never */
	struct rl_task burial;        /* the engine may stand on our acceptors in this turn */
	struct gate gates[];
};

void rill_listen_options_init(rill_listen_options *options, size_t size)
{
	rill_listen_options defaults = {
		.size = size,
		.fd = -1,
		.backlog = 4096,
		.unix_mode = -1,
	};
	memset(options, 0, size);
	memcpy(options, &defaults, size < sizeof(defaults) ? size : sizeof(defaults));
}

static struct rill_loop *loop_of(const struct rl_listener *l)
{
	return l->loop;
}

static struct gate *gate_of(struct rl_acceptor *acceptor)
{
	return rl_container(acceptor, struct gate, acceptor);
}

static void on_accept(struct rl_acceptor *acceptor, int fd, const struct sockaddr_storage *from,
	socklen_t from_len)
{
	struct rl_listener *l = gate_of(acceptor)->listener;
	struct rl_addr peer;

	l->moving = true;
	rl_addr_from_sockaddr(&peer, from, from_len);
	rl_entrance_begin(&l->entrances, fd, &peer);
}

static void on_exhausted(struct rl_acceptor *acceptor, int error)
{
	struct gate *gate = gate_of(acceptor);
	struct rl_listener *l = gate->listener;
	struct rill_loop *loop = loop_of(l);

	if (!l->complained_at || rl_loop_now(loop) - l->complained_at >= COMPLAINT_MS) {
		l->complained_at = rl_loop_now(loop);
		rl_log(&loop->env, RILL_LOG_WARN, "no connections are accepted on %s for now: %s",
			gate->url, strerror(error));
	}
	if (!rl_timer_is_set(&l->again))
		rl_loop_set_timer(
			loop, &l->again, rl_loop_now(loop) + (l->moving ? MOVING_MS : EXHAUSTED_MS));
	l->moving = false;
}

static void accept_again(struct rl_timer *timer)
{
	struct rl_listener *l = rl_container(timer, struct rl_listener, again);
	struct rl_engine *engine = loop_of(l)->engine;

	for (size_t i = 0; i < l->sockets.count; i++)
		if (!l->gates[i].acceptor.accepting)
			engine->ops->set_accepting(engine, &l->gates[i].acceptor, true);
}

static void free_memory(struct rl_task *task)
{
	struct rl_listener *l = rl_container(task, struct rl_listener, burial);
	rl_free(&loop_of(l)->env, l);
}

/* Puts socket i on the loop. */
static int open_gate(struct rl_listener *l, size_t i)
{
	struct rl_engine *engine = loop_of(l)->engine;
	const struct rl_listen_socket *s = &l->sockets.list[i];
	struct gate *gate = &l->gates[i];
	const char *scheme = l->entrances.tls ? "https://" : "http://";

	snprintf(gate->url, sizeof(gate->url), "%s%s", s->port ? scheme : "", s->where);
	gate->listener = l;
	gate->acceptor = (struct rl_acceptor){
		.on_accept = on_accept,
		.on_exhausted = on_exhausted,
		.fd = s->fd,
		.accepting = true,
	};
	return engine->ops->add_acceptor(engine, &gate->acceptor);
}

static void close_gates(struct rl_listener *l, size_t count)
{
	struct rl_engine *engine = loop_of(l)->engine;
	while (count--)
		engine->ops->remove_acceptor(engine, &l->gates[count].acceptor);
}

static int open_gates(struct rl_listener *l)
{
	for (size_t i = 0; i < l->sockets.count; i++) {
		int rc = open_gate(l, i);
		if (rc < 0) {
			close_gates(l, i);
			return rc;
		}
	}
	return 0;
}

/* Memory for a listener on those sockets, which it takes over. */
static struct rl_listener *new_listener(const struct rl_listener_config *config,
	const rill_listen_options *options, const struct rl_listen_sockets *sockets)
{
	size_t size = sizeof(struct rl_listener) + sockets->count * sizeof(struct gate);
	struct rl_listener *l = rl_zalloc(&config->group->loop->env, size);

	if (!l)
		return NULL;
	l->loop = config->group->loop;
	l->config = *config;
	l->sockets = *sockets;
	l->entrances.config = &l->config;
	l->entrances.proxy = options->proxy_protocol;
	rl_list_init(&l->entrances.list);
	rl_timer_init(&l->again, accept_again);
	rl_task_init(&l->burial, free_memory);
	return l;
}

/* A caller built against older headers has fewer fields: the rest are the defaults. */
static void complete(rill_listen_options *whole, const rill_listen_options *options)
{
	rill_listen_options_default(whole);
	memcpy(whole, options, options->size < sizeof(*whole) ? options->size : sizeof(*whole));
	whole->size = sizeof(*whole);
}

/* What is left when a step of opening fails; the descriptor handed in stays the caller's. */
static void give_up(struct rl_listen_sockets *sockets, const rill_listen_options *options)
{
	if (options->fd >= 0)
		sockets->count = 0;
	rl_listen_sockets_close(sockets);
}

int rl_listener_new(struct rl_listener **listener, const struct rl_listener_config *config,
	const rill_listen_options *options, char *error, size_t error_len)
{
	struct rl_complaint to = { error, error_len };
	const struct rl_env *env = &config->group->loop->env;
	struct rl_listen_sockets sockets;
	struct rl_tls_context *tls = NULL;
	rill_listen_options whole;

	if (options->size < sizeof(options->size))
		return rl_complain(&to, RILL_EINVAL, "listen options: size is not set");
	complete(&whole, options);
	if (whole.proxy_protocol && !config->proxy_count)
		return rl_complain(&to, RILL_EINVAL,
			"PROXY headers are awaited, and no proxy is trusted: nobody could come in");
	if (whole.tls) {
		int rc = rl_tls_context_new(&tls, env, whole.tls, error, error_len);
		if (rc < 0)
			return rc;
	}
	int rc = rl_listen_sockets_open(&sockets, &whole, &to);
	if (rc < 0) {
		rl_tls_context_unref(tls);
		return rc;
	}
	struct rl_listener *l = new_listener(config, &whole, &sockets);
	rc = RILL_ENOMEM;
	if (l) {
		l->entrances.tls = tls;
		rc = open_gates(l);
	}
	if (rc < 0) {
		give_up(&sockets, &whole);
		rl_tls_context_unref(tls);
		rl_free(env, l);
		return rl_complain(&to, rc, "cannot listen: %s", rill_strerror(rc));
	}
	*listener = l;
	return 0;
}

void rl_listener_free(struct rl_listener *listener)
{
	struct rill_loop *loop = loop_of(listener);

	close_gates(listener, listener->sockets.count);
	rl_listen_sockets_close(&listener->sockets);
	rl_loop_clear_timer(loop, &listener->again);
	rl_entrances_cut(&listener->entrances);
	rl_tls_context_unref(listener->entrances.tls);
	rl_loop_bury(loop, &listener->burial);
}

const char *rl_listener_url(const struct rl_listener *listener, size_t i)
{
	return i < listener->sockets.count ? listener->gates[i].url : NULL;
}

uint16_t rl_listener_port(const struct rl_listener *listener)
{
	return listener->sockets.list[0].port;
}

int rl_listener_renew(struct rl_listener *listener, char *error, size_t error_len)
{
	const struct rl_tls_context *old = listener->entrances.tls;

	return old ? rl_tls_context_renew(&listener->fresh, old, error, error_len) : 0;
}

void rl_listener_settle(struct rl_listener *listener, bool use)
{
	struct rl_tls_context *left = listener->fresh;

	if (left && use) {
		left = listener->entrances.tls;
		listener->entrances.tls = listener->fresh;
	}
	listener->fresh = NULL;
	rl_tls_context_unref(left);
}
