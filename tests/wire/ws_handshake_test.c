#include <stdio.h>
#include <stdlib.h>
#include <rill/error.h>
#include "support/support.h"
#include "wire/ws_handshake.h"

#define KEY  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define V13  "Sec-WebSocket-Version: 13\r\n"
#define KEY1 "Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\n"
#define KEY2 "Sec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\n"

static const struct rl_ws_versions only_13, all = { .hybi = true, .hixie = true };

/* A request as it came from the wire, parsed. */
struct request {
	struct rl_http1 parser;
	struct rl_http1_limits limits;
	struct rl_ws_request ws;
	struct rl_ws_versions versions;
	int rc;
};

static void parse(struct request *r, const char *start, const char *fields)
{
	struct rl_http1_event ev;
	char *text = malloc(strlen(start) + strlen(fields) + 64);
	assert_non_null(text);
	int n = sprintf(text, "%s\r\n%s\r\n", start, fields);
	struct rl_slice in = rl_slice(test_guarded(text, (size_t)n), (size_t)n);
	free(text);
	rl_http1_limits_default(&r->limits);
	rl_http1_init(&r->parser, test_env(), RL_HTTP1_REQUEST, &r->limits);
	assert_int_equal(rl_http1_next(&r->parser, &in, &ev), 1);
	assert_int_equal(ev.type, RL_HTTP1_HEAD);
}

static void end(struct request *r)
{
	rl_http1_fini(&r->parser);
}

static void read_request(struct request *r, struct rl_ws_versions versions, const char *fields)
{
	char *text = malloc(strlen(fields) + 128);
	assert_non_null(text);
	sprintf(text, "Host: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n%s",
		fields);
	parse(r, "GET /chat HTTP/1.1", text);
	free(text);
	r->versions = versions;
	r->rc = rl_ws_read_request(&r->parser.head, &r->versions, &r->ws);
}

static void expect_taken(
	struct rl_ws_versions versions, const char *fields, enum rl_ws_version version)
{
	struct request r;
	read_request(&r, versions, fields);
	if (r.rc < 0)
		fail_msg("refused: %s", r.ws.error_text);
	assert_int_equal(r.ws.version, version);
	end(&r);
}

static void expect_refused(
	struct rl_ws_versions versions, const char *fields, int status, const char *text)
{
	struct request r;
	read_request(&r, versions, fields);
	assert_int_equal(r.rc, RILL_EPROTO);
	assert_int_equal(r.ws.error_status, status);
	assert_string_equal(r.ws.error_text, text);
	end(&r);
}

static bool asked(const char *start, const char *fields)
{
	struct request r;
	parse(&r, start, fields);
	bool yes = rl_ws_asked(&r.parser.head);
	end(&r);
	return yes;
}

/* Who asks. */

TEST(ws_handshake, whatever_shows_the_wish_asks_for_a_websocket)
{
	assert_true(asked(
		"GET / HTTP/1.1", "Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"));
	assert_true(asked("GET / HTTP/1.1",
		"Host: a\r\nUpgrade: WebSocket\r\nConnection: keep-alive , uPGRADE\r\n"));
	assert_true(asked("GET / HTTP/1.1", "Host: a\r\nUpgrade: websocket\r\n"
					    "Connection: keep-alive\r\nConnection: Upgrade\r\n"));
}

TEST(ws_handshake, what_is_not_in_order_asks_all_the_same)
{
	assert_true(asked(
		"POST / HTTP/1.1", "Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"));
	assert_true(asked("GET / HTTP/1.1", "Host: a\r\nUpgrade: websocket\r\n"));
	assert_true(asked("GET / HTTP/1.1", "Host: a\r\n" KEY));
	assert_true(asked("GET / HTTP/1.1", "Host: a\r\nUpgrade: websockets\r\n" V13));
	assert_true(asked("GET / HTTP/1.1", "Host: a\r\nSec-WebSocket-Key1: 1 2\r\n"));
	assert_true(asked("GET / HTTP/1.1", "Host: a\r\nSec-WebSocket-Key2: 1 2\r\n"));
}

TEST(ws_handshake, anything_else_does_not_ask)
{
	assert_false(asked("GET / HTTP/1.1", "Host: a\r\n"));
	assert_false(asked("GET / HTTP/1.1", "Host: a\r\nConnection: Upgrade\r\n"));
	assert_false(asked("GET / HTTP/1.1", "Host: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n"));
	assert_false(asked(
		"GET / HTTP/1.1", "Host: a\r\nUpgrade: websockets\r\nConnection: Upgrade\r\n"));
}

/* RFC 6455. */

TEST(ws_handshake, the_request_of_the_rfc_is_taken)
{
	struct request r;
	read_request(&r, only_13,
		KEY V13 "Origin: http://example.com\r\n"
			"Sec-WebSocket-Protocol: chat, superchat\r\n");
	assert_int_equal(r.rc, 0);
	assert_int_equal(r.ws.version, RL_WS_HYBI13);
	test_expect_text(r.ws.key.data, r.ws.key.len, "dGhlIHNhbXBsZSBub25jZQ==");
	assert_true(r.ws.has_origin);
	test_expect_text(r.ws.origin.data, r.ws.origin.len, "http://example.com");
	end(&r);
}

TEST(ws_handshake, an_origin_is_optional)
{
	struct request r;
	read_request(&r, only_13, KEY V13);
	assert_int_equal(r.rc, 0);
	assert_false(r.ws.has_origin);
	end(&r);
}

TEST(ws_handshake, a_version_that_is_not_taken_gets_426)
{
	static const char *const versions[] = { "12", "8", "7", "14", "013", "13.0", "13, 8", "x",
		"", "-13", "1 3" };
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		char fields[256];
		sprintf(fields, KEY "Sec-WebSocket-Version: %s\r\n", versions[i]);
		expect_refused(only_13, fields, 426,
			versions[i][0] ? "This Sec-WebSocket-Version is not supported."
				       : "Sec-WebSocket-Version is missing.");
	}
}

TEST(ws_handshake, a_version_not_taken_gets_426_also_without_a_key)
{
	expect_refused(only_13, "Sec-WebSocket-Version: 12\r\n", 426,
		"This Sec-WebSocket-Version is not supported.");
}

TEST(ws_handshake, a_key_without_version_gets_426)
{
	expect_refused(only_13, KEY, 426, "Sec-WebSocket-Version is missing.");
}

TEST(ws_handshake, versions_8_and_7_are_taken_when_switched_on)
{
	expect_taken(all, KEY "Sec-WebSocket-Version: 8\r\n", RL_WS_HYBI08);
	expect_taken(all, KEY "Sec-WebSocket-Version: 7\r\n", RL_WS_HYBI07);
	expect_taken(all, KEY V13, RL_WS_HYBI13);
	expect_refused(all, KEY "Sec-WebSocket-Version: 9\r\n", 426,
		"This Sec-WebSocket-Version is not supported.");
}

TEST(ws_handshake, versions_8_and_7_have_their_own_field_for_the_origin)
{
	struct request r;
	read_request(&r, all,
		KEY "Sec-WebSocket-Version: 8\r\nOrigin: http://b\r\n"
		    "Sec-WebSocket-Origin: http://a\r\n");
	test_expect_text(r.ws.origin.data, r.ws.origin.len, "http://a");
	end(&r);
	read_request(&r, all, KEY "Sec-WebSocket-Version: 7\r\nOrigin: http://b\r\n");
	test_expect_text(r.ws.origin.data, r.ws.origin.len, "http://b");
	end(&r);
	read_request(&r, all, KEY V13 "Sec-WebSocket-Origin: http://a\r\n");
	assert_int_equal(r.rc, 0);
	assert_false(r.ws.has_origin);
	end(&r);
}

TEST(ws_handshake, a_missing_key_gets_400)
{
	expect_refused(only_13, V13, 400, "Sec-WebSocket-Key is missing.");
}

TEST(ws_handshake, a_key_that_is_not_the_base64_of_16_bytes_gets_400)
{
	static const char *const keys[] = { "", "x",
		"dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ",
		"dGhlIHNhbXBsZSBub25jZQ===", "dGhlIHNhbXBsZSBub25jZQAA", "dGhlIHNhbXBsZSBub25jZA=Q",
		"dGhlIHNhbXBsZSBub25j====", "dGhlIHNhbXBsZSBub25jZ_==", "dGhlIHNhbXBsZSBub25j Q==",
		"dGhlIHNhbXBsZSBub25jZQ==,", "\"GhlIHNhbXBsZSBub25jQ\"==",
		"dGhlIHNhbXBsZSBub25jZSEhZQ==", "dGhlIHNhbXBsZSBub2==" };
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		char fields[256];
		sprintf(fields, V13 "Sec-WebSocket-Key: %s\r\n", keys[i]);
		expect_refused(
			only_13, fields, 400, "Sec-WebSocket-Key is not the base64 of 16 bytes.");
	}
}

TEST(ws_handshake, bits_that_mean_nothing_in_a_key_do_not_matter)
{
	expect_taken(only_13, V13 "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAB==\r\n", RL_WS_HYBI13);
	expect_taken(only_13, V13 "Sec-WebSocket-Key: +/0189azAZAAAAAAAAAA//==\r\n", RL_WS_HYBI13);
}

TEST(ws_handshake, repeated_fields_get_400)
{
	expect_refused(only_13, KEY KEY V13, 400, "Sec-WebSocket-Key is repeated.");
	expect_refused(only_13, KEY V13 V13, 400, "Sec-WebSocket-Version is repeated.");
	expect_refused(only_13, KEY V13 "Origin: http://a\r\nOrigin: http://b\r\n", 400,
		"The origin is given more than once.");
}

TEST(ws_handshake, http_1_0_gets_400)
{
	struct request r;
	parse(&r, "GET / HTTP/1.0",
		"Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" KEY V13);
	assert_int_equal(rl_ws_read_request(&r.parser.head, &only_13, &r.ws), RILL_EPROTO);
	assert_int_equal(r.ws.error_status, 400);
	assert_string_equal(r.ws.error_text, "A WebSocket needs HTTP/1.1.");
	end(&r);
}

TEST(ws_handshake, an_announced_body_gets_400)
{
	expect_refused(
		only_13, KEY V13 "Content-Length: 1\r\n", 400, "A WebSocket request has no body.");
	expect_refused(only_13, KEY V13 "Transfer-Encoding: chunked\r\n", 400,
		"A WebSocket request has no body.");
	expect_taken(only_13, KEY V13 "Content-Length: 0\r\n", RL_WS_HYBI13);
}

static void expect_no_upgrade(const char *start, const char *fields)
{
	struct request r;
	parse(&r, start, fields);
	assert_int_equal(rl_ws_read_request(&r.parser.head, &only_13, &r.ws), RILL_EPROTO);
	assert_int_equal(r.ws.error_status, 400);
	assert_string_equal(r.ws.error_text,
		"A WebSocket request is a GET with Connection: Upgrade and Upgrade: websocket.");
	end(&r);
}

TEST(ws_handshake, another_method_or_a_missing_token_gets_400)
{
	static const char get[] = "GET / HTTP/1.1";
	expect_no_upgrade("POST / HTTP/1.1",
		"Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" KEY V13);
	expect_no_upgrade("get / HTTP/1.1",
		"Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" KEY V13);
	expect_no_upgrade(get, "Host: a\r\nConnection: Upgrade\r\n" KEY V13);
	expect_no_upgrade(get, "Host: a\r\nUpgrade: websocket\r\n" KEY V13);
	expect_no_upgrade(get, "Host: a\r\nUpgrade: websockets\r\nConnection: Upgrade\r\n" KEY V13);
	expect_no_upgrade(get, "Host: a\r\nUpgrade: websocket\r\nConnection: Upgraded\r\n" KEY V13);
}

TEST(ws_handshake, ill_formed_extensions_get_400)
{
	expect_refused(only_13, KEY V13 "Sec-WebSocket-Extensions: a;\r\n", 400,
		"Sec-WebSocket-Extensions is malformed.");
	expect_refused(only_13,
		KEY V13 "Sec-WebSocket-Extensions: a\r\n"
			"Sec-WebSocket-Extensions: a b\r\n",
		400, "Sec-WebSocket-Extensions is malformed.");
	expect_taken(only_13,
		KEY V13 "Sec-WebSocket-Extensions: a; b=\"c\"\r\n"
			"Sec-WebSocket-Extensions:\r\n",
		RL_WS_HYBI13);
}

TEST(ws_handshake, extensions_of_several_fields_are_joined_in_order)
{
	struct request r;
	struct rl_buf out;
	rl_buf_init(&out, test_env());
	read_request(&r, only_13,
		KEY V13 "Sec-WebSocket-Extensions: a; b\r\n"
			"Sec-WebSocket-Extensions: c, d\r\n");
	assert_int_equal(rl_ws_join_extensions(&r.parser.head, &out), 0);
	test_expect_text(out.data, out.len, "a; b, c, d");
	rl_buf_release(&out);
	end(&r);
}

/* Subprotocols. */

static void expect_protocols(
	const char *fields, const char *const *supported, const char *offers, const char *picked)
{
	struct request r;
	struct rl_ws_protocol_cursor cursor = { 0 };
	struct rl_slice name;
	char text[256] = "", all_fields[512];

	sprintf(all_fields, KEY V13 "%s", fields);
	read_request(&r, only_13, all_fields);
	assert_int_equal(r.rc, 0);
	while (rl_ws_next_protocol(&r.parser.head, &cursor, &name)) {
		strncat(text, (const char *)name.data, name.len);
		strcat(text, "|");
	}
	assert_string_equal(text, offers);
	assert_false(rl_ws_next_protocol(&r.parser.head, &cursor, &name));
	name = rl_ws_pick_protocol(&r.parser.head, supported);
	test_expect_text(name.data, name.len, picked);
	end(&r);
}

TEST(ws_handshake, the_first_of_the_clients_subprotocols_that_we_know_is_picked)
{
	static const char *const known[] = { "c", "b", NULL };
	expect_protocols("Sec-WebSocket-Protocol: a, b, c\r\n", known, "a|b|c|", "b");
	expect_protocols("Sec-WebSocket-Protocol: c,b\r\n", known, "c|b|", "c");
}

TEST(ws_handshake, subprotocols_stand_in_several_fields_with_tabs_and_empty_elements)
{
	static const char *const known[] = { "d", NULL };
	expect_protocols("Sec-WebSocket-Protocol: a\t,\tb ,,\r\nSec-WebSocket-Protocol: c\r\n"
			 "Sec-WebSocket-Protocol: d\r\n",
		known, "a|b|c|d|", "d");
}

TEST(ws_handshake, names_of_subprotocols_are_case_sensitive)
{
	static const char *const known[] = { "chat", NULL };
	expect_protocols("Sec-WebSocket-Protocol: Chat, CHAT\r\n", known, "Chat|CHAT|", "");
}

TEST(ws_handshake, no_subprotocol_in_common_is_fine)
{
	static const char *const known[] = { "chat", NULL }, *const none[] = { NULL };
	expect_protocols("", known, "", "");
	expect_protocols("Sec-WebSocket-Protocol: a\r\n", known, "a|", "");
	expect_protocols("Sec-WebSocket-Protocol: a\r\n", none, "a|", "");
	expect_protocols("Sec-WebSocket-Protocol: a\r\n", NULL, "a|", "");
}

TEST(ws_handshake, bad_subprotocols_get_400)
{
	static const char *const no_token[] = { "a b", "a, (b)", "a, \"b\"", "\"a, b\"", "\"a",
		"a;q=1", "\xc3\xa9" };
	for (size_t i = 0; i < sizeof(no_token) / sizeof(no_token[0]); i++) {
		char fields[256];
		sprintf(fields, KEY V13 "Sec-WebSocket-Protocol: %s\r\n", no_token[i]);
		expect_refused(only_13, fields, 400, "A subprotocol's name is not a token.");
	}
	expect_refused(only_13, KEY V13 "Sec-WebSocket-Protocol:\r\n", 400,
		"Sec-WebSocket-Protocol names no subprotocol.");
	expect_refused(only_13, KEY V13 "Sec-WebSocket-Protocol: , ,\r\n", 400,
		"Sec-WebSocket-Protocol names no subprotocol.");
	expect_refused(only_13, KEY V13 "Sec-WebSocket-Protocol: a, b, a\r\n", 400,
		"A subprotocol is named twice.");
	expect_refused(only_13,
		KEY V13 "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: a\r\n", 400,
		"A subprotocol is named twice.");
}

TEST(ws_handshake, subprotocols_beyond_number_get_400)
{
	char fields[4096] = KEY V13 "Sec-WebSocket-Protocol: p";
	for (int i = 0; i < 300; i++)
		sprintf(fields + strlen(fields), ", p%d", i);
	strcat(fields, "\r\n");
	expect_refused(only_13, fields, 400, "Too many subprotocols are named.");
}

/* The drafts hixie-75 and hixie-76. */

TEST(ws_handshake, hixie_requests_are_refused_unless_switched_on)
{
	expect_refused(only_13, "", 400, "Sec-WebSocket-Key is missing.");
	expect_refused(only_13, KEY1 KEY2, 400, "Sec-WebSocket-Key is missing.");
}

TEST(ws_handshake, a_request_without_any_key_is_hixie_75)
{
	expect_taken(all, "Origin: http://example.com\r\n", RL_WS_HIXIE75);
	expect_taken(all, "", RL_WS_HIXIE75);
}

TEST(ws_handshake, the_sample_keys_of_hixie_76_are_divided)
{
	struct request r;
	read_request(&r, all, KEY1 KEY2 "Origin: http://example.com\r\n");
	assert_int_equal(r.rc, 0);
	assert_int_equal(r.ws.version, RL_WS_HIXIE76);
	assert_int_equal(r.ws.number1, 829309203);
	assert_int_equal(r.ws.number2, 259970620);
	test_expect_text(r.ws.origin.data, r.ws.origin.len, "http://example.com");
	end(&r);
}

TEST(ws_handshake, the_keys_of_rfc_6455_go_before_those_of_hixie_76)
{
	expect_taken(all, KEY1 KEY2 KEY V13, RL_WS_HYBI13);
}

TEST(ws_handshake, hixie_76_needs_each_key_once)
{
	static const char text[] =
		"Sec-WebSocket-Key1 and Sec-WebSocket-Key2 have to be there once.";
	expect_refused(all, KEY1, 400, text);
	expect_refused(all, KEY2, 400, text);
	expect_refused(all, KEY1 KEY1 KEY2, 400, text);
}

TEST(ws_handshake, hixie_76_keys_that_cannot_be_divided_get_400)
{
	static const char *const keys[] = { "123", "1 2 3", "a b", "0 0", "", "4294967296x 0",
		"99999999999999999999999 9", "18446744073709551616 0", "42949672960 x" };
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		char fields[256];
		sprintf(fields, "Sec-WebSocket-Key1: %s\r\n%s", keys[i], KEY2);
		expect_refused(all, fields, 400, "The keys of the WebSocket request are invalid.");
		sprintf(fields, "%sSec-WebSocket-Key2: %s\r\n", KEY1, keys[i]);
		expect_refused(all, fields, 400, "The keys of the WebSocket request are invalid.");
	}
}

TEST(ws_handshake, the_largest_and_the_smallest_quotient_of_hixie_76_are_taken)
{
	struct request r;
	read_request(
		&r, all, "Sec-WebSocket-Key1: 42949 67295\r\nSec-WebSocket-Key2: a 00 2 b\r\n");
	assert_int_equal(r.rc, RILL_EPROTO); /* 2 by three spaces */
	end(&r);
	read_request(&r, all, "Sec-WebSocket-Key1: 42949 67295\r\nSec-WebSocket-Key2: a 002 b\r\n");
	assert_int_equal(r.rc, 0);
	assert_int_equal(r.ws.number1, UINT32_MAX);
	assert_int_equal(r.ws.number2, 1);
	end(&r);
	read_request(&r, all, KEY1 "Sec-WebSocket-Key2: 8589934590 x y\r\n");
	assert_int_equal(r.rc, 0);
	assert_int_equal(r.ws.number2, UINT32_MAX);
	end(&r);
}

TEST(ws_handshake, a_repeated_origin_of_a_hixie_request_gets_400)
{
	expect_refused(all, "Origin: http://a\r\nOrigin: http://b\r\n", 400,
		"The origin is given more than once.");
	expect_refused(all, KEY1 KEY2 "Origin: http://a\r\nOrigin: http://b\r\n", 400,
		"The origin is given more than once.");
}

/* Answers. */

TEST(ws_handshake, the_accept_key_is_that_of_the_rfc)
{
	char accept[RL_WS_ACCEPT_LEN + 1];
	rl_ws_accept_key(RL_SLICE("dGhlIHNhbXBsZSBub25jZQ=="), accept);
	assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

static void expect_answer(
	const struct request *r, const struct rl_ws_answer *answer, const char *text)
{
	struct rl_buf out;
	rl_buf_init(&out, test_env());
	assert_int_equal(rl_ws_write_answer(&r->ws, answer, &out), 0);
	test_expect_text(out.data, out.len, text);
	rl_buf_release(&out);
}

TEST(ws_handshake, the_plain_answer_has_the_three_fields)
{
	struct request r;
	struct rl_ws_answer answer = { 0 };
	read_request(&r, only_13, KEY V13);
	expect_answer(&r, &answer,
		"HTTP/1.1 101 Switching Protocols\r\n"
		"Upgrade: websocket\r\n"
		"Connection: Upgrade\r\n"
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
		"\r\n");
	end(&r);
}

TEST(ws_handshake, the_applications_fields_come_first_and_what_was_agreed_last)
{
	struct request r;
	struct rl_ws_answer answer = {
		.fields = RL_SLICE("Set-Cookie: a=1\r\nX-B: 2\r\n"),
		.protocol = RL_SLICE("chat"),
		.extensions = RL_SLICE("permessage-deflate"),
	};
	read_request(&r, all, KEY "Sec-WebSocket-Version: 8\r\n");
	expect_answer(&r, &answer,
		"HTTP/1.1 101 Switching Protocols\r\n"
		"Set-Cookie: a=1\r\n"
		"X-B: 2\r\n"
		"Upgrade: websocket\r\n"
		"Connection: Upgrade\r\n"
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
		"Sec-WebSocket-Protocol: chat\r\n"
		"Sec-WebSocket-Extensions: permessage-deflate\r\n"
		"\r\n");
	end(&r);
}

TEST(ws_handshake, the_answer_of_hixie_75_is_literal)
{
	struct request r;
	struct rl_ws_answer answer = { .host = RL_SLICE("example.com"),
		.target = RL_SLICE("/chat") };
	read_request(&r, all, "Origin: http://example.com\r\n");
	expect_answer(&r, &answer,
		"HTTP/1.1 101 Web Socket Protocol Handshake\r\n"
		"Upgrade: WebSocket\r\n"
		"Connection: Upgrade\r\n"
		"WebSocket-Origin: http://example.com\r\n"
		"WebSocket-Location: ws://example.com/chat\r\n"
		"\r\n");
	end(&r);
}

TEST(ws_handshake, the_answer_of_hixie_75_leaves_out_an_origin_that_was_not_there)
{
	struct request r;
	struct rl_ws_answer answer = {
		.tls = true, .host = RL_SLICE("example.com:444"), .target = RL_SLICE("/")
	};
	read_request(&r, all, "");
	expect_answer(&r, &answer,
		"HTTP/1.1 101 Web Socket Protocol Handshake\r\n"
		"Upgrade: WebSocket\r\n"
		"Connection: Upgrade\r\n"
		"WebSocket-Location: wss://example.com:444/\r\n"
		"\r\n");
	end(&r);
}

TEST(ws_handshake, the_answer_of_hixie_76_is_literal_with_the_applications_fields_last)
{
	struct request r;
	struct rl_ws_answer answer = {
		.fields = RL_SLICE("X-A: 1\r\n"),
		.host = RL_SLICE("example.com"),
		.target = RL_SLICE("/chat?a=b"),
	};
	read_request(&r, all, KEY1 KEY2 "Origin: http://example.com\r\n");
	expect_answer(&r, &answer,
		"HTTP/1.1 101 WebSocket Protocol Handshake\r\n"
		"Upgrade: WebSocket\r\n"
		"Connection: Upgrade\r\n"
		"Sec-WebSocket-Origin: http://example.com\r\n"
		"Sec-WebSocket-Location: ws://example.com/chat?a=b\r\n"
		"X-A: 1\r\n"
		"\r\n");
	end(&r);
}

TEST(ws_handshake, versions_have_the_names_of_faye_websocket)
{
	assert_string_equal(rl_ws_version_name(RL_WS_HYBI13), "hybi-13");
	assert_string_equal(rl_ws_version_name(RL_WS_HYBI08), "hybi-08");
	assert_string_equal(rl_ws_version_name(RL_WS_HYBI07), "hybi-07");
	assert_string_equal(rl_ws_version_name(RL_WS_HIXIE76), "hixie-76");
	assert_string_equal(rl_ws_version_name(RL_WS_HIXIE75), "hixie-75");
}

static void write_into(void *arg)
{
	struct request *r = arg;
	struct rl_ws_answer answer = { .fields = RL_SLICE("X-A: 1\r\n"),
		.protocol = RL_SLICE("chat"),
		.extensions = RL_SLICE("permessage-deflate"),
		.host = RL_SLICE("example.com"),
		.target = RL_SLICE("/chat") };
	struct rl_buf out;
	rl_buf_init(&out, test_env());
	if (rl_buf_append_str(&out, "before") == 0) {
		if (rl_ws_write_answer(&r->ws, &answer, &out) < 0)
			test_expect_text(out.data, out.len, "before");
		size_t len = out.len;
		if (rl_ws_join_extensions(&r->parser.head, &out) < 0)
			assert_int_equal(out.len, len);
	}
	rl_buf_release(&out);
}

TEST(ws_handshake, the_buffer_is_as_it_was_when_memory_is_short)
{
	static const char extensions[] = "Sec-WebSocket-Extensions: "
					 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\r\n"
					 "Sec-WebSocket-Extensions: b\r\n";
	static const char *const kinds[] = { KEY V13, KEY1 KEY2, "" };
	for (size_t i = 0; i < 3; i++) {
		char fields[512];
		struct request r;
		sprintf(fields, "%s%s", kinds[i], extensions);
		read_request(&r, all, fields);
		assert_int_equal(r.rc, 0);
		test_each_failing_allocation(write_into, &r);
		end(&r);
	}
}
