/* url_fuzz.c: URLs and references, any bytes. The input is a base and, behind its first NUL, a
 * reference. What is taken has to come out of the writers as it went in, and what a reference means
 * has to be a URL again. */
#include <rill/error.h>
#include "fuzz/fuzz_support.h"
#include "wire/http1.h"
#include "wire/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_request(const struct rl_url *url, struct rl_buf *out)
{
	struct rl_buf line;
	out->len = 0;
	MUST(rl_url_write_target(url, out) == 0);
	rl_buf_init(&line, out->env);
	MUST(rl_http1_write_request_line(&line, RL_SLICE("GET"), rl_buf_slice(out)) == 0);
	out->len = line.len = 0;
	MUST(rl_url_write_host(url, 80, out) == 0);
	MUST(rl_http1_write_field(&line, RL_SLICE("Host"), rl_buf_slice(out)) == 0);
	out->len = 0;
	if (url->has_credentials && rl_url_write_basic(url, out) == 0)
		MUST(rl_http1_write_field(&line, RL_SLICE("Authorization"), rl_buf_slice(out)) ==
			0);
	out->len = 0;
	rl_buf_release(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rl_slice in = rl_slice(data, size);
	const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
	struct rl_slice base = fuzz_piece(&in, nul ? (size_t)(nul - data) : size);
	struct rl_url url, again;
	const char *sentence = NULL;
	struct rl_env env;
	struct rl_buf out;

	fuzz_env_init(&env, 0);
	rl_buf_init(&out, &env);
	if (rl_url_parse(base, &url, &sentence) == 0) {
		MUST(url.host.len && url.scheme.len);
		check_request(&url, &out);
		if (in.len)
			rl_slice_skip(&in, 1);
		struct rl_slice reference = fuzz_piece(&in, in.len);
		if (rl_url_resolve(base, reference, &out) == 0)
			MUST(rl_url_parse(rl_buf_slice(&out), &again, &sentence) == 0);
		else
			MUST(out.len == 0);
		fuzz_free(reference);
	} else {
		MUST(sentence);
	}
	rl_buf_release(&out);
	fuzz_free(base);
	return 0;
}
