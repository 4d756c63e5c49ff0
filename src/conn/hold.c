/* hold.c: counted messages: made, kept, shared between threads, released. */
#include "conn/hold.h"
#include "base/json.h"
#include "base/utf8.h"
#include "conn/extra.h"

struct rill_hold *rl_hold_new(const struct rl_env *env, struct rl_blob *blob)
{
	struct rill_hold *hold = rl_alloc(env, sizeof(*hold));
	if (!hold)
		return NULL;
	*hold = (struct rill_hold){ .blob = blob, .env = env };
	atomic_init(&hold->refs, 1);
	rl_list_init(&hold->on_loop.node);
	return hold;
}

static void free_hold(struct rill_hold *hold)
{
	const struct rl_env *env = hold->env;
	rl_blob_unref(hold->blob);
	rl_free(env, hold);
}

static void release_on_loop(struct rl_post *post)
{
	struct rill_hold *hold = rl_container(post, struct rill_hold, on_loop.post);
	if (hold->on_loop.conn) {
		rl_list_remove(&hold->on_loop.node);
		rl_conn_credit(hold->on_loop.conn, hold->on_loop.size);
	}
	free_hold(hold);
}

/* The loop was freed before it saw the release; the connection was closed before that. */
static void release_without_loop(struct rl_post *post)
{
	free_hold(rl_container(post, struct rill_hold, on_loop.post));
}

void rl_hold_charge(struct rill_hold *hold, struct rill_conn *conn, size_t size)
{
	hold->on_loop.loop = conn->loop;
	hold->on_loop.conn = conn;
	hold->on_loop.size = size;
	hold->on_loop.post.fn = release_on_loop;
	hold->on_loop.post.drop = release_without_loop;
	rl_list_append(&conn->extra->holds, &hold->on_loop.node);
}

void rl_hold_forget_all(struct rill_conn *conn)
{
	if (!conn->extra)
		return;
	rl_list_each_safe (node, &conn->extra->holds) {
		struct rill_hold *hold = rl_container(node, struct rill_hold, on_loop.node);
		rl_list_remove(node);
		hold->on_loop.conn = NULL;
	}
	conn->ops->charge(conn, -(ptrdiff_t)conn->extra->held);
	conn->extra->held = 0;
}

int rill_msg_new(rill_msg *msg, rill_loop *loop, rill_kind kind, const void *data, size_t len)
{
	if (kind == RILL_TEXT && !rl_utf8_valid(data, len))
		return RILL_EUTF8;
	if (kind == RILL_JSON && !rl_json_valid(data, len))
		return RILL_EPROTO;
	struct rl_blob *blob = rl_blob_copy(&loop->env, rl_slice(data, len));
	if (!blob)
		return RILL_ENOMEM;
	struct rill_hold *hold = rl_hold_new(&loop->env, blob);
	if (!hold) {
		rl_blob_unref(blob);
		return RILL_ENOMEM;
	}
	hold->json = kind == RILL_JSON;
	*msg = (rill_msg){ blob->data, blob->len, kind, true, true, hold };
	return 0;
}

rill_msg rill_msg_ref(rill_msg msg)
{
	if (msg.hold)
		atomic_fetch_add_explicit(&msg.hold->refs, 1, memory_order_relaxed);
	return msg;
}

void rill_msg_release(rill_msg msg)
{
	struct rill_hold *hold = msg.hold;
	if (!hold || atomic_fetch_sub_explicit(&hold->refs, 1, memory_order_acq_rel) != 1)
		return;
	if (hold->on_loop.loop)
		rl_loop_post_node(hold->on_loop.loop, &hold->on_loop.post);
	else
		free_hold(hold);
}
