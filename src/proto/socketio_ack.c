/* socketio_ack.c: acknowledgements. Those that the program waits for: an ask stands for one question, to one
 * socket or to many; each socket has a list of the ids it may answer, in the order of the ids, because a
 * namespace counts them up. And those that clients wait for: replies. */
#include "proto/socketio.h"

struct rl_sio_ask {
	struct rl_list node; /* of the service */
	struct rill_socketio *io;
	struct rl_timer timer;
	uint32_t refs;    /* lists it stands in, and whoever makes it */
	uint32_t waiting; /* for so many answers */
	bool begun, done, many, writing;
	bool alone; /* nobody was asked: the timer has the reference */
	int rc;
	struct rill_socket *socket; /* of one */
	rill_answer_fn fn;
	rill_answers_fn fns;
	void *user;
	rill_json_writer answers; /* of many */
	size_t size;
};

static void unref(struct rl_sio_ask *ask)
{
	if (--ask->refs)
		return;
	rl_loop_clear_timer(ask->io->loop, &ask->timer);
	rl_list_remove(&ask->node);
	if (ask->writing)
		rill_json_free(&ask->answers);
	rl_free(rl_sio_env(ask->io), ask);
}

static void tell_many(struct rl_sio_ask *ask)
{
	rill_json answers;

	rill_json_close(&ask->answers);
	answers = rill_json_end(&ask->answers);
	if (ask->answers.rc < 0) {
		ask->rc = ask->answers.rc;
		answers = (rill_json){ .data = "[]", .len = 2, .type = RILL_JSON_ARRAY };
	}
	ask->fns(ask->rc, answers, ask->user);
	rill_json_free(&ask->answers); /* those who have not answered keep no memory but the ask's */
	ask->writing = false;
}

/* Calls fn, once. args: of one; from the loop. */
static void finish(struct rl_sio_ask *ask, struct rill_socket *s, rill_json args)
{
	if (ask->done)
		return;
	ask->done = true;
	rl_loop_clear_timer(ask->io->loop, &ask->timer);
	if (ask->many)
		tell_many(ask);
	else
		ask->fn(s, ask->rc, args, ask->user);
}

/* Empty places in front are passed over. */
static struct rl_sio_ask *take(struct rl_sio_extra *x, struct rl_sio_wait *wait)
{
	struct rl_sio_ask *ask = wait->ask;

	wait->ask = NULL;
	x->wait_count--;
	while (x->wait_first < x->wait_end && !x->waits[x->wait_first].ask)
		x->wait_first++;
	if (x->wait_first == x->wait_end)
		x->wait_first = x->wait_end = 0;
	return ask;
}

static void forget(struct rill_socket *s, struct rl_sio_ask *ask)
{
	struct rl_sio_extra *x = s->extra;

	for (uint32_t i = x->wait_first; i < x->wait_end; i++) {
		if (x->waits[i].ask != ask)
			continue;
		unref(take(x, &x->waits[i]));
		return;
	}
}

static void on_time(struct rl_timer *timer)
{
	struct rl_sio_ask *ask = rl_container(timer, struct rl_sio_ask, timer);
	struct rill_socket *s = ask->socket;

	if (ask->waiting)
		ask->rc = RILL_ETIMEDOUT;
	ask->refs++;
	if (s)
		forget(s, ask);
	else
		ask->io->asks_over++;
	finish(ask, s, rl_sio_no_json());
	if (ask->alone)
		unref(ask);
	unref(ask);
}

int rl_sio_ask_new(struct rl_sio_ask **result, struct rill_socketio *io, uint32_t timeout_ms)
{
	struct rl_sio_ask *ask = io->going ? NULL : rl_zalloc(rl_sio_env(io), sizeof(*ask));

	if (!ask)
		return io->going ? RILL_ECLOSED : RILL_ENOMEM;
	ask->io = io;
	ask->refs = 1;
	rl_timer_init(&ask->timer, on_time);
	rl_list_append(&io->asks, &ask->node);
	if (timeout_ms)
		rl_loop_set_timer(io->loop, &ask->timer, rl_loop_now(io->loop) + timeout_ms);
	*result = ask;
	return 0;
}

void rl_sio_ask_one(struct rl_sio_ask *ask, struct rill_socket *s, rill_answer_fn fn, void *user)
{
	ask->socket = s;
	ask->fn = fn;
	ask->user = user;
}

void rl_sio_ask_many(struct rl_sio_ask *ask, rill_answers_fn fn, void *user)
{
	ask->many = ask->writing = true;
	ask->fns = fn;
	ask->user = user;
	rill_json_begin(&ask->answers);
	rill_json_open(&ask->answers, '[');
}

/* Those that were answered, or are over, make room. */
static void sweep(struct rill_socketio *io, struct rl_sio_extra *x)
{
	uint32_t n = 0;

	x->wait_count = 0;
	for (uint32_t i = x->wait_first; i < x->wait_end; i++) {
		struct rl_sio_wait *wait = &x->waits[i];
		if (wait->ask && wait->ask->done) {
			unref(wait->ask);
			wait->ask = NULL;
		}
		if (wait->ask)
			x->waits[n++] = *wait;
	}
	x->wait_first = 0;
	x->wait_end = x->wait_count = n;
	x->swept = io->asks_over;
}

static int make_room(struct rill_socketio *io, struct rl_sio_extra *x)
{
	uint32_t max = io->options.max_acks;

	if (x->wait_end < x->wait_room && x->wait_count < max)
		return 0;
	/* Who is asked ever on and never answers is not to be looked through each time. */
	if (x->wait_count >= max && x->swept == io->asks_over)
		return RILL_ELIMIT;
	sweep(io, x);
	if (x->wait_count >= max)
		return RILL_ELIMIT;
	if (x->wait_end < x->wait_room - x->wait_room / 4)
		return 0;
	uint32_t room = x->wait_room ? x->wait_room * 2 : 4;
	struct rl_sio_wait *more = rl_resize(rl_sio_env(io), x->waits, room * sizeof(*more));
	if (!more)
		return RILL_ENOMEM;
	x->waits = more;
	x->wait_room = room;
	return 0;
}

int rl_sio_ask_add(struct rl_sio_ask *ask, struct rill_socket *s, uint64_t id)
{
	struct rl_sio_extra *x = rl_sio_socket_extra(s);
	int rc = x ? make_room(ask->io, x) : RILL_ENOMEM;

	if (rc < 0)
		return rc;
	x->waits[x->wait_end++] = (struct rl_sio_wait){ id, ask };
	x->wait_count++;
	ask->refs++;
	ask->waiting++;
	return 0;
}

void rl_sio_ask_undo(struct rl_sio_ask *ask, struct rill_socket *s, uint64_t id)
{
	struct rl_sio_extra *x = s->extra;

	if (!x || x->wait_end == x->wait_first || x->waits[x->wait_end - 1].id != id ||
		x->waits[x->wait_end - 1].ask != ask)
		return;
	x->wait_end--;
	x->wait_count--;
	ask->waiting--;
	unref(ask);
}

void rl_sio_ask_begin(struct rl_sio_ask *ask)
{
	struct rill_loop *loop = ask->io->loop;

	ask->begun = true;
	if (ask->waiting) {
		unref(ask);
		return;
	}
	ask->alone = true; /* the program hears it from the loop */
	rl_loop_set_timer(loop, &ask->timer, rl_loop_now(loop));
}

void rl_sio_ask_drop(struct rl_sio_ask *ask)
{
	ask->done = true;
	ask->io->asks_over += ask->waiting > 0;
	unref(ask);
}

void rl_sio_ask_failed(struct rl_sio_ask *ask, int rc)
{
	ask->rc = rc;
}

static struct rl_sio_wait *find(struct rl_sio_extra *x, uint64_t id)
{
	uint32_t low = x->wait_first, high = x->wait_end;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (x->waits[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == x->wait_end || x->waits[low].id != id || !x->waits[low].ask)
		return NULL;
	return &x->waits[low];
}

static void gather(struct rl_sio_ask *ask, rill_json args)
{
	rill_json answer = rill_json_at(args, 0);
	size_t size = answer.len;

	if (answer.type == RILL_JSON_NONE) {
		rill_json_put_null(&ask->answers);
		return;
	}
	for (uint32_t i = 0; i < answer.attached_count; i++)
		size += answer.attached[i].len;
	if (ask->size + size > ask->io->options.max_answers) {
		ask->rc = RILL_ETOOBIG;
		return;
	}
	ask->size += size;
	rill_json_put(&ask->answers, answer);
}

static void answered(struct rl_sio_ask *ask, struct rill_socket *s, rill_json args)
{
	ask->waiting--;
	if (ask->many && !ask->done)
		gather(ask, args);
	if (!ask->many || (!ask->waiting && ask->begun))
		finish(ask, s, args);
	unref(ask);
}

void rl_sio_on_ack(
	struct rill_socket *s, const struct rl_sio_packet *packet, const rill_bytes *attached)
{
	struct rl_sio_extra *x = s->extra;
	struct rl_sio_wait *wait = x && packet->has_id ? find(x, packet->id) : NULL;

	if (!wait) /* nobody has asked, or it is too late */
		return;
	rl_sio_socket_ref(s);
	answered(take(x, wait), s, rl_json_public(&packet->data, attached, packet->attachments));
	rl_sio_socket_unref(s);
}

void rl_sio_acks_fail(struct rill_socket *s)
{
	struct rl_sio_extra *x = s->extra;

	while (x && x->wait_first < x->wait_end) {
		struct rl_sio_ask *ask = x->waits[x->wait_first++].ask;
		if (!ask)
			continue;
		x->wait_count--;
		ask->waiting--;
		if (!ask->rc)
			ask->rc = RILL_ECLOSED;
		if (!ask->many || (!ask->waiting && ask->begun))
			finish(ask, s, rl_sio_no_json());
		unref(ask);
	}
}

void rl_sio_acks_free(struct rill_socket *s)
{
	struct rl_sio_extra *x = s->extra;

	assert(!x || x->wait_first == x->wait_end);
	if (x)
		rl_free(s->env, x->waits);
}

void rl_sio_asks_end(struct rill_socketio *io)
{
	io->going = true; /* who asks again in its answer would never come to an end */
	while (!rl_list_empty(&io->asks)) {
		struct rl_sio_ask *ask = rl_container(io->asks.next, struct rl_sio_ask, node);
		ask->refs++;
		ask->rc = ask->rc ? ask->rc : RILL_ECLOSED;
		finish(ask, ask->socket, rl_sio_no_json());
		ask->refs = 1;
		unref(ask);
	}
}

/* Replies. */

int rill_reply_send(rill_reply *reply, const rill_arg *args)
{
	if (!reply || reply->done)
		return RILL_ESTATE;
	struct rill_socket *s = reply->socket;
	int rc = RILL_ECLOSED;

	reply->done = true;
	if (s->state == RL_SIO_OPEN) {
		struct rl_sio_head head = {
			.type = RL_SIO_ACK,
			.name = rl_sio_name(s->ns),
			.has_id = true,
			.id = reply->id,
		};
		struct rl_sio_message m;
		rc = rl_sio_encode(s->client->io, &m, &head, args);
		if (rc == 0)
			rc = rl_sio_send(s->client, &m, 0);
		rl_sio_settle(s->client->io);
	}
	if (reply->kept)
		rill_reply_drop(reply);
	return rc;
}

rill_reply *rill_reply_keep(rill_reply *reply)
{
	if (!reply || reply->done)
		return NULL;
	if (reply->kept)
		return reply;
	struct rill_reply *kept = rl_alloc(reply->env, sizeof(*kept));
	if (!kept)
		return NULL;
	*kept = *reply;
	kept->kept = true;
	reply->done = true;
	rl_sio_socket_ref(kept->socket);
	return kept;
}

void rill_reply_drop(rill_reply *reply)
{
	if (!reply)
		return;
	reply->done = true;
	if (!reply->kept)
		return;
	rl_sio_socket_unref(reply->socket);
	rl_free(reply->env, reply);
}
