/* session_queue.c: the outbox: messages that wait for the client, in one piece of memory: a header,
 * then the bytes or a reference to a publication, then the next. */
#include "proto/session.h"

struct header {
	uint32_t len; /* of the payload */
	uint8_t type, kind;
	bool shared; /* a struct rl_publication * stands behind it instead */
	bool plain;
};
_Static_assert(sizeof(struct header) == 8, "headers and what is behind them are aligned");

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
	size_t behind = header->shared ? sizeof(struct rl_publication *) : header->len;

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
	if (!publication)
		return add(outbox, &header, data.data, data.len);
	int rc = add(outbox, &header, &publication, sizeof(publication));
	if (rc == 0)
		rl_publication_ref(publication);
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
		memcpy(&message->publication, at + sizeof(header), sizeof(message->publication));
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

void rl_outbox_drop(struct rl_outbox *outbox, uint32_t count)
{
	struct rl_outbound message;

	assert(count <= outbox->count);
	outbox->count -= count;
	for (; count > 0; count--) {
		size_t size = read_entry(outbox->entries.data, &message);
		outbox->bytes -= message.data.len;
		outbox->plain -= message.plain;
		rl_publication_unref(message.publication);
		rl_buf_consume(&outbox->entries, size);
	}
	if (!outbox->count)
		rl_buf_release(&outbox->entries);
	else
		shrink(outbox);
}

void rl_outbox_clear(struct rl_outbox *outbox)
{
	rl_outbox_drop(outbox, outbox->count);
}

size_t rl_outbox_cost(const struct rl_outbox *outbox)
{
	return outbox->bytes + outbox->count * sizeof(struct header);
}
