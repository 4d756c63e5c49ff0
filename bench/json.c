#include "json.h"

static void put_string(FILE *file, const char *text)
{
	putc('"', file);
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c < 0x20 || *c > 0x7e)
			fprintf(file, "\\u%04x", *c);
		else if (*c == '"' || *c == '\\')
			fprintf(file, "\\%c", *c);
		else
			putc(*c, file);
	}
	putc('"', file);
}

static void begin(struct json *json, const char *name)
{
	if (json->members++ > 0)
		putc(',', json->file);
	if (name) {
		put_string(json->file, name);
		putc(':', json->file);
	}
}

void json_open(struct json *json, const char *name, char bracket)
{
	begin(json, name);
	putc(bracket, json->file);
	json->members = 0;
}

void json_close(struct json *json, char bracket)
{
	putc(bracket, json->file);
	json->members = 1;
}

void json_text(struct json *json, const char *name, const char *text)
{
	begin(json, name);
	put_string(json->file, text);
}

void json_count(struct json *json, const char *name, uint64_t value)
{
	begin(json, name);
	fprintf(json->file, "%llu", (unsigned long long)value);
}

void json_real(struct json *json, const char *name, double value)
{
	begin(json, name);
	fprintf(json->file, "%.6g", value);
}
