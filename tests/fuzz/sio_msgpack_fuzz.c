/* sio_msgpack_fuzz.c: Socket.IO packets in MessagePack, any bytes. The first byte says how many attachments
 * there may be, the second which allocation fails. What is read is JSON of a bounded size, and has to be
 * written as MessagePack that is read as the same. */
#include <rill/error.h>
#include "fuzz/fuzz_support.h"
#include "wire/msgpack.h"
#include "wire/sio_packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a byte may become: {"_placeholder":true,"num":255}, and a comma, from two. */
#define MOST_TIMES 17

struct read {
	struct rl_sio_packet packet;
	struct rl_buf json;
	struct rl_sio_attachments attachments;
	struct rl_env env;
};

static int read_packet(struct read *r, struct rl_slice bytes, uint32_t most, size_t fail_at)
{
	const char *why = NULL;

	*r = (struct read){ .attachments = { .env = &r->env } };
	fuzz_env_init(&r->env, fail_at);
	rl_buf_init(&r->json, &r->env);
	int rc = rl_sio_read_msgpack(&r->packet, bytes, &r->json, &r->attachments, most, &why);
	MUST(rc == 0 || (rc == RILL_ENOMEM && fail_at) ||
		((rc == RILL_EPROTO || rc == RILL_ETOOBIG) && why));
	MUST(rc == 0 || (!r->json.len && !r->attachments.count));
	return rc;
}

static void done(struct read *r)
{
	fuzz_env_init(&r->env, 0);
	rl_buf_release(&r->json);
	rl_sio_attachments_fini(&r->attachments);
}

static void check_same(const struct read *a, const struct read *b)
{
	MUST(a->packet.type == b->packet.type && rl_slice_equal(a->packet.name, b->packet.name));
	MUST(a->packet.has_id == b->packet.has_id && a->packet.id == b->packet.id);
	MUST(a->packet.has_data == b->packet.has_data);
	MUST(rl_slice_equal(a->packet.data.text, b->packet.data.text));
	MUST(a->attachments.count == b->attachments.count);
	for (uint32_t i = 0; i < a->attachments.count; i++)
		MUST(rl_slice_equal(a->attachments.list[i], b->attachments.list[i]));
}

static int write_packet(const struct read *r, struct rl_buf *out)
{
	const struct rl_sio_packet *packet = &r->packet;

	return rl_sio_write_msgpack(out, packet->type, packet->name, packet->has_id, packet->id,
		packet->has_data ? &packet->data : NULL, r->attachments.list, r->attachments.count);
}

/* Numbers may find their form only when they are written (-0): so twice. */
static void check_again(const struct read *first)
{
	struct read second, third;
	struct rl_buf once, twice;
	struct rl_env env;

	fuzz_env_init(&env, 0);
	rl_buf_init(&once, &env);
	rl_buf_init(&twice, &env);
	MUST(write_packet(first, &once) == 0);
	MUST(read_packet(&second, rl_buf_slice(&once), UINT32_MAX, 0) == 0);
	MUST(second.attachments.count == first->attachments.count);
	MUST(write_packet(&second, &twice) == 0);
	MUST(rl_slice_equal(rl_buf_slice(&once), rl_buf_slice(&twice)));
	MUST(read_packet(&third, rl_buf_slice(&twice), UINT32_MAX, 0) == 0);
	check_same(&second, &third);
	done(&second);
	done(&third);
	rl_buf_release(&once);
	rl_buf_release(&twice);
}

static void check_items(struct rl_slice in)
{
	struct rl_slice before = in;
	struct rl_msgpack_item item;

	while (in.len && rl_msgpack_next(&in, &item) == 0) {
		MUST(in.len < before.len && item.count <= in.len);
		struct rl_slice rest = before;
		MUST(rl_msgpack_skip(&rest) == RILL_EPROTO || rest.len <= in.len);
		before = in;
		if (item.kind < RL_MSGPACK_ARRAY)
			continue;
		break; /* to go on would be quadratic in what skips */
	}
	MUST(in.data == before.data || in.len < before.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rl_slice in = rl_slice(data, size);
	uint32_t most = fuzz_byte(&in);
	size_t fail_at = fuzz_byte(&in);
	struct rl_slice bytes = fuzz_piece(&in, in.len);
	struct rl_json again;
	struct read r;

	check_items(bytes);
	if (read_packet(&r, bytes, most, fail_at) == 0) {
		MUST(r.attachments.count <= most && r.packet.attachments == r.attachments.count);
		MUST(r.json.len <= bytes.len * MOST_TIMES);
		if (r.json.len)
			MUST(rl_json_read(rl_buf_slice(&r.json), &again) == 0 &&
				again.type == r.packet.data.type);
		fuzz_env_init(&r.env, 0);
		check_again(&r);
	}
	done(&r);
	fuzz_free(bytes);
	return 0;
}
