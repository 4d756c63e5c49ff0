/* properties.c: what a conn tells about itself, and the trace tap. */
#include "conn/conn.h"
#include "conn/extra.h"

size_t rill_conn_queued(const rill_conn *conn)
{
	return conn->state == RILL_CONN_CLOSED ? 0 : conn->ops->queued(conn);
}

void rill_conn_set_user(rill_conn *conn, void *user)
{
	conn->user = user;
}

void *rill_conn_user(const rill_conn *conn)
{
	return conn->user;
}

uint64_t rill_conn_id(const rill_conn *conn)
{
	return conn->id;
}

const char *rill_conn_transport(const rill_conn *conn)
{
	return conn->ops->transport_now ? conn->ops->transport_now(conn) : conn->ops->transport;
}

const char *rill_conn_version(const rill_conn *conn)
{
	return conn->ops->version(conn);
}

const char *rill_conn_protocol(const rill_conn *conn)
{
	return conn->ops->protocol(conn);
}

const char *rill_conn_extensions(const rill_conn *conn)
{
	return conn->ops->extensions(conn);
}

const struct rl_addr *rl_conn_peer(const struct rill_conn *conn)
{
	if (conn->extra && conn->extra->peer_kept)
		return &conn->extra->peer;
	return conn->ops->peer(conn);
}

void rl_conn_keep_peer(struct rill_conn *conn, const struct rl_addr *peer)
{
	/* Without memory it is forgotten, which is said as "unknown". */
	struct rl_conn_extra *extra = rl_conn_extra(conn);
	if (!extra || extra->peer_kept)
		return;
	extra->peer_kept = true;
	extra->peer = *peer;
}

const char *rill_conn_peer(rill_conn *conn)
{
	/* The text is made when somebody asks, and kept, because few do. */
	struct rl_conn_extra *extra = rl_conn_extra(conn);
	if (!extra)
		return "unknown";
	if (!extra->peer_text[0])
		rl_addr_host(rl_conn_peer(conn), extra->peer_text);
	return extra->peer_text;
}

uint16_t rill_conn_peer_port(const rill_conn *conn)
{
	return rl_conn_peer(conn)->port;
}

/* Asked of the kernel when somebody asks here, and kept: what carries the connection may go. NULL: it is
 * not known. */
static const struct rl_conn_extra *keep_local(struct rill_conn *conn)
{
	struct rl_conn_extra *extra = rl_conn_extra(conn);

	if (!extra || extra->local_kept)
		return extra;
	if (conn->state == RILL_CONN_CLOSED || !conn->ops->local || !conn->ops->local(conn, &extra->local))
		return NULL;
	extra->local_kept = true;
	rl_addr_host(&extra->local, extra->local_text);
	return extra;
}

const char *rill_conn_local(rill_conn *conn)
{
	const struct rl_conn_extra *extra = keep_local(conn);

	return extra ? extra->local_text : "";
}

uint16_t rill_conn_local_port(rill_conn *conn)
{
	const struct rl_conn_extra *extra = keep_local(conn);

	return extra ? extra->local.port : 0;
}

bool rill_conn_secure(const rill_conn *conn)
{
	return conn->ops->secure(conn);
}

rill_loop *rill_conn_loop(const rill_conn *conn)
{
	return conn->loop;
}

const rill_request *rill_conn_request(const rill_conn *conn)
{
	return conn->loop->opening == conn ? conn->loop->opening_request : NULL;
}

rill_bytes rill_conn_header(const rill_conn *conn, const char *name)
{
	return rl_bytes(conn->ops->header(conn, rl_slice_str(name)));
}

rill_conn_state rill_conn_get_state(const rill_conn *conn)
{
	return conn->state;
}

void rill_conn_read_stats(const rill_conn *conn, rill_conn_stats *stats)
{
	rill_conn_stats all = {
		.size = stats->size,
		.messages_in = conn->messages_in,
		.messages_out = conn->messages_out,
		.bytes_in = conn->bytes_in,
		.bytes_out = conn->bytes_out,
		.queue_peak = conn->queue_peak,
	};
	memcpy(stats, &all, stats->size < sizeof(all) ? stats->size : sizeof(all));
}

int rill_conn_trace(rill_conn *conn, rill_trace_fn fn, void *user)
{
	if (!fn && !conn->extra)
		return 0;
	struct rl_conn_extra *extra = rl_conn_extra(conn);
	if (!extra)
		return RILL_ENOMEM;
	extra->trace = fn;
	extra->trace_user = user;
	conn->traced = fn != NULL;
	return 0;
}

void rl_conn_trace(struct rill_conn *conn, const rill_frame *frame)
{
	if (conn->extra && conn->extra->trace)
		conn->extra->trace(conn, frame, conn->extra->trace_user);
}
