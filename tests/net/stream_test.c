/* stream_test.c: the promises of stream.h, on streams in memory. */
#include "net/stream_program.h"

TEST(stream, what_one_end_writes_the_other_reads_at_the_end_of_the_turn)
{
	start();
	assert_int_equal(write_text(&t.a, "hello"), 0);
	assert_int_equal(write_text(&t.a, " world"), 0);
	assert_int_equal(rl_stream_queued(t.a.stream), 11);
	assert_int_equal(t.group.buffered, 11);
	test_settle(t.loop);
	assert_int_equal(rl_stream_queued(t.a.stream), 0);
	assert_int_equal(t.group.buffered, 0);
	assert_int_equal(t.b.reads, 1);
	expect_got(&t.b, "hello world");
	finish();
}

TEST(stream, bytes_left_are_shown_again_with_more_behind_them_at_every_split)
{
	static const char text[] = "abcdefghijklmnop";
	for (int headroom = 0; headroom < 2; headroom++)
		for (size_t first = 1; first < 16; first++)
			for (size_t use = 0; use < 10; use++) {
				start();
				memory_stream_pieces(t.b.stream, first, 0, headroom);
				t.b.use = use;
				write_text(&t.a, text);
				test_settle(t.loop);
				assert_int_equal(t.b.reads, 2);
				size_t used = (use < first ? use : first) + use;
				if (used > 16)
					used = 16;
				if (t.b.len != used) /* all that was left could be used */
					assert_int_equal(t.b.len, 16);
				assert_int_equal(t.group.buffered, 16 - t.b.len);
				assert_int_equal(rl_stream_in_hand(t.b.stream), 16 - t.b.len);
				assert_true((t.b.stream->kept == NULL) == (t.b.len == 16));
				/* The rest comes with the next byte. */
				t.b.use = SIZE_MAX;
				write_text(&t.a, "q");
				test_settle(t.loop);
				expect_got(&t.b, "abcdefghijklmnopq");
				assert_null(t.b.stream->kept);
				finish();
			}
}

TEST(stream, an_owner_that_waits_for_a_whole_message_gets_it_in_one_piece)
{
	for (int headroom = 0; headroom < 2; headroom++) {
		struct peer *b = &t.b;
		start();
		memory_stream_pieces(b->stream, 1000, 700, headroom);
		b->use = 0;
		for (int i = 0; i < 10; i++)
			write_bytes(&t.a, 1000);
		test_settle(t.loop);
		assert_int_equal(rl_stream_in_hand(b->stream), 10000);
		assert_int_equal(t.group.buffered, 10000);
		b->use = 4000;
		write_text(&t.a, "!");
		test_settle(t.loop);
		assert_int_equal(b->len, 4000);
		assert_int_equal(rl_stream_in_hand(b->stream), 6001);
		finish();
	}
}

TEST(stream, bytes_kept_in_the_headroom_are_not_allocated_anew)
{
	start();
	memory_stream_pieces(t.b.stream, 3, 3, true);
	t.b.use = 2;
	write_text(&t.a, "abc");
	test_settle(t.loop);
	size_t before = test_allocations();
	for (int i = 0; i < 20; i++) {
		t.b.use = 3;
		write_text(&t.a, "abc");
		test_settle(t.loop);
	}
	assert_int_equal(test_allocations(), before);
	finish();
}

static void pause_it(struct peer *peer)
{
	rl_stream_pause(peer->stream);
}

TEST(stream, nothing_is_shown_after_pause_until_resume_and_nothing_is_lost)
{
	start();
	write_text(&t.a, "one");
	rl_stream_pause(t.b.stream);
	write_text(&t.a, "two");
	rl_stream_shutdown(t.a.stream);
	test_settle(t.loop);
	assert_int_equal(t.b.reads + t.b.ends, 0);
	rl_stream_resume(t.b.stream);
	assert_int_equal(t.b.reads, 0); /* not from inside the call */
	test_settle(t.loop);
	expect_got(&t.b, "onetwo");
	assert_int_equal(t.b.ends, 1);
	finish();
}

TEST(stream, a_pause_inside_on_read_keeps_what_was_left)
{
	start();
	t.b.use = 2;
	t.b.inside = pause_it;
	write_text(&t.a, "abcdef");
	test_settle(t.loop);
	write_text(&t.a, "gh");
	rl_stream_shutdown(t.a.stream);
	test_settle(t.loop);
	assert_int_equal(t.b.reads, 1);
	for (int reads = 2; reads <= 4; reads++) {
		rl_stream_resume(t.b.stream);
		test_settle(t.loop);
		assert_true(t.b.reads >= reads);
	}
	t.b.inside = NULL;
	t.b.use = SIZE_MAX;
	rl_stream_resume(t.b.stream);
	test_settle(t.loop);
	expect_got(&t.b, "abcdefgh");
	assert_int_equal(t.b.ends, 1);
	finish();
}

static void pause_and_resume(struct peer *peer)
{
	if (peer->reads > 3)
		return;
	rl_stream_pause(peer->stream);
	rl_stream_resume(peer->stream);
}

TEST(stream, a_resume_inside_on_read_shows_what_was_left_once_more)
{
	start();
	t.b.use = 2;
	t.b.inside = pause_and_resume;
	write_text(&t.a, "abcdefgh");
	test_settle(t.loop);
	expect_got(&t.b, "abcdefgh");
	assert_int_equal(t.b.reads, 4);
	finish();
}

static void give_away(struct peer *peer)
{
	own(peer->stream, &t.c);
	peer->open = false;
}

static void give_away_paused(struct peer *peer)
{
	rl_stream_pause(peer->stream);
	give_away(peer);
}

TEST(stream, what_an_owner_leaves_when_it_gives_the_stream_away_goes_to_the_next)
{
	for (size_t use = 0; use <= 6; use++) {
		start();
		t.b.use = use;
		t.b.inside = give_away;
		write_text(&t.a, "abcdef");
		rl_stream_shutdown(t.a.stream);
		test_settle(t.loop);
		assert_int_equal(t.b.reads, 1);
		assert_int_equal(t.b.len, use);
		assert_int_equal(t.c.reads, use < 6);
		expect_got(&t.c, &"abcdef"[use]);
		assert_int_equal(t.b.ends, 0);
		assert_int_equal(t.c.ends, 1);
		finish();
	}
}

TEST(stream, a_new_owner_of_a_paused_stream_resumes_it)
{
	start();
	t.b.use = 1;
	t.b.inside = give_away_paused;
	write_text(&t.a, "abc");
	test_settle(t.loop);
	assert_int_equal(t.c.reads, 0);
	rl_stream_resume(t.c.stream);
	test_settle(t.loop);
	expect_got(&t.c, "bc");
	finish();
}

TEST(stream, a_new_owner_outside_of_on_read_gets_bytes_in_hand_and_the_end)
{
	start();
	t.b.use = 1;
	write_text(&t.a, "abc");
	rl_stream_shutdown(t.a.stream);
	test_settle(t.loop);
	assert_int_equal(t.b.ends, 1);
	give_away(&t.b);
	assert_int_equal(t.c.reads, 0);
	test_settle(t.loop);
	expect_got(&t.c, "bc");
	assert_int_equal(t.c.ends, 1);
	finish();
}

TEST(stream, the_end_comes_once_behind_all_bytes_even_if_some_are_left_unused)
{
	for (size_t use = 0; use < 5; use++) {
		start();
		memory_stream_pieces(t.b.stream, 2, 1, use & 1);
		t.b.use = use;
		write_text(&t.a, "abcd");
		rl_stream_shutdown(t.a.stream);
		test_settle(t.loop);
		assert_int_equal(t.b.ends, 1);
		assert_true(t.b.reads >= 1);
		/* The other direction still works. */
		assert_int_equal(write_text(&t.b, "answer"), 0);
		test_settle(t.loop);
		expect_got(&t.a, "answer");
		finish();
	}
}

TEST(stream, bytes_read_elsewhere_come_first)
{
	struct rl_stream *a, *b;
	start();
	memory_stream_pair(&t.group, &a, &b);
	close_peer(&t.a);
	close_peer(&t.b);
	own(a, &t.a);
	own(b, &t.b);
	rl_stream_resume(a);
	write_text(&t.a, "ef");
	test_settle(t.loop);
	assert_int_equal(rl_stream_unread(b, RL_SLICE("cd")), 0);
	assert_int_equal(rl_stream_unread(b, RL_SLICE("ab")), 0);
	assert_int_equal(t.group.buffered, 4);
	rl_stream_resume(b);
	test_settle(t.loop);
	expect_got(&t.b, "abcdef");
	finish();
}

TEST(stream, a_loss_before_there_is_an_owner_is_told_to_the_first)
{
	struct rl_stream *c, *d;
	start();
	memory_stream_pair(&t.group, &c, &d);
	memory_stream_break(c, RILL_ERESET);
	test_settle(t.loop);
	own(c, &t.c);
	assert_int_equal(t.c.lost, 0);
	test_settle(t.loop);
	assert_int_equal(t.c.lost, RILL_ERESET);
	rl_stream_close(d);
	finish();
}

TEST(stream, above_the_high_mark_a_write_returns_1_and_on_drain_comes_once)
{
	start();
	t.group.high = 1000;
	t.group.low = 100;
	memory_stream_room(t.b.stream, 0);
	assert_int_equal(write_bytes(&t.a, 1000), 0);
	assert_false(rl_stream_above_high(t.a.stream));
	assert_int_equal(write_bytes(&t.a, 1), 1);
	assert_int_equal(write_bytes(&t.a, 0), 1);
	test_settle(t.loop);
	assert_true(rl_stream_above_high(t.a.stream));
	memory_stream_room(t.b.stream, 900);
	test_settle(t.loop);
	assert_int_equal(t.a.drains, 0);
	assert_int_equal(write_bytes(&t.a, 1), 1); /* still waiting for it */
	memory_stream_room(t.b.stream, 2);
	test_settle(t.loop);
	assert_int_equal(t.a.drains, 1);
	assert_false(rl_stream_above_high(t.a.stream));
	memory_stream_room(t.b.stream, SIZE_MAX);
	test_settle(t.loop);
	assert_int_equal(t.a.drains, 1);
	assert_int_equal(t.b.len, 1002);
	finish();
}

static void write_more(struct peer *peer)
{
	static const uint8_t data[4000];
	while (rl_stream_write(peer->stream, rl_slice(data, sizeof(data))) == 0)
		;
}

/* The peer takes all of it, so that there is room again at once; yet others get their turn. */
TEST(stream, an_endless_writer_is_told_of_room_twice_a_turn_and_all_it_wrote_has_left)
{
	start();
	t.group.high = 10000;
	t.group.low = 5000;
	t.a.inside = write_more;
	rl_stream_pause(t.b.stream);
	write_more(&t.a);
	for (int turns = 1; turns <= 5; turns++) {
		rill_loop_turn(t.loop);
		assert_int_equal(t.a.drains, 2 * turns);
		assert_int_equal(rl_stream_queued(t.a.stream), 0);
	}
	finish();
}

TEST(stream, a_flush_by_hand_writes_at_once_and_tells_on_drain_later)
{
	start();
	t.group.high = 10;
	write_bytes(&t.a, 100);
	t.in_call = true;
	rl_stream_flush(t.a.stream);
	t.in_call = false;
	assert_int_equal(rl_stream_queued(t.a.stream), 0);
	assert_int_equal(t.a.drains, 0);
	test_settle(t.loop);
	assert_int_equal(t.a.drains, 1);
	finish();
}

TEST(stream, on_flushed_tells_that_the_queue_was_written_out)
{
	start();
	rl_stream_own(t.a.stream, &events_flushed, &t.a);
	memory_stream_room(t.b.stream, 3);
	write_text(&t.a, "abcdef");
	test_settle(t.loop);
	assert_int_equal(t.a.flushes, 0);
	memory_stream_room(t.b.stream, 3);
	test_settle(t.loop);
	assert_int_equal(t.a.flushes, 1);
	finish();
}

TEST(stream, a_blob_is_written_by_reference_and_its_head_before_it)
{
	start();
	memory_stream_room(t.b.stream, 0);
	struct rl_blob *blob = rl_blob_new(test_env(), 2000);
	memset(blob->data, 'x', 2000);
	blob->len = 2000;
	assert_int_equal(
		rl_stream_write_blob(t.a.stream, RL_SLICE("head"), blob, rl_blob_slice(blob)), 0);
	assert_int_equal(blob->refs, 2);
	assert_int_equal(rl_stream_queued(t.a.stream), 2004);
	memory_stream_room(t.b.stream, SIZE_MAX);
	test_settle(t.loop);
	assert_int_equal(blob->refs, 1);
	assert_int_equal(t.b.len, 2004);
	assert_memory_equal(t.b.got, "headxxx", 7);
	/* A few bytes are copied and leave joined. */
	rl_stream_write_blob(t.a.stream, RL_SLICE("1"), blob, rl_slice(blob->data, 3));
	rl_stream_write_blob(t.a.stream, RL_SLICE("2"), blob, rl_slice(blob->data, 3));
	assert_int_equal(blob->refs, 1);
	t.b.len = 0;
	test_settle(t.loop);
	expect_got(&t.b, "1xxx2xxx");
	rl_blob_unref(blob);
	finish();
}

TEST(stream, a_large_write_goes_past_an_empty_queue_and_copies_only_the_rest)
{
	static const size_t rooms[] = { 0, 1, 2, 3, 100, 20001, 20002, SIZE_MAX };
	static uint8_t large[20000];
	for (size_t i = 0; i < sizeof(large); i++)
		large[i] = (uint8_t)(i % 251);
	for (size_t k = 0; k < sizeof(rooms) / sizeof(*rooms); k++) {
		start();
		t.group.high = 1;
		rl_stream_pause(t.b.stream);
		memory_stream_room(t.b.stream, rooms[k]);
		t.in_call = true;
		int rc = rl_stream_write_large(
			t.a.stream, RL_SLICE("hd"), rl_slice(large, sizeof(large)));
		t.in_call = false;
		size_t taken = rooms[k] < 20002 ? rooms[k] : 20002;
		assert_int_equal(rl_stream_queued(t.a.stream), 20002 - taken);
		assert_int_equal(rc, 20002 - taken > 1);
		memory_stream_room(t.b.stream, SIZE_MAX);
		memory_stream_pieces(t.b.stream, 4000, 4000, false);
		rl_stream_resume(t.b.stream);
		for (size_t at = 0; at < 20002;) {
			rill_loop_turn(t.loop);
			for (size_t i = 0; i < t.b.len; i++, at++)
				assert_int_equal(t.b.got[i], at < 2 ? "hd"[at] : large[at - 2]);
			t.b.len = 0;
			t.b.inside = NULL;
		}
		finish();
	}
}

TEST(stream, a_large_write_behind_others_waits_for_its_turn)
{
	static uint8_t large[16 * 1024];
	start();
	rl_stream_pause(t.b.stream);
	write_text(&t.a, "first");
	rl_stream_write_large(t.a.stream, RL_SLICE("h"), rl_slice(large, sizeof(large)));
	assert_int_equal(rl_stream_queued(t.a.stream), 5 + 1 + sizeof(large));
	finish();
}

TEST(stream, shared_bytes_go_past_an_empty_queue_and_the_rest_by_reference)
{
	static const size_t rooms[] = { 0, 1, 999, 1000, SIZE_MAX };
	for (size_t k = 0; k < sizeof(rooms) / sizeof(*rooms); k++) {
		start();
		struct rl_blob *blob = rl_blob_new(test_env(), 2000);
		for (size_t i = 0; i < 2000; i++)
			blob->data[blob->len++] = (uint8_t)('a' + i % 26);
		rl_stream_pause(t.b.stream);
		memory_stream_room(t.b.stream, rooms[k]);
		size_t taken = rooms[k] < 2000 ? rooms[k] : 2000;
		assert_int_equal(rl_stream_write_shared(t.a.stream, blob), 0);
		assert_int_equal(rl_stream_queued(t.a.stream), 2000 - taken);
		assert_int_equal(blob->refs, taken < 2000 ? 2 : 1);
		write_text(&t.a, "behind");
		memory_stream_room(t.b.stream, SIZE_MAX);
		memory_stream_pieces(t.b.stream, 0, 0, false);
		rl_stream_resume(t.b.stream);
		size_t at = 0;
		for (int turns = 0; turns < 20 && at < 2006; turns++) {
			t.b.len = 0;
			rill_loop_turn(t.loop);
			for (size_t i = 0; i < t.b.len; i++, at++)
				assert_int_equal(t.b.got[i],
					at < 2000 ? (uint8_t)('a' + at % 26)
						  : (uint8_t) "behind"[at - 2000]);
		}
		assert_int_equal(at, 2006);
		rl_blob_unref(blob);
		finish();
	}
}

TEST(stream, shared_bytes_behind_others_wait_for_their_turn)
{
	start();
	struct rl_blob *blob = rl_blob_copy(test_env(), RL_SLICE("second"));
	write_text(&t.a, "first ");
	rl_stream_write_shared(t.a.stream, blob);
	rl_blob_unref(blob);
	test_settle(t.loop);
	expect_got(&t.b, "first second");
	finish();
}

static void lend_back(struct rl_stream *stream, struct rl_slice *in)
{
	struct rl_slice all = *in;
	size_t half = all.len / 2;
	rl_slice_skip(in, in->len);
	assert_int_equal(rl_stream_lend(stream, rl_slice(all.data, half)), 0);
	assert_int_equal(rl_stream_lend(stream, rl_slice(all.data + half, all.len - half)), 0);
	assert_ptr_equal(rl_queue_first(&stream->queue), stream->queue.last);
}

TEST(stream, lent_bytes_are_written_or_copied_before_their_memory_goes)
{
	static const struct rl_stream_events lending = {
		.on_read = lend_back, .on_end = on_end, .on_drain = on_drain, .on_lost = on_lost
	};
	static uint8_t data[10000];
	start();
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 251);
	rl_stream_own(t.a.stream, &lending, &t.a);
	memory_stream_room(t.b.stream, 3000);
	rl_stream_write(t.b.stream, rl_slice(data, sizeof(data)));
	test_settle(t.loop);
	assert_int_equal(t.b.len, 3000);
	assert_int_equal(rl_stream_queued(t.a.stream), sizeof(data) - 3000);
	assert_int_equal(rl_stream_lend(t.a.stream, rl_slice(data, 1)), RILL_EUNSUPPORTED);
	memory_stream_room(t.b.stream, SIZE_MAX);
	test_settle(t.loop);
	assert_int_equal(t.b.len, sizeof(data));
	assert_memory_equal(t.b.got, data, sizeof(data));
	finish();
}

TEST(stream, shutdown_comes_behind_all_that_is_queued_and_ends_writing)
{
	start();
	memory_stream_room(t.b.stream, 3);
	write_text(&t.a, "abcdef");
	rl_stream_shutdown(t.a.stream);
	rl_stream_shutdown(t.a.stream);
	assert_int_equal(write_text(&t.a, "x"), RILL_ECLOSED);
	test_settle(t.loop);
	assert_int_equal(t.b.ends, 0);
	memory_stream_room(t.b.stream, 3);
	test_settle(t.loop);
	expect_got(&t.b, "abcdef");
	assert_int_equal(t.b.ends, 1);
	finish();
}

TEST(stream, a_lost_stream_tells_once_and_refuses_writes)
{
	start();
	memory_stream_room(t.b.stream, 0);
	write_text(&t.a, "queued");
	t.in_call = true;
	rl_stream_lose(t.a.stream, RILL_ERESET);
	rl_stream_lose(t.a.stream, RILL_EIO);
	t.in_call = false;
	assert_int_equal(write_text(&t.a, "x"), RILL_ECLOSED);
	assert_int_equal(t.group.buffered, 0);
	test_settle(t.loop);
	assert_int_equal(t.a.lost, RILL_ERESET);
	rl_stream_pause(t.a.stream);
	rl_stream_resume(t.a.stream);
	test_settle(t.loop);
	finish();
}

TEST(stream, writing_to_a_peer_that_is_gone_loses_the_stream)
{
	start();
	close_peer(&t.b);
	test_settle(t.loop);
	assert_int_equal(t.a.ends, 1);
	write_text(&t.a, "x");
	test_settle(t.loop);
	assert_int_equal(t.a.lost, RILL_ERESET);
	finish();
}

static void close_it(struct peer *peer)
{
	close_peer(peer);
}

static void close_both(struct peer *peer)
{
	(void)peer;
	close_peer(&t.a);
	close_peer(&t.b);
}

TEST(stream, closing_oneself_or_the_other_inside_any_upcall_is_fine)
{
	void (*closers[])(struct peer *) = { close_it, close_both };
	for (int i = 0; i < 2; i++) {
		start(); /* on_read, with bytes left and some kept before */
		memory_stream_pieces(t.b.stream, 3, 0, i);
		t.b.use = 0;
		write_text(&t.a, "abcdef");
		rill_loop_turn(t.loop);
		t.b.inside = closers[i];
		test_settle(t.loop);
		write_text(&t.a, "more");
		test_settle(t.loop);
		finish();

		start(); /* on_end */
		t.b.inside = closers[i];
		rl_stream_shutdown(t.a.stream);
		test_settle(t.loop);
		assert_int_equal(t.b.ends, 1);
		finish();

		start(); /* on_drain */
		t.group.high = 1;
		t.a.inside = closers[i];
		write_text(&t.a, "abc");
		test_settle(t.loop);
		assert_int_equal(t.a.drains, 1);
		finish();

		start(); /* on_lost */
		t.a.inside = closers[i];
		write_text(&t.a, "abc");
		memory_stream_break(t.a.stream, RILL_ERESET);
		test_settle(t.loop);
		assert_int_equal(t.a.lost, RILL_ERESET);
		finish();
	}
}

TEST(stream, nothing_is_told_after_close)
{
	start();
	t.group.high = 1;
	write_text(&t.b, "bytes");
	write_text(&t.a, "abc");
	rl_stream_lose(t.a.stream, RILL_ERESET);
	close_peer(&t.a); /* told() fails the case for a closed peer */
	test_settle(t.loop);
	finish();
}

/* Everything that allocates once; whatever fails, both ends are told or refused, and nothing is
 * left behind. */
static void talk(void *arg)
{
	static uint8_t large[20000];
	struct rl_stream *a, *b;
	(void)arg;
	memset(&t, 0, sizeof(t));
	t.loop = test_loop();
	if (!t.loop)
		return;
	rl_stream_group_init(&t.group, t.loop);
	t.group.stall_ms = 100;
	memory_stream_pair(&t.group, &a, &b);
	own(a, &t.a);
	own(b, &t.b);
	rl_stream_unread(b, RL_SLICE("un"));
	rl_stream_resume(a);
	rl_stream_resume(b);
	memory_stream_pieces(b, 100, 0, false);
	t.b.use = 0;
	write_bytes(&t.a, 600);
	struct rl_blob *blob = rl_blob_new(test_env(), 1000);
	if (blob) {
		blob->len = 1000;
		size_t before = rl_stream_queued(a);
		int rc = rl_stream_write_blob(a, RL_SLICE("h"), blob, rl_blob_slice(blob));
		assert_int_equal(rl_stream_queued(a) - before, rc < 0 ? 0 : 1001);
		rl_blob_unref(blob);
	}
	test_settle(t.loop);
	rl_stream_pause(b);
	memory_stream_room(b, 5000);
	rl_stream_write_large(a, RL_SLICE("h"), rl_slice(large, sizeof(large)));
	test_settle(t.loop);
	t.a.open = false;
	rl_stream_close_gently(a, 10);
	test_settle(t.loop);
	test_now += 100;
	test_settle(t.loop);
	test_now += 100;
	test_settle(t.loop);
	finish();
}

TEST(stream, memory_that_is_refused_ends_in_a_code_or_a_lost_stream)
{
	test_each_failing_allocation(talk, NULL);
}
