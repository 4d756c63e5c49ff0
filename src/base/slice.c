/* slice.c: comparing, trimming and taking apart borrowed bytes. */
#include "base/slice.h"

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static uint64_t load_word(const uint8_t *data)
{
	uint64_t word;

	memcpy(&word, data, sizeof(word));
	return word;
}

/* lower() of eight bytes: to the low seven bits of each is added what carries into its highest from 'A'
 * on, or from behind 'Z'. */
static uint64_t lower_word(uint64_t word)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t low = word & ones * 0x7f;
	uint64_t upper = (low + ones * (0x80 - 'A')) ^ (low + ones * (0x7f - 'Z'));

	return word | (upper & ~word & ones * 0x80) >> 2;
}

/* Shorter than a word. */
static bool few_equal_nocase(struct rl_slice a, struct rl_slice b)
{
	for (size_t i = 0; i < a.len; i++)
		if (a.data[i] != b.data[i] && lower(a.data[i]) != lower(b.data[i]))
			return false;
	return true;
}

bool rl_slice_equal_nocase(struct rl_slice a, struct rl_slice b)
{
	const size_t step = sizeof(uint64_t);

	if (a.len != b.len)
		return false;
	if (a.len < step)
		return few_equal_nocase(a, b);
	/* The last word may have bytes of the one before. */
	for (size_t at = 0;; at = a.len - at < 2 * step ? a.len - step : at + step) {
		uint64_t x = load_word(a.data + at), y = load_word(b.data + at);
		if (x != y && lower_word(x) != lower_word(y))
			return false;
		if (at == a.len - step)
			return true;
	}
}

bool rl_slice_starts(struct rl_slice s, struct rl_slice prefix)
{
	return s.len >= prefix.len && rl_slice_equal(rl_slice(s.data, prefix.len), prefix);
}

struct rl_slice rl_slice_trim(struct rl_slice s)
{
	while (s.len && is_blank(s.data[0]))
		rl_slice_skip(&s, 1);
	while (s.len && is_blank(s.data[s.len - 1]))
		s.len--;
	return s;
}

/* Where the element at the start of list ends: at a comma outside of quotes, or at the end. */
static size_t element_end(struct rl_slice list)
{
	bool quoted = false;
	size_t i = 0;
	for (; i < list.len; i++) {
		uint8_t c = list.data[i];
		if (c == '"')
			quoted = !quoted;
		else if (quoted && c == '\\' && i + 1 < list.len)
			i++; /* RFC 9110, 5.6.4: quoted-pair */
		else if (!quoted && c == ',')
			break;
	}
	return i;
}

bool rl_slice_next_element(struct rl_slice *list, struct rl_slice *element)
{
	while (list->len) {
		size_t end = element_end(*list);
		*element = rl_slice_trim(rl_slice(list->data, end));
		rl_slice_skip(list, end < list->len ? end + 1 : end);
		if (element->len)
			return true;
	}
	return false;
}

#define BIT(c)  ((uint64_t)1 << ((c) & 63))
#define TO(a, b) (BIT(b) - BIT(a) + BIT(b)) /* both within 64 */

/* Every name in a head is looked at so. */
static bool is_token_char(uint8_t c)
{
	static const uint64_t set[4] = {
		BIT('!') | TO('#', '\'') | BIT('*') | BIT('+') | BIT('-') | BIT('.') | TO('0', '9'),
		TO('A', 'Z') | TO('^', 'z') | BIT('|') | BIT('~'),
	};

	return set[c / 64] >> c % 64 & 1;
}

bool rl_slice_is_token(struct rl_slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_token_char(s.data[i]))
			return false;
	return s.len > 0;
}

/* So many digits are a number without looking. */
#define SURE_DIGITS 19

bool rl_slice_to_u64(struct rl_slice s, uint64_t *value)
{
	uint64_t v = 0;

	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = s.data[i] - (unsigned)'0';
		if (digit > 9)
			return false;
		if (i < SURE_DIGITS)
			v = v * 10 + digit;
		else if (__builtin_mul_overflow(v, 10u, &v) || __builtin_add_overflow(v, digit, &v))
			return false;
	}
	if (!s.len)
		return false;
	*value = v;
	return true;
}
