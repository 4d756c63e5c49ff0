/* ws_extensions_test.c: tests of src/wire/ws_extensions.c: registering, and negotiation from header to
 * header. */
#include <stdio.h>
#include "wire/deflate.h"
#include "wire/own_extensions.h"
#include "wire/ws_pipeline.h"

static struct rl_ws_extensions *set;
static struct rl_buf said;
static struct rl_ws_pipeline *pipeline;
static const char *sentence;

static int set_up(bool deflate, const rill_extension *const *list)
{
	struct rl_deflate_options options;
	rl_deflate_options_default(&options);
	rl_buf_init(&said, test_env());
	pipeline = NULL;
	sessions_open = 0;
	return rl_ws_extensions_new(
		&set, test_env(), deflate ? &options : NULL, NULL, list, &sentence);
}

static void drop_pipeline(void)
{
	rl_ws_pipeline_free(pipeline);
	pipeline = NULL;
	assert_int_equal(sessions_open, 0);
	rl_buf_release(&said);
}

static void tear_down(void)
{
	drop_pipeline();
	rl_ws_extensions_free(set);
}

static struct rl_slice guarded(const char *text)
{
	return rl_slice(test_guarded(text, strlen(text)), strlen(text));
}

/* What the server answers to this header, and the bits that are in use then. */
static void expect_answer(const char *header, const char *answer, unsigned bits)
{
	assert_int_equal(rl_ws_extensions_accept(set, guarded(header), &said, &pipeline), 0);
	test_expect_text(said.data, said.len, answer);
	assert_int_equal(pipeline ? rl_ws_pipeline_bits(pipeline) : 0, bits);
	drop_pipeline();
}

static const rill_extension *const both[] = { &own_xoring, &own_reversing, NULL };

static void refused(const rill_extension *const *list, const char *why)
{
	assert_int_equal(set_up(true, list), RILL_EINVAL);
	assert_null(set);
	assert_string_equal(sentence, why);
}

static void refused_one(rill_extension extension, const char *why)
{
	const rill_extension *const list[] = { &extension, NULL };
	refused(list, why);
}

TEST(ws_extensions, what_makes_no_sense_is_not_registered)
{
	rill_extension e = own_xoring;
	e.name = "permessage-deflate";
	refused_one(e, "two extensions have one name");
	const rill_extension *const twice[] = { &own_xoring, &own_reversing, &own_xoring, NULL };
	refused(twice, "two extensions have one name");
	e = own_xoring;
	e.size = 0;
	refused_one(e, "an extension's size must be sizeof(rill_extension)");
	e = own_xoring;
	e.name = NULL;
	refused_one(e, "an extension's name must be a token");
	e.name = "a b";
	refused_one(e, "an extension's name must be a token");
	e = own_xoring;
	e.rsv2 = false;
	refused_one(e, "an extension must have an RSV bit");
	e = own_xoring;
	e.incoming = NULL;
	refused_one(e, "an extension must have incoming and outgoing");
	e = own_xoring;
	e.accept = NULL;
	e.offer = NULL;
	refused_one(e, "an extension must have accept or offer");
	e = own_xoring;
	e.confirm = NULL;
	refused_one(e, "an extension must have both offer and confirm or neither");
}

TEST(ws_extensions, a_program_may_bring_its_own_deflate_when_ours_is_off)
{
	rill_extension e = own_xoring;
	const rill_extension *const list[] = { &e, NULL };
	e.name = "permessage-deflate";
	assert_int_equal(set_up(false, list), 0);
	expect_answer("permessage-deflate", "permessage-deflate", 0x20);
	tear_down();
}

TEST(ws_extensions, the_servers_order_is_that_of_registration)
{
	assert_int_equal(set_up(true, both), 0);
	expect_answer("reverse, xor, permessage-deflate", "permessage-deflate, xor, reverse", 0x70);
	expect_answer("reverse, xor", "xor, reverse", 0x30);
	expect_answer("other, reverse;x", "reverse; x", 0x10);
	expect_answer("other", "", 0);
	expect_answer("", "", 0);
	tear_down();
}

TEST(ws_extensions, of_each_the_first_offer_that_is_taken_counts)
{
	assert_int_equal(set_up(true, both), 0);
	expect_answer("xor; y, xor; x, xor", "xor; x", 0x20);
	expect_answer("xor, permessage-deflate; nonsense, xor; x, permessage-deflate",
		"permessage-deflate, xor", 0x60);
	tear_down();
}

TEST(ws_extensions, of_two_with_one_bit_the_first_is_taken)
{
	static const rill_extension *const list[] = { &own_xoring, &own_running, &own_reversing,
		NULL };
	assert_int_equal(set_up(true, list), 0);
	expect_answer("runs, xor, reverse", "xor, reverse", 0x30);
	expect_answer("runs, xor; y", "runs", 0x20);
	tear_down();
	rill_extension wide = own_reversing;
	wide.rsv1 = wide.rsv2 = true;
	const rill_extension *const wides[] = { &wide, &own_xoring, NULL };
	assert_int_equal(set_up(true, wides), 0);
	expect_answer("permessage-deflate, reverse, xor", "permessage-deflate, xor", 0x60);
	expect_answer("reverse, xor", "reverse", 0x40); /* one of its bits is the mark */
	tear_down();
}

TEST(ws_extensions, a_header_that_breaks_the_grammar_is_an_error_wherever_it_breaks)
{
	static const char *const broken[] = { "xor;", "xor, reverse=1", "xor, other; a=", "\"xor\"",
		"xor; a=\"b c\"" };
	assert_int_equal(set_up(true, both), 0);
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		assert_int_equal(rl_ws_extensions_accept(set, guarded(broken[i]), &said, &pipeline),
			RILL_EPROTO);
		assert_int_equal(said.len, 0);
		assert_null(pipeline);
	}
	tear_down();
}

static char seen[256];

static void see_param(const rill_extension_params *params, size_t i)
{
	rill_bytes name, value;
	size_t n = strlen(seen);
	if (!rill_extension_param_at(params, i, &name, &value))
		snprintf(seen + n, sizeof(seen) - n, "-|");
	else
		snprintf(seen + n, sizeof(seen) - n, "%.*s%s%.*s|", (int)name.len,
			(const char *)name.data, value.data ? "=" : "", (int)value.len,
			(const char *)value.data);
}

static int accept_and_read(void *user, const rill_extension_params *offer,
	rill_extension_output *answer, void **session)
{
	static const size_t order[] = { 0, 1, 2, 3, 4, 4, 1, 2, 0, 9, 3 };
	(void)user;
	(void)answer;
	(void)session;
	seen[0] = 0;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		see_param(offer, order[i]);
	return 0;
}

TEST(ws_extensions, parameters_are_read_in_any_order_without_quotes_and_escapes)
{
	rill_extension e = own_xoring;
	const rill_extension *const list[] = { &e, NULL };
	e.accept = accept_and_read;
	assert_int_equal(set_up(false, list), 0);
	expect_answer("xor;a; b=1 ;c = \"two\";d=\"t\\h\\r\\e\\e\", xor2; z", "", 0);
	assert_string_equal(seen, "a|b=1|c=two|d=three|-|-|b=1|c=two|a|-|d=three|");
	expect_answer("xor", "", 0);
	assert_string_equal(seen, "-|-|-|-|-|-|-|-|-|-|-|");
	tear_down();
}

static const char *answer_text;
static int answer_rc;

static int accept_and_say(void *user, const rill_extension_params *offer,
	rill_extension_output *answer, void **session)
{
	(void)user;
	(void)offer;
	(void)rill_extension_write(answer, answer_text, strlen(answer_text));
	int rc = answer_rc > 0 ? own_open(session) : answer_rc;
	return rc;
}

TEST(ws_extensions, what_an_extension_answers_stands_behind_its_name_or_not_at_all)
{
	static const char *const bad[] = { "a\r\nSet-Cookie: b=c", "a, other", ";", "a=", "a;;b",
		"\"" };
	rill_extension e = own_xoring;
	const rill_extension *const list[] = { &own_reversing, &e, NULL };
	e.accept = accept_and_say;
	answer_rc = 1;
	assert_int_equal(set_up(false, list), 0);
	answer_text = "a; b=\"c\"";
	expect_answer("xor, reverse", "reverse, xor; a; b=\"c\"", 0x30);
	answer_text = "";
	expect_answer("xor", "xor", 0x20);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		answer_text = bad[i];
		expect_answer("xor, reverse", "reverse", 0x10);
		assert_non_null(strstr(test_log(), "extension xor: its parameters"));
	}
	answer_text = "a";
	answer_rc = 0;
	expect_answer("xor", "", 0);
	answer_rc = RILL_ENOMEM;
	assert_int_equal(rl_ws_extensions_accept(set, guarded("reverse, xor"), &said, &pipeline),
		RILL_ENOMEM);
	assert_null(pipeline);
	assert_int_equal(said.len, 0);
	assert_int_equal(sessions_open, 0);
	tear_down();
}

static void expect_offer(const char *want)
{
	rl_buf_release(&said);
	assert_int_equal(rl_ws_extensions_write_offer(set, &said), 0);
	test_expect_text(said.data, said.len, want);
	rl_buf_release(&said);
}

static size_t offers;

static int offer_some(void *user, size_t i, rill_extension_output *offer)
{
	char text[32];
	(void)user;
	if (i >= offers)
		return 0;
	sprintf(text, "n=%zu", i);
	return rill_extension_write(offer, text, strlen(text)) == 0 ? 1 : RILL_ENOMEM;
}

TEST(ws_extensions, a_client_offers_in_the_order_of_registration)
{
	rill_extension e = own_reversing, server_only = own_running;
	const rill_extension *const list[] = { &own_xoring, &server_only, &e, NULL };
	server_only.offer = NULL;
	server_only.confirm = NULL;
	e.offer = offer_some;
	assert_int_equal(set_up(true, list), 0);
	offers = 3;
	expect_offer("permessage-deflate; client_max_window_bits, xor, reverse; n=0, reverse; n=1, "
		     "reverse; n=2");
	offers = 0;
	expect_offer("permessage-deflate; client_max_window_bits, xor");
	offers = SIZE_MAX; /* never says that there are no more */
	assert_int_equal(rl_ws_extensions_write_offer(set, &said), 0);
	assert_non_null(strstr((char *)memcpy(seen, rl_buf_end(&said) - 5, 5), "n=15"));
	tear_down();
	assert_int_equal(set_up(false, NULL), 0);
	expect_offer("");
	tear_down();
}

static void expect_confirmed(const char *answer, unsigned bits)
{
	assert_int_equal(rl_ws_extensions_confirm(set, guarded(answer), &pipeline, &sentence), 0);
	assert_int_equal(pipeline ? rl_ws_pipeline_bits(pipeline) : 0, bits);
	drop_pipeline();
}

static void expect_refused(const char *answer, const char *why)
{
	assert_int_equal(
		rl_ws_extensions_confirm(set, guarded(answer), &pipeline, &sentence), RILL_EPROTO);
	assert_string_equal(sentence, why);
	assert_null(pipeline);
	assert_int_equal(sessions_open, 0);
}

TEST(ws_extensions, a_client_takes_what_it_offered_and_refuses_all_else)
{
	rill_extension server_only = own_running;
	const rill_extension *const list[] = { &own_xoring, &own_reversing, &server_only, NULL };
	server_only.name = "server";
	server_only.offer = NULL;
	server_only.confirm = NULL;
	assert_int_equal(set_up(true, list), 0);
	expect_offer("permessage-deflate; client_max_window_bits, xor, reverse");
	expect_confirmed("", 0);
	expect_confirmed("xor", 0x20);
	expect_confirmed("reverse, permessage-deflate", 0x50);
	expect_confirmed("reverse,xor,permessage-deflate; server_no_context_takeover", 0x70);
	expect_refused("other", "the server answers an extension that was not offered");
	expect_refused("xor, server", "the server answers an extension that was not offered");
	expect_refused("xor, reverse, xor", "the server answers an extension twice");
	expect_refused(
		"permessage-deflate, permessage-deflate", "the server answers an extension twice");
	expect_refused("reverse, xor; y", "the server answers parameters that were not offered");
	expect_refused("xor, permessage-deflate; client_max_window_bits=8",
		"the server answers parameters that were not offered");
	expect_refused("xor,reverse;", "the server's Sec-WebSocket-Extensions is malformed");
	tear_down();
}

TEST(ws_extensions, a_client_refuses_two_of_one_bit)
{
	static const rill_extension *const list[] = { &own_xoring, &own_running, NULL };
	assert_int_equal(set_up(true, list), 0);
	expect_offer("permessage-deflate; client_max_window_bits, xor, runs");
	expect_confirmed("runs", 0x20);
	expect_refused("xor, runs", "the server answers two extensions of one RSV bit");
	tear_down();
}

TEST(ws_extensions, what_was_not_written_was_not_offered)
{
	rill_extension e = own_reversing;
	const rill_extension *const list[] = { &e, NULL };
	e.offer = offer_some;
	offers = 0;
	assert_int_equal(set_up(true, list), 0);
	expect_refused(
		"permessage-deflate", "the server answers an extension that was not offered");
	expect_offer("permessage-deflate; client_max_window_bits");
	expect_confirmed("permessage-deflate", 0x40);
	expect_refused("reverse", "the server answers an extension that was not offered");
	tear_down();
}

static void negotiate(void *server)
{
	static const char header[] = "permessage-deflate, xor; x=\"\\y\", reverse";
	if (set_up(true, both) == 0) {
		size_t before = rl_buf_append_str(&said, "before") == 0 ? 6 : 0;
		int rc;
		if (server)
			rc = rl_ws_extensions_accept(set, guarded(header), &said, &pipeline);
		else
			rc = rl_ws_extensions_write_offer(set, &said);
		assert_true(rc == 0 || rc == RILL_ENOMEM);
		if (rc < 0)
			assert_int_equal(said.len, before);
		if (rc == 0 && !server)
			rc = rl_ws_extensions_confirm(set,
				guarded("reverse, xor, permessage-deflate"), &pipeline, &sentence);
		assert_true(rc == 0 || rc == RILL_ENOMEM);
		assert_int_equal(pipeline != NULL, rc == 0);
	}
	tear_down();
}

TEST(ws_extensions, memory_shortage_anywhere_leaves_nothing_behind)
{
	test_each_failing_allocation(negotiate, &sentence);
	test_each_failing_allocation(negotiate, NULL);
}
