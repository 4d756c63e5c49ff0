/* certificate.c: see certificate.h. */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include "support/certificate.h"

static char directory[64];

static void must(int ok)
{
	if (!ok)
		abort();
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	(void)stat;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_directory(void)
{
	nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *test_directory(void)
{
	if (!directory[0]) {
		const char *parent = getenv("TMPDIR");
		if (!parent || strlen(parent) > 32)
			parent = "/tmp";
		snprintf(directory, sizeof(directory), "%s/rill-test-XXXXXX", parent);
		must(mkdtemp(directory) != NULL);
		atexit(remove_directory);
	}
	return directory;
}

void test_path(char path[TEST_PATH], const char *name)
{
	int n = snprintf(path, TEST_PATH, "%s/%s", test_directory(), name);
	must(n > 0 && n < TEST_PATH);
}

static void set_name(X509 *certificate, const char *common_name)
{
	X509_NAME *name = X509_get_subject_name(certificate);
	must(X509_NAME_add_entry_by_txt(
		name, "CN", MBSTRING_UTF8, (const unsigned char *)common_name, -1, -1, 0));
}

static void add_names(X509 *certificate, const char *const *texts)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();

	for (; *texts; texts++) {
		GENERAL_NAME *one = GENERAL_NAME_new();
		ASN1_OCTET_STRING *address = a2i_IPADDRESS(*texts);
		ASN1_IA5STRING *name = address ? NULL : ASN1_IA5STRING_new();
		must(one && (address || (name && ASN1_STRING_set(name, *texts, -1))));
		if (address)
			GENERAL_NAME_set0_value(one, GEN_IPADD, address);
		else
			GENERAL_NAME_set0_value(one, GEN_DNS, name);
		must(sk_GENERAL_NAME_push(names, one));
	}
	must(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0) == 1);
	GENERAL_NAMES_free(names);
}

/* Signed by itself: a CA, so that it can sign others. */
static void allow_signing(X509 *certificate)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(
		NULL, NULL, NID_basic_constraints, "critical,CA:TRUE");
	must(extension && X509_add_ext(certificate, extension, -1));
	X509_EXTENSION_free(extension);
}

static X509 *read_certificate(const char *file)
{
	FILE *in = fopen(file, "r");
	must(in != NULL);
	X509 *certificate = PEM_read_X509(in, NULL, NULL, NULL);
	fclose(in);
	must(certificate != NULL);
	return certificate;
}

static EVP_PKEY *read_key(const char *file)
{
	FILE *in = fopen(file, "r");
	must(in != NULL);
	EVP_PKEY *key = PEM_read_PrivateKey(in, NULL, NULL, NULL);
	fclose(in);
	must(key != NULL);
	return key;
}

static void sign(X509 *certificate, EVP_PKEY *key, const struct test_certificate *issuer)
{
	if (!issuer) {
		allow_signing(certificate);
		must(X509_set_issuer_name(certificate, X509_get_subject_name(certificate)));
		must(X509_sign(certificate, key, EVP_sha256()) > 0);
		return;
	}
	X509 *issuer_certificate = read_certificate(issuer->certificate_file);
	EVP_PKEY *issuer_key = read_key(issuer->key_file);
	must(X509_set_issuer_name(certificate, X509_get_subject_name(issuer_certificate)));
	must(X509_sign(certificate, issuer_key, EVP_sha256()) > 0);
	X509_free(issuer_certificate);
	EVP_PKEY_free(issuer_key);
}

static void write_files(const struct test_certificate *to, X509 *certificate, EVP_PKEY *key)
{
	FILE *out = fopen(to->certificate_file, "w");
	must(out && PEM_write_X509(out, certificate));
	fclose(out);
	out = fopen(to->key_file, "w");
	must(out && PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL));
	fclose(out);
}

void test_make_certificate(struct test_certificate *made, const char *stem, const char *common_name,
	const char *const *names, const struct test_certificate *issuer)
{
	static long serial;
	char file[TEST_PATH];
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();

	must(key && certificate && X509_set_version(certificate, X509_VERSION_3));
	must(ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial));
	must(X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) != NULL);
	must(X509_gmtime_adj(X509_getm_notAfter(certificate), 24 * 3600) != NULL);
	must(X509_set_pubkey(certificate, key));
	set_name(certificate, common_name);
	if (names)
		add_names(certificate, names);
	sign(certificate, key, issuer);
	snprintf(file, sizeof(file), "%s.pem", stem);
	test_path(made->certificate_file, file);
	snprintf(file, sizeof(file), "%s.key", stem);
	test_path(made->key_file, file);
	write_files(made, certificate, key);
	X509_free(certificate);
	EVP_PKEY_free(key);
}
