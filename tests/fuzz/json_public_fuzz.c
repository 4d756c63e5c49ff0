/* json_public_fuzz.c: rill/json.h. The first byte says how much is attached to a text, the second which
 * allocation fails; the text is walked and written again, whole and piece by piece, which has to give the
 * same values. */
#include <rill/error.h>
#include "fuzz/fuzz_support.h"
#include "proto/json.h"
#include "wire/sio_packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const rill_bytes attached[] = { { "one", 3 }, { "", 0 }, { "three", 5 } };

static void check_scalar(rill_json value)
{
	char text[64];

	int64_t n = rill_json_text(value, text, sizeof(text));
	MUST(n < 0 ? !text[0] : !text[n] && (size_t)n <= value.len - 2);
	if (n >= 0 && strlen(text) == (size_t)n)
		MUST(rill_json_is(value, text));
	MUST(rill_json_int(value, 1) == rill_json_int(value, 2) || value.type != RILL_JSON_NUMBER ||
		rill_json_int(value, 1) == 1);
	rill_json_number(value, 0);
	rill_json_bool(value, false);
	MUST((rill_json_bytes(value).data != NULL) == (value.type == RILL_JSON_BYTES));
}

/* Writes it piece by piece, to a bounded depth; below, as it stands. */
static void write_pieces(rill_json_writer *w, rill_json value, unsigned levels)
{
	rill_json rest = value, name, item;
	size_t count = 0;

	check_scalar(value);
	if (!levels || (value.type != RILL_JSON_ARRAY && value.type != RILL_JSON_OBJECT)) {
		rill_json_put(w, value);
		return;
	}
	rill_json_open(w, value.type == RILL_JSON_ARRAY ? '[' : '{');
	while (rill_json_next(&rest, &name, &item)) {
		if (value.type == RILL_JSON_OBJECT)
			rill_json_name_of(w, name);
		write_pieces(w, item, levels - 1);
		count++;
	}
	rill_json_close(w);
	MUST(rill_json_count(value) == count);
}

/* Only a bounded part of it: long lists of lists would take long. */
static void check_same(rill_json a, rill_json b, unsigned levels)
{
	rill_json name_a, name_b, item_a, item_b;

	/* What only looked like bytes became null; or, where it was written member by member as if it were the
	 * program's own, it may look like bytes of the new text, which has more attached when some were put
	 * more than once. */
	if (a.type == RILL_JSON_OBJECT && (b.type == RILL_JSON_NULL || b.type == RILL_JSON_BYTES))
		return;
	MUST(a.type == b.type);
	if (a.type == RILL_JSON_BYTES) {
		rill_bytes one = rill_json_bytes(a), other = rill_json_bytes(b);
		MUST(one.len == other.len && memcmp(one.data, other.data, one.len) == 0);
		return;
	}
	if (a.type != RILL_JSON_ARRAY && a.type != RILL_JSON_OBJECT) {
		MUST(a.len == b.len && memcmp(a.data, b.data, a.len) == 0);
		return;
	}
	while (levels && rill_json_next(&a, &name_a, &item_a)) {
		MUST(rill_json_next(&b, &name_b, &item_b));
		MUST(name_a.len == name_b.len);
		check_same(item_a, item_b, levels - 1);
	}
	MUST(!levels || !rill_json_next(&b, &name_b, &item_b));
}

static void check_writing(rill_json value, unsigned levels, size_t fail_at)
{
	rill_json_writer w;
	struct rl_env env;

	fuzz_env_init(&env, fail_at);
	rill_json_begin(&w);
	w.memory = &env.memory;
	write_pieces(&w, value, levels);
	rill_json again = rill_json_end(&w);
	MUST(w.rc == 0 || (w.rc == RILL_ENOMEM && fail_at && !w.data));
	MUST((w.rc == 0) == (again.type != RILL_JSON_NONE));
	if (w.rc == 0)
		check_same(value, again, 5);
	rill_json_free(&w);
	fuzz_env_init(&env, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rl_slice in = rl_slice(data, size);
	uint32_t count = fuzz_byte(&in) % 4;
	size_t fail_at = fuzz_byte(&in);
	struct rl_slice text = fuzz_piece(&in, in.len);
	struct rl_json read;
	rill_json value;

	int rc = rill_json_read(&value, text.data, text.len);
	MUST((rc == 0) == (rl_json_read(text, &read) == 0));
	if (rc == 0) {
		MUST(value.len == read.text.len);
		value = rl_json_public(&read, attached, count);
		check_writing(value, 0, fail_at);
		check_writing(value, 3, fail_at);
	}
	fuzz_free(text);
	return 0;
}
