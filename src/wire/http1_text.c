/* http1_text.c: the fixed texts of heads: reason phrases and dates. */
#include "wire/http1.h"

/* RFC 9110, section 15, and the IANA registry of status codes; 306 and 418 are unused there. */
#define STATUSES(X)                                                                                \
	X(100, "Continue")                                                                         \
	X(101, "Switching Protocols")                                                              \
	X(102, "Processing")                                                                       \
	X(103, "Early Hints")                                                                      \
	X(200, "OK")                                                                               \
	X(201, "Created")                                                                          \
	X(202, "Accepted")                                                                         \
	X(203, "Non-Authoritative Information")                                                    \
	X(204, "No Content")                                                                       \
	X(205, "Reset Content")                                                                    \
	X(206, "Partial Content")                                                                  \
	X(207, "Multi-Status")                                                                     \
	X(208, "Already Reported")                                                                 \
	X(226, "IM Used")                                                                          \
	X(300, "Multiple Choices")                                                                 \
	X(301, "Moved Permanently")                                                                \
	X(302, "Found")                                                                            \
	X(303, "See Other")                                                                        \
	X(304, "Not Modified")                                                                     \
	X(305, "Use Proxy")                                                                        \
	X(307, "Temporary Redirect")                                                               \
	X(308, "Permanent Redirect")                                                               \
	X(400, "Bad Request")                                                                      \
	X(401, "Unauthorized")                                                                     \
	X(402, "Payment Required")                                                                 \
	X(403, "Forbidden")                                                                        \
	X(404, "Not Found")                                                                        \
	X(405, "Method Not Allowed")                                                               \
	X(406, "Not Acceptable")                                                                   \
	X(407, "Proxy Authentication Required")                                                    \
	X(408, "Request Timeout")                                                                  \
	X(409, "Conflict")                                                                         \
	X(410, "Gone")                                                                             \
	X(411, "Length Required")                                                                  \
	X(412, "Precondition Failed")                                                              \
	X(413, "Content Too Large")                                                                \
	X(414, "URI Too Long")                                                                     \
	X(415, "Unsupported Media Type")                                                           \
	X(416, "Range Not Satisfiable")                                                            \
	X(417, "Expectation Failed")                                                               \
	X(421, "Misdirected Request")                                                              \
	X(422, "Unprocessable Content")                                                            \
	X(423, "Locked")                                                                           \
	X(424, "Failed Dependency")                                                                \
	X(425, "Too Early")                                                                        \
	X(426, "Upgrade Required")                                                                 \
	X(428, "Precondition Required")                                                            \
	X(429, "Too Many Requests")                                                                \
	X(431, "Request Header Fields Too Large")                                                  \
	X(451, "Unavailable For Legal Reasons")                                                    \
	X(500, "Internal Server Error")                                                            \
	X(501, "Not Implemented")                                                                  \
	X(502, "Bad Gateway")                                                                      \
	X(503, "Service Unavailable")                                                              \
	X(504, "Gateway Timeout")                                                                  \
	X(505, "HTTP Version Not Supported")                                                       \
	X(506, "Variant Also Negotiates")                                                          \
	X(507, "Insufficient Storage")                                                             \
	X(508, "Loop Detected")                                                                    \
	X(510, "Not Extended")                                                                     \
	X(511, "Network Authentication Required")

const char *rl_http1_reason(int status)
{
	switch (status) {
#define REASON(code, text)                                                                         \
	case code:                                                                                 \
		return text;
		STATUSES(REASON)
#undef REASON
	default:
		return "Unknown";
	}
}

struct rl_slice rl_http1_status_line(int status)
{
	switch (status) {
#define LINE(code, text)                                                                           \
	case code:                                                                                 \
		return RL_SLICE("HTTP/1.1 " #code " " text "\r\n");
		STATUSES(LINE)
#undef LINE
	default:
		return rl_slice(NULL, 0);
	}
}

#define DAY          (24 * 60 * 60)

#define FIRST_SECOND INT64_C(-62135596800) /* 0001-01-01 00:00:00 */
#define LAST_SECOND  INT64_C(253402300799) /* 9999-12-31 23:59:59 */

struct date {
	unsigned year, month, day; /* month 0 to 11, day from 1 */
};

static bool is_leap(unsigned year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* days since 1 January of year 1. Years go in circles of 400, 100, 4 and 1; the last of four
 * is a day longer, and so is the last circle of a circle, hence the two corrections. */
static struct date date_of(unsigned days)
{
	static const uint8_t months[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	struct date date = { .year = 1 + days / 146097 * 400 };

	days %= 146097;
	unsigned centuries = days / 36524 < 4 ? days / 36524 : 3;
	days -= centuries * 36524;
	unsigned fours = days / 1461;
	days %= 1461;
	unsigned years = days / 365 < 4 ? days / 365 : 3;
	days -= years * 365;
	date.year += centuries * 100 + fours * 4 + years;
	for (;; date.month++) {
		unsigned leap_day = date.month == 1 && is_leap(date.year);
		unsigned length = months[date.month] + leap_day;
		if (days < length)
			break;
		days -= length;
	}
	date.day = days + 1;
	return date;
}

static char *put_digits(char *text, unsigned value, unsigned count)
{
	for (unsigned i = count; i > 0; i--, value /= 10)
		text[i - 1] = (char)('0' + value % 10);
	return text + count;
}

static char *put_name(char *text, const char *name)
{
	memcpy(text, name, 3);
	return text + 3;
}

void rl_http1_date(char *text, int64_t unix_seconds)
{
	static const char weekdays[][4] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
		"Sep", "Oct", "Nov", "Dec" };

	if (unix_seconds < FIRST_SECOND)
		unix_seconds = FIRST_SECOND;
	if (unix_seconds > LAST_SECOND)
		unix_seconds = LAST_SECOND;
	int64_t since = unix_seconds - FIRST_SECOND;
	unsigned days = (unsigned)(since / DAY), second = (unsigned)(since % DAY);
	struct date date = date_of(days);

	/* 1 January of year 1 was a Monday. */
	text = put_name(text, weekdays[days % 7]);
	*text++ = ',';
	*text++ = ' ';
	text = put_digits(text, date.day, 2);
	*text++ = ' ';
	text = put_name(text, months[date.month]);
	*text++ = ' ';
	text = put_digits(text, date.year, 4);
	*text++ = ' ';
	text = put_digits(text, second / 3600, 2);
	*text++ = ':';
	text = put_digits(text, second / 60 % 60, 2);
	*text++ = ':';
	text = put_digits(text, second % 60, 2);
	memcpy(text, " GMT", 5);
}
