/* sio_packet.c: packets as texts (socket.io-protocol, "Packet encoding"), by the rules of the reference parser
 * (socket.io-parser 4.2.6).
 *
 * It is read from the left: what is no attachment count, no namespace and no id begins the data. */
#include <rill/error.h>
#include "wire/sio_packet.h"

static const struct rl_slice reserved[] = {
	{ (const uint8_t *)"connect", 7 },
	{ (const uint8_t *)"connect_error", 13 },
	{ (const uint8_t *)"disconnect", 10 },
	{ (const uint8_t *)"disconnecting", 13 },
	{ (const uint8_t *)"newListener", 11 },
	{ (const uint8_t *)"removeListener", 14 },
};
#define RESERVED (sizeof(reserved) / sizeof(reserved[0]))

bool rl_sio_reserved(struct rl_slice name)
{
	for (size_t i = 0; i < RESERVED; i++)
		if (rl_slice_equal(name, reserved[i]))
			return true;
	return false;
}

static bool is_binary(enum rl_sio_type type)
{
	return type == RL_SIO_BINARY_EVENT || type == RL_SIO_BINARY_ACK;
}

static int refuse(int rc, const char **why, const char *sentence)
{
	*why = sentence;
	return rc;
}

static int take_type(struct rl_slice *rest, enum rl_sio_type *type, const char **why)
{
	if (!rest->len || rest->data[0] < '0' || rest->data[0] > '0' + RL_SIO_BINARY_ACK)
		return refuse(RILL_EPROTO, why, "unknown packet type");
	*type = (enum rl_sio_type)(rest->data[0] - '0');
	rl_slice_skip(rest, 1);
	return 0;
}

/* The digits at the front; how many. */
static size_t digits_of(struct rl_slice s)
{
	size_t n = 0;

	while (n < s.len && s.data[n] >= '0' && s.data[n] <= '9')
		n++;
	return n;
}

static int take_attachments(
	struct rl_slice *rest, uint32_t most, uint32_t *attachments, const char **why)
{
	size_t n = digits_of(*rest);
	uint64_t count;

	if (!n || n == rest->len || rest->data[n] != '-')
		return refuse(RILL_EPROTO, why, "illegal attachments");
	if (!rl_slice_to_u64(rl_slice(rest->data, n), &count) || count > most)
		return refuse(RILL_ETOOBIG, why, "too many attachments");
	*attachments = (uint32_t)count;
	rl_slice_skip(rest, n + 1);
	return 0;
}

/* Up to a comma or the end. */
static void take_name(struct rl_slice *rest, struct rl_sio_packet *packet)
{
	packet->name = RL_SLICE("/");
	if (!rest->len || rest->data[0] != '/')
		return;
	const uint8_t *comma = memchr(rest->data, ',', rest->len);
	packet->name = rl_slice(rest->data, comma ? (size_t)(comma - rest->data) : rest->len);
	rl_slice_skip(rest, packet->name.len + (comma != NULL));
	const uint8_t *mark = memchr(packet->name.data, '?', packet->name.len);
	if (!mark)
		return;
	size_t n = (size_t)(mark - packet->name.data);
	packet->query = rl_slice(mark + 1, packet->name.len - n - 1);
	packet->name.len = n;
}

static int take_id(struct rl_slice *rest, struct rl_sio_packet *packet, const char **why)
{
	size_t n = digits_of(*rest);

	if (!n)
		return 0;
	if (!rl_slice_to_u64(rl_slice(rest->data, n), &packet->id))
		return refuse(RILL_EPROTO, why, "the packet's id is too large");
	packet->has_id = true;
	rl_slice_skip(rest, n);
	return 0;
}

static int read_data(struct rl_slice text, struct rl_sio_packet *packet, const char **why)
{
	if (!text.len)
		return 0;
	int rc = rl_json_read(text, &packet->data);
	packet->has_data = rc == 0;
	if (rc == RILL_ETOOBIG)
		return refuse(rc, why, "the payload is too deep");
	return rc < 0 ? refuse(rc, why, "the payload is no JSON") : 0;
}

/* A name that is free, or a number. */
static bool begins_with_event(const struct rl_json *array)
{
	struct rl_slice rest = array->text;
	struct rl_json first;

	if (!rl_json_item(&rest, &first))
		return false;
	if (first.type != RL_JSON_STRING)
		return first.type == RL_JSON_NUMBER;
	if (first.plain)
		return !rl_sio_reserved(rl_slice(first.text.data + 1, first.text.len - 2));
	for (size_t i = 0; i < RESERVED; i++)
		if (rl_json_is(&first, reserved[i]))
			return false;
	return true;
}

static bool data_fits(struct rl_sio_packet *packet)
{
	const struct rl_json *data = &packet->data;

	switch (packet->type) {
	case RL_SIO_CONNECT:
		return !packet->has_data || data->type == RL_JSON_OBJECT;
	case RL_SIO_DISCONNECT:
		return !packet->has_data;
	case RL_SIO_CONNECT_ERROR:
		return !packet->has_data || data->type == RL_JSON_OBJECT ||
		       data->type == RL_JSON_STRING;
	case RL_SIO_EVENT:
	case RL_SIO_BINARY_EVENT:
		return packet->has_data && data->type == RL_JSON_ARRAY && begins_with_event(data);
	default:
		return packet->has_data && data->type == RL_JSON_ARRAY;
	}
}

int rl_sio_check(struct rl_sio_packet *packet, const char **why)
{
	/* The reference calls an acknowledgement without data as one without arguments. */
	if (!packet->has_data &&
		(packet->type == RL_SIO_ACK || packet->type == RL_SIO_BINARY_ACK)) {
		packet->data = (struct rl_json){ RL_JSON_ARRAY, false, RL_SLICE("[]") };
		packet->has_data = true;
	}
	return data_fits(packet) ? 0 : refuse(RILL_EPROTO, why, "invalid payload");
}

/* Each placeholder has an attachment; not each attachment has to have one. Writers give each place an
 * attachment of its own: a text that speaks of one a thousand times would make a thousand of it wherever
 * it is sent on. */
static int check_placeholders(const struct rl_sio_packet *packet, const char **why)
{
	struct rl_slice rest = packet->data.text, before = rest;
	struct rl_json piece;
	enum rl_json_step step;
	uint32_t num, seen = 0;

	while ((step = rl_json_step(&rest, &piece)) != RL_JSON_END) {
		if (step == RL_JSON_OPEN && piece.type == RL_JSON_OBJECT) {
			rest = before;
			if (!rl_sio_take_placeholder(&rest, &num))
				rl_json_step(&rest, &piece);
			else if (num >= packet->attachments || ++seen > packet->attachments)
				return refuse(RILL_EPROTO, why, "illegal attachments");
		}
		before = rest;
	}
	return 0;
}

int rl_sio_read(struct rl_sio_packet *packet, struct rl_slice text, uint32_t most, const char **why)
{
	*packet = (struct rl_sio_packet){ 0 };
	int rc = take_type(&text, &packet->type, why);
	if (rc == 0 && is_binary(packet->type))
		rc = take_attachments(&text, most, &packet->attachments, why);
	if (rc < 0)
		return rc;
	take_name(&text, packet);
	rc = take_id(&text, packet, why);
	if (rc == 0)
		rc = read_data(text, packet, why);
	if (rc == 0)
		rc = rl_sio_check(packet, why);
	if (rc == 0 && is_binary(packet->type))
		rc = check_placeholders(packet, why);
	return rc;
}

static int put_head(struct rl_buf *out, enum rl_sio_type type, uint32_t attachments,
	struct rl_slice name, bool has_id, uint64_t id)
{
	int rc = rl_buf_append_u64(out, type);

	if (rc == 0 && is_binary(type))
		rc = rl_buf_append_u64(out, attachments);
	if (rc == 0 && is_binary(type))
		rc = rl_buf_append_str(out, "-");
	if (rc == 0 && !rl_slice_equal(name, RL_SLICE("/"))) {
		rc = rl_buf_append_slice(out, name);
		if (rc == 0)
			rc = rl_buf_append_str(out, ",");
	}
	return rc == 0 && has_id ? rl_buf_append_u64(out, id) : rc;
}

int rl_sio_write_head(struct rl_buf *out, enum rl_sio_type type, uint32_t attachments,
	struct rl_slice name, bool has_id, uint64_t id)
{
	size_t before = out->len;

	assert(is_binary(type) || !attachments);
	int rc = put_head(out, type, attachments, name, has_id, id);
	if (rc < 0)
		out->len = before;
	return rc;
}
