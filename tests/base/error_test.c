/* error_test.c: tests of src/base/error.c. */
#include <rill/error.h>
#include "support/support.h"

TEST(error, every_code_has_its_own_text)
{
	static const int codes[] = {
#define RILL_X(name, value, text) name,
		RILL_ERRORS(RILL_X)
#undef RILL_X
	};
	size_t n = sizeof(codes) / sizeof(codes[0]);

	for (size_t i = 0; i < n; i++) {
		assert_true(codes[i] < 0);
		assert_string_not_equal(rill_strerror(codes[i]), "unknown error");
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(rill_strerror(codes[i]), rill_strerror(codes[k]));
	}
}

TEST(error, other_numbers_are_unknown)
{
	assert_string_equal(rill_strerror(0), "unknown error");
	assert_string_equal(rill_strerror(1), "unknown error");
	assert_string_equal(rill_strerror(-1000), "unknown error");
}
