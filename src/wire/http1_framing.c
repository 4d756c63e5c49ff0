/* http1_framing.c: what the fields of a head say about the message itself: where its body ends
 * (RFC 9112, section 6), whether the connection lives on (9.3), and Expect (RFC 9110, 10.1.1).
 *
 * Two readers who see two ends of one body are what request smuggling needs (RFC 9112, 11.2). So
 * whatever has more than one reading is refused, also where the RFC would let it be repaired. */
#include "wire/http1_step.h"

static const char bad_coding[] = "The Transfer-Encoding is malformed.";

/* A list of codings that is not plainly "chunked". Where chunked comes last, once, behind codings
 * that are well-formed but not known, it is 501 (RFC 9112, 6.1); else nobody can tell where the
 * body ends (6.3). */
static int refuse_codings(struct rl_http1 *p)
{
	const struct rl_slice chunked = RL_SLICE("chunked");
	struct rl_slice value, coding;
	size_t cursor = 0, others = 0;
	bool last = false;

	while (rl_http1_next_field(&p->head, RL_SLICE("Transfer-Encoding"), &cursor, &value)) {
		while (rl_slice_next_element(&value, &coding)) {
			const uint8_t *end = memchr(coding.data, ';', coding.len);
			struct rl_slice name = coding;
			if (end)
				name.len = (size_t)(end - coding.data);
			if (last || !rl_slice_is_token(rl_slice_trim(name)))
				return rl_http1_fail(p, 400, bad_coding);
			last = rl_slice_equal_nocase(coding, chunked);
			others += !last;
		}
	}
	if (!last || !others)
		return rl_http1_fail(p, 400, bad_coding);
	return rl_http1_fail(p, 501, "The transfer coding is not known.");
}

static int judge_codings(struct rl_http1 *p, size_t count, bool with_length)
{
	struct rl_slice value;

	if (with_length)
		return rl_http1_fail(
			p, 400, "Transfer-Encoding and Content-Length are both there.");
	if (p->head.minor == 0)
		return rl_http1_fail(p, 400, "HTTP/1.0 has no Transfer-Encoding.");
	rl_http1_field(&p->head, RL_SLICE("Transfer-Encoding"), &value);
	if (count > 1 || !rl_slice_equal_nocase(value, RL_SLICE("chunked")))
		return refuse_codings(p);
	p->head.framing = RL_HTTP1_CHUNKED;
	return 0;
}

/* RFC 9110, 8.6: repeated but identical values may be taken as one; they come from careless
 * software that adds its own. A list in one field, or any difference, is refused. */
static int judge_length(struct rl_http1 *p, struct rl_slice first, size_t cursor)
{
	struct rl_slice value;

	if (!rl_slice_to_u64(first, &p->head.content_length))
		return rl_http1_fail(p, 400, "The Content-Length is malformed.");
	while (rl_http1_next_field(&p->head, RL_SLICE("Content-Length"), &cursor, &value))
		if (!rl_slice_equal(value, first))
			return rl_http1_fail(p, 400, "There are two lengths.");
	p->head.framing = p->head.content_length ? RL_HTTP1_LENGTH : RL_HTTP1_NO_BODY;
	return 0;
}

/* RFC 9112, 6.3, rules 1 and 2: responses that have no body whatever their fields say. */
static bool bodiless(const struct rl_http1 *p)
{
	uint16_t status = p->head.status;

	return p->role == RL_HTTP1_RESPONSE &&
	       (p->head_method || status < 200 || status == 204 || status == 304);
}

static int judge_framing(struct rl_http1 *p)
{
	size_t codings = rl_http1_field_count(&p->head, RL_SLICE("Transfer-Encoding"));
	size_t cursor = 0;
	struct rl_slice length;
	bool with_length =
		rl_http1_next_field(&p->head, RL_SLICE("Content-Length"), &cursor, &length);
	int rc = 0;

	p->head.framing = RL_HTTP1_NO_BODY;
	if (p->role == RL_HTTP1_RESPONSE && p->connect_method && p->head.status / 100 == 2)
		return 0; /* RFC 9110, 9.3.6: whatever it says of a body is ignored */
	if (codings)
		rc = judge_codings(p, codings, with_length);
	else if (with_length)
		rc = judge_length(p, length, cursor);
	else if (p->role == RL_HTTP1_RESPONSE)
		p->head.framing = RL_HTTP1_UNTIL_CLOSE;
	if (rc < 0)
		return rc;
	if (bodiless(p))
		p->head.framing = RL_HTTP1_NO_BODY;
	if (p->head.framing == RL_HTTP1_LENGTH && p->head.content_length > p->limits->body)
		return rl_http1_fail(p, 413, "The body is too large.");
	return 0;
}

static bool lives_on(const struct rl_http1_head *head)
{
	const struct rl_slice name = RL_SLICE("Connection");

	if (head->framing == RL_HTTP1_UNTIL_CLOSE ||
		rl_http1_has_token(head, name, RL_SLICE("close")))
		return false;
	return head->minor > 0 || rl_http1_has_token(head, name, RL_SLICE("keep-alive"));
}

/* RFC 9110, 10.1.1: from HTTP/1.0 the expectation of 100 is ignored. */
static int judge_expect(struct rl_http1 *p)
{
	struct rl_slice value, element;
	size_t cursor = 0;

	while (rl_http1_next_field(&p->head, RL_SLICE("Expect"), &cursor, &value)) {
		while (rl_slice_next_element(&value, &element)) {
			if (!rl_slice_equal_nocase(element, RL_SLICE("100-continue")))
				return rl_http1_fail(p, 417, "The expectation is not known.");
			p->head.expect_continue = p->head.minor > 0;
		}
	}
	return 0;
}

int rl_http1_judge(struct rl_http1 *p)
{
	int rc = 0;

	if (p->role == RL_HTTP1_REQUEST)
		rc = rl_http1_judge_host(p);
	if (rc == 0)
		rc = judge_framing(p);
	if (rc == 0 && p->role == RL_HTTP1_REQUEST)
		rc = judge_expect(p);
	if (rc == 0)
		p->head.keep_alive = lives_on(&p->head);
	return rc;
}
