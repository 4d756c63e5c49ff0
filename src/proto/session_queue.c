/* session_queue.c: the outbox: messages that wait for the client, in one piece of memory: a header,
 * then the bytes or a reference to a publication, then the next. */
#include "proto/session.h"

struct header {
	uint32_t len; /* of the payload */
	uint8_t type, kind;
	bool shared; /* a struct shared stands behind it instead */
	bool plain;
};
_Static_assert(sizeof(struct header) == 8, "headers and what is behind them are aligned");

/* A publication is one in memory however many it waits for. The first counts all of it, the second half,
 * the third a third: ten thousand count it ten times, and nobody has to know of the others. */
struct shared {
	struct rl_publication *publication;
	size_t share;
};

/* Memory of a queue that was long once is worth moving what is left. */
#define SHRINK_ABOVE 4096

void rl_outbox_init(struct rl_outbox *outbox, const struct rl_env *env)
{
	*outbox = (struct rl_outbox){ 0 };
	rl_buf_init(&outbox->entries, env);
}

static size_t padded(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

static size_t size_of(const struct header *header)
{
	size_t behind = header->shared ? sizeof(struct shared) : header->len;

	return sizeof(*header) + padded(behind);
}

static int add(
	struct rl_outbox *outbox, const struct header *header, const void *behind, size_t len)
{
	static const uint8_t padding[8];
	struct rl_buf *entries = &outbox->entries;
	int rc = rl_buf_reserve(entries, size_of(header));

	if (rc < 0)
		return rc;
	rl_buf_append(entries, header, sizeof(*header));
	rl_buf_append(entries, behind, len);
	rl_buf_append(entries, padding, padded(len) - len);
	outbox->count++;
	outbox->plain += header->plain;
	outbox->bytes += header->len;
	return 0;
}

static int add_shared(struct rl_outbox *outbox, const struct header *header,
	struct rl_publication *publication)
{
	struct shared shared = { publication,
		publication->payload->len / ((size_t)publication->outboxes + 1) };
	int rc = add(outbox, header, &shared, sizeof(shared));

	if (rc < 0)
		return rc;
	rl_publication_ref(publication)->outboxes++;
	outbox->held += shared.share;
	return 0;
}

static struct shared read_shared(const uint8_t *at)
{
	struct shared shared;

	memcpy(&shared, at + sizeof(struct header), sizeof(shared));
	return shared;
}

int rl_outbox_add_message(struct rl_outbox *outbox, const struct rl_outbound *message)
{
	struct rl_publication *publication = message->publication;
	struct rl_slice data = message->data;

	if (data.len > UINT32_MAX || outbox->count == UINT32_MAX)
		return RILL_ETOOBIG;
	struct header header = { .len = (uint32_t)data.len,
		.type = message->type,
		.kind = (uint8_t)message->kind,
		.shared = publication,
		.plain = message->plain };
	if (publication)
		return add_shared(outbox, &header, publication);
	int rc = add(outbox, &header, data.data, data.len);
	if (rc == 0)
		outbox->held += data.len;
	return rc;
}

int rl_outbox_add(struct rl_outbox *outbox, uint8_t type, rill_kind kind, struct rl_slice data)
{
	return rl_outbox_add_message(
		outbox, &(struct rl_outbound){ .type = type, .kind = kind, .data = data });
}

int rl_outbox_add_publication(struct rl_outbox *outbox, struct rl_publication *publication)
{
	return rl_outbox_add_message(outbox, &(struct rl_outbound){ .kind = publication->kind,
						     .data = rl_blob_slice(publication->payload),
						     .plain = publication->plain,
						     .publication = publication });
}

/* The entry that stands there. */
static size_t read_entry(const uint8_t *at, struct rl_outbound *message)
{
	struct header header;

	memcpy(&header, at, sizeof(header));
	*message = (struct rl_outbound){ .type = header.type,
		.kind = (rill_kind)header.kind,
		.plain = header.plain };
	if (header.shared) {
		message->publication = read_shared(at).publication;
		message->data = rl_blob_slice(message->publication->payload);
	} else {
		message->data = rl_slice(at + sizeof(header), header.len);
	}
	return size_of(&header);
}

bool rl_outbox_next(const struct rl_outbox *outbox, size_t *cursor, struct rl_outbound *message)
{
	if (*cursor >= outbox->entries.len)
		return false;
	*cursor += read_entry(outbox->entries.data + *cursor, message);
	return true;
}

bool rl_outbox_first(const struct rl_outbox *outbox, struct rl_outbound *message)
{
	size_t cursor = 0;

	return rl_outbox_next(outbox, &cursor, message);
}

static void shrink(struct rl_outbox *outbox)
{
	struct rl_buf *entries = &outbox->entries;

	if (entries->cap > SHRINK_ABOVE && entries->len < entries->cap / 4)
		rl_buf_shrink(entries);
}

static void drop_first(struct rl_outbox *outbox)
{
	struct rl_outbound message;
	size_t size = read_entry(outbox->entries.data, &message);

	outbox->bytes -= message.data.len;
	outbox->plain -= message.plain;
	if (message.publication) {
		outbox->held -= read_shared(outbox->entries.data).share;
		message.publication->outboxes--;
		rl_publication_unref(message.publication);
	} else {
		outbox->held -= message.data.len;
	}
	rl_buf_consume(&outbox->entries, size);
}

static void drop(struct rl_outbox *outbox, uint32_t count)
{
	assert(count <= outbox->count);
	outbox->count -= count;
	for (; count > 0; count--)
		drop_first(outbox);
}

void rl_outbox_drop(struct rl_outbox *outbox, uint32_t count)
{
	drop(outbox, count);
	if (!outbox->count)
		rl_buf_release(&outbox->entries);
	else
		shrink(outbox);
}

void rl_outbox_clear(struct rl_outbox *outbox)
{
	rl_outbox_drop(outbox, outbox->count);
}

void rl_outbox_clear_to(struct rl_outbox *outbox, struct rl_buf *spare)
{
	drop(outbox, outbox->count);
	rl_buf_leave_spare(&outbox->entries, spare, SHRINK_ABOVE);
}

size_t rl_outbox_cost(const struct rl_outbox *outbox)
{
	return outbox->bytes + outbox->count * sizeof(struct header);
}

size_t rl_outbox_held(const struct rl_outbox *outbox)
{
	return outbox->held + outbox->count * sizeof(struct header);
}
