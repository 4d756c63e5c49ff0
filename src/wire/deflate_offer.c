/* deflate_offer.c: the negotiation of permessage-deflate (RFC 7692, section 7.1): see deflate.h.
 *
 * An offer that makes no sense is declined, never an error: RFC 7692, 7.1 tells a server to go on
 * to the next one.
 *
 * zlib cannot deflate with a window of 256 bytes (it takes 512 without saying so), therefore a
 * peer that asks our compressor for 8 bits is declined. It may announce 8 for its own: a larger
 * window inflates that as well. */
#include "wire/deflate.h"

enum {
	BITS_MIN = 8,
	BITS_MIN_OURS = 9,
	BITS_MAX = 15,
};

/* The parameters of one offer or one answer. */
struct terms {
	bool server_no_takeover, client_no_takeover;
	bool server_bits_given, client_bits_given;
	uint8_t server_bits, client_bits; /* 0: without value */
};

void rl_deflate_options_default(struct rl_deflate_options *options)
{
	*options = (struct rl_deflate_options){
		.level = 1,
		.mem_level = 8,
		.strategy = 0,
		.max_window_bits = BITS_MAX,
		.request_window_bits = BITS_MAX,
		.threshold = 1024,
		.ceiling = 1024 * 1024,
	};
}

/* RFC 7692, 7.1.2: a decimal integer from 8 to 15 without leading zeros. */
static bool read_bits(const struct rl_ws_param *param, uint8_t *bits)
{
	uint8_t room[2];
	struct rl_slice text;
	uint64_t value;

	if (!rl_ws_param_value(param, room, sizeof(room), &text) || text.data[0] == '0' ||
		!rl_slice_to_u64(text, &value) || value < BITS_MIN || value > BITS_MAX)
		return false;
	*bits = (uint8_t)value;
	return true;
}

static bool read_flag(const struct rl_ws_param *param, bool *flag)
{
	if (*flag || param->has_value)
		return false;
	*flag = true;
	return true;
}

static bool read_window(
	const struct rl_ws_param *param, bool value_optional, bool *given, uint8_t *bits)
{
	if (*given)
		return false;
	*given = true;
	if (!param->has_value)
		return value_optional;
	return read_bits(param, bits);
}

/* False when a parameter is unknown, repeated or has an impossible value. In an offer
 * client_max_window_bits may stand without value (RFC 7692, 7.1.2.2). */
static bool read_terms(struct rl_ws_extension *extension, bool offer, struct terms *terms)
{
	struct rl_ws_param param;
	bool ok = true;

	*terms = (struct terms){ 0 };
	while (ok && rl_ws_next_param(extension, &param)) {
		if (rl_slice_equal(param.name, RL_SLICE("server_no_context_takeover")))
			ok = read_flag(&param, &terms->server_no_takeover);
		else if (rl_slice_equal(param.name, RL_SLICE("client_no_context_takeover")))
			ok = read_flag(&param, &terms->client_no_takeover);
		else if (rl_slice_equal(param.name, RL_SLICE("server_max_window_bits")))
			ok = read_window(
				&param, false, &terms->server_bits_given, &terms->server_bits);
		else if (rl_slice_equal(param.name, RL_SLICE("client_max_window_bits")))
			ok = read_window(
				&param, offer, &terms->client_bits_given, &terms->client_bits);
		else
			ok = false;
	}
	return ok;
}

static uint8_t smaller(uint8_t a, uint8_t b)
{
	return a < b ? a : b;
}

/* What the server makes of an offer; false when it declines. */
static bool take_offer(const struct rl_deflate_options *options, const struct terms *offer,
	struct rl_deflate_params *params)
{
	if (offer->server_bits_given && offer->server_bits < BITS_MIN_OURS)
		return false;
	*params = (struct rl_deflate_params){
		.server_window_bits = options->max_window_bits,
		.client_window_bits = BITS_MAX,
		.server_no_takeover = offer->server_no_takeover || options->no_context_takeover,
		.client_no_takeover = offer->client_no_takeover ||
				      options->request_no_context_takeover,
	};
	/* RFC 7692, 7.1.2.1: asked for, it has to stand in the answer, 15 included. Unasked, a
	 * smaller window of ours is nobody's business, and not every client likes to be told. */
	if (offer->server_bits_given) {
		params->server_bits_given = true;
		params->server_window_bits = smaller(offer->server_bits, options->max_window_bits);
	}
	/* RFC 7692, 7.1.2.2: the client's window can be bounded only if it said that it can. */
	if (offer->client_bits_given) {
		uint8_t hint = offer->client_bits ? offer->client_bits : BITS_MAX;
		params->client_window_bits = smaller(hint, options->request_window_bits);
		params->client_bits_given = offer->client_bits ||
					    params->client_window_bits < BITS_MAX;
	}
	return true;
}

bool rl_deflate_accept(const struct rl_deflate_options *options, struct rl_ws_extension offer,
	struct rl_deflate_params *params)
{
	struct terms terms;
	return read_terms(&offer, true, &terms) && take_offer(options, &terms, params);
}

/* Appends one of the parameters that begin at start. */
static int write_name(struct rl_buf *out, size_t start, const char *name)
{
	int rc = out->len > start ? rl_buf_append_str(out, "; ") : 0;
	return rc == 0 ? rl_buf_append_str(out, name) : rc;
}

/* "name=bits", or "name" for 0. */
static int write_bits(struct rl_buf *out, size_t start, const char *name, uint8_t bits)
{
	int rc = write_name(out, start, name);
	if (rc == 0 && bits)
		rc = rl_buf_append_str(out, "=");
	if (rc == 0 && bits)
		rc = rl_buf_append_u64(out, bits);
	return rc;
}

/* All or nothing. */
static int write_terms(const struct terms *terms, struct rl_buf *out)
{
	size_t start = out->len;
	int rc = 0;
	if (terms->server_no_takeover)
		rc = write_name(out, start, "server_no_context_takeover");
	if (rc == 0 && terms->client_no_takeover)
		rc = write_name(out, start, "client_no_context_takeover");
	if (rc == 0 && terms->server_bits_given)
		rc = write_bits(out, start, "server_max_window_bits", terms->server_bits);
	if (rc == 0 && terms->client_bits_given)
		rc = write_bits(out, start, "client_max_window_bits", terms->client_bits);
	if (rc < 0)
		out->len = start;
	return rc;
}

int rl_deflate_write_response(const struct rl_deflate_params *params, struct rl_buf *out)
{
	struct terms terms = {
		.server_no_takeover = params->server_no_takeover,
		.client_no_takeover = params->client_no_takeover,
		.server_bits_given = params->server_bits_given,
		.client_bits_given = params->client_bits_given,
		.server_bits = params->server_window_bits,
		.client_bits = params->client_window_bits,
	};
	return write_terms(&terms, out);
}

int rl_deflate_write_offer(const struct rl_deflate_options *options, struct rl_buf *out)
{
	/* client_max_window_bits is what lets the server choose less. */
	struct terms terms = {
		.server_no_takeover = options->request_no_context_takeover,
		.client_no_takeover = options->no_context_takeover,
		.server_bits_given = options->request_window_bits < BITS_MAX,
		.client_bits_given = !options->fixed_window,
		.server_bits = options->request_window_bits,
		.client_bits = options->max_window_bits < BITS_MAX ? options->max_window_bits : 0,
	};
	return write_terms(&terms, out);
}

/* RFC 7692, 7.1.2: the answer has to grant what was asked, and may bound our window to what zlib
 * can do and not above what we offered. A bound on its own window that nobody asked for is
 * taken. */
static bool answer_fits(const struct rl_deflate_options *options, const struct terms *answer)
{
	if (options->request_no_context_takeover && !answer->server_no_takeover)
		return false;
	if (options->request_window_bits < BITS_MAX &&
		(!answer->server_bits_given || answer->server_bits > options->request_window_bits))
		return false;
	return !answer->client_bits_given ||
	       (!options->fixed_window && answer->client_bits >= BITS_MIN_OURS &&
		       answer->client_bits <= options->max_window_bits);
}

bool rl_deflate_confirm(const struct rl_deflate_options *options, struct rl_ws_extension extension,
	struct rl_deflate_params *params)
{
	struct terms answer;

	if (!read_terms(&extension, false, &answer) || !answer_fits(options, &answer))
		return false;
	*params = (struct rl_deflate_params){
		.server_window_bits = answer.server_bits_given ? answer.server_bits : BITS_MAX,
		.client_window_bits = answer.client_bits_given ? answer.client_bits
							       : options->max_window_bits,
		.server_no_takeover = answer.server_no_takeover,
		.client_no_takeover = answer.client_no_takeover || options->no_context_takeover,
		.server_bits_given = answer.server_bits_given,
		.client_bits_given = answer.client_bits_given,
	};
	return true;
}
