/* ws_frame.c: the header of a frame, RFC 6455, section 5.2. */
#include <string.h>
#include "wire/ws_frame.h"

#define MASKED 0x80

static uint64_t big_endian(const uint8_t *data, size_t n)
{
	uint64_t value = 0;
	for (size_t i = 0; i < n; i++)
		value = value << 8 | data[i];
	return value;
}

size_t rl_ws_read_head(struct rl_ws_head *head, const uint8_t *data, size_t n)
{
	if (n < 2)
		return 0;
	uint8_t seven = data[1] & 0x7f;
	size_t length_size = seven == 127 ? 8 : seven == 126 ? 2 : 0;
	size_t size = 2 + length_size + (data[1] & MASKED ? 4 : 0);
	if (n < size)
		return 0;
	head->first = data[0];
	head->masked = data[1] & MASKED;
	head->size = (uint8_t)size;
	head->len = length_size ? big_endian(data + 2, length_size) : seven;
	if (head->masked)
		memcpy(head->mask, data + size - 4, 4);
	return size;
}

size_t rl_ws_write_head(
	uint8_t out[RL_WS_HEAD_MAX], uint8_t first, uint64_t len, const uint8_t mask[4])
{
	size_t length_size = len > 0xffff ? 8 : len > 125 ? 2 : 0;
	size_t size = 2 + length_size;

	out[0] = first;
	out[1] = length_size == 8 ? 127 : length_size == 2 ? 126 : (uint8_t)len;
	for (size_t i = 0; i < length_size; i++)
		out[size - 1 - i] = (uint8_t)(len >> (8 * i));
	if (mask) {
		out[1] |= MASKED;
		memcpy(out + size, mask, 4);
		size += 4;
	}
	return size;
}
