/* eio_payload_fuzz.c: bodies of Engine.IO polling, any bytes. The first byte says which form, the second which
 * allocation fails. What is read, written again, has to be read as the same. */
#include <rill/error.h>
#include "base/utf8.h"
#include "fuzz/fuzz_support.h"
#include "wire/eio_packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct form {
	int revision;
	bool binary_body;
};

/* The next packet of both; how the first says it went. */
static int next_of_both(
	struct rl_eio_payload *one, struct rl_eio_payload *other, struct rl_env *env)
{
	struct rl_eio_packet a, b;
	struct rl_buf scratch_a, scratch_b;

	rl_buf_init(&scratch_a, env);
	rl_buf_init(&scratch_b, env);
	int rc = rl_eio_payload_next(one, &scratch_a, &a);
	MUST(rl_eio_payload_next(other, &scratch_b, &b) == rc);
	if (rc == 1)
		MUST(a.type == b.type && a.binary == b.binary && rl_slice_equal(a.data, b.data));
	rl_buf_release(&scratch_a);
	rl_buf_release(&scratch_b);
	return rc;
}

static void check_again(
	struct form form, struct rl_slice body, struct rl_slice written, size_t count)
{
	struct rl_eio_payload one, other;
	struct rl_env env;

	fuzz_env_init(&env, 0);
	rl_eio_payload_init(&one, form.revision, form.binary_body, body);
	rl_eio_payload_init(&other, form.revision, form.binary_body, written);
	while (count--)
		MUST(next_of_both(&one, &other, &env) == 1);
}

static int read_all(struct form form, struct rl_slice body, size_t fail_at, struct rl_buf *written,
	size_t *count)
{
	struct rl_eio_payload p;
	struct rl_eio_packet packet;
	struct rl_buf scratch;
	struct rl_env env;
	int rc;

	fuzz_env_init(&env, fail_at);
	rl_buf_init(&scratch, &env);
	rl_eio_payload_init(&p, form.revision, form.binary_body, body);
	while ((rc = rl_eio_payload_next(&p, &scratch, &packet)) == 1) {
		MUST(packet.type <= RL_EIO_NOOP);
		MUST(packet.binary || rl_utf8_valid(packet.data.data, packet.data.len));
		MUST(rl_eio_write_part(
			     written, form.revision, form.binary_body, *count == 0, &packet) == 0);
		++*count;
	}
	struct rl_eio_payload after = p;
	if (rc != RILL_ENOMEM)
		MUST(rl_eio_payload_next(&p, &scratch, &packet) == rc);
	MUST(p.rest.data == after.rest.data && p.rest.len == after.rest.len);
	rl_buf_release(&scratch);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct form forms[] = { { 4, false }, { 3, false }, { 3, true } };
	struct rl_slice in = rl_slice(data, size);
	struct form form = forms[fuzz_byte(&in) % 3];
	size_t fail_at = fuzz_byte(&in) % 4, count = 0;
	struct rl_slice body = fuzz_piece(&in, in.len);
	struct rl_env env;
	struct rl_buf written;

	rl_env_init_default(&env);
	rl_buf_init(&written, &env);
	int rc = read_all(form, body, fail_at, &written, &count);
	MUST(rc == 0 || rc == RILL_EPROTO || (rc == RILL_ENOMEM && fail_at));
	check_again(form, body, rl_buf_slice(&written), count);
	rl_buf_release(&written);
	fuzz_free(body);
	return 0;
}
