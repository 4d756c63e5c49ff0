/* publication_test.c: forms are made once and shared; whatever memory is short of, nothing leaks. */
#include "conn/publication.h"
#include "support/support.h"

static const int key_a, key_b;

static struct rl_publication *hello(void)
{
	struct rl_publication *p = rl_publication_new(
		test_env(), RILL_TEXT, RL_SLICE("hello"), RL_SLICE("greeting"));
	assert_non_null(p);
	return p;
}

static struct rl_blob *bytes(const char *text)
{
	struct rl_blob *blob = rl_blob_copy(test_env(), rl_slice_str(text));
	assert_non_null(blob);
	return blob;
}

TEST(publication, keeps_copies_of_payload_and_type)
{
	char payload[] = "hello", type[] = "greeting";
	struct rl_publication *p = rl_publication_new(
		test_env(), RILL_TEXT, rl_slice_str(payload), rl_slice_str(type));
	payload[0] = type[0] = 'x';
	test_expect_text(p->payload->data, p->payload->len, "hello");
	test_expect_text(p->type.data, p->type.len, "greeting");
	assert_int_equal(p->id.len, 0);
	rl_publication_unref(p);
}

TEST(publication, takes_an_id_of_the_longest_kind)
{
	struct rl_publication *p = hello();
	char id[RL_PUBLICATION_ID];
	memset(id, 'i', sizeof(id));
	rl_publication_set_id(p, rl_slice(id, sizeof(id)));
	memset(id, 'x', sizeof(id));
	assert_int_equal(p->id.len, RL_PUBLICATION_ID);
	assert_int_equal(p->id.data[RL_PUBLICATION_ID - 1], 'i');
	test_expect_text(p->type.data, p->type.len, "greeting");
	rl_publication_unref(p);
}

TEST(publication, finds_each_form_by_key_and_variant)
{
	struct rl_publication *p = hello();
	uint64_t encoded = 0;
	p->encoded = &encoded;
	assert_null(rl_publication_form(p, &key_a, 0));
	struct rl_blob *blobs[3] = { bytes("a0"), bytes("a1"), bytes("b0") };
	rl_publication_add_form(p, &key_a, 0, blobs[0], 2);
	rl_publication_add_form(p, &key_a, 1, blobs[1], 0);
	rl_publication_add_form(p, &key_b, 0, blobs[2], 0);
	assert_ptr_equal(rl_publication_form(p, &key_a, 0)->bytes, blobs[0]);
	assert_int_equal(rl_publication_form(p, &key_a, 0)->head, 2);
	assert_ptr_equal(rl_publication_form(p, &key_a, 1)->bytes, blobs[1]);
	assert_ptr_equal(rl_publication_form(p, &key_b, 0)->bytes, blobs[2]);
	assert_null(rl_publication_form(p, &key_b, 1));
	assert_int_equal(encoded, 3);
	rl_publication_unref(p);
}

TEST(publication, leaves_the_blob_to_the_caller_when_there_is_no_room)
{
	struct rl_publication *p = hello();
	for (uint32_t i = 0; i < RL_FORMS_MAX; i++)
		assert_non_null(rl_publication_add_form(p, &key_a, i, bytes("form"), 0));
	struct rl_blob *more = bytes("more");
	assert_null(rl_publication_add_form(p, &key_b, 0, more, 0));
	rl_blob_unref(more);
	rl_publication_unref(p);
}

TEST(publication, lives_as_long_as_its_last_reference)
{
	struct rl_publication *p = hello();
	rl_publication_ref(p);
	rl_publication_unref(p);
	test_expect_text(p->payload->data, p->payload->len, "hello");
	rl_publication_unref(p);
}

static void make_two_forms(void *arg)
{
	(void)arg;
	struct rl_publication *p = rl_publication_new(
		test_env(), RILL_BINARY, RL_SLICE("x"), RL_SLICE(""));
	if (!p)
		return;
	for (uint32_t i = 0; i < 2; i++) {
		struct rl_blob *blob = rl_blob_copy(test_env(), RL_SLICE("form"));
		if (blob && !rl_publication_add_form(p, &key_a, i, blob, 0))
			rl_blob_unref(blob);
	}
	rl_publication_unref(p);
}

TEST(publication, survives_any_failing_allocation)
{
	test_each_failing_allocation(make_two_forms, NULL);
}

TEST(publication, a_bundle_has_forms_of_its_own)
{
	struct rl_publication *parts[2] = { hello(), hello() };
	struct rl_publication *bundle = rl_publication_bundle(test_env(), parts, 2);
	assert_non_null(bundle);
	assert_non_null(rl_publication_add_form(bundle, &key_a, 0, bytes("both"), 0));
	assert_null(rl_publication_form(parts[0], &key_a, 0));
	rl_publication_unref(bundle);
	rl_publication_unref(parts[0]);
	rl_publication_unref(parts[1]);
}

TEST(publication, is_framed_once_for_each_key)
{
	struct rl_publication *p = hello();
	uint64_t encoded = 0;
	p->encoded = &encoded;
	p->plain = true;
	struct rl_publication *a = rl_publication_framed(p, &key_a, RL_SLICE("4"));
	assert_non_null(a);
	assert_ptr_equal(rl_publication_framed(p, &key_a, RL_SLICE("4")), a);
	struct rl_publication *b = rl_publication_framed(p, &key_b, RL_SLICE(""));
	assert_ptr_not_equal(a, b);
	assert_ptr_equal(rl_publication_framed(p, &key_a, RL_SLICE("4")), a);
	assert_ptr_equal(rl_publication_framed(p, &key_b, RL_SLICE("")), b);
	assert_int_equal(a->payload->data[0], '4');
	assert_int_equal(a->payload->len, p->payload->len + 1);
	assert_memory_equal(a->payload->data + 1, p->payload->data, p->payload->len);
	assert_int_equal(b->payload->len, p->payload->len);
	assert_int_equal(a->kind, p->kind);
	assert_true(a->plain);
	assert_int_equal(encoded, 2);
	rl_publication_unref(p);
}

static void frame_one(void *arg)
{
	struct rl_publication *p = rl_publication_new(
		test_env(), RILL_TEXT, RL_SLICE("x"), rl_slice(NULL, 0));
	(void)arg;
	if (p) {
		rl_publication_framed(p, &key_a, RL_SLICE("4"));
		rl_publication_unref(p);
	}
}

TEST(publication, is_framed_or_not_when_memory_runs_out)
{
	test_each_failing_allocation(frame_one, NULL);
}

TEST(publication, of_json_is_a_text_when_it_is_framed)
{
	struct rl_publication *p = rl_publication_new(
		test_env(), RILL_JSON, RL_SLICE("{}"), rl_slice(NULL, 0));
	struct rl_publication *framed = rl_publication_framed(p, &key_a, RL_SLICE("~j~"));
	assert_int_equal(p->kind, RILL_JSON);
	assert_int_equal(framed->kind, RILL_TEXT);
	rl_publication_unref(p);
}

TEST(publication, is_framed_by_whom_a_prefix_will_not_do_for)
{
	struct rl_publication *p = hello();
	assert_null(rl_publication_frame(p, &key_a));
	struct rl_publication *a = rl_publication_add_frame(
		p, &key_a, rl_blob_copy(test_env(), RL_SLICE("framed")));
	assert_ptr_equal(rl_publication_frame(p, &key_a), a);
	assert_ptr_equal(rl_publication_framed(p, &key_a, RL_SLICE("4")), a);
	assert_null(rl_publication_frame(p, &key_b));
	test_fail_allocation(2, false);
	assert_null(rl_publication_add_frame(
		p, &key_b, rl_blob_copy(test_env(), RL_SLICE("framed"))));
	test_fail_allocation(0, false);
	assert_null(rl_publication_frame(p, &key_b));
	rl_publication_unref(p);
}
