/* arg.c: the kinds of values a program may send. */
#include <rill/arg.h>
#include <string.h>

rill_arg rill_null(void)
{
	return (rill_arg){ .kind = RILL_ARG_NULL };
}

rill_arg rill_bool(bool value)
{
	return (rill_arg){ .kind = RILL_ARG_BOOL, .u.boolean = value };
}

rill_arg rill_int(int64_t value)
{
	return (rill_arg){ .kind = RILL_ARG_INT, .u.integer = value };
}

rill_arg rill_number(double value)
{
	return (rill_arg){ .kind = RILL_ARG_NUMBER, .u.number = value };
}

rill_arg rill_json_arg(rill_json value)
{
	return (rill_arg){ .kind = RILL_ARG_JSON, .u.json = value };
}

rill_arg rill_items(rill_json array)
{
	return (rill_arg){ .kind = RILL_ARG_ITEMS, .u.json = array };
}

rill_arg rill_text(const char *text)
{
	return text ? rill_text_of(text, strlen(text)) : rill_null();
}

rill_arg rill_text_of(const void *text, size_t len)
{
	return (rill_arg){ .kind = RILL_ARG_TEXT, .u.bytes = { text, len } };
}

rill_arg rill_binary(const void *data, size_t len)
{
	return (rill_arg){ .kind = RILL_ARG_BYTES, .u.bytes = { data, len } };
}
