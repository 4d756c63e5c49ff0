/* Proves what wire/url.h promises: URLs taken apart, written into requests, and references resolved. */
#include <stdio.h>
#include <string.h>
#include <rill/error.h>
#include "support/support.h"
#include "wire/url.h"

static struct rl_url url;

/* Parses from memory that ends with the URL. */
static int parse(const char *text, const char **sentence)
{
	size_t len = strlen(text);
	return rl_url_parse(rl_slice(test_guarded(text, len), len), &url, sentence);
}

static void good(const char *text)
{
	const char *sentence = NULL;
	if (parse(text, &sentence) < 0)
		fail_msg("%s: %s", text, sentence);
}

static void bad(const char *text, const char *want)
{
	const char *sentence = NULL;
	if (parse(text, &sentence) != RILL_EINVAL)
		fail_msg("%s was taken", text);
	assert_string_equal(sentence, want);
}

static void expect(struct rl_slice have, const char *want)
{
	test_expect_text(have.data, have.len, want);
}

TEST(url, is_taken_apart)
{
	good("wss://user:pass%20word@example.org:8443/chat/room?a=b?c&d=/#part");
	expect(url.scheme, "wss");
	assert_true(url.has_credentials);
	expect(url.user, "user");
	expect(url.password, "pass%20word");
	expect(url.host, "example.org");
	assert_false(url.ip6);
	assert_int_equal(url.port, 8443);
	expect(url.path, "/chat/room");
	assert_true(url.has_query);
	expect(url.query, "a=b?c&d=/");
	assert_true(url.has_fragment);
}

TEST(url, of_a_host_alone_has_nothing_else)
{
	good("ws://localhost");
	expect(url.host, "localhost");
	expect(url.path, "");
	assert_false(url.has_credentials || url.has_query || url.has_fragment || url.ip6);
	assert_int_equal(url.port, 0);
	good("http://a?q");
	expect(url.host, "a");
	expect(url.path, "");
	expect(url.query, "q");
	good("http://a#f");
	expect(url.host, "a");
	assert_true(url.has_fragment);
}

TEST(url, may_hold_an_ip6_address_in_brackets)
{
	good("ws://[2001:db8::1]:99/x");
	expect(url.host, "2001:db8::1");
	assert_true(url.ip6);
	assert_int_equal(url.port, 99);
	good("ws://[::ffff:1.2.3.4]");
	expect(url.host, "::ffff:1.2.3.4");
	bad("ws://[::1", "the URL's IPv6 address is malformed");
	bad("ws://[fe80::1%25eth0]/", "the URL's IPv6 address is malformed");
	bad("ws://[example.org]/", "the URL's IPv6 address is malformed");
	bad("ws://[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb]/",
		"the URL's IPv6 address is malformed");
	bad("ws://[::1]x/", "the URL's host is followed by something else than a port");
}

TEST(url, credentials_may_lack_their_password)
{
	good("http://user@h/");
	assert_true(url.has_credentials);
	expect(url.user, "user");
	expect(url.password, "");
	good("http://u:p:q@h/");
	expect(url.user, "u");
	expect(url.password, "p:q");
	good("http://h/a@b");
	assert_false(url.has_credentials);
}

TEST(url, a_port_may_be_empty_and_is_a_number_otherwise)
{
	good("http://h:/");
	assert_int_equal(url.port, 0);
	good("http://h:65535");
	assert_int_equal(url.port, 65535);
	bad("http://h:65536/", "the URL's port is not between 1 and 65535");
	bad("http://h:0/", "the URL's port is not between 1 and 65535");
	bad("http://h:99999999999999999999/", "the URL's port is not a number");
	bad("http://h:+1/", "the URL's port is not a number");
	bad("http://h:8x/", "the URL's port is not a number");
}

TEST(url, without_scheme_or_host_is_refused)
{
	bad("", "the URL has no scheme");
	bad("example.org", "the URL has no scheme");
	bad("/path", "the URL has no scheme");
	bad("1ws://h/", "the URL has no scheme");
	bad("w_s://h/", "the URL has no scheme");
	bad("example.org:80", "the URL has no \"//\" behind its scheme");
	bad("ws:/h", "the URL has no \"//\" behind its scheme");
	bad("ws://", "the URL has no host");
	bad("ws:///path", "the URL has no host");
	bad("ws://:80/", "the URL has no host");
	bad("ws://u:p@/", "the URL has no host");
}

TEST(url, what_has_two_readings_is_refused)
{
	bad("ws://good@evil@h/", "the URL has two \"@\": one has to be written as %40");
	bad("ws://a%2eb/", "the URL's host holds a forbidden character");
	bad("ws://a,b/", "the URL's host holds a forbidden character");
	bad("ws://a:1:2/", "the URL's port is not a number");
}

TEST(url, with_characters_that_may_stand_in_none_is_refused)
{
	char text[32];
	for (int c = 1; c < 256; c++) {
		if (c > ' ' && c < 0x7f && !strchr("\"<>\\^`{|}%", c))
			continue;
		snprintf(text, sizeof(text), "ws://h/a%cb", c);
		bad(text, c == '%' ? "the URL holds a broken percent escape"
				   : "the URL holds a space, a control character or another that "
				     "has to be percent-encoded");
	}
	const char *sentence;
	assert_int_equal(rl_url_parse(rl_slice("ws://h/\0", 8), &url, &sentence), RILL_EINVAL);
	bad("ws://h/%4", "the URL holds a broken percent escape");
	bad("ws://h/%", "the URL holds a broken percent escape");
	bad("ws://h/%g0", "the URL holds a broken percent escape");
}

/* What a writer appends, or its failure. */
static void written(int rc, struct rl_buf *out, const char *want)
{
	if (want) {
		assert_int_equal(rc, 0);
		test_expect_text(out->data, out->len, want);
	} else {
		assert_int_equal(rc, RILL_EINVAL);
		assert_int_equal(out->len, 0);
	}
	rl_buf_release(out);
}

static void target(const char *text, const char *want)
{
	struct rl_buf out;
	rl_buf_init(&out, test_env());
	good(text);
	written(rl_url_write_target(&url, &out), &out, want);
}

TEST(url, a_target_begins_with_a_slash_and_has_no_fragment)
{
	target("ws://h", "/");
	target("ws://h?a=b", "/?a=b");
	target("ws://h/?", "/?");
	target("ws://h/x/y%20z?a#frag", "/x/y%20z?a");
}

static void host(const char *text, const char *want)
{
	struct rl_buf out;
	rl_buf_init(&out, test_env());
	good(text);
	written(rl_url_write_host(&url, 80, &out), &out, want);
}

TEST(url, the_host_field_names_the_port_unless_it_is_the_default)
{
	host("ws://Example.org", "Example.org");
	host("ws://h:80/", "h");
	host("ws://h:8080/", "h:8080");
	host("ws://[::1]/", "[::1]");
	host("ws://[::1]:443/", "[::1]:443");
}

static void basic(const char *text, const char *want)
{
	struct rl_buf out;
	rl_buf_init(&out, test_env());
	good(text);
	written(rl_url_write_basic(&url, &out), &out, want);
}

TEST(url, credentials_are_decoded_before_they_become_basic_ones)
{
	basic("ws://Aladdin:open%20sesame@h/",
		"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="); /* RFC 7617, 2 */
	basic("ws://user@h/", "Basic dXNlcjo=");
	basic("ws://:p%3Aw@h/", "Basic OnA6dw==");
	basic("ws://@h/", "Basic Og==");
	basic("ws://u%3as:p@h/", NULL);
	basic("ws://u%0d%0ax:p@h/", NULL);
	basic("ws://u:%00@h/", NULL);
}

static void resolves(const char *reference, const char *want)
{
	struct rl_buf out;
	rl_buf_init(&out, test_env());
	int rc = rl_url_resolve(RL_SLICE("http://a/b/c/d;p?q"), rl_slice_str(reference), &out);
	if (!want) {
		if (rc != RILL_EINVAL)
			fail_msg("\"%s\" was taken", reference);
		assert_int_equal(out.len, 0);
	} else {
		if (rc != 0)
			fail_msg("\"%s\" was refused", reference);
		test_expect_text(out.data, out.len, want);
	}
	rl_buf_release(&out);
}

/* RFC 3986, 5.4.1. */
TEST(url, normal_references_are_resolved_as_the_standard_shows)
{
	resolves("g", "http://a/b/c/g");
	resolves("./g", "http://a/b/c/g");
	resolves("g/", "http://a/b/c/g/");
	resolves("/g", "http://a/g");
	resolves("//g", "http://g");
	resolves("?y", "http://a/b/c/d;p?y");
	resolves("g?y", "http://a/b/c/g?y");
	resolves("#s", "http://a/b/c/d;p?q#s");
	resolves("g#s", "http://a/b/c/g#s");
	resolves("g?y#s", "http://a/b/c/g?y#s");
	resolves(";x", "http://a/b/c/;x");
	resolves("g;x", "http://a/b/c/g;x");
	resolves("g;x?y#s", "http://a/b/c/g;x?y#s");
	resolves("", "http://a/b/c/d;p?q");
	resolves(".", "http://a/b/c/");
	resolves("./", "http://a/b/c/");
	resolves("..", "http://a/b/");
	resolves("../", "http://a/b/");
	resolves("../g", "http://a/b/g");
	resolves("../..", "http://a/");
	resolves("../../", "http://a/");
	resolves("../../g", "http://a/g");
}

/* RFC 3986, 5.4.2. */
TEST(url, abnormal_references_are_resolved_as_the_standard_shows)
{
	resolves("../../../g", "http://a/g");
	resolves("../../../../g", "http://a/g");
	resolves("/./g", "http://a/g");
	resolves("/../g", "http://a/g");
	resolves("g.", "http://a/b/c/g.");
	resolves(".g", "http://a/b/c/.g");
	resolves("g..", "http://a/b/c/g..");
	resolves("..g", "http://a/b/c/..g");
	resolves("./../g", "http://a/b/g");
	resolves("./g/.", "http://a/b/c/g/");
	resolves("g/./h", "http://a/b/c/g/h");
	resolves("g/../h", "http://a/b/c/h");
	resolves("g;x=1/./y", "http://a/b/c/g;x=1/y");
	resolves("g;x=1/../y", "http://a/b/c/y");
	resolves("g?y/./x", "http://a/b/c/g?y/./x");
	resolves("g#s/../x", "http://a/b/c/g#s/../x");
	resolves("https://other:1/./x", "https://other:1/x");
}

TEST(url, references_that_lead_to_no_host_are_refused)
{
	resolves("g:h", NULL);
	resolves("http:g", NULL);
	resolves("///x", NULL);
	resolves("mailto:a@b", NULL);
	resolves("//h:x/", NULL);
	resolves("/a b", NULL);
	resolves("/a\\b", NULL);
}

TEST(url, a_base_without_path_is_as_good_as_one)
{
	struct rl_buf out;
	rl_buf_init(&out, test_env());
	assert_int_equal(rl_url_resolve(RL_SLICE("http://u:p@a"), RL_SLICE("x"), &out), 0);
	test_expect_text(out.data, out.len, "http://u:p@a/x");
	rl_buf_release(&out);
}

static void write_all(void *arg)
{
	struct rl_buf out;
	(void)arg;
	rl_buf_init(&out, test_env());
	good("ws://user:password@example.org:81/path/of/some/length?with=a&query=too");
	size_t len = out.len;
	if (rl_url_write_target(&url, &out) < 0)
		assert_int_equal(out.len, len);
	len = out.len;
	if (rl_url_write_host(&url, 80, &out) < 0)
		assert_int_equal(out.len, len);
	len = out.len;
	if (rl_url_write_basic(&url, &out) < 0)
		assert_int_equal(out.len, len);
	len = out.len;
	if (rl_url_resolve(RL_SLICE("http://a/b/c"), RL_SLICE("../x/y/z?some=longer#text"), &out) <
		0)
		assert_int_equal(out.len, len);
	rl_buf_release(&out);
}

TEST(url, writers_leave_the_buffer_as_it_was_when_memory_is_short)
{
	test_each_failing_allocation(write_all, NULL);
}
