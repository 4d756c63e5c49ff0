/* ws_tap_test.c: frames read off a stream a second time, however it is cut. */
#include <stdio.h>
#include "support/support.h"
#include "wire/ws_tap.h"

/* Shows the bytes in pieces of that size; the frames seen, as "opcode:length:preview" in hex. */
static void expect_frames(const char *hex, uint64_t skip, const char *want)
{
	uint8_t bytes[1024];
	size_t n = test_unhex(hex, bytes, sizeof(bytes));
	for (size_t step = 1; step <= n; step++) {
		struct rl_ws_tap tap;
		char said[512] = "";
		size_t len = 0;
		rl_ws_tap_init(&tap, skip);
		for (size_t at = 0; at < n; at += step) {
			size_t size = n - at < step ? n - at : step;
			struct rl_slice in = rl_slice(test_guarded(bytes + at, size), size);
			while (in.len && rl_ws_tap_next(&tap, &in))
				len += (size_t)snprintf(said + len, sizeof(said) - len,
					"%x:%u:%.*s ", tap.head.first, (unsigned)tap.head.len,
					(int)tap.preview_len, (const char *)tap.preview);
		}
		assert_string_equal(said, want);
	}
}

TEST(ws_tap, frames_are_read_off_however_they_are_cut)
{
	expect_frames(
		"81 02 6869 89 00 02 81 01020304 60 80 01 62", 0, "81:2:hi 89:0: 2:1:a 80:1:b ");
}

TEST(ws_tap, the_rest_of_a_frame_under_way_is_passed_over)
{
	expect_frames("7878 81 01 61", 2, "f:2:xx 81:1:a ");
}

TEST(ws_tap, of_a_large_payload_the_beginning_is_kept)
{
	static uint8_t frame[4 + 1000] = { 0x82, 126, 1000 >> 8, 1000 & 255 };
	struct rl_slice in = rl_slice(frame, sizeof(frame));
	struct rl_ws_tap tap;
	rl_ws_tap_init(&tap, 0);
	assert_int_equal(rl_ws_tap_next(&tap, &in), 1);
	assert_int_equal(in.len, 0);
	assert_int_equal(tap.head.len, 1000);
	assert_int_equal(tap.preview_len, RL_WS_TAP_PREVIEW);
}
