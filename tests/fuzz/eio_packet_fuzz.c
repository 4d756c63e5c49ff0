/* eio_packet_fuzz.c: Engine.IO in WebSocket messages, and JSONP, any bytes. The first byte says the revision,
 * whether the message is binary, and which allocation fails. What is read has to be written as it was. */
#include <rill/error.h>
#include "base/json.h"
#include "fuzz/fuzz_support.h"
#include "wire/eio_packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The digits of the message, padded: what base64 was written again as. */
static bool same_text(struct rl_slice written, struct rl_slice message)
{
	size_t padding = written.len - message.len;

	if (written.len < message.len || padding > 2)
		return false;
	while (padding--)
		if (written.data[--written.len] != '=')
			return false;
	return rl_slice_equal(written, message);
}

static void check_packet(
	const struct rl_eio_packet *packet, int revision, struct rl_slice message, bool binary)
{
	struct rl_env env;
	struct rl_buf out;

	fuzz_env_init(&env, 0);
	rl_buf_init(&out, &env);
	MUST(packet->type <= RL_EIO_NOOP && (!packet->binary || packet->type == RL_EIO_MESSAGE));
	if (binary)
		MUST(packet->binary && rl_eio_write_message(&out, revision, packet) == 0);
	else
		MUST(rl_eio_write_text(&out, revision, packet) == 0);
	MUST(same_text(rl_buf_slice(&out), message));
	rl_buf_release(&out);
}

static void check_message(struct rl_slice message, uint8_t choice)
{
	int revision = choice & 1 ? 3 : 4;
	struct rl_eio_packet packet;
	struct rl_buf scratch;
	struct rl_env env;

	fuzz_env_init(&env, choice >> 6);
	rl_buf_init(&scratch, &env);
	int rc = rl_eio_read_message(&packet, revision, message, choice & 2, &scratch);
	MUST(rc == 0 || rc == RILL_EPROTO || (rc == RILL_ENOMEM && choice >> 6));
	if (rc == 0)
		check_packet(&packet, revision, message, choice & 2);
	rl_buf_release(&scratch);
}

/* As a client writes it: line ends as \n, and \n as \\n. */
static void escape(struct rl_buf *out, struct rl_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		bool again = text.data[i] == '\\' && i + 1 < text.len && text.data[i + 1] == 'n';
		if (text.data[i] == '\n')
			MUST(rl_buf_append_str(out, "\\n") == 0);
		else if (again)
			MUST(rl_buf_append_str(out, "\\\\") == 0);
		else
			MUST(rl_buf_append(out, text.data + i, 1) == 0);
	}
}

static void check_jsonp(struct rl_slice text)
{
	struct rl_buf out, back;
	struct rl_env env;
	struct rl_json json;

	fuzz_env_init(&env, 0);
	rl_buf_init(&out, &env);
	rl_buf_init(&back, &env);
	MUST(rl_eio_read_jsonp(&out, text) == 0 && out.len <= text.len);
	rl_buf_consume(&out, out.len);
	escape(&out, text);
	MUST(rl_eio_read_jsonp(&back, rl_buf_slice(&out)) == 0);
	/* A backslash in front of a line end cannot be told from one in front of an n. */
	if (!text.len || !memmem(text.data, text.len, "\\\n", 2))
		MUST(rl_slice_equal(rl_buf_slice(&back), text));
	rl_buf_consume(&out, out.len);
	if (rl_wtf8_valid(text.data, text.len)) {
		MUST(rl_eio_write_jsonp(&out, text, text) == 0);
		MUST(rl_slice_starts(rl_buf_slice(&out), RL_SLICE("___eio[")));
		const uint8_t *quote = memchr(out.data, '"', out.len);
		MUST(quote && memcmp(out.data + out.len - 2, ");", 2) == 0);
		size_t head = (size_t)(quote - out.data);
		MUST(rl_json_read(rl_slice(quote, out.len - head - 2), &json) == 0);
		MUST(rl_json_is(&json, text));
	}
	rl_buf_release(&out);
	rl_buf_release(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rl_slice in = rl_slice(data, size);
	uint8_t choice = fuzz_byte(&in);
	struct rl_slice message = fuzz_piece(&in, in.len);

	check_message(message, choice);
	check_jsonp(message);
	fuzz_free(message);
	return 0;
}
