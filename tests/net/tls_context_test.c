/* tls_context_test.c: what options make no context, and what is said about it. */
#include <unistd.h>
#include "net/tls.h"
#include "net/tls_context.h"
#include "support/certificate.h"
#include "support/support.h"

static struct test_certificate good, other;

static rill_tls_options options_with(rill_tls_certificate *list, size_t count)
{
	rill_tls_options options;
	rill_tls_options_default(&options);
	options.certificates = list;
	options.certificate_count = count;
	return options;
}

static void make_certificates(void)
{
	if (good.key_file[0])
		return;
	test_make_certificate(&good, "good", "good", NULL, NULL);
	test_make_certificate(&other, "other", "other", NULL, NULL);
}

static void expect_refused(const rill_tls_options *options, int want, const char *words)
{
	struct rl_tls_context *context;
	char error[400] = "";
	int rc = rl_tls_context_new(&context, test_env(), options, error, sizeof(error));
	assert_int_equal(rc, want);
	if (!strstr(error, words))
		fail_msg("\"%s\" does not speak of \"%s\"", error, words);
	/* Without room for a sentence it is refused as well. */
	assert_int_equal(rl_tls_context_new(&context, test_env(), options, NULL, 0), want);
}

TEST(tls_context, a_missing_file_is_named)
{
	make_certificates();
	char missing[TEST_PATH];
	test_path(missing, "missing.pem");
	rill_tls_certificate one = { missing, good.key_file, NULL };
	rill_tls_options options = options_with(&one, 1);
	expect_refused(&options, RILL_ENOENT, missing);
	one = (rill_tls_certificate){ good.certificate_file, missing, NULL };
	expect_refused(&options, RILL_ENOENT, missing);
	one.key_file = good.key_file;
	options.client_ca_file = missing;
	expect_refused(&options, RILL_ENOENT, missing);
}

TEST(tls_context, a_file_that_holds_something_else_is_named)
{
	make_certificates();
	rill_tls_certificate one = { good.key_file, good.key_file, NULL };
	rill_tls_options options = options_with(&one, 1);
	expect_refused(&options, RILL_ETLS, "no usable certificate in ");
	one = (rill_tls_certificate){ good.certificate_file, good.certificate_file, NULL };
	expect_refused(&options, RILL_ETLS, "no usable key for ");
	one.key_file = good.key_file;
	options.client_ca_file = good.key_file;
	expect_refused(&options, RILL_ETLS, "client CA file ");
}

TEST(tls_context, a_key_of_another_certificate_is_refused)
{
	make_certificates();
	rill_tls_certificate list[] = { { good.certificate_file, good.key_file, NULL },
		{ good.certificate_file, other.key_file, NULL } };
	rill_tls_options options = options_with(list, 2);
	expect_refused(&options, RILL_ETLS, other.key_file);
}

TEST(tls_context, options_that_make_no_sense_are_refused)
{
	make_certificates();
	rill_tls_certificate one = { good.certificate_file, good.key_file, NULL };
	rill_tls_options options = options_with(&one, 0);
	expect_refused(&options, RILL_EINVAL, "needs a certificate");
	options = options_with(NULL, 1);
	expect_refused(&options, RILL_EINVAL, "needs a certificate");
	options = options_with(&one, 1);
	options.min_version = 11;
	expect_refused(&options, RILL_EINVAL, "not 11");
	options = options_with(&one, 1);
	options.ciphers = "NO-SUCH-CIPHER";
	expect_refused(&options, RILL_EINVAL, "NO-SUCH-CIPHER");
	one.key_file = NULL;
	options = options_with(&one, 1);
	expect_refused(&options, RILL_EINVAL, "key file");
	options.size = 0;
	expect_refused(&options, RILL_EINVAL, "size is not set");
}

TEST(tls_context, an_older_caller_gets_the_defaults_for_fields_it_does_not_know)
{
	struct rl_tls_context *context;
	make_certificates();
	rill_tls_certificate one = { good.certificate_file, good.key_file, NULL };
	rill_tls_options options = options_with(&one, 1);
	options.min_version = 99;
	options.size = offsetof(rill_tls_options, min_version);
	assert_int_equal(rl_tls_context_new(&context, test_env(), &options, NULL, 0), 0);
	assert_int_equal(context->options->set.min_version, 12);
	rl_tls_context_unref(context);
}

static void build(void *arg)
{
	struct rl_tls_context *context;
	int rc = rl_tls_context_new(&context, test_env(), arg, NULL, 0);
	assert_true(rc == 0 || rc == RILL_ENOMEM);
	if (rc == 0)
		rl_tls_context_unref(context);
}

TEST(tls_context, each_failing_allocation_is_survived)
{
	make_certificates();
	rill_tls_certificate one = { good.certificate_file, good.key_file,
		(const char *const[]){ "a.test", "*.b.test", NULL } };
	rill_tls_options options = options_with(&one, 1);
	test_each_failing_allocation(build, &options);
}

static bool fits(const char *pattern, const char *name)
{
	return rl_tls_name_fits(rl_slice_str(pattern), rl_slice_str(name));
}

TEST(tls_context, a_wildcard_stands_for_one_label)
{
	assert_true(fits("example.org", "EXAMPLE.org"));
	assert_false(fits("example.org", "example.or"));
	assert_false(fits("example.org", ""));
	assert_true(fits("*.example.org", "a.example.org"));
	assert_true(fits("*.Example.org", "a.eXample.org"));
	assert_false(fits("*.example.org", "example.org"));
	assert_false(fits("*.example.org", ".example.org"));
	assert_false(fits("*.example.org", "b.a.example.org"));
	assert_false(fits("*.example.org", "aexample.org"));
	assert_false(fits("*", "a"));
	assert_false(fits("w*.example.org", "www.example.org"));
}
