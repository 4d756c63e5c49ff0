/* certificate.h: certificates made on the spot (EC P-256), as PEM files in a directory that goes
 * with the test program. */
#ifndef TEST_CERTIFICATE_H
#define TEST_CERTIFICATE_H

#define TEST_PATH 200

struct test_certificate {
	char certificate_file[TEST_PATH];
	char key_file[TEST_PATH];
};

/* A directory of this program's own, removed with all in it when the program ends. */
const char *test_directory(void);

/* Where a file of that name would be in it. */
void test_path(char path[TEST_PATH], const char *name);

/* Makes one and writes <stem>.pem and <stem>.key, over what is there. names: subjectAltName, names and
 * addresses, NULL-terminated; NULL: none. issuer NULL: signed by itself, and good as an issuer.
 * Failures end the program. */
void test_make_certificate(struct test_certificate *made, const char *stem, const char *common_name,
	const char *const *names, const struct test_certificate *issuer);

#endif
