/* websocket_client_early.c: what a program sends before its WebSocket is open. Whether it will be
 * compressed is not known yet, so it waits as messages, not as frames. */
#include "proto/websocket_client.h"

struct early {
	struct rl_list node;
	struct rl_blob *blob; /* what data points into; NULL: what stands behind */
	struct rl_slice data;
	rill_kind kind;
	bool first, last;
	bool control, ping;
	uint8_t bytes[];
};

/* Each costs its struct besides, so that empty ones cannot be kept without end. */
static size_t cost(const struct early *early)
{
	return sizeof(*early) + early->data.len;
}

/* As when it is open: a message is always taken when nothing waits. */
static bool has_room(const struct rl_ws_client *client, size_t len)
{
	size_t max = client->terms.max_queue, used = client->early_bytes;
	return !max || !used || (used <= max && len <= max - used);
}

static int keep(struct rl_ws_client *client, const struct early *what)
{
	struct rill_conn *conn = &client->c.conn;
	size_t copied = what->blob ? 0 : what->data.len;
	if (!has_room(client, cost(what)))
		return RILL_ETOOBIG;
	struct early *early = rl_alloc(&conn->loop->env, sizeof(*early) + copied);
	if (!early)
		return RILL_ENOMEM;
	*early = *what;
	if (what->blob) {
		rl_blob_ref(what->blob);
	} else {
		if (copied)
			memcpy(early->bytes, what->data.data, copied);
		early->data = rl_slice(early->bytes, copied);
	}
	rl_list_append(&client->early, &early->node);
	client->early_bytes += cost(early);
	rl_conn_note_queue(conn, client->early_bytes);
	return client->early_bytes > client->high;
}

int rl_ws_client_keep(struct rl_ws_conn *c, rill_kind kind, struct rl_slice data,
	struct rl_blob *blob, bool first, bool last)
{
	const struct early what = {
		.blob = blob,
		.data = data,
		.kind = kind,
		.first = first,
		.last = last,
	};
	if (rl_ws_terms(c)->max_send && data.len > rl_ws_terms(c)->max_send)
		return RILL_ETOOBIG;
	return keep(rl_ws_client(c), &what);
}

int rl_ws_client_keep_control(struct rl_ws_conn *c, bool ping, struct rl_slice data)
{
	const struct early what = { .data = data, .control = true, .ping = ping };
	int rc = keep(rl_ws_client(c), &what);
	return rc < 0 ? rc : 0;
}

size_t rl_ws_client_kept(const struct rl_ws_conn *c)
{
	return rl_container(c, struct rl_ws_client, c)->early_bytes;
}

static void drop_first(struct rl_ws_client *client)
{
	struct early *early = rl_container(client->early.next, struct early, node);
	rl_list_remove(&early->node);
	client->early_bytes -= cost(early);
	if (early->blob)
		rl_blob_unref(early->blob);
	rl_free(&client->c.conn.loop->env, early);
}

void rl_ws_client_drop_early(struct rl_ws_client *client)
{
	while (!rl_list_empty(&client->early))
		drop_first(client);
}

int rl_ws_client_send_early(struct rl_ws_client *client)
{
	struct rl_ws_conn *c = &client->c;
	while (!rl_list_empty(&client->early)) {
		const struct early *e = rl_container(client->early.next, struct early, node);
		int rc = e->control ? rl_ws_framing(c)->control(c, e->ping, e->data)
				    : rl_ws_framing(c)->send(
					      c, e->kind, e->data, e->blob, e->first, e->last);
		if (rc < 0)
			return rc;
		drop_first(client);
	}
	return 0;
}
