/* Proves what server.h says of a server's options. */
#include <stddef.h>
#include "http/server_state.h"
#include "support/support.h"

TEST(server_options, an_older_caller_gets_the_defaults_for_what_it_does_not_know)
{
	rill_server_options old, all;

	memset(&old, 0xee, sizeof(old));
	rill_server_options_init(&old, offsetof(rill_server_options, max_fields));
	assert_int_equal(old.size, offsetof(rill_server_options, max_fields));
	assert_int_equal(old.max_fields, (size_t)0xeeeeeeeeeeeeeeee);
	old.max_head = 1000;
	assert_int_equal(rl_server_options_read(&all, &old, test_env()), 0);
	assert_int_equal(all.max_head, 1000);
	assert_int_equal(all.max_fields, 128);
	assert_null(all.trusted);
	assert_int_equal(all.size, sizeof(all));
}

static void expect_fault(const rill_server_options *options, const char *sentence)
{
	rill_server_options all;

	assert_int_equal(rl_server_options_read(&all, options, test_env()), RILL_EINVAL);
	assert_non_null(strstr(test_log(), sentence));
}

TEST(server_options, that_make_no_sense_are_named)
{
	rill_server_options o;

	rill_server_options_default(&o);
	o.max_head = 0;
	expect_fault(&o, "max_head");
	rill_server_options_default(&o);
	o.max_target = 0;
	expect_fault(&o, "max_target");
	rill_server_options_default(&o);
	o.max_fields = 0;
	expect_fault(&o, "max_fields");
	rill_server_options_default(&o);
	o.handshake_timeout_ms = 0;
	expect_fault(&o, "handshake_timeout_ms");
	rill_server_options_default(&o);
	o.low_water = o.high_water + 1;
	expect_fault(&o, "low_water");
	o.size = 0;
	expect_fault(&o, "size");
}

TEST(server_options, name_trusted_peers_by_address)
{
	const char *const names[] = { "10.0.0.0/8", "localhost", NULL };
	rill_server_options options;
	rill_loop *loop;
	rill_server *server;
	rill_loop_options loop_options;

	rill_loop_options_default(&loop_options);
	loop_options.allocator = test_env()->memory;
	loop_options.log = test_env()->log;
	assert_int_equal(rill_loop_new(&loop, &loop_options), 0);
	rill_server_options_default(&options);
	options.trusted = names;
	assert_int_equal(rill_server_new(&server, loop, &options), RILL_EINVAL);
	assert_non_null(strstr(test_log(), "\"localhost\""));
	rill_loop_free(loop);
}
