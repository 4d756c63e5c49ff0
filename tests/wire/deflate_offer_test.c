#include <stdio.h>
#include <rill/error.h>
#include "support/support.h"
#include "wire/ws_pipeline.h"

static struct rl_deflate_options options(void)
{
	struct rl_deflate_options o;
	rl_deflate_options_default(&o);
	return o;
}

static struct rl_slice guarded(const char *text)
{
	return rl_slice(test_guarded(text, strlen(text)), strlen(text));
}

/* What the server answers to an offer; "" when it takes none, "!" when the header is broken. */
static void expect_response(
	const struct rl_deflate_options *o, const char *header, const char *response)
{
	struct rl_ws_extensions *set;
	struct rl_ws_pipeline *pipeline;
	struct rl_buf out;
	rl_buf_init(&out, test_env());
	assert_int_equal(rl_ws_extensions_new(&set, test_env(), o, NULL, NULL, NULL), 0);
	int rc = rl_ws_extensions_accept(set, guarded(header), &out, &pipeline);
	if (rc < 0)
		assert_int_equal(rl_buf_append_str(&out, "!"), 0);
	test_expect_text(out.data, out.len, response);
	assert_int_equal(pipeline != NULL, rc == 0 && *response);
	rl_ws_pipeline_free(pipeline);
	rl_ws_extensions_free(set);
	rl_buf_release(&out);
}

/* The first extension of a header. */
static struct rl_ws_extension extension_of(struct rl_slice header)
{
	struct rl_ws_extension extension;
	assert_int_equal(rl_ws_next_extension(&header, &extension), 1);
	return extension;
}

static const struct rl_ws_extension plain = { RL_SLICE("permessage-deflate"), { NULL, 0 } };

static void expect_default_response(const char *header, const char *response)
{
	struct rl_deflate_options o = options();
	expect_response(&o, header, response);
}

static void expect_declined(const char *offer)
{
	expect_default_response(offer, "");
}

TEST(deflate_offer, a_plain_offer_gets_a_plain_answer)
{
	expect_default_response("permessage-deflate", "permessage-deflate");
}

TEST(deflate_offer, what_browsers_offer_is_taken)
{
	expect_default_response("permessage-deflate; client_max_window_bits", "permessage-deflate");
}

TEST(deflate_offer, other_extensions_are_passed_over)
{
	expect_default_response("x-webkit-deflate-frame, permessage-deflate; "
				"client_no_context_takeover, permessage-bzip2",
		"permessage-deflate; client_no_context_takeover");
	expect_default_response("x-webkit-deflate-frame", "");
	expect_default_response("permessage-deflate2, Permessage-Deflate", "");
	expect_default_response("", "");
}

TEST(deflate_offer, what_the_client_asks_of_us_stands_in_the_answer)
{
	expect_default_response("permessage-deflate; server_no_context_takeover",
		"permessage-deflate; server_no_context_takeover");
	expect_default_response("permessage-deflate; server_max_window_bits=10",
		"permessage-deflate; server_max_window_bits=10");
	expect_default_response("permessage-deflate; server_max_window_bits=9",
		"permessage-deflate; server_max_window_bits=9");
}

TEST(deflate_offer, a_window_of_15_is_stated_when_it_was_asked)
{
	expect_default_response("permessage-deflate; server_max_window_bits=15",
		"permessage-deflate; server_max_window_bits=15");
}

TEST(deflate_offer, our_smaller_window_is_stated_only_when_asked)
{
	struct rl_deflate_options o = options();
	o.max_window_bits = 11;
	expect_response(&o, "permessage-deflate", "permessage-deflate");
	expect_response(&o, "permessage-deflate; server_max_window_bits=15",
		"permessage-deflate; server_max_window_bits=11");
	expect_response(&o, "permessage-deflate; server_max_window_bits=10",
		"permessage-deflate; server_max_window_bits=10");
}

TEST(deflate_offer, our_compressor_keeps_to_our_window_also_unasked)
{
	struct rl_deflate_options o = options();
	struct rl_deflate_params params;
	o.max_window_bits = 11;
	assert_true(rl_deflate_accept(&o, plain, &params));
	assert_int_equal(params.server_window_bits, 11);
	assert_int_equal(params.client_window_bits, 15);
}

TEST(deflate_offer, the_clients_window_is_bounded_only_when_it_offered_that)
{
	struct rl_deflate_options o = options();
	struct rl_deflate_params params;
	o.request_window_bits = 10;
	expect_response(&o, "permessage-deflate", "permessage-deflate");
	expect_response(&o, "permessage-deflate; client_max_window_bits",
		"permessage-deflate; client_max_window_bits=10");
	expect_response(&o, "permessage-deflate; client_max_window_bits=12",
		"permessage-deflate; client_max_window_bits=10");
	expect_response(&o, "permessage-deflate; client_max_window_bits=9",
		"permessage-deflate; client_max_window_bits=9");
	assert_true(rl_deflate_accept(&o, plain, &params));
	assert_int_equal(params.client_window_bits, 15);
}

TEST(deflate_offer, a_clients_hint_is_repeated)
{
	expect_default_response("permessage-deflate; client_max_window_bits=8",
		"permessage-deflate; client_max_window_bits=8");
	expect_default_response("permessage-deflate; client_max_window_bits=15",
		"permessage-deflate; client_max_window_bits=15");
}

TEST(deflate_offer, takeover_is_given_up_by_either_side)
{
	struct rl_deflate_options o = options();
	o.no_context_takeover = true;
	expect_response(&o, "permessage-deflate", "permessage-deflate; server_no_context_takeover");
	o = options();
	o.request_no_context_takeover = true;
	expect_response(&o, "permessage-deflate", "permessage-deflate; client_no_context_takeover");
}

TEST(deflate_offer, all_parameters_together_are_answered_together)
{
	expect_default_response("permessage-deflate; server_no_context_takeover; "
				"client_no_context_takeover; server_max_window_bits=12; "
				"client_max_window_bits=13",
		"permessage-deflate; server_no_context_takeover; "
		"client_no_context_takeover; server_max_window_bits=12; "
		"client_max_window_bits=13");
}

TEST(deflate_offer, quoted_numbers_are_numbers)
{
	expect_default_response("permessage-deflate; server_max_window_bits=\"10\"",
		"permessage-deflate; server_max_window_bits=10");
	expect_default_response("permessage-deflate; server_max_window_bits=\"1\\0\"",
		"permessage-deflate; server_max_window_bits=10");
}

TEST(deflate_offer, unknown_parameters_are_declined)
{
	expect_declined("permessage-deflate; foo");
	expect_declined("permessage-deflate; server_max_window_bits=10; foo=1");
	expect_declined("permessage-deflate; Server_No_Context_Takeover");
}

TEST(deflate_offer, repeated_parameters_are_declined)
{
	expect_declined("permessage-deflate; server_no_context_takeover; "
			"server_no_context_takeover");
	expect_declined("permessage-deflate; client_no_context_takeover; "
			"client_no_context_takeover");
	expect_declined("permessage-deflate; server_max_window_bits=10; server_max_window_bits=10");
	expect_declined("permessage-deflate; client_max_window_bits; client_max_window_bits=10");
}

TEST(deflate_offer, values_where_none_belong_are_declined)
{
	expect_declined("permessage-deflate; server_no_context_takeover=1");
	expect_declined("permessage-deflate; client_no_context_takeover=true");
}

TEST(deflate_offer, impossible_windows_are_declined)
{
	static const char *const values[] = { "7", "16", "0", "08", "010", "1e1", "+10", "-10",
		"0x0a", "10.0", "100", "\"08\"", "\"\\08\"", "4294967306", "a" };
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		char offer[128];
		sprintf(offer, "permessage-deflate; server_max_window_bits=%s", values[i]);
		expect_declined(offer);
		sprintf(offer, "permessage-deflate; client_max_window_bits=%s", values[i]);
		expect_declined(offer);
	}
	expect_declined("permessage-deflate; server_max_window_bits");
}

TEST(deflate_offer, a_window_of_8_for_our_compressor_is_declined)
{
	expect_declined("permessage-deflate; server_max_window_bits=8");
}

TEST(deflate_offer, the_first_acceptable_offer_wins)
{
	expect_default_response("permessage-deflate; server_max_window_bits=8, "
				"permessage-deflate; foo, "
				"permessage-deflate; server_max_window_bits=10, "
				"permessage-deflate",
		"permessage-deflate; server_max_window_bits=10");
}

TEST(deflate_offer, a_header_that_breaks_the_grammar_is_an_error_wherever_it_breaks)
{
	expect_default_response("permessage-deflate;", "!");
	expect_default_response("permessage-deflate, foo bar", "!");
	expect_default_response("permessage-deflate; server_max_window_bits=", "!");
	expect_default_response("permessage-deflate; server_max_window_bits=\"10", "!");
	expect_default_response("; foo, permessage-deflate", "!");
}

static void expect_offer(const struct rl_deflate_options *o, const char *offer)
{
	struct rl_ws_extensions *set;
	struct rl_buf out;
	rl_buf_init(&out, test_env());
	assert_int_equal(rl_ws_extensions_new(&set, test_env(), o, NULL, NULL, NULL), 0);
	assert_int_equal(rl_ws_extensions_write_offer(set, &out), 0);
	test_expect_text(out.data, out.len, offer);
	rl_ws_extensions_free(set);
	rl_buf_release(&out);
}

TEST(deflate_offer, a_client_offers_what_it_wants)
{
	struct rl_deflate_options o = options();
	expect_offer(&o, "permessage-deflate; client_max_window_bits");
	o.max_window_bits = 9;
	o.request_window_bits = 8;
	o.no_context_takeover = o.request_no_context_takeover = true;
	expect_offer(&o, "permessage-deflate; server_no_context_takeover; "
			 "client_no_context_takeover; server_max_window_bits=8; "
			 "client_max_window_bits=9");
}

TEST(deflate_offer, a_client_with_a_fixed_window_does_not_offer_another)
{
	struct rl_deflate_options o = options();
	struct rl_deflate_params p;
	o.fixed_window = true;
	expect_offer(&o, "permessage-deflate");
	o.no_context_takeover = true;
	expect_offer(&o, "permessage-deflate; client_no_context_takeover");
	assert_true(rl_deflate_confirm(&o, extension_of(guarded("permessage-deflate")), &p));
	assert_int_equal(p.client_window_bits, 15);
	assert_false(rl_deflate_confirm(
		&o, extension_of(guarded("permessage-deflate; client_max_window_bits=12")), &p));
}

static bool confirm(
	const struct rl_deflate_options *o, const char *answer, struct rl_deflate_params *params)
{
	return rl_deflate_confirm(o, extension_of(guarded(answer)), params);
}

static void expect_not_offered(const struct rl_deflate_options *o, const char *answer)
{
	struct rl_deflate_params params;
	assert_false(confirm(o, answer, &params));
}

TEST(deflate_offer, a_client_takes_an_answer_that_fits)
{
	struct rl_deflate_options o = options();
	struct rl_deflate_params p;
	assert_true(confirm(&o, "permessage-deflate", &p));
	assert_int_equal(p.server_window_bits, 15);
	assert_int_equal(p.client_window_bits, 15);
	assert_false(p.server_no_takeover || p.client_no_takeover);

	assert_true(confirm(&o,
				 "permessage-deflate; server_no_context_takeover; "
				 "client_no_context_takeover; client_max_window_bits=\"9\"; "
				 "server_max_window_bits=8",
				 &p));
	assert_int_equal(p.server_window_bits, 8);
	assert_int_equal(p.client_window_bits, 9);
	assert_true(p.server_no_takeover && p.client_no_takeover);
}

TEST(deflate_offer, a_clients_own_window_and_takeover_hold_when_the_answer_is_silent)
{
	struct rl_deflate_options o = options();
	struct rl_deflate_params p;
	o.max_window_bits = 10;
	o.no_context_takeover = true;
	assert_true(confirm(&o, "permessage-deflate", &p));
	assert_int_equal(p.client_window_bits, 10);
	assert_true(p.client_no_takeover);
}

TEST(deflate_offer, a_client_refuses_an_answer_that_was_not_offered)
{
	struct rl_deflate_options o = options();
	expect_not_offered(&o, "permessage-deflate; foo");
	expect_not_offered(&o, "permessage-deflate; server_max_window_bits");
	expect_not_offered(&o, "permessage-deflate; client_max_window_bits");
	expect_not_offered(&o, "permessage-deflate; client_max_window_bits=8");
	expect_not_offered(&o, "permessage-deflate; client_max_window_bits=16");
	expect_not_offered(&o, "permessage-deflate; server_max_window_bits=07");
	expect_not_offered(&o, "permessage-deflate; server_no_context_takeover=1");
	expect_not_offered(&o, "permessage-deflate; client_no_context_takeover; "
			       "client_no_context_takeover");
}

TEST(deflate_offer, a_client_insists_on_what_it_asked_for)
{
	struct rl_deflate_options o = options();
	struct rl_deflate_params p;
	o.max_window_bits = 12;
	o.request_window_bits = 10;
	o.request_no_context_takeover = true;
	expect_not_offered(&o, "permessage-deflate; server_max_window_bits=10");
	expect_not_offered(&o, "permessage-deflate; server_no_context_takeover");
	expect_not_offered(&o, "permessage-deflate; server_no_context_takeover; "
			       "server_max_window_bits=11");
	expect_not_offered(&o, "permessage-deflate; server_no_context_takeover; "
			       "server_max_window_bits=10; client_max_window_bits=13");
	assert_true(confirm(&o,
				 "permessage-deflate; server_no_context_takeover; "
				 "server_max_window_bits=10; client_max_window_bits=12",
				 &p));
}

TEST(deflate_offer, every_offer_of_ours_is_taken_and_its_answer_confirmed)
{
	for (unsigned i = 0; i < 4 * 7 * 8; i++) {
		struct rl_deflate_options client = options(), server = options();
		struct rl_deflate_params theirs, ours;
		struct rl_buf offer, answer;
		client.no_context_takeover = i & 1;
		client.request_no_context_takeover = i >> 1 & 1;
		client.max_window_bits = (uint8_t)(9 + i / 4 % 7);
		client.request_window_bits = (uint8_t)(8 + i / 28);
		server.request_window_bits = 12;
		rl_buf_init(&offer, test_env());
		rl_buf_init(&answer, test_env());
		assert_int_equal(rl_buf_append_str(&offer, "x; "), 0);
		assert_int_equal(rl_buf_append_str(&answer, "x; "), 0);
		assert_int_equal(rl_deflate_write_offer(&client, &offer), 0);
		bool taken = rl_deflate_accept(
			&server, extension_of(rl_buf_slice(&offer)), &theirs);
		assert_int_equal(taken, client.request_window_bits != 8);
		if (taken) {
			assert_int_equal(rl_deflate_write_response(&theirs, &answer), 0);
			if (answer.len == 3)
				answer.len = 1; /* no parameters */
			assert_true(rl_deflate_confirm(
				&client, extension_of(rl_buf_slice(&answer)), &ours));
			assert_int_equal(ours.server_no_takeover, theirs.server_no_takeover);
			assert_int_equal(ours.client_no_takeover, theirs.client_no_takeover);
			assert_int_equal(ours.server_window_bits, theirs.server_window_bits);
			assert_int_equal(ours.client_window_bits, theirs.client_window_bits);
		}
		rl_buf_release(&offer);
		rl_buf_release(&answer);
	}
}

static void write_all(void *arg)
{
	struct rl_buf *out = arg;
	struct rl_deflate_params params = { 12, 13, true, true, true, true };
	struct rl_deflate_options o = options();
	rl_buf_init(out, test_env());
	if (rl_buf_append_str(out, "before") == 0) {
		if (rl_deflate_write_response(&params, out) < 0)
			test_expect_text(out->data, out->len, "before");
		size_t len = out->len;
		if (rl_deflate_write_offer(&o, out) < 0)
			assert_int_equal(out->len, len);
	}
	rl_buf_release(out);
}

TEST(deflate_offer, the_buffer_is_as_it_was_when_memory_is_short)
{
	struct rl_buf out;
	test_each_failing_allocation(write_all, &out);
}
