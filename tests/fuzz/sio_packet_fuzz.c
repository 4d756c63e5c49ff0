/* sio_packet_fuzz.c: Socket.IO packets, any bytes. The first byte says how many attachments there may be.
 * What is read has to be written as a text that is read as the same. */
#include <rill/error.h>
#include "fuzz/fuzz_support.h"
#include "wire/sio_packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_slices(struct rl_slice outer, struct rl_slice inner)
{
	MUST(!inner.len ||
		(inner.data >= outer.data && inner.data + inner.len <= outer.data + outer.len));
}

static void check_again(const struct rl_sio_packet *packet, uint32_t most)
{
	struct rl_sio_packet again;
	struct rl_env env;
	struct rl_buf out;
	const char *why;

	fuzz_env_init(&env, 0);
	rl_buf_init(&out, &env);
	MUST(rl_sio_write_head(&out, packet->type, packet->attachments, packet->name,
		     packet->has_id, packet->id) == 0);
	if (packet->has_data)
		MUST(rl_buf_append_slice(&out, packet->data.text) == 0);
	MUST(rl_sio_read(&again, rl_buf_slice(&out), most, &why) == 0);
	MUST(again.type == packet->type && again.attachments == packet->attachments);
	MUST(again.has_id == packet->has_id && again.id == packet->id);
	MUST(again.has_data == packet->has_data && again.data.type == packet->data.type);
	MUST(rl_slice_equal(again.name, packet->name));
	MUST(rl_slice_equal(again.data.text, packet->data.text));
	rl_buf_release(&out);
}

/* Copied for a text that has two attachments before. */
static void check_copy(const struct rl_sio_packet *packet)
{
	uint32_t places[256], next = 2, num;
	struct rl_json copy, piece;
	struct rl_env env;
	struct rl_buf out;

	fuzz_env_init(&env, 0);
	rl_buf_init(&out, &env);
	memset(places, 0xff, sizeof(places));
	MUST(rl_sio_copy(&out, &packet->data, places, packet->attachments, &next) == 0);
	MUST(next <= 2 + packet->attachments);
	MUST(rl_json_read(rl_buf_slice(&out), &copy) == 0);
	struct rl_slice rest = copy.text, before = rest;
	while (rl_json_step(&rest, &piece) != RL_JSON_END) {
		if (piece.text.data[0] == '{' && rl_sio_take_placeholder(&before, &num))
			MUST(num >= 2 && num < next);
		before = rest;
	}
	rl_buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rl_slice in = rl_slice(data, size);
	uint32_t most = fuzz_byte(&in);
	struct rl_slice text = fuzz_piece(&in, in.len);
	struct rl_sio_packet packet;
	const char *why = NULL;

	int rc = rl_sio_read(&packet, text, most, &why);
	MUST(rc == 0 || ((rc == RILL_EPROTO || rc == RILL_ETOOBIG) && why));
	if (rc == 0) {
		MUST(packet.attachments <= most);
		MUST(packet.has_data || packet.type == RL_SIO_CONNECT ||
			packet.type == RL_SIO_DISCONNECT || packet.type == RL_SIO_CONNECT_ERROR);
		check_slices(text, packet.query);
		check_again(&packet, most);
		if (packet.has_data)
			check_copy(&packet);
	}
	fuzz_free(text);
	return 0;
}
